//! `soe run` and `soe scenario` as their users meet them.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs the command in `folder`.
fn soe(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_soe"));
    command.args(args).current_dir(folder);
    command.output().expect("the command starts")
}

fn scenario(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("scenarios")
        .join(name);
    path.display().to_string()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// All files below a folder with their content, but for the manifest.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| !path.ends_with("manifest.json"))
        .map(|path| {
            (
                path.file_name().expect("a name").into(),
                fs::read(&path).expect("a file"),
            )
        })
        .collect();
    files.sort();
    files
}

#[test]
fn the_example_of_the_readme_prints_calls_latency_shares_tables_and_utilization() {
    let folder = tempfile::tempdir().unwrap();
    let output = soe(folder.path(), &["run", &scenario("readme.toml")]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    for part in [
        "\n  1.10096 0.10096 0 computer-",
        "clambda0 2\n",
        "latency          100.96",
        "processing time  100.04",
        "computer-1",
        "computer-2",
        "bm2837",
        "Table#0",
        "Table#1",
        "clambda0 [",
    ] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
    let names: Vec<_> = files(&folder.path().join("results/readme-1"))
        .into_iter()
        .map(|(name, _)| name.display().to_string())
        .collect();
    let expected = [
        "columns.json",
        "metrics.csv",
        "metrics.jsonl",
        "scenario.toml",
        "summary.csv",
        "summary.json",
        "tables.txt",
    ];
    assert_eq!(names, expected);
    // Another run goes beside the first.
    assert!(
        soe(folder.path(), &["run", &scenario("readme.toml"), "-q"])
            .status
            .success()
    );
    assert!(folder.path().join("results/readme-2").is_dir());
}

#[test]
fn results_are_the_same_bytes_on_any_number_of_threads_but_for_the_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let run = |threads: &str, name: &str| {
        let args = [
            "run",
            &scenario("policy-random.toml"),
            "--set",
            "run.duration=70 s",
            "--calls",
            "--samples",
            "1 s",
            "--quiet",
            "--threads",
            threads,
            "--output",
            name,
        ];
        let output = soe(folder.path(), &args);
        assert!(output.status.success(), "{}", stderr(&output));
        files(&folder.path().join(name))
    };
    let one = run("1", "one");
    assert!(one == run("2", "two"));
    assert!(one == run("3", "three"));
    let table = |name: &str| {
        let (_, content) = one.iter().find(|(path, _)| path.ends_with(name)).unwrap();
        String::from_utf8_lossy(content).lines().count()
    };
    assert!(table("calls.csv") > 5 * 60 * 40, "{}", table("calls.csv"));
    assert!(
        table("samples.csv") > 5 * 70 * 10,
        "{}",
        table("samples.csv")
    );
}

#[test]
fn the_scenario_in_the_results_gives_the_same_results() {
    let folder = tempfile::tempdir().unwrap();
    let args = [
        "run",
        &scenario("readme.toml"),
        "--seed",
        "9",
        "--output",
        "a",
        "-q",
    ];
    assert!(soe(folder.path(), &args).status.success());
    let args = ["run", "a/scenario.toml", "--output", "b", "-q"];
    assert!(soe(folder.path(), &args).status.success());
    assert!(files(&folder.path().join("a")) == files(&folder.path().join("b")));
}

#[test]
fn an_existing_folder_is_refused_before_anything_runs_unless_forced() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["run", &scenario("readme.toml"), "--output", "mine", "-q"];
    assert!(soe(folder.path(), &args).status.success());
    let again = soe(folder.path(), &args);
    assert_eq!(again.status.code(), Some(2));
    assert!(
        stderr(&again).contains("mine: already exists"),
        "{}",
        stderr(&again)
    );
    let forced = soe(folder.path(), &[&args[..], &["--force"]].concat());
    assert!(forced.status.success(), "{}", stderr(&forced));
}

#[test]
fn machine_readable_formats_parse_and_agree() {
    let folder = tempfile::tempdir().unwrap();
    let run = |format| {
        let args = [
            "run",
            &scenario("readme.toml"),
            "--no-output",
            "--format",
            format,
        ];
        stdout(&soe(folder.path(), &args))
    };
    let json: serde_json::Value = serde_json::from_str(&run("json")).unwrap();
    let rows = json["rows"].as_array().unwrap();
    let find = |metric: &str| rows.iter().find(|row| row["metric"] == metric).unwrap();
    assert_eq!(find("processing_mean")["mean"], 100_040_000.0);
    assert_eq!(find("latency_p99")["n"], 10);
    let csv = run("csv");
    assert_eq!(csv.lines().count(), rows.len() + 1);
    assert!(
        csv.starts_with("point,metric,entity,unit,mean,low,high,n,verdict\n"),
        "{csv}"
    );
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
}

