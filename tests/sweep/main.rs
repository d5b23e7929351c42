//! `soe sweep` and `soe study` as their users meet them.

#![allow(clippy::unwrap_used)]

mod folder;
mod messages;
mod plots;
mod section;
mod tables;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// A study of the README's scenario that takes a second or so.
const STUDY: &str = r#"
version = 1
kind = "scenario"
replications = 12
[scenario.network]
latency = "0.1 ms"
[scenario.controller.control]
[scenario.computer.edge]
count = 2
platform = "raspberry"
[scenario.broker.router]
policy = "random"
[scenario.client.user]
function = "clambda0"
destination = "router"
size = "10 kB"
arrivals = { type = "poisson", rate = 5 }
[set]
"run.duration" = "200 s"
[[axis]]
key = "client.user.arrivals.rate"
values = [5, 10, 20]
[[axis]]
name = "policy"
key = "broker.router.policy"
values = ["random", "round-robin", "least-impedance"]
"#;

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_soe"));
    command.args(args).current_dir(folder);
    command
}

fn soe(folder: &Path, args: &[&str]) -> Output {
    command(folder, args).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn succeeds(folder: &Path, args: &[&str]) -> Output {
    let output = soe(folder, args);
    assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    output
}

fn study() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("study.toml"), STUDY).unwrap();
    folder
}

