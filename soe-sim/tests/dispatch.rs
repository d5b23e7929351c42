//! Policies by pending calls against theory: one broker, servers that take
//! exponential times of mean 1 s, calls that arrive at random, no network.
//!
//! The load is the share of the time that servers are busy. Seeds are fixed, so a
//! test passes always or never.

#![allow(clippy::unwrap_used)]

use std::convert::Infallible;

use analysis::{CallRecord, Names, SampleRecord};
use scenarios::format::Scenario;
use soe_sim::{ALL, MetricValue, Observer, Progress, RunOptions, run};

struct Unobserved;

impl Observer for Unobserved {
    fn call(&mut self, _: &CallRecord, _: &Names) {}
    fn sample(&mut self, _: &SampleRecord, _: &Names) {}
}

/// The mean response time in seconds over about `calls` calls in all.
fn response_time(policy: &str, servers: u32, load: f64, calls: f64) -> f64 {
    const REPLICATIONS: u32 = 8;
    let rate = f64::from(servers) * load;
    let seconds = calls / f64::from(REPLICATIONS) / rate;
    let warm_up = 200.0;
    let duration = seconds + warm_up;
    let text = format!(
        r#"
        version = 1
        run = {{ seed = 7, replications = {REPLICATIONS}, duration = "{duration} s", warm-up = "{warm_up} s" }}
        [network]
        latency = "0 s"
        [function.f]
        operations-per-byte = "1 op"
        [computer.server]
        count = {servers}
        cores = 1
        speed = "1 Mop/s"
        memory = "1 GiB"
        functions = ["f"]
        workers = 1
        [broker.router]
        policy = {policy}
        optimizer = "none"
        table = [{{ function = "f", destination = "server" }}]
        [client.users]
        function = "f"
        destination = "router"
        arrivals = {{ type = "poisson", rate = {rate} }}
        size = {{ type = "exponential", mean = "1 MB" }}
        "#
    );
    let scenario = Scenario::parse(&text, "dispatch.toml").unwrap();
    let deployment = scenario.resolve().unwrap_or_else(|error| panic!("{error}"));
    let observe = |_| Ok::<_, Infallible>(None::<Unobserved>);
    let progress = Progress::default();
    let results = run(&deployment, &RunOptions::default(), &progress, observe).unwrap();
    let mean = |(result, _): &(soe_sim::ReplicationResult, _)| {
        let wanted =
            |value: &&MetricValue| value.metric.name == "latency_mean" && value.entity == ALL;
        result.metrics.iter().find(wanted).unwrap().value / 1e9
    };
    results.iter().map(mean).sum::<f64>() / f64::from(REPLICATIONS)
}

fn assert_near(measured: f64, theory: f64, share: f64, what: &str) {
    let off = measured / theory - 1.0;
    assert!(
        off.abs() <= share,
        "{what}: {measured}, theory {theory}, off by {off:.4}"
    );
}

/// The mean response time with infinitely many servers: the fraction of servers
/// with at least `k` calls is `load^((d^k - 1) / (d - 1))`, their sum the calls per
/// server, and Little's law makes a time of it.
fn mean_field(choices: i32, load: f64) -> f64 {
    let d = f64::from(choices);
    let fraction = |k: i32| load.powf((d.powi(k) - 1.0) / (d - 1.0));
    (1..40).map(fraction).sum::<f64>() / load
}

#[test]
fn two_choices_among_a_hundred_follow_the_mean_field() {
    // As published with the theory.
    for (load, published) in [(0.5, 1.265686), (0.7, 1.614454), (0.9, 2.614057)] {
        let theory = mean_field(2, load);
        assert!((theory - published).abs() < 1e-6, "{theory}");
        let measured = response_time("\"two-choices\"", 100, load, 400_000.0);
        assert_near(measured, theory, 0.03, &format!("load {load}"));
    }
}

#[test]
fn more_choices_follow_the_mean_field_too() {
    let policy = "{ type = \"two-choices\", choices = 3 }";
    let measured = response_time(policy, 100, 0.9, 400_000.0);
    assert_near(measured, mean_field(3, 0.9), 0.03, "three choices");
}

#[test]
fn one_choice_is_no_better_than_chance() {
    // M/M/1.
    let policy = "{ type = \"two-choices\", choices = 1 }";
    let measured = response_time(policy, 20, 0.7, 600_000.0);
    assert_near(measured, 1.0 / (1.0 - 0.7), 0.03, "one choice");
}

/// Joining the shorter of two queues, solved exactly.
#[test]
fn least_connections_with_two_servers_is_the_shortest_queue() {
    for (load, exact) in [(0.5, 1.426321), (0.7, 2.108197), (0.8, 2.955737)] {
        let measured = response_time("\"least-connections\"", 2, load, 4_000_000.0);
        assert_near(measured, exact, 0.01, &format!("load {load}"));
    }
}

/// One router knows all idle servers, and nearly always there is one: with `r` servers for a
/// router the time is `1 / (1 - load (1 - o))`, with `o / (1 - o) = r (1 - load)`.
#[test]
fn a_queue_of_idle_servers_is_nearly_as_good_as_the_shortest_queue() {
    for (load, theory) in [(0.7, 1.023102), (0.9, 1.089109)] {
        let measured = response_time("\"join-idle-queue\"", 100, load, 400_000.0);
        // The theory is for many routers with lists of independent length.
        assert!(
            (0.99..theory * 1.03).contains(&measured),
            "{load}: {measured}"
        );
    }
}

#[test]
fn pull_without_cold_starts_is_nearly_as_good_too() {
    let measured = response_time("\"pull\"", 100, 0.9, 400_000.0);
    assert!((0.99..1.12).contains(&measured), "{measured}");
}

#[test]
fn probes_are_nearly_as_good_as_two_choices() {
    // Probes are as old as the time since the call before, here 1/90 s.
    let measured = response_time(
        "{ type = \"prequal\", age = \"10 s\" }",
        100,
        0.9,
        200_000.0,
    );
    assert!((1.0..2.7).contains(&measured), "{measured}");
}

#[test]
fn latency_times_pending_calls_is_about_as_good_as_two_choices() {
    let measured = response_time("\"peak-ewma\"", 100, 0.9, 400_000.0);
    assert!((1.0..4.0).contains(&measured), "{measured}");
}

#[test]
fn least_connections_among_a_hundred_hardly_wait() {
    for tie in ["random", "round-robin", "first"] {
        let policy = format!("{{ type = \"least-connections\", tie = \"{tie}\" }}");
        let measured = response_time(&policy, 100, 0.9, 400_000.0);
        assert_near(measured, 1.070, 0.03, tie);
    }
}
