//! Rates that follow from a load.

#![allow(clippy::unwrap_used)]

use scenarios::format::Scenario;
use soe_model::deployment::Deployment;

/// Two computers of 1 and 0.5 Gop/s behind a router; calls of 10 Mop on average.
const SCENARIO: &str = r#"
    version = 1
    run = { duration = "10 s" }
    [function.f]
    operations-per-byte = "1 kop"
    [controller.k]
    [computer.a]
    speed = "1 Gop/s"
    functions = ["f"]
    controller = "k"
    [computer.b]
    speed = "0.5 Gop/s"
    functions = ["f"]
    controller = "k"
    [broker.r]
    controller = "k"
    [client.users]
    function = "f"
    destination = "r"
    arrivals = "poisson"
    size = { type = "exponential", mean = "10 kB" }
    load = 0.6
"#;

/// The scenario with changes; what is no assignment of `--set` is another section.
fn resolve(changes: &[&str]) -> Result<Deployment, String> {
    let (sections, changes): (Vec<&str>, Vec<&str>) =
        changes.iter().partition(|change| change.starts_with('['));
    let text = format!("{SCENARIO}{}", sections.concat());
    let mut scenario = Scenario::parse(&text, "test.toml").unwrap();
    for change in changes {
        scenario.set(change).map_err(|error| error.to_string())?;
    }
    scenario.resolve().map_err(|error| error.to_string())
}

fn rates(changes: &[&str]) -> Vec<f64> {
    let deployment = resolve(changes).unwrap_or_else(|error| panic!("{error}"));
    let rate = |client: &soe_model::client::ClientSpec| client.arrivals.arguments.number("rate");
    deployment.clients.iter().map(rate).collect()
}

fn assert_near(found: &[f64], expected: &[f64]) {
    let near = |(found, expected): (&f64, &f64)| (found / expected - 1.0).abs() < 1e-9;
    assert_eq!(found.len(), expected.len(), "{found:?}");
    assert!(
        found.iter().zip(expected).all(near),
        "{found:?}, {expected:?}"
    );
}

#[test]
fn the_rate_is_that_of_the_load() {
    // 150 calls per second are all that both computers can do.
    assert_near(&rates(&[]), &[90.0]);
    assert_near(&rates(&["client.users.load=0.95"]), &[142.5]);
    assert_near(&rates(&["client.users.arrivals=\"periodic\""]), &[90.0]);
    assert_near(&rates(&["client.users.destination=\"a\""]), &[60.0]);
    // Many clients share the load.
    assert_near(&rates(&["client.users.count=3"]), &[30.0; 3]);
    let offered = resolve(&["client.users.count=3"]).unwrap().offered_loads();
    assert!((offered[0].ratio - 0.6).abs() < 1e-12);
}

const OTHERS: &str = r#"[client.others]
    function = "f"
    destination = "a"
    arrivals = { type = "poisson", rate = 30 }
    size = "10 kB"
"#;

#[test]
fn the_work_of_others_counts() {
    assert_near(&rates(&[OTHERS]), &[60.0, 30.0]);
    let error = resolve(&[OTHERS, "client.users.load=0.15"]).unwrap_err();
    assert!(
        error.contains("client.users.load: found 0.15, but other clients offer 0.200"),
        "{error}"
    );
}

#[test]
fn what_cannot_be_is_refused_with_one_line() {
    let wrong = [
        (
            vec!["client.users.arrivals=\"closed-loop\""],
            "`closed-loop` has no rate, which `load` needs",
        ),
        (
            vec!["client.users.arrivals={ type = \"poisson\", rate = 5 }"],
            "has a rate of its own beside `load`",
        ),
        (vec!["client.users.load=0"], "client.users.load"),
        (
            vec!["client.users.calls=100"],
            "is not known before the run",
        ),
        (
            vec![
                "client.users.load=1000",
                "client.users.size=\"1 B\"",
                "computer.a.speed=\"1000 Top/s\"",
            ],
            "calls per second of each client",
        ),
        (
            vec![
                "[client.more]\nfunction = \"f\"\ndestination = \"a\"\narrivals = \"poisson\"\nload = 0.7\nsize = \"10 kB\"\n",
            ],
            "another client with `load` reaches the same computers",
        ),
        (
            vec!["[client.loop]\nfunction = \"f\"\ndestination = \"a\"\nsize = \"10 kB\"\n"],
            "the rate of other clients depends on answers",
        ),
    ];
    for (changes, part) in wrong {
        let error = resolve(&changes).unwrap_err();
        assert!(error.contains(part), "{changes:?}: {error}");
        assert!(
            error.starts_with("test.toml:") || error.starts_with("--set"),
            "{error}"
        );
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}
