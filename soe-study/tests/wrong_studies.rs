//! Wrong study files, and the one line that each of them gets.
//!
//! A case is a valid study in which one line is replaced or to which lines are added, so
//! that the line number in the message is that of the mistake.

use std::path::Path;

use soe_study::Study;

const SCENARIO: &str = r#"version = 1
kind = "scenario"
base = "sample.toml"
replications = 5
metrics = ["latency_mean", "share"]
filter = "rate < 30"
[set]
"run.duration" = "10 s"
[[axis]]
key = "client.user.arrivals.rate"
values = [10, 20, 30]
[[axis]]
name = "policy"
key = "broker.router.policy"
values = ["random", "round-robin"]
[[figure]]
name = "latency"
metric = "latency_mean"
x = "rate"
"#;

const STATESIM: &str = r#"version = 1
kind = "statesim"
seed = 3
[replications]
min = 5
max = 50
precision = 0.05
metrics = "network_mean"
[parameters]
jobs = 20
network = "small"
[network.small]
generate = "example"
[trace]
generate = 100
[[axis]]
key = "state-factor"
from = 1e5
to = 1e6
steps = 3
[[axis]]
name = "both"
keys = ["functions", "operations-factor"]
values = [[5, 1e4], [10, 1e5]]
[[axis]]
name = "where"
values = [
  { label = "client", set = { execution = "UnchainedInClient" } },
  { label = "edge", set = { execution = ["UnchainedInEdge"], allocation = "ProcOnly" } },
]
"#;

const BASE: &str = r#"version = 1
[controller.control]
[computer.pi]
count = 2
platform = "raspberry"
[broker.router]
policy = "random"
[client.user]
function = "clambda0"
destination = "router"
arrivals = { type = "poisson", rate = 1 }
size = "10 kB"
"#;

/// What is wrong with a study that is called `wrong.toml`.
fn complaints(folder: &Path, text: &str) -> String {
    let origin = folder.join("wrong.toml").display().to_string();
    let found = match Study::parse(text, &origin).and_then(|study| study.resolve()) {
        Ok(_) => "fine".to_owned(),
        Err(wrong) => wrong.to_string(),
    };
    let prefix = folder.join("").display().to_string();
    found.replace(&prefix, "")
}

fn check(cases: impl Iterator<Item = (String, &'static str)>) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("sample.toml"), BASE).expect("a file");
    std::fs::write(folder.path().join("broken.toml"), "version = \n").expect("a file");
    let mut failures = String::new();
    for (text, expected) in cases {
        let found = complaints(folder.path(), &text);
        if found != expected {
            failures.push_str(&format!("  expected {expected}\n  found    {found}\n"));
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

/// A valid study with a line replaced.
fn replaced(valid: &str, line: &str, by: &str) -> String {
    assert_eq!(valid.matches(line).count(), 1, "{line}");
    valid.replace(line, by)
}

#[test]
fn the_studies_that_the_cases_start_from_are_valid() {
    check(
        [SCENARIO, STATESIM]
            .map(|text| (text.to_owned(), "fine"))
            .into_iter(),
    );
}

#[test]
fn a_wrong_line_of_a_study_of_a_scenario_gets_one_line() {
    let cases: &[(&str, &str, &str)] = &include!("wrong/study-scenario.in");
    let text = |(line, by, expected): &(&str, &str, &'static str)| {
        (replaced(SCENARIO, line, by), *expected)
    };
    check(cases.iter().map(text));
}

#[test]
fn a_wrong_line_of_a_study_of_statesim_gets_one_line() {
    let cases: &[(&str, &str, &str)] = &include!("wrong/study-statesim.in");
    let text = |(line, by, expected): &(&str, &str, &'static str)| {
        (replaced(STATESIM, line, by), *expected)
    };
    check(cases.iter().map(text));
}

#[test]
fn a_wrong_change_from_outside_gets_one_line() {
    let cases: &[(&str, &str)] = &include!("wrong/study-set.in");
    let mut failures = String::new();
    for (assignment, expected) in cases {
        let found = Study::parse(STATESIM, "wrong.toml").and_then(|mut study| {
            study.set(assignment)?;
            study.resolve()
        });
        let found = found.map_or_else(|wrong| wrong.to_string(), |_| "fine".to_owned());
        if found != *expected {
            failures.push_str(&format!("  expected {expected}\n  found    {found}\n"));
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}
