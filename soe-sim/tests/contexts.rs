//! Clients that get their computer from a controller with balanced assignment.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::convert::Infallible;

use analysis::{CallRecord, Names, Outcome, SampleRecord};
use scenarios::format::Scenario;
use soe_sim::{Observer, Progress, RunOptions, run};

/// Computers that take 100 ms for each call, and 10 ms for every message.
const BASE: &str = r#"
    version = 1
    [run]
    duration = "60 s"
    replications = 1
    [network]
    latency = "10 ms"
    [function.f]
    operations = "100 Mop"
    [controller.control]
    type = "etsi-balanced"
    balanced-period = "5 s"
    [computer.a]
    cores = 1
    speed = "1 Gop/s"
    functions = ["f"]
    [computer.b]
    cores = 1
    speed = "1 Gop/s"
    functions = ["f"]
    [client.c]
    count = 4
    function = "f"
    context = "control"
    arrivals = { type = "periodic", interval = "1 s" }
"#;

#[derive(Default)]
struct Seen {
    /// Client, second of sending, latency in ms, computer, and outcome of each call.
    calls: Vec<(String, f64, f64, String, String)>,
    /// Contexts of each computer by second.
    contexts: BTreeMap<(String, u64), f64>,
}

impl Observer for Seen {
    fn call(&mut self, call: &CallRecord, names: &Names) {
        let text = |name: Option<_>| name.map_or("", |name| names.resolve(name)).to_owned();
        let outcome = match call.outcome {
            Outcome::Error(text) => names.resolve(text).to_owned(),
            other => other.label().to_owned(),
        };
        self.calls.push((
            names.resolve(call.client).to_owned(),
            call.sent_ns as f64 / 1e9,
            call.latency_ns.unwrap_or(0) as f64 / 1e6,
            text(call.computer),
            outcome,
        ));
    }

    fn sample(&mut self, sample: &SampleRecord, names: &Names) {
        if sample.metric.name == "contexts" {
            let at = (
                names.resolve(sample.entity).to_owned(),
                sample.time_ns / 1_000_000_000,
            );
            self.contexts.insert(at, sample.value);
        }
    }
}

fn observe(text: &str) -> Seen {
    let scenario = Scenario::parse(text, "contexts.toml").unwrap();
    let deployment = scenario.resolve().unwrap_or_else(|error| panic!("{error}"));
    let options = RunOptions {
        sample_period: Some(sim_core::SimDuration::from_secs(1)),
        ..RunOptions::default()
    };
    let watch = |_| Ok::<_, Infallible>(Some(Seen::default()));
    let results = run(&deployment, &options, &Progress::default(), watch).unwrap();
    results.into_iter().next().unwrap().1.unwrap()
}

impl Seen {
    fn of(&self, second: u64) -> [f64; 2] {
        ["a", "b"].map(|computer| self.contexts[&(computer.to_owned(), second)])
    }
}

#[test]
fn the_first_call_waits_for_the_context_and_later_ones_do_not() {
    let text = BASE.replace("count = 4", "count = 1");
    let seen = observe(&text);
    let latencies: Vec<_> = seen.calls.iter().map(|call| call.2).collect();
    // Request and response of the context, then of the call.
    assert_eq!(latencies[0], 140.0);
    assert!(
        latencies[1..].iter().all(|latency| *latency == 120.0),
        "{latencies:?}"
    );
    assert!(seen.calls.iter().all(|call| call.4 == "ok"));
}

#[test]
fn clients_are_shared_out_in_the_next_period() {
    let seen = observe(BASE);
    assert_eq!(seen.of(4), [4.0, 0.0]);
    assert_eq!(seen.of(6), [2.0, 2.0]);
    assert_eq!(seen.of(59), [2.0, 2.0]);
    for client in ["c-1", "c-2", "c-3", "c-4"] {
        let calls = seen.calls.iter().filter(|call| call.0 == client);
        let computers: Vec<_> = calls.map(|call| (call.1, call.3.as_str())).collect();
        let late: Vec<_> = computers
            .iter()
            .filter(|call| call.0 > 5.5)
            .map(|call| call.1)
            .collect();
        assert!(
            late.windows(2).all(|pair| pair[0] == pair[1]),
            "{client} {computers:?}"
        );
    }
}

#[test]
fn clients_of_a_computer_that_leaves_move_at_once_and_come_back_with_it() {
    let text = format!(
        "{BASE}\n[[event]]\nat = \"20500 ms\"\nleave = \"b\"\n[[event]]\nat = \"40500 ms\"\njoin = \"b\"\n"
    );
    let seen = observe(&text);
    assert_eq!(seen.of(19), [2.0, 2.0]);
    assert_eq!(seen.of(21), [4.0, 0.0]);
    assert_eq!(seen.of(46), [2.0, 2.0]);
    assert!(seen.calls.iter().all(|call| call.4 == "ok"));
}

#[test]
fn a_client_that_will_not_call_any_more_has_no_context() {
    let text = format!(
        "{BASE}\n[client.guest]\ncount = 2\nfunction = \"f\"\ncontext = \"control\"\nstart = \
         \"10 s\"\nstop = \"30 s\"\n[[event]]\nat = \"40 s\"\nstop = \"c\"\n[[event]]\nat = \
         \"50 s\"\nstart = \"c-1\"\n"
    );
    let seen = observe(&text);
    let sum = |second| seen.of(second).iter().sum::<f64>();
    assert_eq!(
        [sum(9), sum(29), sum(32), sum(43), sum(58)],
        [4.0, 6.0, 4.0, 0.0, 1.0]
    );
}

#[test]
fn without_a_computer_calls_are_refused_until_there_is_one() {
    let events = "[[event]]\nat = \"10 s\"\njoin = [\"a\", \"b\"]\n";
    let text = format!("{BASE}\n{events}");
    let seen = observe(&text);
    for (client, sent, _, _, outcome) in &seen.calls {
        let refused = "no context: no computer offers the function at the moment";
        // A refused call asks again the next time.
        let expected = if *sent < 10.0 { refused } else { "ok" };
        assert_eq!(outcome, expected, "{client} at {sent}");
    }
    assert!(seen.calls.iter().any(|call| call.4 != "ok"));
    assert_eq!(seen.of(20), [2.0, 2.0]);
}

#[test]
fn clients_on_one_node_move_together() {
    let seen = observe(&BASE.replace("count = 4", "count = 4\n    node = \"site\""));
    // They are one group, which the first computer gets.
    assert_eq!(seen.of(59), [4.0, 0.0]);
}

#[test]
fn calls_that_wait_for_a_context_at_the_end_are_in_progress() {
    let text = BASE.replace("duration = \"60 s\"", "duration = \"15 ms\"");
    // The first call comes after one interval.
    let seen = observe(&text.replace("interval = \"1 s\"", "interval = \"10 ms\""));
    assert_eq!(seen.calls.len(), 4);
    assert!(
        seen.calls.iter().all(|call| call.4 == "in progress"),
        "{:?}",
        seen.calls
    );
}
