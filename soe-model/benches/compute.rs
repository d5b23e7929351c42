//! What one call costs in the models of a computer and of a client, in
//! nanoseconds: `cargo bench -p soe-model --bench compute`.

use std::hint::black_box;
use std::time::Instant;

use sim_core::{SimDuration, SimTime, Streams};
use soe_model::catalogue::Value;
use soe_model::client::{Client, ClientSpec, Generator, Protocol, arrival::ARRIVALS, size::SIZES};
use soe_model::computer::platform::PLATFORMS;
use soe_model::computer::{Computer, TaskId};
use soe_model::names::{FunctionId, Names};
use soe_model::units::Bytes;

const CALLS: u64 = 5_000_000;

fn main() {
    for (name, interval, input) in [
        ("computer, one task at a time", 110_000_000, 10_000),
        ("computer, 3.3 tasks on 4 cores", 30_000_000, 10_000),
        ("computer, always 4 running and 60 queued", 0, 10_000),
    ] {
        report(name, computer(interval, input));
    }
    report("client, Poisson arrivals of fixed size", client("poisson"));
    report(
        "client, periodic arrivals of fixed size",
        client("periodic"),
    );
}

fn report(name: &str, nanos: f64) {
    println!("{name:45} {nanos:7.1} ns");
}

fn raspberry() -> Computer {
    let platform = PLATFORMS.configure("raspberry", Vec::new()).expect("known");
    let platform = (platform.kind.build)(&platform.arguments);
    let spec = platform.computer("computer".into(), "node".into(), None);
    Computer::new(&spec, &mut Names::default()).expect("valid")
}

/// Submission and completion of a task, with tasks at equal intervals or, if that
/// is zero, 64 tasks in the computer all the time.
fn computer(interval: u64, input: u64) -> f64 {
    let mut computer = raspberry();
    let mut now = SimTime::ZERO;
    let (mut submitted, mut completed) = (0, 0);
    let start = Instant::now();
    while completed < CALLS {
        let arrival = if interval == 0 {
            let full = submitted - completed >= 64;
            if full { SimTime::MAX } else { now }
        } else {
            SimTime::from_nanos(submitted * interval)
        };
        match computer.next_wake() {
            Some(wake) if wake <= arrival => {
                now = wake;
                while let Some(completion) = computer.wake(now) {
                    black_box(completion);
                    completed += 1;
                }
            }
            _ => {
                now = arrival;
                let task = TaskId(submitted);
                let load = computer.submit(now, task, FunctionId(0), Bytes(input));
                black_box(load.expect("fits"));
                submitted += 1;
            }
        }
    }
    start.elapsed().as_nanos() as f64 / CALLS as f64
}

/// Planning and issuing a call.
fn client(arrivals: &str) -> f64 {
    let interval = Value::Duration(SimDuration::from_millis(20));
    let spec = ClientSpec {
        name: "client".into(),
        node: "node".into(),
        function: "clambda0".into(),
        destinations: vec!["computer".into()],
        context: None,
        persistence: 0.0,
        arrivals: ARRIVALS
            .configure(arrivals, vec![("interval".into(), interval)])
            .expect("known"),
        sizes: SIZES.configure("fixed", Vec::new()).expect("known"),
        start: SimTime::ZERO,
        stop: None,
        max_calls: None,
        generator: Generator::Named,
        protocol: Protocol::Grpc,
    };
    let mut client = Client::new(&spec, &Streams::new(0, 0)).expect("valid");
    let start = Instant::now();
    for _ in 0..CALLS {
        let now = client.next_wake().expect("endless");
        black_box(client.wake(now));
        black_box(client.targets());
    }
    start.elapsed().as_nanos() as f64 / CALLS as f64
}
