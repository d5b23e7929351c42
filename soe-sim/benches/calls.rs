//! How many calls per second the full model simulates, on one core.
//!
//! Two shapes: one function on one computer called directly, and 30 functions on
//! 100 computers behind a router, 50 calls per second for 24 hours. How fast the
//! machine is at that moment is told by a bare loop over a binary heap.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use sim_core::{SimDuration, SimTime};
use soe_model::broker::optimizer::OPTIMIZERS;
use soe_model::broker::policy::POLICIES;
use soe_model::broker::{
    BrokerKind, BrokerSpec, Compatibility, Failover, ForwardingTime, Limits, Safeguards,
};
use soe_model::catalogue::Value;
use soe_model::client::arrival::ARRIVALS;
use soe_model::client::size::SIZES;
use soe_model::client::{ClientSpec, Generator, Protocol};
use soe_model::computer::{ComputerSpec, ContainerSpec, ProcessorKind, ProcessorSpec};
use soe_model::controller::{ControllerSpec, InstallerSpec};
use soe_model::deployment::{Deployment, RunControl};
use soe_model::function::{FunctionSpec, Output, Requirements};
use soe_model::network::{Link, Network};
use soe_model::units::{Bytes, OpsPerSecond};
use soe_sim::{Progress, RunOptions, run_replication};

fn main() {
    for round in 0..3 {
        yardstick(round);
        report(round, "1 function, 1 computer", &direct());
        report(round, "30 functions, 100 computers", &routed());
    }
}

/// Takes the next of 1 000 events out of a heap and puts another in.
fn yardstick(round: u32) {
    const EVENTS: u64 = 10_000_000;
    let mut random = 1_u64;
    let mut draw = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random >> 44
    };
    let mut heap: BinaryHeap<_> = (0..1_000).map(|number| Reverse((draw(), number))).collect();
    let started = Instant::now();
    for number in 0..EVENTS {
        if let Some(Reverse((time, _))) = heap.pop() {
            heap.push(Reverse((time + draw(), number)));
        }
    }
    let elapsed = started.elapsed().as_secs_f64();
    std::hint::black_box(heap);
    println!(
        "round {round}, bare heap: {:.1} M events/s",
        EVENTS as f64 / elapsed / 1e6
    );
}

fn report(round: u32, name: &str, deployment: &Deployment) {
    let progress = Progress::default();
    let started = Instant::now();
    let options = RunOptions::default();
    let result = run_replication(deployment, 0, &options, &progress, None);
    let elapsed = started.elapsed().as_secs_f64();
    let result = result
        .expect("the deployment is sound")
        .expect("not interrupted");
    let calls = result
        .metrics
        .iter()
        .find(|value| value.metric.name == "calls_completed");
    let calls = calls.map_or(0.0, |value| value.value);
    println!(
        "round {round}, {name}: {calls} calls in {elapsed:.3} s: {:.2} M calls/s, {:.1} M events/s, \
         peak memory of the process {} MB",
        calls / elapsed / 1e6,
        result.events as f64 / elapsed / 1e6,
        peak_memory_mb(),
    );
}

/// The shape of a single function with a mean service time of 1.991 s at 0.9 calls
/// per second, as many at a time as come.
fn direct() -> Deployment {
    let mut network = Network::new(Link::LOCAL);
    network.add_node("computer", "computer");
    network.add_node("client", "client");
    Deployment {
        network,
        computers: vec![computer("computer", 1, None)],
        brokers: Vec::new(),
        controllers: Vec::new(),
        clients: vec![client("client", "f0", "computer", 0.9)],
        workflows: Vec::new(),
        workflow_hosts: Vec::new(),
        events: Vec::new(),
        run: run_control(SimDuration::from_secs(1_000_000)),
    }
}

fn routed() -> Deployment {
    let mut network = Network::new(Link {
        latency: SimDuration::from_micros(500),
        rate: None,
    });
    let control = Some("control".to_owned());
    let name = |number| format!("computer-{number}");
    for number in 0..100 {
        network.add_node(&name(number), "computer");
    }
    network.add_node("control", "controller");
    network.add_node("router", "broker");
    network.add_node("client", "client");
    Deployment {
        network,
        computers: (0..100)
            .map(|number| computer(&name(number), 30, control.clone()))
            .collect(),
        brokers: vec![BrokerSpec {
            name: "router".to_owned(),
            node: "router".to_owned(),
            controller: control,
            kind: BrokerKind::Router {
                policy: POLICIES.configure("random", vec![]).expect("a policy"),
                optimizer: OPTIMIZERS
                    .configure("async", vec![("alpha".to_owned(), Value::Number(0.95))])
                    .expect("an optimizer"),
            },
            limits: Limits::default(),
            forwarding_time: ForwardingTime::default(),
            table: Vec::new(),
            compatibility: Compatibility::default(),
            failover: Failover::default(),
            safeguards: Safeguards::default(),
        }],
        controllers: vec![ControllerSpec {
            name: "control".to_owned(),
            node: "control".to_owned(),
            installer: InstallerSpec::Flat,
            balanced: None,
        }],
        clients: (0..30)
            .map(|number| {
                let function = format!("f{number}");
                client(
                    &format!("client-{number}"),
                    &function,
                    "router",
                    50.0 / 30.0,
                )
            })
            .collect(),
        workflows: Vec::new(),
        workflow_hosts: Vec::new(),
        events: Vec::new(),
        run: run_control(SimDuration::from_secs(24 * 3600)),
    }
}

fn computer(name: &str, functions: u32, controller: Option<String>) -> ComputerSpec {
    ComputerSpec {
        name: name.to_owned(),
        node: name.to_owned(),
        controller,
        processors: vec![ProcessorSpec {
            name: "cpu".to_owned(),
            kind: ProcessorKind::GenericCpu,
            speed: OpsPerSecond(1e9),
            cores: 64,
            memory: Bytes(1 << 40),
        }],
        containers: (0..functions)
            .map(|number| ContainerSpec {
                name: format!("c{number}"),
                processor: "cpu".to_owned(),
                function: FunctionSpec {
                    name: format!("f{number}"),
                    requirements: Requirements {
                        op_coeff: 1e6,
                        op_offset: 0.0,
                        mem_coeff: 0.0,
                        mem_offset: 0.0,
                    },
                    output: Output::CopyInput,
                },
                workers: 1000,
                lifecycle: None,
            })
            .collect(),
    }
}

fn client(name: &str, function: &str, destination: &str, rate: f64) -> ClientSpec {
    let size = vec![("mean".to_owned(), Value::Bytes(Bytes(1991)))];
    ClientSpec {
        name: name.to_owned(),
        node: "client".to_owned(),
        function: function.to_owned(),
        destinations: vec![destination.to_owned()],
        context: None,
        persistence: 0.0,
        arrivals: ARRIVALS
            .configure("poisson", vec![("rate".to_owned(), Value::Number(rate))])
            .expect("an arrival process"),
        sizes: SIZES
            .configure("exponential", size)
            .expect("a size distribution"),
        start: SimTime::ZERO,
        stop: None,
        max_calls: None,
        generator: Generator::Named,
        protocol: Protocol::Grpc,
    }
}

fn run_control(duration: SimDuration) -> RunControl {
    RunControl {
        seed: 1,
        replications: 1,
        warm_up: SimDuration::ZERO,
        duration: Some(duration),
        calls: None,
        slo: None,
    }
}

/// From the accounting of the operating system, where it has one.
fn peak_memory_mb() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes =
        peak.and_then(|peak| peak.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
    kilobytes.map_or("?".to_owned(), |kb| format!("{:.0}", kb / 1024.0))
}
