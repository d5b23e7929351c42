//! The executable, as people and scripts use it.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

fn golden(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("statesim/tests/golden")
        .join(path)
}

fn statesim(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_statesim"));
    command
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap()
}

/// A folder with the inputs under the names that are the defaults.
fn inputs() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (from, to) in [
        ("campus.nodes", "nodes"),
        ("campus.links", "links"),
        ("campus.edges", "edges"),
        ("tasks.csv", "tasks"),
    ] {
        fs::copy(golden("inputs").join(from), folder.path().join(to)).unwrap();
    }
    folder
}

fn error(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

const STUDY: [&str; 12] = [
    "--num-functions",
    "6",
    "--num-jobs",
    "40",
    "--cloud-latency",
    "0.06",
    "--cloud-rate",
    "50",
    "--ops-factor",
    "1e5",
    "--arg-factor",
    "1e6",
];

#[test]
fn the_original_s_command_line_writes_the_original_s_bytes() {
    let folder = inputs();
    let mut arguments = STUDY.to_vec();
    // Prefixes of names, policies in any order and twice, a folder in a folder.
    arguments.extend([
        "--state=1e6",
        "--seed",
        "2",
        "--num-r",
        "2",
        "--alloc",
        "ProcNet,ProcOnly,,ProcNet",
        "--exec",
        "StateLocal,PureFaaS",
        "--out",
        "a/b",
        "--num-t",
        "2",
    ]);
    let output = statesim(folder.path(), &arguments);
    assert!(output.status.success(), "{output:?}");
    let results = folder.path().join("a/b");
    let files = names(&results);
    assert_eq!(files.len(), 2 * 2 * 2 * 2);
    for file in files {
        let expected = fs::read(golden("expected/campus").join(&file)).unwrap();
        assert!(fs::read(results.join(&file)).unwrap() == expected, "{file}");
    }
    assert_eq!(names(&folder.path().join("a")), ["b"]);
}

#[test]
fn results_join_what_is_in_the_folder_already() {
    let folder = inputs();
    fs::create_dir(folder.path().join("data")).unwrap();
    fs::write(folder.path().join("data/mine"), "kept").unwrap();
    assert!(statesim(folder.path(), &[]).status.success());
    assert_eq!(
        names(&folder.path().join("data")),
        [
            "job-alloc=ProcOnly.exec=PureFaaS.seed=1",
            "mine",
            "node-alloc=ProcOnly.exec=PureFaaS.seed=1"
        ]
    );
    assert_eq!(
        names(folder.path()),
        ["data", "edges", "links", "nodes", "tasks"]
    );
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let folder = inputs();
    for (threads, out) in [("1", "one"), ("4", "four")] {
        let more = [
            "--num-rep",
            "40",
            "--num-threads",
            threads,
            "--outdir",
            out,
            "--format",
            "csv",
        ];
        assert!(statesim(folder.path(), &more).status.success());
    }
    for file in ["jobs.csv", "nodes.csv"] {
        let read = |out: &str| fs::read(folder.path().join(out).join(file)).unwrap();
        assert!(read("one") == read("four"), "{file}");
    }
}

#[test]
fn tables_have_a_header_and_all_replications() {
    let folder = inputs();
    let run = |format| {
        let more = [
            "--num-rep",
            "3",
            "--alloc",
            "ProcOnly,ProcNet",
            "--outdir",
            format,
            "--format",
            format,
        ];
        assert!(statesim(folder.path(), &more).status.success());
        folder.path().join(format)
    };
    let csv = fs::read_to_string(run("csv").join("jobs.csv")).unwrap();
    let header = "allocation,execution,seed,job,chain_length,processing_s,network_s,traffic_bytes";
    assert_eq!(csv.lines().next(), Some(header));
    let json = fs::read_to_string(run("json").join("jobs.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["columns"].as_array().unwrap().len(), 8);
    let rows = json["data"].as_array().unwrap();
    assert_eq!(rows.len(), csv.lines().count() - 1);
    for (row, line) in rows.iter().zip(csv.lines().skip(1)) {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(row[1], cells[1]);
        assert_eq!(row[6].as_f64().unwrap(), cells[6].parse::<f64>().unwrap());
    }
    let nodes = fs::read_to_string(folder.path().join("json/nodes.json")).unwrap();
    let nodes: serde_json::Value = serde_json::from_str(&nodes).unwrap();
    assert_eq!(nodes["data"].as_array().unwrap().len(), 2 * 3 * 25);
}

#[test]
fn an_empty_output_folder_writes_nothing() {
    let folder = inputs();
    let before = names(folder.path());
    let output = statesim(folder.path(), &["--outdir", ""]);
    assert!(output.status.success());
    assert_eq!(names(folder.path()), before);
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("ProcOnly")
    );
}

#[test]
fn without_inputs_an_example_runs_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let output = statesim(folder.path(), &[]);
    assert!(output.status.success());
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("example")
    );
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(
        table.contains("UnchainedInClient") && table.contains("30 replications"),
        "{table}"
    );
    assert!(names(folder.path()).is_empty());
}

