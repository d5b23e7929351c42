//! What one call costs in a broker with 100 destinations, in nanoseconds, from
//! arrival through one attempt to the response:
//! `cargo bench -p soe-model --bench broker`.

#[path = "broker/cases.rs"]
mod cases;

use std::collections::VecDeque;
use std::hint::black_box;
use std::time::Instant;

use sim_core::{SimDuration, SimTime, Streams};
use soe_model::broker::*;
use soe_model::catalogue::ArgumentError;
use soe_model::names::Names;
use soe_model::units::Bytes;

const CALLS: u64 = 2_000_000;
const DESTINATIONS: u64 = 100;
/// Calls in progress at any time.
const UNDER_WAY: usize = 50;

fn main() -> Result<(), ArgumentError> {
    for (name, kind) in cases::routers()?
        .into_iter()
        .chain(cases::dispatchers(false)?)
    {
        report(&name, kind);
    }
    Ok(())
}

fn report(name: &str, kind: BrokerKind) {
    println!("{name:65} {:7.1} ns", call(kind));
}

/// The cost of a call with [`UNDER_WAY`] others in progress, each destination
/// having a latency of its own.
fn call(kind: BrokerKind) -> f64 {
    let entry = |i| TableEntrySpec {
        function: "f".into(),
        destination: format!("computer{i:03}"),
        weight: 1.0,
        is_final: true,
    };
    let spec = BrokerSpec {
        name: "broker".into(),
        node: "edge".into(),
        controller: None,
        kind,
        limits: Limits::default(),
        forwarding_time: ForwardingTime::default(),
        table: (0..DESTINATIONS).map(entry).collect(),
        compatibility: Compatibility::Corrected,
        failover: Failover::Always,
        safeguards: Safeguards::default(),
    };
    let (mut functions, mut endpoints) = (Names::default(), Names::default());
    let streams = Streams::new(1, 0);
    let mut broker =
        Broker::new(&spec, &mut functions, &mut endpoints, &streams).expect("valid table");
    let header = CallHeader {
        function: functions.intern("f"),
        input: Bytes(10_000),
        forward: false,
        hops: 0,
        dry: false,
    };
    let mut under_way = VecDeque::new();
    let mut now = SimTime::ZERO;
    let mut sum = 0;
    let start = Instant::now();
    for call in 0..CALLS {
        now += SimDuration::from_micros(200);
        broker.arrive(now, CallId(call), &header);
        while let Some(action) = broker.poll() {
            if let Action::Forward {
                attempt,
                destination,
                ..
            } = action
            {
                sum += u64::from(destination.0);
                under_way.push_back((attempt, destination));
            }
        }
        if under_way.len() > UNDER_WAY
            && let Some((attempt, destination)) = under_way.pop_front()
        {
            let answer = Answer {
                processing: SimDuration::from_millis(5),
                load1: destination.0 % 90,
                ..Answer::default()
            };
            broker.answered(now, attempt, &answer);
            while let Some(action) = broker.poll() {
                black_box(action);
            }
        }
    }
    black_box(sum);
    start.elapsed().as_nanos() as f64 / CALLS as f64
}
