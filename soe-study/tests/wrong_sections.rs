//! Wrong sections `sweep` of scenario files, and the line that each of them gets.
//!
//! A case is a valid scenario to which lines are added, so that the line number in the
//! message is that of the mistake.

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

/// What is wrong with a scenario and its study, in a file called `wrong.toml`.
fn complaints(text: &str) -> String {
    let scenario = Scenario::parse(text, "wrong.toml");
    match scenario.and_then(|scenario| soe_study::checked(&scenario)) {
        Ok(_) => "fine".to_owned(),
        Err(wrong) => wrong.to_string(),
    }
}

#[test]
fn the_scenario_that_the_cases_start_from_is_valid() {
    assert_eq!(complaints(VALID), "fine");
}

#[test]
fn a_wrong_addition_gets_one_line() {
    let cases: &[(&str, &str)] = &include!("wrong/section.in");
    let mut failures = String::new();
    for (added, expected) in cases {
        let found = complaints(&format!("{VALID}{added}"));
        if found != *expected {
            failures.push_str(&format!("  expected {expected}\n  found    {found}\n"));
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}
