//! Objectives and fairness: shares of calls that are known in advance.

#![allow(clippy::unwrap_used)]

use scenarios::format::Scenario;
use soe_sim::{MetricValue, Progress, ReplicationResult, RunOptions, run_replication};

fn simulate(changes: &[&str]) -> ReplicationResult {
    let text = r#"
        version = 1
        run = { duration = "2000 s", warm-up = "100 s", replications = 1 }
        [function.f]
        operations-per-byte = "1 kop"
        [computer.a]
        speed = "1 Gop/s"
        functions = ["f"]
        [computer.b]
        speed = "1 Gop/s"
        functions = ["f"]
        [client.u]
        function = "f"
        destination = "a"
        arrivals = { type = "poisson", rate = 70 }
        size = { type = "exponential", mean = "10 kB" }
        [client.v]
        function = "f"
        destination = "b"
        arrivals = { type = "poisson", rate = 70 }
        size = { type = "exponential", mean = "10 kB" }
    "#;
    let mut scenario = Scenario::parse(text, "test.toml").unwrap();
    for change in changes {
        scenario
            .set(change)
            .unwrap_or_else(|error| panic!("{error}"));
    }
    let deployment = scenario.resolve().unwrap_or_else(|error| panic!("{error}"));
    let (options, progress) = (RunOptions::default(), Progress::default());
    run_replication(&deployment, 0, &options, &progress, None)
        .unwrap()
        .unwrap()
}

fn metric(result: &ReplicationResult, name: &str, entity: &str) -> Option<f64> {
    let is = |value: &&MetricValue| value.metric.name == name && value.entity == entity;
    Some(result.metrics.iter().find(is)?.value)
}

/// The latency of M/M/1 is exponential with a mean of 1/(100 - 70) s.
#[test]
fn the_share_of_calls_over_the_objective_is_that_of_the_distribution() {
    for (slo, seconds) in [("20 ms", 0.02), ("100 ms", 0.1)] {
        let result = simulate(&[&format!("run.slo=\"{slo}\"")]);
        let expected = (-30.0_f64 * seconds).exp();
        let measured = metric(&result, "calls_over_slo", "all").unwrap();
        assert!(
            (measured / expected - 1.0).abs() < 0.05,
            "{slo}: {measured}, {expected}"
        );
    }
    assert_eq!(metric(&simulate(&[]), "calls_over_slo", "all"), None);
}

#[test]
fn a_call_that_takes_just_the_objective_is_not_over_it() {
    let exact = [
        "client.u.size=\"10 kB\"",
        "client.u.arrivals={ type = \"periodic\", rate = 10 }",
    ];
    let only = ["client.v.arrivals.rate=0.000001"];
    let over = |slo: &str| {
        let slo = format!("run.slo=\"{slo}\"");
        let result = simulate(&[&exact[..], &only[..], &[&slo]].concat());
        metric(&result, "calls_over_slo", "all").unwrap()
    };
    assert_eq!(over("10 ms"), 0.0);
    assert_eq!(over("9999999 ns"), 1.0);
}

#[test]
fn fairness_is_that_of_the_shares() {
    let equal = simulate(&[]);
    assert!(metric(&equal, "fairness", "all").unwrap() > 0.9999);
    let one = simulate(&[
        "client.v.destination=\"a\"",
        "client.u.arrivals.rate=10",
        "client.v.arrivals.rate=10",
    ]);
    assert_eq!(metric(&one, "fairness", "all"), Some(0.5));
    // Shares x and 1 - x of two computers: 1 / (2 (x^2 + (1 - x)^2)).
    let uneven = simulate(&["client.v.arrivals.rate=20"]);
    let share = metric(&uneven, "share", "a").unwrap();
    let expected = 1.0 / (2.0 * (share * share + (1.0 - share) * (1.0 - share)));
    let measured = metric(&uneven, "fairness", "all").unwrap();
    assert!(
        (measured - expected).abs() < 1e-12,
        "{measured}, {expected}"
    );
}
