//! Brokers: the choice of a destination for each call.
//!
//! A [`Broker`] is between clients and computers. It selects a destination for each
//! call, forwards the call, returns the response and learns from its latency. An
//! e-router ([`Router`]) selects by weights that an optimizer updates, as in
//! Cicconetti, Conti and Passarella, "A Decentralized Framework for Serverless Edge
//! Computing in the Internet of Things" (IEEE TNSM, 2020). An e-dispatcher
//! ([`Dispatcher`]) selects by predicted response times, as in "Low-latency
//! Distributed Computation Offloading for Pervasive Environments" (IEEE PerCom,
//! 2019).
//!
//! The broker is a state machine without I/O. The driver reports what happened
//! ([`arrive`](Broker::arrive), [`answered`](Broker::answered),
//! [`failed`](Broker::failed), …) and when, and fetches the broker's actions
//! ([`poll`](Broker::poll)):
//!
//! ```
//! use sim_core::{SimDuration, SimTime, Streams};
//! use soe_model::broker::optimizer::OPTIMIZERS;
//! use soe_model::broker::policy::POLICIES;
//! use soe_model::broker::*;
//! use soe_model::names::Names;
//! use soe_model::units::Bytes;
//!
//! let spec = BrokerSpec {
//!     name: "router".into(),
//!     node: "edge".into(),
//!     controller: None,
//!     kind: BrokerKind::Router {
//!         policy: POLICIES.configure("least-impedance", vec![])?,
//!         optimizer: OPTIMIZERS.configure("asyncPF", vec![])?,
//!     },
//!     limits: Limits::default(),
//!     forwarding_time: ForwardingTime::default(),
//!     table: vec![TableEntrySpec {
//!         function: "clambda0".into(),
//!         destination: "computer".into(),
//!         weight: 1.0,
//!         is_final: true,
//!     }],
//!     compatibility: Compatibility::Corrected,
//!     failover: Failover::Always,
//!     safeguards: Safeguards::default(),
//! };
//! let (mut functions, mut endpoints) = (Names::default(), Names::default());
//! let streams = Streams::new(42, 0);
//! let mut broker = Broker::new(&spec, &mut functions, &mut endpoints, &streams)?;
//!
//! let header = CallHeader {
//!     function: functions.intern("clambda0"),
//!     input: Bytes(10_000),
//!     forward: false,
//!     hops: 0,
//!     dry: false,
//! };
//! broker.arrive(SimTime::ZERO, CallId(1), &header);
//! let Some(Action::Forward { attempt, destination, header, .. }) = broker.poll() else {
//!     panic!("there is a destination");
//! };
//! assert_eq!(endpoints.name(destination), "computer");
//! assert_eq!((header.hops, header.forward), (1, true));
//!
//! let now = SimTime::from_nanos(100_000_000);
//! broker.answered(now, attempt, &Answer::default());
//! assert!(matches!(
//!     broker.poll(),
//!     Some(Action::Respond { call: CallId(1), outcome: Outcome::Answered { .. } })
//! ));
//! assert_eq!(broker.tables().count(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod call;
mod candidates;
mod command;
mod dispatcher;
pub mod estimator;
mod events;
mod gate;
mod guard;
mod health;
mod ledger;
pub mod optimizer;
mod peers;
pub mod policy;
mod popularity;
mod questions;
mod router;
pub mod safeguards;
mod spec;
mod steps;
pub mod table;
mod weighted;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use sim_core::{SimDuration, SimTime, Slots, Stream, Streams};

pub use call::{
    Action, Answer, Attempt, CallHeader, CallId, MOST_HOPS, Outcome, ProbeId, ProbeReply,
    Rejection, Ticket,
};
pub use candidates::{Candidates, Lineup};
pub use command::{Command, ConfigureError};
pub use dispatcher::{Choice, Dispatcher};
pub use events::{AttemptOutcome, Failure, ProbeAnswer, RoundTrip};
pub use peers::{Load, Peer, Peers};
pub use popularity::Rank;
pub use router::Router;
pub use safeguards::Safeguards;
pub use spec::{
    BrokerKind, BrokerSpec, Compatibility, Failover, ForwardingTime, Limits, TableEntrySpec,
};
pub use table::Target;

