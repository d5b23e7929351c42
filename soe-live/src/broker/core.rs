//! The model of a broker with the calls that wait for it.

use std::sync::Arc;
use std::task::Waker;

use sim_core::{SimDuration, SimTime, SlotKey, Slots};
use soe_model::broker::table::TableNames;
use soe_model::broker::{Action, Attempt, Broker, CallHeader, Outcome, ProbeId};
use soe_model::names::{EndpointId, FunctionId, Id, Names};

use super::Lost;
use crate::command::Endpoint;
use crate::peer::Peer;
use crate::timer::Expected;

/// The model, the names it knows by numbers, and the calls in progress.
#[derive(Debug)]
pub struct Core {
    pub broker: Broker,
    pub functions: Names<FunctionId>,
    pub endpoints: Names<EndpointId>,
    pub calls: Slots<Waiting>,
    /// Destinations that have failed and are tried again.
    pub lost: Lost,
    /// By number.
    peers: Vec<Option<Arc<Peer>>>,
    /// A function that no destination offers, for unknown names.
    unknown: FunctionId,
    /// When the timer will wake the model.
    expected: Expected,
}

/// A call that waits for its next action.
#[derive(Debug, Default)]
pub struct Waiting {
    pub waker: Option<Waker>,
    pub todo: Option<Todo>,
    pub probes: Vec<Probe>,
}

/// What a call is to do.
#[derive(Clone, Copy, Debug)]
pub enum Todo {
    Forward {
        attempt: Attempt,
        destination: EndpointId,
        after: SimDuration,
        header: CallHeader,
    },
    Respond(Outcome),
}

/// A question to a destination.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    pub probe: ProbeId,
    pub destination: EndpointId,
    pub header: CallHeader,
}

impl Core {
    pub fn new(
        broker: Broker,
        mut functions: Names<FunctionId>,
        endpoints: Names<EndpointId>,
    ) -> Self {
        // Functions without a name are never configured.
        let unknown = functions.intern("");
        Self {
            broker,
            functions,
            endpoints,
            calls: Slots::default(),
            lost: Lost::new(),
            peers: Vec::new(),
            unknown,
            expected: Expected::default(),
        }
    }

    pub fn function(&self, name: &str) -> FunctionId {
        self.functions.find(name).unwrap_or(self.unknown)
    }

    pub fn names(&self) -> TableNames<'_> {
        TableNames {
            functions: &self.functions,
            endpoints: &self.endpoints,
        }
    }

    /// Hands out what the model wants done, and returns the destinations whose
    /// failure is to be reported.
    pub fn dispatch(&mut self) -> Vec<Endpoint> {
        let mut failed = Vec::new();
        while let Some(action) = self.broker.poll() {
            match action {
                Action::Forward {
                    call,
                    attempt,
                    destination,
                    after,
                    header,
                } => self.hand(call.0, |waiting| {
                    waiting.todo = Some(Todo::Forward {
                        attempt,
                        destination,
                        after,
                        header,
                    });
                }),
                Action::Probe {
                    call,
                    probe,
                    destination,
                    header,
                } => self.hand(call.0, |waiting| {
                    waiting.probes.push(Probe {
                        probe,
                        destination,
                        header,
                    });
                }),
                Action::Respond { call, outcome } => {
                    self.hand(call.0, |waiting| {
                        waiting.todo = Some(Todo::Respond(outcome))
                    });
                }
                Action::ReportFailure { destination } => {
                    failed.extend(self.endpoints.name(destination).parse::<Endpoint>());
                }
            }
        }
        failed
    }

    fn hand(&mut self, call: u64, with: impl FnOnce(&mut Waiting)) {
        if let Some(waiting) = self.calls.get_mut(SlotKey::from_bits(call)) {
            with(waiting);
            if let Some(waker) = waiting.waker.take() {
                waker.wake();
            }
        }
    }

    /// Whether the model wants to be woken earlier than the timer will.
    pub fn sooner(&mut self) -> bool {
        self.expected.is_too_late_for(self.broker.next_wake())
    }

    /// When the timer is to wake the model.
    pub fn next_wake(&mut self) -> Option<SimTime> {
        let next = self.broker.next_wake();
        self.expected.set(next);
        next
    }

    pub fn peer(&self, destination: EndpointId) -> Option<Arc<Peer>> {
        self.peers.get(destination.index())?.clone()
    }

    pub fn add_peer(&mut self, destination: EndpointId, peer: Peer) -> Arc<Peer> {
        let index = destination.index();
        if index >= self.peers.len() {
            self.peers.resize(index + 1, None);
        }
        let peer = Arc::new(peer);
        self.peers[index] = Some(peer.clone());
        peer
    }

    /// Closes the connections to a destination that has left all tables.
    pub fn drop_peers(&mut self) {
        let mut used = vec![false; self.peers.len()];
        for table in self.broker.tables() {
            for entry in table.keys().filter_map(|key| table.entry(key)) {
                if let Some(used) = used.get_mut(entry.destination.index()) {
                    *used = true;
                }
            }
        }
        for (peer, used) in self.peers.iter_mut().zip(used) {
            if !used {
                *peer = None;
            }
        }
    }

    /// What a destination offers, according to the tables.
    pub fn offers(&self, function: FunctionId, destination: EndpointId) -> Option<bool> {
        let mut tables = self.broker.tables();
        tables.find_map(|table| {
            let entry = table.entry(table.find(function, destination)?)?;
            Some(entry.is_final)
        })
    }
}
