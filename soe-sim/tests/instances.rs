//! Instances that start and go, simulated, against closed forms.

#![allow(clippy::unwrap_used)]

use std::convert::Infallible;

use analysis::{CallRecord, Names, SampleRecord};
use scenarios::format::Scenario;
use soe_model::deployment::Deployment;
use soe_model::instances::theory;
use soe_sim::{ALL, Observer, Progress, ReplicationResult, RunOptions, run};

/// A client that calls a computer directly, with exponential service of 1 s for each MB.
fn scenario(run: &str, rate: f64, service: f64, instances: &str) -> Deployment {
    let text = format!(
        r#"
        version = 1
        [run]
        seed = 7
        {run}
        [network]
        latency = "0 s"
        [function.f]
        operations-per-byte = "1 op"
        [computer.cloud]
        cores = 10000
        speed = "1 Mop/s"
        functions = ["f"]
        [computer.cloud.instances]
        {instances}
        [client.users]
        function = "f"
        destination = "cloud"
        arrivals = {{ type = "poisson", rate = {rate} }}
        size = {{ type = "exponential", mean = "{} B" }}
        "#,
        (service * 1e6).round()
    );
    let scenario = Scenario::parse(&text, "instances.toml").unwrap();
    scenario.resolve().unwrap_or_else(|error| panic!("{error}"))
}

struct Unobserved;

impl Observer for Unobserved {
    fn call(&mut self, _: &CallRecord, _: &Names) {}
    fn sample(&mut self, _: &SampleRecord, _: &Names) {}
}

fn simulate(deployment: &Deployment) -> Vec<ReplicationResult> {
    let observe = |_| Ok::<_, Infallible>(None::<Unobserved>);
    let progress = Progress::default();
    let results = run(deployment, &RunOptions::default(), &progress, observe).unwrap();
    results.into_iter().map(|(result, _)| result).collect()
}

/// The mean of a metric over all replications.
fn mean(results: &[ReplicationResult], metric: &str) -> f64 {
    let value = |result: &ReplicationResult| {
        let mut values = result.metrics.iter();
        let found = values.find(|value| value.metric.name == metric && value.entity == ALL);
        found.unwrap_or_else(|| panic!("no {metric}")).value
    };
    results.iter().map(value).sum::<f64>() / results.len() as f64
}

fn close(found: f64, expected: f64, tolerance: f64, what: &str) {
    let error = (found / expected - 1.0).abs();
    assert!(error <= tolerance, "{what}: {found} instead of {expected}");
}

/// The reference scenario of SimFaaS: 10 replications of 10^6 s.
#[test]
fn the_scenario_of_simfaas_has_its_exact_values() {
    let run = "duration = \"1000000 s\"\nreplications = 10";
    let instances = "keep-alive = { type = \"fixed\", ttl = \"600 s\" }\n\
                     max-instances = 1000\noverflow = \"reject\"";
    let results = simulate(&scenario(run, 0.9, 1.991, instances));
    close(mean(&results, "cold_share"), 0.001_329_31, 0.03, "P(cold)");
    close(
        mean(&results, "instances_mean"),
        7.691_934,
        0.005,
        "instances",
    );
    close(mean(&results, "instances_busy"), 1.7919, 0.005, "busy");
    close(mean(&results, "instance_life"), 6429.36e9, 0.03, "life");
    assert_eq!(mean(&results, "calls_rejected"), 0.0);
    // Created per second times life is the mean number of instances, but for those that
    // are left at the end.
    let created = mean(&results, "instances_created") / 1e6;
    let little = created * mean(&results, "instance_life") / 1e9;
    close(little, mean(&results, "instances_mean"), 0.02, "Little");
}

#[test]
fn rejection_with_a_limit_is_erlang_b() {
    let run = "duration = \"60000 s\"\nwarm-up = \"100 s\"\nreplications = 4";
    for (max, rate, ttl) in [(3, 2.0, "0 s"), (3, 2.0, "5 s"), (10, 8.0, "1 s")] {
        let instances = format!(
            "keep-alive = {{ type = \"fixed\", ttl = \"{ttl}\" }}\nmax-instances = {max}\n\
             overflow = \"reject\""
        );
        let results = simulate(&scenario(run, rate, 1.0, &instances));
        let rejected = mean(&results, "calls_rejected");
        let served = mean(&results, "calls_completed");
        let share = rejected / (rejected + served);
        close(share, theory::erlang_b(max, rate), 0.02, "P(rejected)");
        // Rejected calls are lost.
        close(mean(&results, "calls_lost"), rejected, 1e-3, "lost");
    }
}

#[test]
fn a_single_instance_with_a_start_has_the_latency_of_theory() {
    let run = "duration = \"200000 s\"\nwarm-up = \"1000 s\"\nreplications = 4";
    for (rate, start, ttl) in [(0.5, 2.0, 1.0), (0.5, 2.0, 4.0), (0.8, 5.0, 2.0)] {
        let exact = theory::single_instance_queue(rate, 1.0, start, ttl);
        let instances = format!(
            "scaling = \"join\"\nkeep-alive = {{ type = \"fixed\", ttl = \"{ttl} s\" }}\n\
             max-instances = 1\ninit = \"{start} s\""
        );
        let results = simulate(&scenario(run, rate, 1.0, &instances));
        close(
            mean(&results, "cold_caused_share"),
            exact.cause,
            0.03,
            "cause",
        );
        close(mean(&results, "cold_share"), exact.direct, 0.03, "direct");
        close(
            mean(&results, "delayed_by_cold_share"),
            exact.delayed,
            0.03,
            "delayed",
        );
        close(
            mean(&results, "latency_mean") / 1e9,
            exact.response,
            0.03,
            "response",
        );
        // The part of latencies that is due to starts is what instances say.
        let part = mean(&results, "start_mean");
        close(part, mean(&results, "start_wait_mean"), 1e-3, "start");
    }
}

#[test]
fn the_parts_of_the_latency_of_cold_calls_add_up() {
    let run = "duration = \"20000 s\"\nreplications = 2";
    let instances = "scaling = \"join\"\nkeep-alive = \"none\"\nmax-instances = 3\n\
                     create = \"300 ms\"\ninit = { type = \"exponential\", mean = \"1 s\" }";
    let results = simulate(&scenario(run, 0.8, 1.0, instances));
    let parts = analysis::CallParts::METRICS.map(|part| mean(&results, part));
    let sum: f64 = parts.iter().sum();
    close(sum, mean(&results, "latency_mean"), 1e-9, "latency");
    let start = mean(&results, "start_mean");
    // Most calls wait for a start of their own, of 1.3 s on the mean.
    assert!(start > 0.9e9 && start < 1.3e9, "{start}");
    assert!(mean(&results, "worker_queue_mean") > 0.0);
}

/// A deployment whose containers are always warm says nothing about instances.
#[test]
fn always_warm_containers_have_no_metrics_of_instances() {
    let run = "duration = \"100 s\"";
    let mut deployment = scenario(run, 1.0, 1.0, "");
    let names = |deployment: &Deployment| {
        let results = simulate(deployment);
        let names = results[0].metrics.iter();
        names.map(|value| value.metric.name).collect::<Vec<_>>()
    };
    assert!(names(&deployment).contains(&"cold_share"));
    for container in &mut deployment.computers[0].containers {
        container.lifecycle = None;
    }
    let found = names(&deployment);
    let of_instances = |name: &&&str| name.contains("instance") || name.contains("cold");
    assert_eq!(found.iter().find(of_instances), None);
}
