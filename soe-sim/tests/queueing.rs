//! The simulated world against closed forms of queueing theory.
//!
//! Each test states the theory and checks that it lies within the 99.9 % interval
//! of the simulation (Student t over replications), and that this interval is
//! narrow enough to tell. Seeds are fixed, so a test passes always or never.

#![allow(clippy::unwrap_used)]

use std::convert::Infallible;
use std::sync::Arc;

use analysis::{CallRecord, Interval, Names, SampleRecord};
use scenarios::format::Scenario;
use sim_core::{SimTime, Streams};
use soe_model::catalogue::{Timetable, Value};
use soe_model::client::arrival::ARRIVALS;
use soe_model::deployment::Deployment;
use soe_model::units::Bytes;
use soe_sim::{ALL, Observer, Progress, RunOptions, run};

/// A client that calls a computer directly; work of 1 op per byte at 1 Mop/s, so
/// that a call of 1 MB takes 1 s.
fn queue(rate: f64, size: &str, cores: u32, workers: u32) -> Deployment {
    let text = format!(
        r#"
        version = 1
        [run]
        seed = 7
        replications = 20
        duration = "40000 s"
        warm-up = "2000 s"
        [network]
        latency = "0 s"
        [function.f]
        operations-per-byte = "1 op"
        [computer.server]
        cores = {cores}
        speed = "1 Mop/s"
        memory = "1 GiB"
        functions = ["f"]
        workers = {workers}
        [client.users]
        function = "f"
        destination = "server"
        arrivals = {{ type = "poisson", rate = {rate} }}
        size = {size}
        "#
    );
    let scenario = Scenario::parse(&text, "queue.toml").unwrap();
    scenario.resolve().unwrap_or_else(|error| panic!("{error}"))
}

struct Unobserved;

impl Observer for Unobserved {
    fn call(&mut self, _: &CallRecord, _: &Names) {}
    fn sample(&mut self, _: &SampleRecord, _: &Names) {}
}

/// A metric of all calls, one value for each replication.
fn simulate(deployment: &Deployment, metric: &str) -> Vec<f64> {
    let observe = |_| Ok::<_, Infallible>(None::<Unobserved>);
    let progress = Progress::default();
    let results = run(deployment, &RunOptions::default(), &progress, observe).unwrap();
    let value = |(result, _): &(soe_sim::ReplicationResult, _)| {
        let mut values = result.metrics.iter();
        let found = values.find(|value| value.metric.name == metric && value.entity == ALL);
        found.unwrap().value
    };
    results.iter().map(value).collect()
}

/// The theory, in seconds, lies in the interval, which is not wider than `width`
/// of it in either direction.
fn agrees(deployment: &Deployment, theory: f64, width: f64) {
    let means = simulate(deployment, "latency_mean");
    let interval = Interval::with_confidence(&means, 0.999).unwrap();
    let (mean, half) = (interval.mean / 1e9, interval.half_width.unwrap() / 1e9);
    assert!(half < width * theory, "{mean} ± {half} is too wide");
    assert!(
        (mean - theory).abs() <= half,
        "{mean} ± {half}, theory {theory}"
    );
}

#[test]
fn m_m_1() {
    let (arrivals, service) = (0.8, 1.0);
    let theory = 1.0 / (service - arrivals);
    agrees(&queue(arrivals, EXPONENTIAL, 1, 1), theory, 0.04);
}

#[test]
fn m_m_c_follows_erlang_c() {
    let (arrivals, servers) = (2.4_f64, 3_u32);
    let offered = arrivals;
    let load = offered / f64::from(servers);
    let term = |k: u32| (1..=k).fold(1.0, |product, i| product * offered / f64::from(i));
    let all_busy = term(servers) / (1.0 - load);
    let waits = all_busy / ((0..servers).map(term).sum::<f64>() + all_busy);
    let theory = 1.0 + waits / (f64::from(servers) - arrivals);
    agrees(
        &queue(arrivals, EXPONENTIAL, servers, servers),
        theory,
        0.03,
    );
}

#[test]
fn m_d_1_waits_half_as_long_as_m_m_1() {
    let load = 0.8;
    let theory = 1.0 + load / (2.0 * (1.0 - load));
    agrees(&queue(load, FIXED, 1, 1), theory, 0.03);
}

#[test]
fn m_g_1_follows_pollaczek_khinchine() {
    // 0.5 s with probability 0.9, 5.5 s else: mean 1 s, second moment 3.25 s².
    let load = 0.6;
    let theory = 1.0 + load * 3.25 / (2.0 * (1.0 - load));
    agrees(&queue(load, BIMODAL, 1, 1), theory, 0.05);
}

#[test]
fn processor_sharing_is_insensitive_to_the_distribution_of_work() {
    let load = 0.7;
    let theory = 1.0 / (1.0 - load);
    for size in [FIXED, EXPONENTIAL, BIMODAL] {
        agrees(&queue(load, size, 1, 100_000), theory, 0.05);
    }
}

/// When each call of a queue ended.
#[derive(Default)]
struct Departures(Vec<SimTime>);

impl Observer for Departures {
    fn call(&mut self, call: &CallRecord, _: &Names) {
        let left = call.latency_ns.map(|latency| call.sent_ns + latency);
        self.0.extend(left.map(SimTime::from_nanos));
    }

    fn sample(&mut self, _: &SampleRecord, _: &Names) {}
}

/// By Burke's theorem the second queue of a tandem is M/M/1 as if alone.
#[test]
fn the_second_station_of_a_tandem_behaves_as_if_alone() {
    let first = queue(0.8, EXPONENTIAL, 1, 1);
    let observe = |_| Ok::<_, Infallible>(Some(Departures::default()));
    let progress = Progress::default();
    let results = run(&first, &RunOptions::default(), &progress, observe).unwrap();
    let mut means = Vec::new();
    for (result, departures) in results {
        let mut work = Streams::new(11, u64::from(result.replication)).stream("second", "work");
        let size = |at| (at, Bytes(work.exponential(0.5e6) as u64));
        let calls = departures.unwrap().0.into_iter().map(size).collect();
        let timetable = Timetable {
            path: "departures".to_owned(),
            calls,
        };
        let mut second = first.clone();
        let file = Value::Timetable(Arc::new(timetable));
        second.clients[0].arrivals = ARRIVALS
            .configure("trace", vec![("file".to_owned(), file)])
            .unwrap();
        second.run.replications = 1;
        means.extend(simulate(&second, "latency_mean"));
    }
    let interval = Interval::with_confidence(&means, 0.999).unwrap();
    let (mean, half) = (interval.mean / 1e9, interval.half_width.unwrap() / 1e9);
    let theory = 1.0 / (2.0 - 0.8);
    assert!(half < 0.02 * theory, "{mean} ± {half} is too wide");
    assert!(
        (mean - theory).abs() <= half,
        "{mean} ± {half}, theory {theory}"
    );
}

const FIXED: &str = r#""1 MB""#;
const EXPONENTIAL: &str = r#"{ type = "exponential", mean = "1 MB" }"#;
const BIMODAL: &str =
    r#"{ type = "bimodal", small = "500 kB", large = "5500 kB", large-share = 0.1 }"#;
