//! Comparisons with live runs find out what is wrong with a simulation.
//!
//! Simulations with another cost of a message take the part of live runs, so that nothing
//! here depends on the machine.

#![allow(clippy::unwrap_used)]

use scenarios::format::Scenario;
use sim_core::SimDuration;
use soe_model::deployment::Deployment;
use soe_sim::Progress;
use soe_study::reality::{CallPairs, Comparison, Outcome, Trial, on_one_machine};

const SCENARIO: &str = r#"
    version = 1
    run = { duration = "60 s", warm-up = "5 s", replications = 1 }
    network = { latency = "50 ms" }
    [function.f]
    operations-per-byte = "1 kop"
    [computer.fast]
    speed = "1 Gop/s"
    functions = ["f"]
    [computer.slow]
    speed = "0.5 Gop/s"
    functions = ["f"]
    [broker.router]
    policy = "random"
    optimizer = "none"
    table = [
        { function = "f", destination = "fast", weight = 1 },
        { function = "f", destination = "slow", weight = 2 },
    ]
    [client.users]
    function = "f"
    destination = "router"
    arrivals = { type = "poisson", rate = 50 }
    size = { type = "exponential", mean = "10 kB" }
"#;

fn trials(changes: &[&str], costs: &[u64]) -> (Deployment, Vec<Trial>) {
    let mut scenario = Scenario::parse(SCENARIO, "test.toml").unwrap();
    for change in changes {
        scenario
            .set(change)
            .unwrap_or_else(|error| panic!("{error}"));
    }
    let deployment = scenario.resolve().unwrap_or_else(|error| panic!("{error}"));
    let place = |micros: &u64| on_one_machine(&deployment, SimDuration::from_micros(*micros));
    let deployments: Vec<_> = costs.iter().map(place).collect();
    let trials = Trial::simulated(&deployments, Some(1), &Progress::default()).unwrap();
    (deployment, trials)
}

fn compared(changes: &[&str]) -> Comparison {
    let (deployment, live) = trials(&[], &[180, 200, 220]);
    let (_, simulated) = trials(changes, &[190, 195, 200, 205, 210]);
    Comparison::of(&deployment, &live, &simulated)
}

#[test]
fn the_same_model_agrees() {
    let comparison = compared(&[]);
    assert_eq!(comparison.outcome(), Outcome::Agrees, "{comparison:?}");
}

/// What is broken, how, and the metric that must show it.
const FAULTS: [(&str, &str, &str); 5] = [
    (
        "a slower computer",
        "computer.fast.speed=\"0.85 Gop/s\"",
        "latency_mean",
    ),
    (
        "a wrong weight",
        "broker.router.table=[{ function = \"f\", destination = \"fast\", weight = 1 }, { function = \"f\", destination = \"slow\", weight = 1.4 }]",
        "share",
    ),
    (
        "calls that are lost",
        "client.users.arrivals.rate=46",
        "throughput",
    ),
    ("one core too many", "computer.fast.cores=2", "latency_mean"),
    (
        "a timer that is late",
        "broker.router.forwarding-time=\"3 ms\"",
        "latency_mean",
    ),
];

#[test]
fn a_broken_model_differs_in_the_metric_that_shows_it() {
    for (what, change, metric) in FAULTS {
        let comparison = compared(&[change]);
        assert_eq!(
            comparison.outcome(),
            Outcome::Differs,
            "{what}: {comparison:?}"
        );
        let mut metrics = comparison.metrics().iter();
        let shows = metrics.any(|it| it.metric.name == metric && it.outcome == Outcome::Differs);
        assert!(shows, "{what}: {metric} does not differ: {comparison:?}");
    }
}

#[test]
fn calls_are_the_same_on_both_sides() {
    let (_, live) = trials(&[], &[180, 220]);
    let pairs = CallPairs::of(&live[0].calls, &live[1].calls).unwrap();
    assert!(pairs.count > 2_000, "{pairs:?}");
    assert_eq!(pairs.same_computer, 1.0);
    assert!(pairs.mean_difference < 0.05, "{pairs:?}");
    assert!(pairs.correlation > 0.999, "{pairs:?}");
}

#[test]
fn the_cost_of_messages_takes_the_place_of_the_network() {
    let (_, trials) = trials(&[], &[0, 1000]);
    let latency = |trial: &Trial| trial.metric("network_there_mean", "all");
    assert_eq!(latency(&trials[0]), 0.0);
    // From the client to the router, and on to the computer.
    assert_eq!(latency(&trials[1]), 2_000_000.0);
}
