//! `soe validate`, as its users run it.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Output};

fn soe(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_soe"))
        .args(words)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn laws_are_listed_and_checked_and_written() {
    let list = soe(&["validate", "theory", "--list"]);
    assert!(text(&list).contains("m-m-1") && list.status.success());

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("theory");
    let path = path.to_str().unwrap();
    let mut words = vec![
        "validate",
        "theory",
        "--law",
        "links",
        "--law",
        "round-robin",
    ];
    words.extend(["--replications", "2", "--output", path]);
    let checked = soe(&words);
    assert!(checked.status.success(), "{}", error(&checked));
    assert!(
        text(&checked).contains("2 of 2 laws hold"),
        "{}",
        text(&checked)
    );
    for file in ["index.html", "theory.svg", "theory.csv", "theory.json"] {
        assert!(Path::new(path).join(file).is_file(), "{file}");
    }
    assert!(soe(&["check", path]).status.success());
    // Nothing is loaded from elsewhere.
    let page = std::fs::read_to_string(Path::new(path).join("index.html")).unwrap();
    let known = page.replace("http://www.w3.org/", "");
    assert!(!known.contains("http://") && !known.contains("https://"));
    // The folder is there now.
    assert_eq!(soe(&words).status.code(), Some(2));
}

#[test]
fn numbers_are_for_programs_too() {
    let words = [
        "validate",
        "theory",
        "--law",
        "links",
        "--replications",
        "2",
        "--format",
    ];
    let json = soe(&[&words[..], &["json"]].concat());
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["passed"], true);
    assert_eq!(json["claims"][0]["expected"], 24_100_000.0);
    let csv = text(&soe(&[&words[..], &["csv"]].concat()));
    assert!(csv.starts_with("law,case,quantity,unit,expected,"), "{csv}");
}

#[test]
fn faults_must_be_found() {
    let words = [
        "validate",
        "theory",
        "--law",
        "links",
        "--replications",
        "2",
        "--sabotage",
    ];
    let broken = soe(&words);
    assert!(broken.status.success(), "{}", error(&broken));
    assert!(text(&broken).contains("1 of 1 faults were found"));
}

#[test]
fn wrong_input_gets_one_line_and_status_2() {
    let wrong: [(&[&str], &str); 5] = [
        (
            &["validate", "theory", "--law", "m-m-7"],
            "there is no law `m-m-7`; there are m-m-1",
        ),
        (&["validate", "live", "nowhere.toml"], "nowhere.toml"),
        (
            &["validate", "live", "scenarios/readme.toml"],
            "run.duration is missing",
        ),
        (
            &[
                "validate",
                "live",
                "scenarios/workflow-dag.toml",
                "--set",
                "run.duration=\"5 s\"",
            ],
            "runs a workflow",
        ),
        (
            &[
                "validate",
                "live",
                "scenarios/readme.toml",
                "--repeats",
                "1",
            ],
            "--repeats",
        ),
    ];
    for (words, part) in wrong {
        let output = soe(words);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{words:?}: {}",
            error(&output)
        );
        assert!(
            error(&output).contains(part),
            "{words:?}: {}",
            error(&output)
        );
        assert!(output.stdout.is_empty(), "{words:?}");
    }
}

/// The verdict depends on how busy the machine is; that both sides have the same calls does not.
#[test]
fn a_scenario_is_compared_with_live_runs() {
    let output = soe(&[
        "validate",
        "live",
        "scenarios/policy-random.toml",
        "--set",
        "run.duration=\"3 s\"",
        "--set",
        "run.warm-up=\"500 ms\"",
        "--repeats",
        "2",
        "--simulations",
        "4",
        "--format",
        "json",
    ]);
    let status = output.status.code().unwrap_or(-1);
    assert!([0, 1, 3].contains(&status), "{status}: {}", error(&output));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let verdict = json["verdict"].as_str().unwrap();
    let expected = match status {
        0 => vec!["agrees"],
        1 => vec!["differs", "unclear"],
        _ => vec!["refused"],
    };
    assert!(expected.contains(&verdict), "{status}, {verdict}");
    assert_eq!(
        (&json["live_runs"], &json["simulations"]),
        (&2.into(), &4.into())
    );
    let calls = json["live_against_simulated"]["calls"].as_u64().unwrap();
    assert!(calls > 50, "{calls} calls in common");
    assert!(json["message_cost_ns"][1].as_u64().unwrap() > 0);
}
