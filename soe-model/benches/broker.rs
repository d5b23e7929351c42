//! What one call costs in a broker with 100 destinations, in nanoseconds, from
//! arrival through one attempt to the response:
//! `cargo bench -p soe-model --bench broker`.

use std::collections::VecDeque;
use std::hint::black_box;
use std::time::Instant;

use sim_core::{SimDuration, SimTime, Streams};
use soe_model::broker::estimator::ESTIMATORS;
use soe_model::broker::optimizer::OPTIMIZERS;
use soe_model::broker::policy::POLICIES;
use soe_model::broker::*;
use soe_model::conf::Conf;
use soe_model::names::Names;
use soe_model::units::Bytes;

const CALLS: u64 = 2_000_000;
const DESTINATIONS: u64 = 100;
/// Calls in progress at any time.
const UNDER_WAY: usize = 50;

fn main() {
    for policy in [
        "type=random",
        "type=least-impedance",
        "type=round-robin",
        "type=proportional-fairness,alpha=1,beta=1",
    ] {
        for optimizer in ["type=none", "type=trivial", "type=async,alpha=0.95"] {
            let kind = BrokerKind::Router {
                policy: configure(policy, &POLICIES),
                optimizer: configure(optimizer, &OPTIMIZERS),
            };
            report(&format!("{policy} {optimizer}"), kind);
        }
    }
    for estimator in ["type=rtt", "type=util", "type=delay"] {
        let estimator_spec = configure(estimator, &ESTIMATORS);
        let kind = BrokerKind::Dispatcher {
            estimator: estimator_spec,
        };
        report(estimator, kind);
    }
}

fn configure<B>(
    conf: &str,
    catalogue: &soe_model::catalogue::Catalogue<B>,
) -> soe_model::catalogue::Configured<B> {
    let conf = Conf::parse(conf).expect("well-formed");
    conf.configure(catalogue).expect("known")
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
                acknowledgement: false,
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
