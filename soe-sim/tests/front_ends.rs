//! Clients that call through an OpenWhisk front end.

#![allow(clippy::unwrap_used)]

use std::convert::Infallible;

use analysis::{CallRecord, Names, SampleRecord};
use scenarios::format::Scenario;
use soe_sim::{Observer, Progress, RunOptions, run};

const BASE: &str = r#"
    version = 1
    run = { duration = "60 s", replications = 1 }
    network.latency = "10 ms"
    [function.f]
    operations = "1 Mop"
    [controller.control]
    [computer.a]
    cores = 8
    speed = "1 Gop/s"
    functions = ["f"]
    controller = "control"
    [broker.router]
    controller = "control"
    [client.c]
    function = "f"
    destination = "router"
    arrivals = { type = "poisson", rate = 2 }
"#;

/// Issue and latency of each call, in nanoseconds.
#[derive(Default)]
struct Calls(Vec<(u64, u64)>);

impl Observer for Calls {
    fn call(&mut self, call: &CallRecord, _: &Names) {
        self.0.push((call.sent_ns, call.latency_ns.unwrap()));
    }

    fn sample(&mut self, _: &SampleRecord, _: &Names) {}
}

fn calls(protocol: &str) -> Vec<(u64, u64)> {
    let scenario = Scenario::parse(&format!("{BASE}\n{protocol}"), "front.toml").unwrap();
    let deployment = scenario.resolve().unwrap();
    let options = RunOptions::default();
    let watch = |_| Ok::<_, Infallible>(Some(Calls::default()));
    let results = run(&deployment, &options, &Progress::default(), watch).unwrap();
    let (_, calls) = results.into_iter().next().unwrap();
    let mut calls = calls.unwrap().0;
    calls.sort_unstable();
    calls
}

#[test]
fn a_front_end_adds_its_forwarding_time_to_every_call() {
    let direct = calls("");
    assert!(direct.len() > 80);
    let through = calls("protocol = \"openwhisk\"\nforwarding-time = \"3 ms\"");
    let later = direct.iter().map(|(sent, took)| (*sent, took + 3_000_000));
    assert_eq!(through, later.collect::<Vec<_>>());
    assert_eq!(calls("protocol = \"openwhisk\""), direct);
}

#[test]
fn forwarding_times_are_uniform_between_their_bounds() {
    let direct = calls("");
    let through = calls("protocol = \"openwhisk\"\nforwarding-time = [\"2 ms\", \"6 ms\"]");
    let added = |(direct, through): (&(u64, u64), &(u64, u64))| {
        assert_eq!(direct.0, through.0);
        (through.1 - direct.1) as f64 / 1e6
    };
    let added: Vec<_> = direct.iter().zip(&through).map(added).collect();
    assert!(added.iter().all(|time| (2.0..=6.0).contains(time)));
    let mean = added.iter().sum::<f64>() / added.len() as f64;
    // The standard deviation of the mean is below 0.13 ms.
    assert!((mean - 4.0).abs() < 0.5, "{mean}");
}