#[test]
fn help_succeeds_and_names_the_unit_of_the_cloud_latency() {
    let output = statesim(Path::new("."), &["--help"]);
    assert!(output.status.success());
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("in seconds")
    );
}

#[test]
fn errors_are_one_line_with_status_2_and_leave_nothing() {
    let folder = inputs();
    fs::write(folder.path().join("bad"), "0;10;wire;node\nx;fast;y;node\n").unwrap();
    fs::write(
        folder.path().join("j"),
        "1,j_1,M1,5,100.0,0.1,1\n1,j_1,R2_0,5,100.0,0.1,1\n",
    )
    .unwrap();
    let before = names(folder.path());
    for (arguments, expected) in [
        (vec!["--nodes-file", "none"], "none"),
        (vec!["--links-file", "bad"], "bad:2: rate is `fast`"),
        (vec!["--tasks-file", "j"], "j:2: task is `R2_0`"),
        (vec!["--num-jobs", "0"], "--num-jobs is 0"),
        (vec!["--num-functions", "0"], "--num-functions is 0"),
        (vec!["--num-replications", "0"], "--num-replications is 0"),
        (vec!["--num-threads", "0"], "--num-threads is 0"),
        (vec!["--cloud-latency", "-1"], "cloud latency is -1 s"),
        (vec!["--cloud-rate", "0"], "cloud rate is 0 Mb/s"),
        (vec!["--ops-factor", "-5"], "--ops-factor is -5"),
        (vec!["--alloc-policies", "procnet"], "ProcOnly, ProcNet"),
        (vec!["--exec-policies", "PureFaaS,Nope"], "`Nope`"),
        (vec!["--exec-policies", ","], "--exec-policies is empty"),
        (vec!["--outdir", "nodes"], "nodes"),
    ] {
        let message = error(&statesim(folder.path(), &arguments));
        assert!(message.contains(expected), "{arguments:?}: {message}");
        assert_eq!(names(folder.path()), before, "{arguments:?}");
    }
}

#[test]
fn an_unreachable_node_is_an_error_and_not_an_endless_loop() {
    let folder = inputs();
    // Without its edges, a server is an island that only ProcOnly gives tasks to.
    let edges = fs::read_to_string(folder.path().join("edges")).unwrap();
    let cut: String = edges
        .lines()
        .filter(|line| !line.starts_with("server_0") && !line.starts_with("link_server_0"))
        .map(|line| format!("{}\n", line.replace(" link_server_0", "")))
        .collect();
    fs::write(folder.path().join("edges"), cut).unwrap();
    let sizes = [
        "--arg-factor",
        "1e6",
        "--state-factor",
        "1e6",
        "--num-jobs",
        "40",
    ];
    let message = error(&statesim(folder.path(), &sizes));
    assert!(
        message.contains("there is no route from") && message.contains("server_0"),
        "{message}"
    );
    assert!(!folder.path().join("data").exists());
    let mut arguments = sizes.to_vec();
    arguments.extend(["--alloc-policies", "ProcNet"]);
    assert!(statesim(folder.path(), &arguments).status.success());
}
