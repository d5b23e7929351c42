//! What planned changes do to a run.

#![allow(clippy::unwrap_used)]

use std::convert::Infallible;

use analysis::{CallRecord, Names, Outcome, SampleRecord};
use scenarios::format::Scenario;
use soe_sim::{Observer, Progress, RunOptions, run};

/// A call every second through a router to two computers that take 100 ms each,
/// and 10 ms for every message.
const BASE: &str = r#"
    version = 1
    [run]
    duration = "60 s"
    replications = 1
    [network]
    latency = "10 ms"
    [function.f]
    operations = "100 Mop"
    [function.g]
    operations = "100 Mop"
    [controller.control]
    [computer.a]
    cores = 1
    speed = "1 Gop/s"
    functions = ["f"]
    controller = "control"
    [computer.b]
    cores = 1
    speed = "1 Gop/s"
    functions = ["f"]
    controller = "control"
    [broker.router]
    policy = "round-robin"
    optimizer = "none"
    controller = "control"
    [client.c]
    function = "f"
    destination = "router"
    arrivals = { type = "periodic", interval = "1 s" }
"#;

#[derive(Clone, Debug, PartialEq)]
struct Call {
    sent_s: f64,
    latency_ms: f64,
    computer: String,
    outcome: String,
}

#[derive(Default)]
struct Calls(Vec<Call>);

impl Observer for Calls {
    fn call(&mut self, call: &CallRecord, names: &Names) {
        self.0.push(Call {
            sent_s: call.sent_ns as f64 / 1e9,
            latency_ms: call.latency_ns.unwrap_or(0) as f64 / 1e6,
            computer: call
                .computer
                .map_or("", |computer| names.resolve(computer))
                .to_owned(),
            outcome: match call.outcome {
                Outcome::Error(text) => names.resolve(text).to_owned(),
                outcome => outcome.label().to_owned(),
            },
        });
    }

    fn sample(&mut self, _: &SampleRecord, _: &Names) {}
}

fn calls(changes: &str) -> Vec<Call> {
    calls_of(BASE, changes)
}

fn calls_of(base: &str, changes: &str) -> Vec<Call> {
    let scenario = Scenario::parse(&format!("{base}\n{changes}"), "changes.toml").unwrap();
    let deployment = scenario.resolve().unwrap_or_else(|error| panic!("{error}"));
    let watch = |_| Ok::<_, Infallible>(Some(Calls::default()));
    let results = run(
        &deployment,
        &RunOptions::default(),
        &Progress::default(),
        watch,
    )
    .unwrap();
    let (_, calls) = results.into_iter().next().unwrap();
    calls.unwrap().0
}

fn at(calls: &[Call], from: f64, to: f64) -> Vec<&Call> {
    calls
        .iter()
        .filter(|call| (from..to).contains(&call.sent_s))
        .collect()
}

