//! The rules of brokers, seen from outside: what happens, and what they want done.

#![allow(clippy::unwrap_used)]

#[path = "../../benches/broker/cases.rs"]
mod cases;
mod conservation;
mod dispatching;
mod ejection;
mod failures;
mod invariants;
mod learning;
mod limits;
mod meetings;
mod spy;

use sim_core::{SimDuration, SimTime, Streams};
use soe_model::broker::estimator::ESTIMATORS;
use soe_model::broker::optimizer::OPTIMIZERS;
use soe_model::broker::policy::POLICIES;
use soe_model::broker::table::TableNames;
use soe_model::broker::*;
use soe_model::conf::Conf;
use soe_model::names::{EndpointId, FunctionId, Names};
use soe_model::units::Bytes;

/// A broker with one function, `f`.
struct Bench {
    broker: Broker,
    functions: Names<FunctionId>,
    endpoints: Names<EndpointId>,
    now: SimTime,
    calls: u64,
}

fn router(policy: &str, optimizer: &str) -> BrokerKind {
    spy::register();
    let (policy, optimizer) = (Conf::parse(policy), Conf::parse(optimizer));
    BrokerKind::Router {
        policy: policy.unwrap().configure(&POLICIES).unwrap(),
        optimizer: optimizer.unwrap().configure(&OPTIMIZERS).unwrap(),
    }
}

fn dispatcher(estimator: &str) -> BrokerKind {
    spy::register();
    let conf = Conf::parse(estimator).unwrap();
    BrokerKind::Dispatcher {
        estimator: conf.configure(&ESTIMATORS).unwrap(),
    }
}

fn spec(kind: BrokerKind, destinations: &[&str]) -> BrokerSpec {
    let entry = |destination: &&str| TableEntrySpec {
        function: "f".into(),
        destination: (*destination).into(),
        weight: 1.0,
        is_final: true,
    };
    BrokerSpec {
        name: "broker".into(),
        node: "edge".into(),
        controller: Some("controller".into()),
        kind,
        limits: Limits::default(),
        forwarding_time: ForwardingTime::default(),
        table: destinations.iter().map(entry).collect(),
        compatibility: Compatibility::Corrected,
        failover: Failover::Always,
        safeguards: Safeguards::default(),
    }
}

impl Bench {
    fn new(spec: &BrokerSpec) -> Self {
        let (mut functions, mut endpoints) = (Names::default(), Names::default());
        functions.intern("f");
        let streams = Streams::new(1, 0);
        let broker = Broker::new(spec, &mut functions, &mut endpoints, &streams).unwrap();
        Self {
            broker,
            functions,
            endpoints,
            now: SimTime::ZERO,
            calls: 0,
        }
    }

    fn header(&self) -> CallHeader {
        CallHeader {
            function: FunctionId(0),
            input: Bytes(1000),
            forward: false,
            hops: 0,
            dry: false,
        }
    }

    fn arrive(&mut self) -> Ticket {
        let header = self.header();
        self.arrive_with(&header)
    }

    fn arrive_with(&mut self, header: &CallHeader) -> Ticket {
        self.calls += 1;
        self.broker.arrive(self.now, CallId(self.calls), header)
    }

    /// The next action, a forward: the attempt and the destination.
    fn forward(&mut self) -> (Attempt, String) {
        match self.broker.poll() {
            Some(Action::Forward {
                attempt,
                destination,
                ..
            }) => (attempt, self.endpoints.name(destination).to_owned()),
            other => panic!("{other:?}"),
        }
    }

    /// The next action, a response.
    fn response(&mut self) -> (u64, Outcome) {
        match self.broker.poll() {
            Some(Action::Respond { call, outcome }) => (call.0, outcome),
            other => panic!("{other:?}"),
        }
    }

    fn wait(&mut self, millis: u64) {
        self.now += SimDuration::from_millis(millis);
    }

    fn answer(&mut self, attempt: Attempt) {
        self.broker.answered(self.now, attempt, &Answer::default());
    }

    fn fail(&mut self, attempt: Attempt, failure: Failure) {
        self.broker.failed(self.now, attempt, failure);
    }

    /// One call after the other, each answered after the latency of its
    /// destination in milliseconds.
    fn calls(&mut self, count: usize, latency: &[(&str, u64)]) -> Vec<String> {
        let mut call = || {
            self.arrive();
            let (attempt, destination) = self.forward();
            let latency = latency.iter().find(|(name, _)| *name == destination);
            self.wait(latency.unwrap().1);
            self.answer(attempt);
            self.response();
            destination
        };
        (0..count).map(|_| call()).collect()
    }

