//! Work that was lost: results are kept whatever happens to what is printed, and files
//! appear whole or not at all.

use std::fs::{self, File};
use std::process::Stdio;

use super::*;

/// Runs the command with a standard output that takes nothing.
fn with_full_output(folder: &Path, args: &[&str]) -> Output {
    let full = File::options().write(true).open("/dev/full").unwrap();
    command(folder, args).stdout(full).output().unwrap()
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

#[test]
fn results_are_kept_before_the_report_is_printed() {
    let (_folder, path) = folder_with(SMALL);
    let output = with_full_output(&path, &["run", "a.toml", "--output", "r"]);
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    assert!(text.contains("results are in r"), "{text}");
    assert!(text.contains("soe: standard output: "), "{text}");
    succeed(&path, &["analyze", "r"]);
}

#[test]
fn what_cannot_be_printed_is_an_error_in_one_line() {
    let (_folder, path) = folder_with(SMALL);
    let made = path.join("net");
    let made = made.to_str().unwrap();
    succeed(&path, &["topology", "generate", "iiot", "--output", made]);
    succeed(&path, &["run", "a.toml", "--output", "r", "--calls"]);
    let commands: [&[&str]; 9] = [
        &["workload", "generate", "--jobs", "10"],
        &["statesim", "--outdir", ""],
        &["topology", "show", made],
        &["completions", "zsh"],
        &["scenario", "check", "a.toml"],
        &["scenario", "schema"],
        &["analyze", "r"],
        &["study"],
        &["compare", "r", "--against", "r"],
    ];
    for args in commands {
        let output = with_full_output(&path, args);
        assert_eq!(
            output.status.code(),
            Some(1),
            "{args:?}: {}",
            stderr(&output)
        );
        let text = stderr(&output);
        let last = text.lines().last().unwrap_or_default();
        assert!(
            last.starts_with("soe: standard output: "),
            "{args:?}: {text}"
        );
    }
}

#[test]
fn files_appear_whole_or_not_at_all() {
    let (_folder, path) = folder_with(SMALL);
    succeed(&path, &["new", "new.toml"]);
    let before = fs::read(path.join("new.toml")).unwrap();
    let output = soe(&path, &["new", "new.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(fs::read(path.join("new.toml")).unwrap(), before);
    assert_eq!(names(&path), ["a.toml", "new.toml"]);
    // One of the three files of a network cannot be written: the others stay as they were.
    fs::write(path.join("net.nodes"), "old").unwrap();
    fs::create_dir(path.join("net.edges")).unwrap();
    let output = soe(&path, &["topology", "generate", "iiot", "--output", "net"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert_eq!(fs::read_to_string(path.join("net.nodes")).unwrap(), "old");
    assert_eq!(
        names(&path),
        ["a.toml", "net.edges", "net.nodes", "new.toml"]
    );
}

#[test]
fn runs_at_the_same_time_get_a_folder_each() {
    let (_folder, path) = folder_with(SMALL);
    let start = |_| {
        command(&path, &["run", "a.toml", "--quiet"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let running: Vec<_> = (0..4).map(start).collect();
    for child in running {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    }
    assert_eq!(names(&path.join("results")), ["a-1", "a-2", "a-3", "a-4"]);
}

#[test]
fn what_a_killed_run_leaves_is_removed_by_the_next() {
    let (_folder, path) = folder_with(SMALL);
    let mut endless = command(&path, &["run", "a.toml", "--set", "run.duration=1000000 h"]);
    let mut child = endless.stderr(Stdio::null()).spawn().unwrap();
    let results = path.join("results");
    let hidden = || {
        let here = results.exists().then(|| names(&results));
        let mut here = here.unwrap_or_default().into_iter();
        here.find(|name| results.join(name).join(".lock").exists())
    };
    while hidden().is_none() {
        assert!(child.try_wait().unwrap().is_none());
        std::thread::yield_now();
    }
    // It is left alone for as long as its process lives.
    succeed(&path, &["run", "a.toml", "--quiet"]);
    assert_eq!(names(&results).len(), 2);
    child.kill().unwrap();
    child.wait().unwrap();
    succeed(&path, &["run", "a.toml", "--quiet"]);
    assert_eq!(names(&results), ["a-1", "a-2"]);
}