#[test]
fn one_replication_has_no_interval() {
    let folder = tempfile::tempdir().unwrap();
    let args = [
        "run",
        &scenario("readme.toml"),
        "--no-output",
        "--replications",
        "1",
    ];
    let text = stdout(&soe(folder.path(), &args));
    assert!(text.contains("100.96 ± n/a ms"), "{text}");
}

#[test]
fn wrong_input_gets_one_line_and_status_2() {
    let folder = tempfile::tempdir().unwrap();
    let readme = scenario("readme.toml");
    for (args, part) in [
        (
            vec!["run", "absent.toml"],
            "absent.toml: cannot be read: there is no such file",
        ),
        (
            vec!["run", &readme, "--set", "broker.router.polcy=random"],
            "did you mean `policy`?",
        ),
        (
            vec!["run", &readme, "--samples", "1"],
            "--samples: found `1`",
        ),
        (
            vec!["run", &readme, "--samples", "0 s"],
            "--samples: the period",
        ),
        (
            vec!["scenario", "check", &readme, "--set", "run.calls=0"],
            "run.calls",
        ),
    ] {
        let output = soe(folder.path(), &args);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{args:?}: {}",
            stderr(&output)
        );
        assert!(
            stderr(&output).contains(part),
            "{args:?}: {}",
            stderr(&output)
        );
        assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
        assert_eq!(stdout(&output), "");
    }
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
}

#[test]
fn a_checked_scenario_states_every_default_and_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let checked = soe(
        folder.path(),
        &["scenario", "check", &scenario("two-tiers.toml")],
    );
    assert!(checked.status.success(), "{}", stderr(&checked));
    assert!(
        stdout(&checked).contains("replications = 5"),
        "{}",
        stdout(&checked)
    );
    let again = folder.path().join("checked.toml");
    fs::write(&again, &checked.stdout).unwrap();
    fs::copy(
        scenario("two-tiers.distances"),
        folder.path().join("two-tiers.distances"),
    )
    .unwrap();
    let twice = soe(folder.path(), &["scenario", "check", "checked.toml"]);
    assert_eq!(stdout(&checked), stdout(&twice), "{}", stderr(&twice));
}

#[test]
fn the_manifest_holds_the_digests_of_the_scenario_and_of_the_files_that_it_names() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["two-tiers.toml", "two-tiers.distances"] {
        fs::copy(scenario(file), folder.path().join(file)).unwrap();
    }
    let inputs = |output: &str| {
        let set = ["run", "two-tiers.toml", "--set", "run.calls=10", "--quiet"];
        let run = soe(folder.path(), &[&set[..], &["--output", output]].concat());
        assert!(run.status.success(), "{}", stderr(&run));
        let manifest = fs::read(folder.path().join(output).join("manifest.json")).unwrap();
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
        manifest["inputs"].clone()
    };
    let before = inputs("before");
    let named: Vec<_> = before.as_object().unwrap().keys().collect();
    assert_eq!(named, ["two-tiers.distances", "two-tiers.toml"]);
    let distances = folder.path().join("two-tiers.distances");
    let changed = fs::read_to_string(&distances).unwrap() + "# seen\n";
    fs::write(&distances, changed).unwrap();
    let after = inputs("after");
    assert_eq!(after["two-tiers.toml"], before["two-tiers.toml"]);
    assert_ne!(after["two-tiers.distances"], before["two-tiers.distances"]);
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_says_what_was_kept_and_leaves_no_half_results() {
    let folder = tempfile::tempdir().unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_soe"))
        .args([
            "run",
            &scenario("large.toml"),
            "--set",
            "run.duration=10 h",
            "--output",
            "never",
        ])
        .current_dir(folder.path())
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // The hidden folder for the results appears once the run can be interrupted.
    while fs::read_dir(folder.path()).unwrap().next().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let process = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &process])
            .status()
            .unwrap()
            .success()
    );
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("nothing was kept"),
        "{}",
        stderr(&output)
    );
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
}
