//! The destinations from which one call's destination is selected.

use super::call::CallHeader;
use super::peers::{Load, Peer, Peers};
use super::table::{Entry, EntryKey, Table};
use crate::names::{EndpointId, FunctionId};
use crate::units::Bytes;

/// The destinations of a call's function, by position in the table, and what the
/// broker knows of each.
///
/// A view: making one costs nothing, and what is not asked for is not looked up.
/// Methods that take a position panic if it is not less than [`len`](Self::len),
/// as indexing does.
#[derive(Clone, Copy, Debug)]
pub struct Candidates<'a> {
    table: &'a Table,
    row: &'a [EntryKey],
    peers: &'a Peers,
    call: &'a CallHeader,
    key: Option<u64>,
}

impl<'a> Candidates<'a> {
    pub(super) fn new(table: &'a Table, peers: &'a Peers, call: &'a CallHeader) -> Self {
        Self {
            table,
            row: table.row(call.function),
            peers,
            call,
            key: None,
        }
    }

    pub(super) fn with_key(self, key: Option<u64>) -> Self {
        Self { key, ..self }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.row.len()
    }

    /// Whether there are no candidates. `pick` is never called without candidates.
    pub fn is_empty(&self) -> bool {
        self.row.is_empty()
    }

    /// The name of a destination, by which what is known of it should be kept:
    /// positions shift when a destination is removed.
    pub fn endpoint(&self, position: usize) -> EndpointId {
        self.entry(position).destination
    }

    /// The weight of a destination: the expected latency in seconds, or what was
    /// declared; lower is better. Always 1 in a dispatcher.
    pub fn weight(&self, position: usize) -> f32 {
        self.entry(position).weight
    }

    /// Calls of this broker pending at a destination, of all functions, including
    /// those that wait for their turn or are delayed before forwarding.
    pub fn pending(&self, position: usize) -> u32 {
        self.peers.pending(self.endpoint(position))
    }

    /// The load that a destination last reported, with its time, if any. It is recorded
    /// for policies and estimators that do not [ignore
    /// events](super::policy::Policy::ignores_events).
    pub fn load(&self, position: usize) -> Option<Load> {
        self.peer(position).load
    }

    /// The function that is called.
    pub fn function(&self) -> FunctionId {
        self.call.function
    }

    /// The size of the input of the call.
    pub fn input(&self) -> Bytes {
        self.call.input
    }

    /// What [`Policy::key`](super::policy::Policy::key) says of the call.
    pub fn key(&self) -> Option<u64> {
        self.key
    }

    fn peer(&self, position: usize) -> Peer {
        self.peers.get(self.endpoint(position))
    }

    fn entry(&self, position: usize) -> &'a Entry {
        self.table.at(self.row[position])
    }
}

/// Destinations to pick from in the test of a policy, without a broker.
///
/// ```
/// use soe_model::broker::Lineup;
///
/// let mut lineup = Lineup::new(&[1.0, 0.5]);
/// lineup.set_pending(1, 3);
/// let candidates = lineup.candidates();
/// assert_eq!((candidates.weight(1), candidates.pending(1)), (0.5, 3));
/// ```
#[derive(Clone, Debug)]
pub struct Lineup {
    table: Table,
    peers: Peers,
    call: CallHeader,
}

impl Lineup {
    /// A destination with each of these weights, in order; the endpoints are
    /// numbered from 0.
    pub fn new(weights: &[f32]) -> Self {
        let call = CallHeader {
            function: FunctionId(0),
            input: Bytes(0),
            forward: false,
            hops: 0,
            dry: false,
        };
        let mut table = Table::default();
        for (position, &weight) in weights.iter().enumerate() {
            let endpoint = EndpointId(position as u32);
            table.insert(position, call.function, endpoint, weight, true);
        }
        Self {
            table,
            peers: Peers::default(),
            call,
        }
    }

    /// Lets as many calls be pending at the destination with this number.
    pub fn set_pending(&mut self, destination: u32, pending: u32) {
        let endpoint = EndpointId(destination);
        while self.peers.get(endpoint).pending < pending {
            self.peers.sent(endpoint);
        }
        while self.peers.get(endpoint).pending > pending {
            self.peers.done(endpoint);
        }
    }

    /// What a policy sees of them.
    pub fn candidates(&self) -> Candidates<'_> {
        Candidates::new(&self.table, &self.peers, &self.call)
    }
}