fn computers(calls: &[&Call]) -> Vec<String> {
    let mut names: Vec<_> = calls.iter().map(|call| call.computer.clone()).collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn without_changes_both_computers_take_turns_and_every_call_takes_140_ms() {
    let calls = calls("");
    assert_eq!(calls.len(), 59);
    assert_eq!(computers(&at(&calls, 0.0, 60.0)), ["a", "b"]);
    for call in calls {
        assert_eq!((call.latency_ms, call.outcome.as_str()), (140.0, "ok"));
    }
}

#[test]
fn a_call_whose_computer_fails_is_executed_by_another_and_so_are_all_later_ones() {
    // The call of 20 s is at its computer from 20.02 s to 20.12 s.
    for failing in ["a", "b"] {
        let calls = calls(&format!(
            "[[event]]\nat = \"20.05 s\"\nfail = \"{failing}\""
        ));
        assert!(calls.iter().all(|call| call.outcome == "ok"), "{calls:?}");
        let other = if failing == "a" { "b" } else { "a" };
        assert_eq!(computers(&at(&calls, 20.0, 60.0)), [other]);
    }
    // Once the failing computer was the one that executed the call: its loss is
    // noticed 10 ms later, and the call starts anew elsewhere.
    let latencies = ["a", "b"].map(|failing| {
        let calls = calls(&format!(
            "[[event]]\nat = \"20.05 s\"\nfail = \"{failing}\""
        ));
        at(&calls, 20.0, 20.5)[0].latency_ms
    });
    let mut latencies = latencies;
    latencies.sort_by(f64::total_cmp);
    assert_eq!(latencies, [140.0, 140.0 + 50.0]);
}

#[test]
fn failover_says_which_lost_calls_go_to_another_computer() {
    // How many calls fail if a computer fails while it executes one, or before it gets one.
    let lost = |failover: &str, at: &str, failing: &str| {
        let broker = format!("[broker.router]\n    failover = \"{failover}\"");
        let base = BASE.replace("[broker.router]", &broker);
        let calls = calls_of(
            &base,
            &format!("[[event]]\nat = \"{at}\"\nfail = \"{failing}\""),
        );
        calls.iter().filter(|call| call.outcome != "ok").count()
    };
    for (failover, executing, undelivered) in
        [("never", 1, 1), ("idempotent", 1, 0), ("always", 0, 0)]
    {
        // One of the two computers executes the call of 20 s at 20.05 s.
        let both = ["a", "b"].map(|failing| lost(failover, "20.05 s", failing));
        let idle = usize::from(undelivered > 0);
        assert_eq!(both.iter().max(), Some(&executing), "{failover}");
        assert_eq!(both.iter().min(), Some(&idle.min(executing)), "{failover}");
        for failing in ["a", "b"] {
            assert_eq!(lost(failover, "20.5 s", failing), undelivered, "{failover}");
        }
    }
}

#[test]
fn when_every_computer_has_failed_the_caller_learns_it() {
    let calls =
        calls("[[event]]\nat = \"20.5 s\"\nfail = \"a\"\n[[event]]\nat = \"20.5 s\"\nfail = \"b\"");
    let after = at(&calls, 20.9, 60.0);
    assert!(after[0].outcome.starts_with("RPC failed"), "{:?}", after[0]);
    let rest: Vec<_> = after[1..]
        .iter()
        .map(|call| call.outcome.as_str())
        .collect();
    assert!(
        rest.iter()
            .all(|text| *text == "No destinations found for the entry"),
        "{rest:?}"
    );
}

#[test]
fn a_computer_that_leaves_finishes_what_it_has_and_one_that_joins_is_used_again() {
    let calls = calls(
        "[[event]]\nat = \"20.05 s\"\nleave = \"a\"\n[[event]]\nat = \"40.5 s\"\njoin = \"a\"",
    );
    assert!(calls.iter().all(|call| call.outcome == "ok"), "{calls:?}");
    assert_eq!(at(&calls, 20.0, 20.5)[0].latency_ms, 140.0);
    assert_eq!(computers(&at(&calls, 20.9, 40.0)), ["b"]);
    assert_eq!(computers(&at(&calls, 40.9, 60.0)), ["a", "b"]);
}

#[test]
fn a_computer_whose_first_event_is_joining_is_absent_until_then() {
    let calls = calls("[[event]]\nat = \"30.5 s\"\njoin = \"b\"");
    assert_eq!(computers(&at(&calls, 0.0, 30.1)), ["a"]);
    assert_eq!(computers(&at(&calls, 30.9, 60.0)), ["a", "b"]);
}

#[test]
fn a_slower_processor_takes_longer() {
    let calls = calls("[[event]]\nat = \"30.07 s\"\nslow = \"a\"\nspeed = \"500 Mop/s\"");
    for call in at(&calls, 30.9, 60.0) {
        let expected = if call.computer == "a" { 240.0 } else { 140.0 };
        assert_eq!(call.latency_ms, expected);
    }
    // Half of the work of the call of 30 s, if it is there, is done at half speed.
    let caught = at(&calls, 30.0, 30.1)[0];
    let expected = if caught.computer == "a" { 190.0 } else { 140.0 };
    assert_eq!(caught.latency_ms, expected);
}

#[test]
fn a_changed_link_takes_effect_for_messages_sent_from_then_on() {
    let calls =
        calls("[[event]]\nat = \"30.5 s\"\nlink = [\"c\", \"router\"]\nlatency = \"50 ms\"");
    assert!(
        at(&calls, 0.0, 30.1)
            .iter()
            .all(|call| call.latency_ms == 140.0)
    );
    assert!(
        at(&calls, 30.9, 60.0)
            .iter()
            .all(|call| call.latency_ms == 220.0)
    );
}

#[test]
fn a_weight_that_is_set_changes_the_shares() {
    let calls = calls(
        "[[event]]\nat = \"10.5 s\"\nset-weight = \"router\"\nweight = 0.01\nfunction = \"f\"\ndestination = \"b\"",
    );
    // Round robin uses only destinations within twice the best weight.
    assert_eq!(computers(&at(&calls, 12.9, 20.0)), ["b"]);
}

#[test]
fn clients_start_and_stop() {
    let stopped = calls("[[event]]\nat = \"20.5 s\"\nstop = \"c\"");
    assert_eq!(stopped.len(), 20);
    let started = calls("[[event]]\nat = \"20.5 s\"\nstart = \"c\"");
    assert_eq!(started[0].sent_s, 21.5);
}

#[test]
fn a_function_that_a_computer_does_not_offer_is_an_error_of_the_call_and_condemns_nobody() {
    let calls = calls(
        r#"
        [computer.d]
        cores = 1
        speed = "1 Gop/s"
        functions = ["g"]
        [client.lost]
        function = "g"
        destination = "router"
        arrivals = { type = "periodic", interval = "1 s" }
        [[event]]
        at = "0.5 s"
        set-weight = "router"
        weight = 1.0
        function = "g"
        destination = "a"
        "#,
    );
    // Of the calls of g every other one is sent to d, which offers it.
    let (good, bad): (Vec<_>, Vec<_>) = calls.iter().partition(|call| call.outcome == "ok");
    assert_eq!((good.len(), bad.len()), (59 + 30, 29));
    assert_eq!(computers(&good), ["a", "b", "d"]);
    for call in bad {
        let text = "No container for lambda g found in computer computer@a";
        assert_eq!((call.outcome.as_str(), call.latency_ms), (text, 40.0));
    }
}