/// All files below a folder with their content, but for the manifest.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inside) = folders.pop() {
        for entry in fs::read_dir(inside).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("manifest.json") {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn results_are_the_same_bytes_on_any_number_of_threads_and_in_parts() {
    let folder = study();
    let path = folder.path();
    succeeds(
        path,
        &["sweep", "study.toml", "--threads", "1", "--output", "one"],
    );
    let one = files(&path.join("one"));
    for name in [
        "index.html",
        "points.csv",
        "summary.json",
        "metrics.jsonl",
        "study.toml",
    ] {
        assert!(one.contains_key(name), "{name}: {:?}", one.keys());
    }
    let rows = String::from_utf8_lossy(&one["metrics.csv"]).lines().count();
    assert!(rows > 9 * 12 * 20, "{rows}");
    assert!(
        one.keys()
            .any(|name| name.starts_with("figures/") && name.ends_with(".svg"))
    );

    succeeds(
        path,
        &[
            "sweep",
            "study.toml",
            "--threads",
            "2",
            "--output",
            "two",
            "-q",
        ],
    );
    assert!(one == files(&path.join("two")));

    for part in ["1/3", "2/3", "3/3"] {
        let output = format!("part-{}", &part[..1]);
        let args = [
            "sweep",
            "study.toml",
            "--shard",
            part,
            "--output",
            &output,
            "-q",
        ];
        succeeds(path, &args);
        assert!(!path.join(output).exists());
    }
    let merge = ["sweep", "merge", "study.toml", "--output", "merged"];
    let parts = ["part-1.work", "part-2.work", "part-3.work"];
    let missing = soe(path, &[&merge[..], &parts[..2]].concat());
    assert_eq!(missing.status.code(), Some(2));
    assert!(
        stderr(&missing).contains("is missing"),
        "{}",
        stderr(&missing)
    );
    assert!(!path.join("merged").exists());
    succeeds(path, &[&merge[..], &parts[..]].concat());
    assert!(one == files(&path.join("merged")));
}

#[cfg(unix)]
#[test]
fn killed_at_any_moment_a_sweep_continues_and_ends_with_the_same_bytes() {
    let folder = study();
    let path = folder.path();
    succeeds(
        path,
        &["sweep", "study.toml", "--output", "undisturbed", "-q"],
    );
    let undisturbed = files(&path.join("undisturbed"));
    let args = [
        "sweep",
        "study.toml",
        "--output",
        "killed",
        "--force",
        "--threads",
        "2",
    ];
    // How many replications a sweep finds there, in its own words.
    let finished = || -> u32 {
        let dry = [&args[..], &["--dry-run"]].concat();
        let text = stdout(&succeeds(path, &dry));
        let found = text
            .lines()
            .find_map(|line| line.split_once(" replications are finished"));
        found.and_then(|(count, _)| count.parse().ok()).unwrap()
    };
    // From a fixed seed: where the moments fall depends on the machine all the same.
    let mut random: u64 = 20;
    let mut kept = Vec::new();
    for _ in 0..20 {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let mut child = command(path, &args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_micros(random >> 32 & 0x1_ffff));
        // On Unix this is SIGKILL, which no process can catch.
        child.kill().unwrap();
        child.wait().unwrap();
        kept.push(finished());
        if path.join("killed").exists() {
            assert!(undisturbed == files(&path.join("killed")));
        }
    }
    assert!(kept.is_sorted(), "finished replications are lost: {kept:?}");
    succeeds(path, &args);
    assert!(undisturbed == files(&path.join("killed")));
    // And nothing was run twice.
    assert_eq!(finished(), 9 * 12);
}

#[test]
fn a_changed_value_of_an_axis_runs_only_what_changed() {
    let folder = study();
    let path = folder.path();
    succeeds(path, &["sweep", "study.toml", "-q"]);
    assert!(path.join("results/study/index.html").is_file());
    let changed = STUDY.replace("values = [5, 10, 20]", "values = [5, 15, 20]");
    fs::write(path.join("study.toml"), changed).unwrap();
    let dry = succeeds(path, &["sweep", "study.toml", "--dry-run"]);
    let text = stdout(&dry);
    assert!(text.contains("9 points, 12 replications each"), "{text}");
    assert!(
        text.contains("72 replications are finished (6 points complete), 36 remain"),
        "{text}"
    );
    assert!(
        text.contains(" per replication (mean of the finished ones)"),
        "{text}"
    );
    // The results of the study as it was are not replaced by mistake.
    let refused = soe(path, &["sweep", "study.toml"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        stderr(&refused).contains("results/study: already exists"),
        "{}",
        stderr(&refused)
    );
    let forced = succeeds(path, &["sweep", "study.toml", "--force"]);
    assert!(
        stderr(&forced).contains("72 replications are finished already"),
        "{}",
        stderr(&forced)
    );
    assert!(
        stderr(&forced).contains("36 replications run"),
        "{}",
        stderr(&forced)
    );
}

#[test]
fn a_study_of_the_program_runs_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let list = stdout(&succeeds(path, &["study"]));
    assert!(list.contains("statesim-000"), "{list}");
    let args = [
        "study",
        "statesim-001",
        "--replications",
        "2",
        "--set",
        "trace.generate=300",
        "--set",
        "parameters.jobs=20",
    ];
    succeeds(path, &args);
    let results = files(&path.join("results/statesim-001"));
    for name in [
        "averages.csv",
        "figures/network-latency-ratio-iiot.svg",
        "figures/network-latency-ratio-urban_sensing.csv",
        "figures/traffic-iiot.svg",
    ] {
        assert!(results.contains_key(name), "{name}: {:?}", results.keys());
    }
    let page = String::from_utf8_lossy(&results["index.html"]);
    assert!(page.contains("<svg ") && !page.contains("http://") || page.contains("www.w3.org"));
    let checked = stdout(&succeeds(path, &["study", "statesim-002", "--check"]));
    fs::write(
        path.join("own.toml"),
        checked.replace("generate = 16749", "generate = 200"),
    )
    .unwrap();
    let dry = stdout(&succeeds(path, &["sweep", "own.toml", "--dry-run"]));
    assert!(dry.contains("10 points, 200 replications each"), "{dry}");
    assert!(dry.contains("a few trial runs"), "{dry}");
}

#[test]
fn wrong_input_gets_one_line_and_status_2() {
    let folder = study();
    let path = folder.path();
    fs::write(path.join("notes"), "notes\n").unwrap();
    for (args, part) in [
        (
            vec!["sweep", "absent.toml"],
            "absent.toml: cannot be read: there is no such file",
        ),
        (
            vec!["study", "statesim-003"],
            "no study is called `statesim-003`, known: statesim-000",
        ),
        (
            vec!["sweep", "study.toml", "--shard", "3/2"],
            "--shard: found `3/2`",
        ),
        (
            vec!["sweep", "study.toml", "--only", "9:0"],
            "--only: found `9:0`, expected a point from 0 to 8",
        ),
        (
            vec!["sweep", "study.toml", "--network", "x"],
            "--network: found `x`",
        ),
        (
            vec!["sweep", "study.toml", "--network", "x=y"],
            "`network` in the study can be used with kind = \"statesim\" or \"lambdamu\" only",
        ),
        (
            vec!["sweep", "study.toml", "--set", "replications=0"],
            "--set replications: found the number 0",
        ),
        (
            vec!["sweep", "study.toml", "--replications", "0"],
            "--set replications: found the number 0",
        ),
        (vec!["study", "statesim-000", "--trace", "absent"], "absent"),
        (
            vec!["sweep", "merge", "study.toml", "notes"],
            "notes: this is not the journal of a sweep",
        ),
        (
            vec!["sweep", "merge", "study.toml", "absent"],
            "absent: cannot be read",
        ),
    ] {
        let output = soe(path, &args);
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
        assert_eq!(
            stderr(&output).lines().count(),
            1,
            "{args:?}: {}",
            stderr(&output)
        );
    }
    assert!(!path.join("results/study").exists());
}