use estimator::{Foresight, Observation};
use gate::Gate;
use ledger::{Call, Probe, State};
use table::{Table, TableNames};

use crate::hash;
use crate::names::{EndpointId, FunctionId, Names};
use crate::workflow::Meeting;

/// The largest number of probes sent for one call.
pub const MOST_PROBES: usize = 16;

/// A broker with the calls it has in progress.
///
/// Whatever callers and destinations do, every call that arrives gets exactly one
/// [`Action::Respond`], unless it is cancelled. Unknown and outdated attempts, tickets and
/// questions are ignored.
#[derive(Debug)]
pub struct Broker {
    kind: Kind,
    /// Whether the policy or the estimator receives events of calls and probes.
    hears: bool,
    compatibility: Compatibility,
    failover: Failover,
    reports_failures: bool,
    /// What an optimizer learns at least from a failure; zero if nothing.
    failure_penalty: SimDuration,
    calls_in_progress: Option<u32>,
    forwarding_time: ForwardingTime,
    forwarding_chance: Stream,

    calls: Slots<Call>,
    /// For calls that must meet others, their destinations, the best first.
    meetings: BTreeMap<Ticket, Box<[EndpointId]>>,
    /// For lost calls, the destinations that may have received them.
    received: BTreeMap<Ticket, Vec<EndpointId>>,
    /// The ranked destinations of a call that is arriving.
    meeting: Option<Box<[EndpointId]>>,
    /// Calls that were admitted and have no response yet.
    active: u32,
    /// Calls that wait for admission.
    queue: VecDeque<Ticket>,
    /// Calls that are delayed before they queue for their destination.
    delayed: BinaryHeap<Reverse<(SimTime, u64, Ticket)>>,
    delays: u64,
    /// Calls at each destination, and those queued for it.
    pending: Gate<Ticket>,
    /// The state of each destination.
    peers: Peers,
    probes: Slots<Probe>,
    pending_probes: Gate<ProbeId>,
    probe_chance: Stream,
    /// Positions of destinations to be probed; empty between two events.
    wanted: Vec<usize>,
    /// Questions to be sent; empty between two events.
    asked: Vec<(EndpointId, ProbeId)>,

    /// Calls whose destination must be chosen now; empty between two events.
    undecided: VecDeque<Ticket>,
    actions: VecDeque<Action>,
}

#[derive(Debug)]
enum Kind {
    Router { router: Box<Router>, chance: Stream },
    Dispatcher(Dispatcher),
}

