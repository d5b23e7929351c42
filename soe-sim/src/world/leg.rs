//! Legs: one request and its response between two neighbours.
//!
//! A call from a client through two brokers to a computer is three legs, each
//! started by the arrival of the one before, and answered in reverse. A leg
//! exists from the sending of its request until its response has been handled.

use analysis::{CallParts, NameId};
use sim_core::{SimDuration, SimTime};
use slab::Slab;
use soe_model::broker::{Attempt, ProbeId};
use soe_model::computer::{Completion, Load};
use soe_model::names::{EndpointId, FunctionId, NodeId};
use soe_model::units::Bytes;
use soe_model::workflow::Sending;

use super::ids::{BaggageId, BrokerId, ClientId, ComputerId, LegId, RunId};

/// One request and its response between two neighbours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leg {
    pub origin: Origin,
    /// The node of the sender.
    pub from: NodeId,
    pub to: EndpointId,
    pub function: FunctionId,
    pub input: Bytes,
    /// The call of a client to which this belongs, and when that was issued; the
    /// same for all legs of a call.
    pub call: u64,
    pub issued: SimTime,
    /// When the request arrives.
    pub arrives: SimTime,
    /// How long the call has been at brokers before this leg.
    pub at_brokers: SimDuration,
    /// Nodes traversed, this receiver not counted.
    pub hops: u32,
    /// Sent by a broker: the receiver may use final destinations only.
    pub forward: bool,
    /// A dry run.
    pub dry: bool,
    /// What it carries as part of a workflow.
    pub baggage: BaggageId,
    pub reply: Reply,
}

/// The sender of a request, and its key for the response.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin {
    /// A client, for its call of this number, to this one of its destinations.
    Client {
        client: ClientId,
        number: u64,
        destination: u32,
    },
    /// A broker, in an attempt to have a leg that arrived there executed.
    Broker {
        broker: BrokerId,
        arrived: LegId,
        attempt: Attempt,
    },
    /// A broker, for an estimate.
    Probe { broker: BrokerId, probe: ProbeId },
    /// A client, for a step of a run.
    Run { run: RunId, step: u32 },
    /// A computer, for the next step of a run.
    Companion {
        computer: ComputerId,
        sending: Sending,
    },
}

/// The outcome of a leg.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reply {
    /// Nothing yet.
    Pending,
    /// The function was executed (or estimated, for a dry run).
    Done(Execution),
    /// The response was an error.
    Refused(NameId),
    /// No response: the receiver was down when the request arrived.
    Unreachable,
    /// No response: the receiver failed while it had the request.
    Lost,
}

/// How a function was executed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Execution {
    pub computer: ComputerId,
    pub processing: SimDuration,
    pub load: Load,
    /// Tasks at the computer when it answered, if it says so.
    pub rif: Option<u32>,
    pub hops: u32,
    pub output: Bytes,
    /// The brokers that the response has passed, if there is an observer.
    pub path: Option<NameId>,
    pub times: Times,
}

/// Where the time of a call went until it was executed; the rest of its latency is the way
/// back.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    pub network_there: SimDuration,
    pub broker: SimDuration,
    pub worker_queue: SimDuration,
    pub memory_queue: SimDuration,
    pub start: SimDuration,
}

impl Times {
    /// Those of a task that is done, which this leg brought.
    #[inline]
    pub fn of(leg: &Leg, done: &Completion) -> Self {
        Self {
            network_there: leg.arrives.since(leg.issued) - leg.at_brokers,
            broker: leg.at_brokers,
            worker_queue: done.waited_for_worker() - done.start,
            memory_queue: done.waited_for_memory(),
            start: done.start,
        }
    }

    /// The parts of a call with this latency and time at the computer.
    #[inline]
    pub fn parts(&self, latency: SimDuration, processing: SimDuration) -> CallParts {
        let before = self.network_there + self.broker;
        let waiting = self.worker_queue + self.memory_queue + self.start;
        let processor = processing - waiting;
        CallParts {
            network_there: self.network_there.as_nanos(),
            broker: self.broker.as_nanos(),
            worker_queue: self.worker_queue.as_nanos(),
            memory_queue: self.memory_queue.as_nanos(),
            start: self.start.as_nanos(),
            processor: processor.as_nanos(),
            network_back: (latency - processing - before).as_nanos(),
        }
    }
}

/// All legs in progress.
#[derive(Debug, Default)]
pub(super) struct Legs(Slab<Leg>);

impl Legs {
    pub fn start(&mut self, leg: Leg) -> LegId {
        LegId::at(self.0.insert(leg))
    }

    /// Removes a leg after its response has arrived.
    #[inline]
    pub fn finish(&mut self, id: LegId) -> Leg {
        self.0.remove(id.position())
    }

    /// All legs that have not been finished, by number.
    pub fn under_way(&self) -> impl Iterator<Item = &Leg> {
        self.0.iter().map(|(_, leg)| leg)
    }
}

impl std::ops::Index<LegId> for Legs {
    type Output = Leg;
    fn index(&self, id: LegId) -> &Leg {
        &self.0[id.position()]
    }
}

impl std::ops::IndexMut<LegId> for Legs {
    fn index_mut(&mut self, id: LegId) -> &mut Leg {
        &mut self.0[id.position()]
    }
}
