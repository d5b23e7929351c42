//! The estimator that knows the truth.

#![allow(clippy::unwrap_used)]

use scenarios::format::Scenario;
use soe_sim::{Progress, RunOptions, run_replication};

/// Others work at two of three computers, and one call comes by a broker after a second.
const RACE: &str = r#"
version = 1
[run]
duration = "20 s"
[network]
latency = "1 ms"
rate = "100 Mb/s"
[[network.link]]
between = ["entry", "far"]
latency = "30 ms"
[function.own]
operations = "100 Mop"
output = "40 kB"
[function.other]
operations = "30 Mop"
operations-per-byte = "3 kop"
[computer.busy]
cores = 2
speed = "1 Gop/s"
functions = { own = 2, other = 3 }
[computer.slow]
speed = "0.7 Gop/s"
functions = ["own", "other"]
[computer.far]
speed = "1 Gop/s"
functions = ["own"]
[broker.entry]
forwarding-time = "0.5 ms"
[[broker.entry.table]]
function = "own"
destination = ["busy", "slow", "far"]
[client.asked]
function = "own"
destination = "entry"
arrivals = { type = "closed-loop", interval = "50 ms" }
calls = 1
start = "1 s"
size = "20 kB"
[client.others]
count = 3
function = "other"
destination = "busy"
arrivals = { type = "poisson", rate = 8 }
stop = "1 s"
size = { type = "uniform", min = "5 kB", max = "30 kB" }
[client.neighbour]
function = "other"
destination = "slow"
arrivals = { type = "poisson", rate = 2 }
stop = "1 s"
size = { type = "uniform", min = "5 kB", max = "30 kB" }
"#;

/// The mean latency and the number of calls of a function, or of all.
fn calls(replication: u32, changes: &[&str], entity: &str) -> (f64, f64) {
    let mut scenario = Scenario::parse(RACE, "race.toml").unwrap();
    for change in changes {
        scenario.set(change).unwrap();
    }
    let deployment = scenario.resolve().unwrap_or_else(|wrong| panic!("{wrong}"));
    let (options, progress) = (RunOptions::default(), Progress::default());
    let result = run_replication(&deployment, replication, &options, &progress, None);
    let metrics = result.unwrap().unwrap().metrics;
    let value = |name: &str| {
        let found = metrics
            .iter()
            .find(|value| value.metric.name == name && value.entity == entity);
        found.unwrap().value
    };
    (value("latency_mean"), value("calls_completed"))
}

/// The latency of the call that is asked about.
fn latency(replication: u32, changes: &[&str]) -> f64 {
    calls(replication, changes, "own").0
}

/// Nothing is sent after the call, so that what is foreseen is what happens.
#[test]
fn it_picks_the_computer_that_answers_first() {
    const PLACES: [&str; 3] = ["busy", "slow", "far"];
    let mut chosen = [0; 3];
    for replication in 0..60 {
        let at = |place: &&str| {
            latency(
                replication,
                &[&format!("broker.entry.table.1.destination={place}")],
            )
        };
        let possible = PLACES.each_ref().map(at);
        let best = possible.iter().copied().fold(f64::INFINITY, f64::min);
        let foreseen = latency(
            replication,
            &[
                "broker.entry.type=dispatcher",
                "broker.entry.estimator=oracle",
            ],
        );
        assert_eq!(foreseen, best, "replication {replication}: {possible:?}");
        let place = possible
            .iter()
            .position(|&latency| latency == best)
            .unwrap();
        chosen[place] += 1;
    }
    // The answer is not always the same.
    assert!(
        chosen.iter().filter(|&&count| count > 5).count() >= 2,
        "{chosen:?}"
    );
}

/// The same decision, but for the good of all.
#[test]
fn it_may_pick_the_computer_where_all_together_wait_least() {
    let sum = |replication, changes: &[&str]| {
        let (mean, count) = calls(replication, changes, "all");
        mean * count
    };
    let mut differs = 0;
    for replication in 0..60 {
        let possible = ["busy", "slow", "far"].map(|place| {
            sum(
                replication,
                &[&format!("broker.entry.table.1.destination={place}")],
            )
        });
        let best = possible.iter().copied().fold(f64::INFINITY, f64::min);
        let kind = "broker.entry.type=dispatcher";
        let selfless = "broker.entry.estimator={ type = \"oracle\", counts = \"all\" }";
        let found = sum(replication, &[kind, selfless]);
        assert!(
            (found / best - 1.0).abs() < 1e-9,
            "replication {replication}: {found} {possible:?}"
        );
        let selfish = sum(replication, &[kind, "broker.entry.estimator=oracle"]);
        differs += u32::from(selfish > found * (1.0 + 1e-9));
    }
    assert!(differs > 5, "{differs}");
}

#[test]
fn a_computer_that_is_gone_is_not_chosen() {
    let gone = "event=[{ at = \"0.5 s\", fail = \"far\" }, { at = \"0.5 s\", fail = \"slow\" }]";
    let oracle = [
        "broker.entry.type=dispatcher",
        "broker.entry.estimator=oracle",
        gone,
    ];
    let only = ["broker.entry.table.1.destination=busy", gone];
    for replication in 0..10 {
        assert_eq!(latency(replication, &oracle), latency(replication, &only));
    }
}