impl Broker {
    /// A broker at the start of a run. Its random streams are named after it.
    ///
    /// # Errors
    /// If an entry of its initial table is invalid.
    pub fn new(
        spec: &BrokerSpec,
        functions: &mut Names<FunctionId>,
        endpoints: &mut Names<EndpointId>,
        streams: &Streams,
    ) -> Result<Self, ConfigureError> {
        let kind = match &spec.kind {
            BrokerKind::Router { policy, optimizer } => Kind::Router {
                router: Box::new(Router::new(
                    policy,
                    optimizer,
                    spec.compatibility,
                    &spec.safeguards,
                )),
                chance: streams.stream(&spec.name, "policy"),
            },
            BrokerKind::Dispatcher { estimator } => {
                Kind::Dispatcher(Dispatcher::new(estimator, spec.compatibility))
            }
        };
        let asks = match &kind {
            Kind::Router { .. } => None,
            Kind::Dispatcher(dispatcher) => dispatcher.asks(),
        };
        let hears = match &kind {
            Kind::Router { router, .. } => router.hears_events(),
            Kind::Dispatcher(dispatcher) => dispatcher.hears_events(),
        };
        let mut broker = Self {
            kind,
            hears,
            compatibility: spec.compatibility,
            failover: spec.failover,
            reports_failures: spec.controller.is_some(),
            failure_penalty: spec.safeguards.failure_penalty,
            calls_in_progress: spec.limits.calls_in_progress.map(|limit| limit.max(1)),
            forwarding_time: spec.forwarding_time,
            forwarding_chance: streams.stream(&spec.name, "forwarding time"),
            meetings: BTreeMap::new(),
            received: BTreeMap::new(),
            meeting: None,
            calls: Slots::default(),
            active: 0,
            queue: VecDeque::new(),
            delayed: BinaryHeap::new(),
            delays: 0,
            pending: Gate::new(spec.limits.pending_per_destination),
            peers: Peers::default(),
            probes: Slots::default(),
            pending_probes: Gate::new(asks),
            probe_chance: streams.stream(&spec.name, "probes"),
            wanted: Vec::new(),
            asked: Vec::new(),
            undecided: VecDeque::new(),
            actions: VecDeque::new(),
        };
        for entry in &spec.table {
            let command = Command::Change {
                function: functions.intern(&entry.function),
                destination: endpoints.intern(&entry.destination),
                weight: entry.weight,
                is_final: entry.is_final,
            };
            let names = TableNames {
                functions,
                endpoints,
            };
            broker.configure(SimTime::ZERO, &command, names)?;
        }
        Ok(broker)
    }

