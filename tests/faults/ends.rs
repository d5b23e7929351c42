//! Runs that never ended, and how commands end.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use super::*;

/// All defaults: a client that calls a computer, on which calls take no time.
const DEFAULTS: &str = r#"
    version = 1
    run = { duration = "10 s", replications = 1 }
    [function.f]
    [computer.c]
    speed = "1 Gop/s"
    functions = ["f"]
    [client.u]
    function = "f"
    destination = "c"
"#;

#[test]
fn a_client_that_spins_is_wrong_input_where_that_is_certain() {
    let (_folder, path) = folder_with(DEFAULTS);
    for args in [
        &["run", "a.toml", "--output", "r"][..],
        &["scenario", "check", "a.toml"],
    ] {
        let output = soe(&path, args);
        assert_eq!(output.status.code(), Some(2));
        let text = stderr(&output);
        assert!(
            text.contains("a.toml:8:") && text.contains("client.u: each call is answered"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(!path.join("r").exists());
    }
}

/// The same through a broker, where it depends on policies and tables whether time passes.
fn spins_through_a_broker() -> String {
    let broker = r#"
        [broker.b]
        table = [{ function = "f", destination = "c" }]
        forwarding-time = "0 s"
    "#;
    DEFAULTS.replace("destination = \"c\"", "destination = \"b\"") + broker
}

#[test]
fn a_run_that_does_not_advance_says_who_spins() {
    let (_folder, path) = folder_with(&spins_through_a_broker());
    let output = soe(&path, &["run", "a.toml", "--output", "r"]);
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    assert!(
        text.contains("does not advance beyond 0 s") && text.contains("client `u` issues"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(!path.join("r").exists());
}

#[test]
fn a_study_of_a_run_that_does_not_advance_ends_too() {
    let (_folder, path) = folder_with(&spins_through_a_broker());
    let study = r#"
        version = 1
        kind = "scenario"
        base = "a.toml"
        replications = 1
        [[axis]]
        key = "client.u.size"
        values = ["1 B", "2 B"]
    "#;
    fs::write(path.join("s.toml"), study).unwrap();
    let text = stdout(&succeed(&path, &["sweep", "s.toml", "--dry-run"]));
    assert!(text.contains("client `u` issues"), "{text}");
}

#[test]
fn many_calls_at_one_instant_are_no_spinning_if_they_are_limited() {
    let (_folder, path) = folder_with(DEFAULTS);
    for limit in ["run.calls=50000", "client.u.calls=50000"] {
        let args = [
            "run",
            "a.toml",
            "--no-output",
            "--format",
            "csv",
            "--set",
            limit,
        ];
        let text = stdout(&succeed(&path, &args));
        assert!(text.contains("calls_completed,all,"), "{text}");
    }
}

#[test]
fn no_more_threads_are_started_than_there_is_work() {
    let (_folder, path) = folder_with(SMALL);
    let args = ["run", "a.toml", "--output", "r", "--threads", "1000"];
    succeed(&path, &args);
    let manifest = fs::read_to_string(path.join("r/manifest.json")).unwrap();
    assert!(manifest.contains("\"threads\": 2,"), "{manifest}");
    let output = soe(&path, &["run", "a.toml", "--threads", "65535"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("1..=1024"), "{}", stderr(&output));
}

#[test]
#[cfg(unix)]
fn a_signal_ends_a_run_on_any_number_of_threads() {
    let (_folder, path) = folder_with(SMALL);
    for threads in ["1", "1000"] {
        let args = [
            "run",
            "a.toml",
            "--threads",
            threads,
            "--set",
            "run.duration=1000000 h",
            "--set",
            "run.replications=2000",
        ];
        let child = command(&path, &args)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The hidden folder is made after the handler of signals.
        let results = path.join("results");
        let is_running = || fs::read_dir(&results).is_ok_and(|mut all| all.next().is_some());
        while !is_running() {
            std::thread::yield_now();
        }
        let kill = format!("kill -TERM {}", child.id());
        assert!(
            Command::new("sh")
                .args(["-c", &kill])
                .status()
                .unwrap()
                .success()
        );
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
        assert!(
            stderr(&output).contains("interrupted"),
            "{}",
            stderr(&output)
        );
        assert!(!is_running());
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let (_folder, path) = folder_with(SMALL);
    let commands: [&[&str]; 6] = [
        &["completions", "bash"],
        &["run", "a.toml", "--no-output"],
        &["scenario", "check", "a.toml"],
        &["workload", "generate", "--jobs", "200"],
        &["statesim", "--outdir", ""],
        &["--help"],
    ];
    for args in commands {
        let mut child = command(&path, args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The pipe is closed before anything is read from it.
        drop(child.stdout.take());
        let mut text = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        let status = child.wait().unwrap();
        assert!(status.success(), "{args:?}: {status} {text}");
        assert!(!text.contains("panicked"), "{args:?}: {text}");
    }
}

#[test]
fn closed_standard_error_stops_nothing() {
    let (_folder, path) = folder_with(SMALL);
    let mut child = command(&path, &["run", "a.toml", "--output", "r"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    std::io::copy(&mut output, &mut std::io::sink()).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(path.join("r/manifest.json").exists());
}