    fn change(&mut self, destination: &str, weight: f32, is_final: bool) -> Result<(), String> {
        let command = Command::Change {
            function: FunctionId(0),
            destination: self.endpoints.intern(destination),
            weight,
            is_final,
        };
        self.configure(&command).map_err(|error| error.to_string())
    }

    fn remove(&mut self, destination: &str) {
        let command = Command::Remove {
            function: FunctionId(0),
            destination: self.endpoints.intern(destination),
        };
        self.configure(&command).unwrap();
    }

    fn configure(&mut self, command: &Command) -> Result<(), ConfigureError> {
        let names = TableNames {
            functions: &self.functions,
            endpoints: &self.endpoints,
        };
        self.broker.configure(self.now, command, names)
    }

    fn weights(&self) -> Vec<f32> {
        let table = self.broker.tables().next().unwrap();
        let row = table.row(FunctionId(0)).iter();
        row.map(|&key| table.entry(key).unwrap().weight).collect()
    }

    /// The number of entries of each table.
    fn sizes(&self) -> Vec<usize> {
        let tables = self.broker.tables();
        tables.map(|table| table.keys().count()).collect()
    }
}

const IDLE: [(&str, u64); 3] = [("a", 10), ("b", 10), ("c", 10)];

fn share(picks: &[String], destination: &str) -> usize {
    let picked = picks.iter().filter(|picked| *picked == destination);
    picked.count()
}

#[test]
fn loops_are_detected_after_254_hops() {
    let mut bench = Bench::new(&spec(router("type=random", "type=none"), &["a"]));
    for (hops, served) in [(254, true), (255, false)] {
        let header = CallHeader {
            hops,
            ..bench.header()
        };
        bench.arrive_with(&header);
        match bench.broker.poll() {
            Some(Action::Forward { header, .. }) => assert_eq!((served, header.hops), (true, 255)),
            Some(Action::Respond { outcome, .. }) => {
                assert_eq!(outcome, Outcome::Rejected(Rejection::LoopDetected));
                assert!(!served);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(bench.broker.calls_in_progress(), 1);
}

#[test]
fn forwarded_calls_go_to_final_destinations_only() {
    let kind = router("type=least-impedance", "type=none");
    let mut bench = Bench::new(&spec(kind, &["computer"]));
    bench.change("router", 0.1, false).unwrap();
    assert_eq!(bench.sizes(), [2, 1]);
    for (forward, destination) in [(false, "router"), (true, "computer")] {
        let header = CallHeader {
            forward,
            ..bench.header()
        };
        bench.arrive_with(&header);
        assert_eq!(bench.forward().1, destination);
    }
    bench.change("computer", 1.0, false).unwrap();
    assert_eq!(bench.sizes(), [2, 0]);
}

#[test]
fn dry_runs_stay_dry_and_teach_nothing() {
    let kind = router("type=random", "type=async,alpha=0");
    let mut bench = Bench::new(&spec(kind, &["a"]));
    let header = CallHeader {
        dry: true,
        ..bench.header()
    };
    bench.arrive_with(&header);
    let Some(Action::Forward {
        attempt, header, ..
    }) = bench.broker.poll()
    else {
        panic!("it is forwarded");
    };
    assert!(header.dry && header.forward && header.hops == 1);
    bench.wait(5);
    bench.answer(attempt);
    assert_eq!(bench.weights(), [1.0]);
}

#[test]
fn impossible_entries_are_refused_in_the_words_of_the_original() {
    for kind in [router("type=random", "type=none"), dispatcher("type=rtt")] {
        let mut bench = Bench::new(&spec(kind, &[]));
        let mut refusal =
            |destination, weight| bench.change(destination, weight, true).unwrap_err();
        assert_eq!(
            refusal("a", -0.5),
            "Invalid weight '-0.500000', must be > 0"
        );
        assert_eq!(
            refusal("a", 0.0),
            "Invalid destination towards 'a' with weight 0.000000"
        );
        assert_eq!(
            refusal("", 1.0),
            "Invalid destination towards '' with weight 1.000000"
        );
        assert!(refusal("a", f32::NAN).contains("NaN"));
        assert!(bench.sizes().into_iter().all(|size| size == 0));
        bench.remove("a");
    }
}

#[test]
fn flushing_drops_everything() {
    for kind in [router("type=random", "type=none"), dispatcher("type=rtt")] {
        let mut bench = Bench::new(&spec(kind, &["a", "b"]));
        bench.configure(&Command::Flush).unwrap();
        assert!(bench.sizes().into_iter().all(|size| size == 0));
        bench.arrive();
        assert!(matches!(bench.response().1, Outcome::Rejected(_)));
        bench.change("c", 1.0, true).unwrap();
        assert_eq!(bench.calls(1, &[("c", 1)]), ["c"]);
    }
}
