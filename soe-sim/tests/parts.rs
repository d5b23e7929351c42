//! Where the latency of calls goes: the parts are those of the model, and add up.

#![allow(clippy::unwrap_used)]

use analysis::{CallParts, CallRecord, Names, Outcome};
use scenarios::format::Scenario;
use soe_sim::{MetricValue, Observer, Progress, ReplicationResult, RunOptions, run_replication};

/// Keeps all completed calls.
#[derive(Default)]
struct Log(Vec<CallRecord>);

impl Observer for Log {
    fn call(&mut self, call: &CallRecord, _: &Names) {
        self.0.push(*call);
    }
    fn sample(&mut self, _: &analysis::SampleRecord, _: &Names) {}
}

fn simulate(mut scenario: Scenario, changes: &[&str]) -> (ReplicationResult, Vec<CallRecord>) {
    for change in changes {
        scenario.set(change).unwrap();
    }
    let deployment = scenario.resolve().unwrap_or_else(|error| panic!("{error}"));
    let mut log = Log::default();
    let (options, progress) = (RunOptions::default(), Progress::default());
    let result = run_replication(&deployment, 0, &options, &progress, Some(&mut log));
    (result.unwrap().unwrap(), log.0)
}

fn shipped(name: &str) -> Scenario {
    let path = format!("{}/../scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    Scenario::parse(&text, &path).unwrap()
}

fn metric(result: &ReplicationResult, name: &str) -> Option<f64> {
    let is = |value: &&MetricValue| value.metric.name == name && value.entity == "all";
    Some(result.metrics.iter().find(is)?.value)
}

#[test]
fn the_parts_of_every_call_add_up_to_its_latency() {
    let scenarios = [
        "readme",
        "readme-dispatcher",
        "two-tiers",
        "uncoordinated",
        "etsi-balanced",
        "estimator-probe",
        "policy-two-choices",
        "on-off-clients",
    ];
    for name in scenarios {
        let (result, calls) = simulate(
            shipped(name),
            &["run.duration=\"30 s\"", "run.warm-up=\"0 s\""],
        );
        let mut completed = 0;
        for call in &calls {
            let parts = match (call.outcome, call.parts) {
                (Outcome::Ok, Some(parts)) => parts,
                (Outcome::Ok, None) => {
                    panic!("{name}: the parts of call {} are unknown", call.call)
                }
                (_, parts) => {
                    assert_eq!(parts, None, "{name}: call {} was not completed", call.call);
                    continue;
                }
            };
            completed += 1;
            assert_eq!(
                Some(parts.total()),
                call.latency_ns,
                "{name}: call {}",
                call.call
            );
            let at_computer =
                parts.worker_queue + parts.memory_queue + parts.start + parts.processor;
            assert_eq!(
                Some(at_computer),
                call.processing_ns,
                "{name}: call {}",
                call.call
            );
        }
        assert!(
            completed >= 10,
            "{name}: {completed} calls are too few to show anything"
        );
        let means = CallParts::METRICS.map(|part| metric(&result, part).unwrap());
        let latency = metric(&result, "latency_mean").unwrap();
        let sum: f64 = means.iter().sum();
        assert!(
            (sum / latency - 1.0).abs() < 1e-9,
            "{name}: {sum} and {latency}"
        );
    }
}

/// Two clients call at the same time through a broker; the computer has two cores, so many
/// workers, and so much memory. The parts of both calls, in the order of their end.
fn pair(workers: u32, memory: &str) -> [CallParts; 2] {
    let text = format!(
        r#"
        version = 1
        run = {{ duration = "1 s" }}
        network = {{ latency = "2 ms", rate = "8 Mb/s", header = "0 B" }}
        [function.f]
        operations-per-byte = "1 kop"
        memory = "0 B"
        memory-per-byte = "1 B"
        [computer.c]
        speed = "1 Gop/s"
        cores = 2
        memory = "{memory}"
        functions = {{ f = {workers} }}
        controller = "k"
        [controller.k]
        [broker.b]
        controller = "k"
        forwarding-time = "3 ms"
        [client.u]
        count = 2
        function = "f"
        destination = "b"
        calls = 1
        arrivals = {{ type = "periodic", interval = "0.1 s" }}
        size = "10 kB"
        "#
    );
    let (_, calls) = simulate(Scenario::parse(&text, "test.toml").unwrap(), &[]);
    let parts: Vec<_> = calls.iter().map(|call| call.parts.unwrap()).collect();
    parts.try_into().unwrap()
}

const MS: u64 = 1_000_000;

/// 10 kB over two links of 2 ms and 8 Mb/s, 3 ms at the broker, 10 Mop on a core of 1 Gop/s.
fn alone(back: u64) -> CallParts {
    CallParts {
        network_there: 2 * (2 + 10) * MS,
        broker: 3 * MS,
        processor: 10 * MS,
        network_back: back,
        ..CallParts::default()
    }
}

#[test]
fn a_call_that_waits_for_nothing_has_no_queues() {
    let [first, second] = pair(2, "20 kB");
    assert_eq!(first, alone(first.network_back));
    assert_eq!(second, first);
}

#[test]
fn a_call_waits_for_a_worker_as_long_as_that_is_busy() {
    let [first, second] = pair(1, "20 kB");
    assert_eq!(first, alone(first.network_back));
    let waits = CallParts {
        worker_queue: 10 * MS,
        ..first
    };
    assert_eq!(second, waits);
}

#[test]
fn a_call_waits_for_memory_as_long_as_that_is_taken() {
    let [first, second] = pair(2, "19 kB");
    let waits = CallParts {
        memory_queue: 10 * MS,
        ..first
    };
    assert_eq!(second, waits);
}

#[test]
fn the_wait_for_estimates_and_for_attempts_that_fail_is_time_at_the_broker() {
    let changes = ["run.duration=\"60 s\"", "run.warm-up=\"0 s\""];
    let (_, calls) = simulate(shipped("estimator-probe"), &changes);
    // The slowest answer comes from the far computer: 15 ms there and 15 ms back.
    let through = calls
        .iter()
        .filter(|call| call.hops > 1)
        .filter_map(|call| call.parts);
    let brokers: Vec<u64> = through.map(|parts| parts.broker).collect();
    assert!(brokers.len() > 100);
    assert!(brokers.iter().all(|broker| *broker >= 30 * MS));
}

#[test]
fn metrics_have_the_names_of_the_parts() {
    for (name, part) in CallParts::METRICS.iter().zip(CallParts::NAMES) {
        let metric = soe_sim::METRICS.iter().find(|metric| metric.name == *name);
        assert_eq!(metric.map(|metric| metric.words), Some(part));
    }
}

#[test]
fn nothing_is_said_of_workflows() {
    let (result, calls) = simulate(shipped("workflow-chain-client"), &[]);
    assert!(calls.iter().all(|call| call.parts.is_none()));
    assert_eq!(metric(&result, CallParts::METRICS[0]), None);
}
