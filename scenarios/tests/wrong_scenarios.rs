//! Wrong scenarios, and the one line that each of them gets.
//!
//! A case is a valid scenario in which one line is replaced or to which lines
//! are added, so that the line number in the message is that of the mistake.

use scenarios::format::Scenario;

const VALID: &str = r#"version = 1
run.calls = 10
[function.resize]
operations = "1 Mop"
[controller.control]
[computer.pi]
count = 2
platform = "raspberry"
[computer.server]
cores = 4
speed = "4 Gop/s"
functions = ["resize"]
[broker.router]
policy = "random"
[client.phone]
function = "clambda0"
destination = "router"
size = "10 kB"
"#;

/// The place of a mistake and its message, in a file called `wrong.toml`.
fn complaints(text: &str) -> String {
    match Scenario::parse(text, "wrong.toml").and_then(|scenario| scenario.resolve()) {
        Ok(_) => "fine".to_owned(),
        Err(wrong) => wrong.to_string(),
    }
}

/// The valid scenario with a line replaced.
fn replaced(line: &str, by: &str) -> String {
    assert_eq!(VALID.matches(line).count(), 1, "{line}");
    VALID.replace(line, by)
}

#[test]
fn the_scenario_that_the_cases_start_from_is_valid() {
    assert_eq!(complaints(VALID), "fine");
}

#[test]
fn a_wrong_line_gets_one_line() {
    let cases: &[(&str, &str, &str)] = &include!("wrong/replaced.in");
    check(
        cases
            .iter()
            .map(|(line, by, expected)| (replaced(line, by), *expected)),
    );
}

#[test]
fn a_wrong_addition_gets_one_line() {
    let cases: &[(&str, &str)] = &include!("wrong/added.in");
    check(
        cases
            .iter()
            .map(|(added, expected)| (format!("{VALID}{added}"), *expected)),
    );
}

#[test]
fn a_wrong_change_from_outside_gets_one_line() {
    let cases: &[(&str, &str)] = &include!("wrong/set.in");
    let mut failures = String::new();
    for (assignment, expected) in cases {
        let mut scenario = Scenario::parse(VALID, "wrong.toml").unwrap();
        let set = scenario.set(assignment);
        let found = match set.and_then(|()| scenario.resolve()) {
            Ok(_) => "fine".to_owned(),
            Err(wrong) => wrong.to_string(),
        };
        if found != *expected {
            failures.push_str(&format!(
                "{assignment}\n  expected {expected}\n  found    {found}\n"
            ));
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

fn check<'a>(cases: impl Iterator<Item = (String, &'a str)>) {
    let mut failures = String::new();
    for (text, expected) in cases {
        let found = complaints(&text);
        if found != expected {
            failures.push_str(&format!("  expected {expected}\n  found    {found}\n"));
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}
