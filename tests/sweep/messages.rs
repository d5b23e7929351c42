//! What a sweep tells, and to whom.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::{STUDY, command, soe, stderr, stdout, study, succeeds};

/// A study of StateSim of which some replications fail: two islands, and a client of one
/// may be given to a node of the other.
fn failing(path: &Path) {
    let node = |name: &str, model: &str| format!("0;{name};1000;4000;a;b;{model}\n");
    let nodes = node("a", "rpi3b+") + &node("b", "rpi3b+");
    fs::write(path.join("x.nodes"), nodes).unwrap();
    fs::write(path.join("x.links"), "0;100;la;node\n1;100;lb;node\n").unwrap();
    fs::write(path.join("x.edges"), "a la\nla a\nb lb\nlb b\n").unwrap();
    let study = "version = 1\nkind = \"statesim\"\nreplications = 4\n[network.x]\nfiles = \"x\"\n[trace]\n\
                 generate = 50\n[parameters]\nexecution = \"PureFaaS\"\nallocation = \"ProcOnly\"\n[[axis]]\n\
                 key = \"jobs\"\nvalues = [1, 5]\n";
    fs::write(path.join("my study.toml"), study).unwrap();
}

#[test]
fn a_failed_replication_is_named_with_its_seed_and_a_command_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    failing(path);
    let output = soe(path, &["sweep", "my study.toml", "--set", "title=it's"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let text = stderr(&output);
    assert!(
        text.contains("point 1 (jobs = 5), seed 1 failed: network: there is no route from"),
        "{text}"
    );
    let failures = fs::read_to_string(path.join("results/my study/failures.csv")).unwrap();
    assert!(failures.lines().count() > 1, "{failures}");
    let columns = fs::read_to_string(path.join("results/my study/columns.json")).unwrap();
    assert!(columns.contains("\"table\": \"failures\""), "{columns}");
    runs_again(path, &text);
}

/// Gives the command of the first failure to a shell.
#[cfg(unix)]
fn runs_again(path: &Path, text: &str) {
    let mut lines = text.lines();
    let again = lines.find_map(|line| line.split_once("to reproduce it: "));
    let output = Command::new("sh")
        .args(["-c", again.unwrap().1])
        .current_dir(path)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let text = stderr(&output);
    assert!(text.contains("there is no route from"), "{text}");
}

#[cfg(not(unix))]
fn runs_again(_: &Path, _: &str) {}

#[test]
fn a_failed_replication_of_a_part_can_be_seen_again_and_the_part_is_not_called_complete() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    failing(path);
    let output = soe(path, &["sweep", "my study.toml", "--shard", "1/1"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let text = stderr(&output);
    assert!(!text.contains("complete"), "{text}");
    runs_again(path, &text);
    let merge = soe(
        path,
        &["sweep", "merge", "my study.toml", "results/my study.work"],
    );
    assert_eq!(merge.status.code(), Some(2));
    assert!(
        stderr(&merge).contains("missing")
            && stderr(&merge).ends_with("it was not run or it failed\n"),
        "{}",
        stderr(&merge)
    );
}

#[test]
fn a_dry_run_counts_also_where_replications_fail() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    failing(path);
    let text = stdout(&succeeds(path, &["sweep", "my study.toml", "--dry-run"]));
    assert!(
        text.starts_with("2 points, 4 replications each\n"),
        "{text}"
    );
    assert!(
        text.contains("the remaining time is unknown: a replication of jobs = "),
        "{text}"
    );
}

#[cfg(unix)]
#[test]
fn a_sweep_goes_on_when_nobody_listens() {
    let folder = study();
    let path = folder.path();
    // Whoever reads has left before anything is written.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = command(path, &["sweep", "study.toml"])
        .stderr(writer)
        .status();
    assert!(status.unwrap().success());
    assert!(path.join("results/study/metrics.csv").exists());
}

#[test]
fn points_of_the_same_content_are_counted_like_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    // One second, written in two ways.
    let study = STUDY.replace(
        "[5, 10, 20]",
        "[5, 10]\n[[axis]]\nname = \"same\"\nvalues = [{ label = \"a\", set = { \"run.warm-up\" = \"1 s\" } }, \
         { label = \"b\", set = { \"run.warm-up\" = \"1000 ms\" } }]",
    );
    fs::write(path.join("study.toml"), study).unwrap();
    let output = succeeds(path, &["sweep", "study.toml", "--threads", "1"]);
    let text = stderr(&output);
    assert!(text.contains("\n12/12 "), "{text}");
}

#[test]
fn the_reference_of_study_files_is_printed_and_is_that_of_the_docs() {
    let folder = tempfile::tempdir().unwrap();
    let printed = soe(folder.path(), &["sweep", "reference"]);
    assert!(printed.status.success(), "{}", stderr(&printed));
    assert!(stdout(&printed).contains("### `[[axis]]`"));
    assert_eq!(
        stdout(&printed),
        include_str!("../../docs/study-reference.md")
    );
}