    /// The next action, in order; `None` if there are none.
    pub fn poll(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// A call arrives.
    pub fn arrive(&mut self, now: SimTime, call: CallId, header: &CallHeader) -> Ticket {
        self.wake(now);
        let ticket = Ticket(self.calls.insert(Call::new(call, header)));
        if self.hears {
            self.peers.popularity.arrived(now, header.function);
        }
        if let Some(ranked) = self.meeting.take() {
            self.meetings.insert(ticket, ranked);
        }
        let full = |limit| self.active >= limit;
        if header.hops > MOST_HOPS {
            self.calls.remove(ticket.0);
            self.meetings.remove(&ticket);
            let outcome = Outcome::Rejected(Rejection::LoopDetected);
            self.actions.push_back(Action::Respond { call, outcome });
        } else if self.calls_in_progress.is_some_and(full) {
            self.queue.push_back(ticket);
        } else {
            self.active += 1;
            self.undecided.push_back(ticket);
            self.settle(now);
        }
        ticket
    }

    /// A call arrives that must reach the same computer as the other branches of
    /// its workflow: it goes to the destination with the best rank, regardless
    /// of the policy or the estimator, or to the next one if that fails.
    ///
    /// Brokers with the same destinations choose the same one.
    pub fn arrive_to_meet(
        &mut self,
        now: SimTime,
        call: CallId,
        header: &CallHeader,
        meeting: Meeting,
        endpoints: &Names<EndpointId>,
    ) -> Ticket {
        self.wake(now);
        let table = self.kind.table(header.forward);
        let entries = table.row(header.function).iter();
        let destinations = entries.filter_map(|&entry| Some(table.entry(entry)?.destination));
        let mut ranked: Vec<_> = destinations.collect();
        meeting.sort(&mut ranked, endpoints);
        // The ticket is not known before the call arrives.
        self.meeting = Some(ranked.into());
        let ticket = self.arrive(now, call, header);
        self.meeting = None;
        ticket
    }

    /// An attempt was answered without error.
    pub fn answered(&mut self, now: SimTime, attempt: Attempt, answer: &Answer) {
        self.wake(now);
        let Some((chosen, header, sent)) = self.conclude(attempt) else {
            return;
        };
        let latency = now.since(sent);
        let round_trip = RoundTrip {
            latency,
            processing: answer.processing,
            load1: answer.load1,
            cold: answer.cold,
            acknowledgement: answer.acknowledgement,
            dry: header.dry,
            rif: answer.rif,
        };
        let ended = AttemptOutcome::Answered(round_trip);
        self.done(now, header.forward, &chosen, &ended);
        if self.hears && !answer.acknowledgement {
            self.peers.loaded(now, chosen.destination, answer.load1);
        }
        let counts = match self.compatibility {
            Compatibility::Corrected => !answer.acknowledgement && !header.dry,
            Compatibility::Original => true,
        };
        match &mut self.kind {
            _ if !counts => {}
            Kind::Router { router, .. } => {
                router.measured(now, header.forward, chosen.entry, latency);
            }
            Kind::Dispatcher(dispatcher) => {
                let observation = Observation {
                    input: header.input,
                    latency,
                    processing: answer.processing,
                    load: answer.load1,
                };
                dispatcher.measured(now, chosen.entry, &observation);
            }
        }
        self.judge(now, header.forward, chosen.entry, true);
        let outcome = Outcome::Answered {
            destination: chosen.destination,
            latency,
            prediction: chosen.prediction,
        };
        self.respond(attempt.ticket, outcome);
        self.send_next(chosen.destination);
        self.settle(now);
    }

    /// An attempt failed.
    pub fn failed(&mut self, now: SimTime, attempt: Attempt, failure: Failure) {
        self.wake(now);
        let Some((chosen, header, sent)) = self.conclude(attempt) else {
            return;
        };
        let destination = chosen.destination;
        let ended = AttemptOutcome::Failed {
            failure,
            latency: now.since(sent),
            retry_after: None,
        };
        self.done(now, header.forward, &chosen, &ended);
        if self.condemns(failure) {
            self.drop_destination(now, &header, chosen.entry, destination);
        } else {
            self.learn_failure(now, header.forward, chosen.entry, now.since(sent));
            self.judge(now, header.forward, chosen.entry, false);
        }
        if self.fails_over(failure, &header) {
            if let Some(call) = self.calls.get_mut(attempt.ticket.0) {
                call.failed = Some(destination);
            }
            if matches!(failure, Failure::Transport | Failure::Lost) {
                self.may_have_received(attempt.ticket, destination);
            }
            self.undecided.push_back(attempt.ticket);
        } else {
            self.respond(attempt.ticket, Outcome::Refused { destination });
        }
        self.send_next(chosen.destination);
        self.settle(now);
    }

    /// A destination replied to a question, or the question failed.
    pub fn probe_replied(&mut self, now: SimTime, probe: ProbeId, reply: ProbeReply) {
        self.wake(now);
        let Some(asked) = self.probes.remove(probe.0) else {
            return;
        };
        self.probed(now, &asked, &reply);
        if let ProbeReply::Failed(Failure::Transport | Failure::Unreachable) = reply {
            self.drop_destination(now, &asked.header, asked.entry, asked.destination);
        }
        self.count_reply(now, &asked, reply);
        self.next_probe(now, asked.destination);
        self.settle(now);
    }

    /// The caller has cancelled the call: it gets no response.
    pub fn cancel(&mut self, now: SimTime, ticket: Ticket) {
        self.wake(now);
        let Some(call) = self.calls.remove(ticket.0) else {
            return;
        };
        self.forget_places(ticket);
        if let State::Delayed(chosen) | State::Waiting(chosen, _) | State::Sent(chosen, _) =
            &call.state
        {
            let forwarded = call.header.forward;
            self.done(now, forwarded, chosen, &AttemptOutcome::Cancelled);
        }
        match call.state {
            State::Queued => self.queue.retain(|&queued| queued != ticket),
            State::Waiting(chosen, _) => {
                self.pending.withdraw(chosen.destination, ticket);
                self.admit();
            }
            State::Sent(chosen, _) => {
                self.admit();
                self.send_next(chosen.destination);
            }
            State::Undecided | State::Asking(_) | State::Delayed(_) => self.admit(),
        }
        self.settle(now);
    }

    /// Changes the forwarding tables. `names` has the names of functions and destinations.
    ///
    /// # Errors
    /// If the declared entry is invalid; then nothing has changed.
    pub fn configure(
        &mut self,
        now: SimTime,
        command: &Command,
        names: TableNames<'_>,
    ) -> Result<(), ConfigureError> {
        self.wake(now);
        let endpoints = names.endpoints;
        if let Command::Change {
            function,
            destination,
            ..
        } = *command
        {
            let name_of_function = hash::of_name(names.functions.name(function));
            let name_of_destination = hash::of_name(endpoints.name(destination));
            self.peers.name(
                (function, name_of_function),
                (destination, name_of_destination),
            );
        }
        match &mut self.kind {
            Kind::Router { router, .. } => router.configure(now, command, endpoints)?,
            Kind::Dispatcher(dispatcher) => dispatcher.configure(now, command, endpoints)?,
        }
        self.redirect();
        self.settle(now);
        Ok(())
    }

    /// The time at which to call `wake` next, if any.
    pub fn next_wake(&self) -> Option<SimTime> {
        let delayed = self.delayed.peek().map(|Reverse((due, _, _))| *due);
        match (delayed, self.kind.next_wake()) {
            (Some(delayed), Some(wake)) => Some(delayed.min(wake)),
            (delayed, wake) => delayed.or(wake),
        }
    }

    /// Called at the time of `next_wake` or later.
    pub fn wake(&mut self, now: SimTime) {
        if self.kind.next_wake().is_some_and(|due| due <= now) {
            let changed = match &mut self.kind {
                Kind::Router { router, .. } => router.wake(now),
                Kind::Dispatcher(dispatcher) => {
                    dispatcher.wake(now);
                    false
                }
            };
            if changed {
                self.redirect();
            }
        }
        while let Some(&Reverse((due, _, ticket))) = self.delayed.peek() {
            if due > now {
                break;
            }
            self.delayed.pop();
            self.end_delay(due, ticket);
        }
        self.settle(now);
    }

    /// Its tables: the overall and the final one of a router, the only one of a
    /// dispatcher.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        let tables = match &self.kind {
            Kind::Router { router, .. } => router.tables().map(Some),
            Kind::Dispatcher(dispatcher) => [Some(dispatcher.table()), None],
        };
        tables.into_iter().flatten()
    }

    /// The exact value with which a simulation replies to its questions
    /// ([`Action::Probe`]), if it needs one.
    pub fn foresees(&self) -> Option<Foresight> {
        match &self.kind {
            Kind::Router { .. } => None,
            Kind::Dispatcher(dispatcher) => dispatcher.foresees(),
        }
    }

    /// How long it takes to forward one call.
    pub fn forwarding_time(&self) -> ForwardingTime {
        self.forwarding_time
    }

    /// The number of calls in progress, from admission to response.
    pub fn calls_in_progress(&self) -> u32 {
        self.active
    }

    /// The number of calls that wait for admission.
    pub fn calls_queued(&self) -> usize {
        self.queue.len()
    }

    /// The number of calls sent to a destination and not answered, and the number
    /// queued for it.
    pub fn pending(&self, destination: EndpointId) -> (u32, u32) {
        if self.pending.is_limited() {
            self.pending.occupancy(destination)
        } else {
            (self.peers.pending(destination), 0)
        }
    }

    /// Whether a destination is ejected, that is, gets no calls because calls failed there.
    pub fn is_ejected(&self, destination: EndpointId) -> bool {
        match &self.kind {
            Kind::Router { router, .. } => router.is_ejected(destination),
            Kind::Dispatcher(_) => false,
        }
    }

    /// The number of calls sent to ejected destinations because all that offer the function
    /// were ejected.
    pub fn panics(&self) -> u64 {
        match &self.kind {
            Kind::Router { router, .. } => router.panics(),
            Kind::Dispatcher(_) => 0,
        }
    }

    /// The state of its destinations.
    pub fn peers(&self) -> &Peers {
        &self.peers
    }
}
