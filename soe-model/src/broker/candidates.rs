//! The destinations from which one call's destination is selected.

use sim_core::SimTime;

use super::call::CallHeader;
use super::peers::{Load, Peers};
use super::popularity::Rank;
use super::table::{Entry, EntryKey, Table, Target};
use crate::hash;
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

    /// Those of the first `count` positions.
    pub(super) fn first(self, count: usize) -> Self {
        let row = self.row.get(..count).unwrap_or(self.row);
        Self { row, ..self }
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
        self.peers.load(self.endpoint(position))
    }

    /// The function that is called.
    pub fn function(&self) -> FunctionId {
        self.call.function
    }

    /// A hash of the name of the function, the same at every broker.
    pub fn function_hash(&self) -> u64 {
        self.peers.function_hash(self.call.function)
    }

    /// A hash of the name of a destination, the same at every broker.
    pub fn name_hash(&self, position: usize) -> u64 {
        self.peers.endpoint_hash(self.endpoint(position))
    }

    /// How often the function is called at this broker compared with others, as of the
    /// last full second; `None` if it was called less than twice. It is counted for
    /// policies that do not [ignore events](super::policy::Policy::ignores_events).
    pub fn popularity(&self) -> Option<Rank> {
        self.peers.popularity.of(self.call.function)
    }

    /// How often pending calls of this broker have changed, at any destination.
    pub(super) fn changed(&self) -> u64 {
        self.peers.changed()
    }

    /// The destinations whose pending calls changed since there were `seen` changes, also
    /// those that are no candidates; `None` if that is too long ago.
    pub(super) fn changes_since(&self, seen: u64) -> Option<impl Iterator<Item = EndpointId>> {
        self.peers.changes_since(seen)
    }

    /// The size of the input of the call.
    pub fn input(&self) -> Bytes {
        self.call.input
    }

    /// What [`Policy::key`](super::policy::Policy::key) says of the call.
    pub fn key(&self) -> Option<u64> {
        self.key
    }

    fn entry(&self, position: usize) -> &'a Entry {
        self.table.at(self.row[position])
    }
}

/// Destinations to pick from in the test of a policy, without a broker.
///
/// The function is called `f`, destination number `i` is called `d{i}`.
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
        let mut peers = Peers::default();
        for position in 0..weights.len() {
            let name = hash::of_name(&format!("d{position}"));
            let function = (call.function, hash::of_name("f"));
            peers.name(function, (EndpointId(position as u32), name));
        }
        Self { table, peers, call }
    }

    /// Removes a destination; those behind it move forward.
    pub fn remove(&mut self, destination: u32) {
        let function = self.call.function;
        if let Some(entry) = self.table.find(function, EndpointId(destination)) {
            self.table.remove(entry);
        }
    }

    /// Adds a destination that was removed, behind the others.
    pub fn add(&mut self, destination: u32, weight: f32) {
        let (function, end) = (self.call.function, self.candidates().len());
        let endpoint = EndpointId(destination);
        self.table.insert(end, function, endpoint, weight, true);
    }

    /// Lets a destination report its load, in percent.
    pub fn set_load(&mut self, now: SimTime, destination: u32, percent: u32) {
        self.peers.loaded(now, EndpointId(destination), percent);
    }

    /// Counts a call of a function, for [`Candidates::popularity`]; the function of the
    /// candidates has number 0.
    pub fn arrived(&mut self, now: SimTime, function: u32) {
        self.peers.popularity.arrived(now, FunctionId(function));
    }

    /// The destination at a position, as events name it.
    ///
    /// # Panics
    /// If there is none.
    pub fn target(&self, position: usize) -> Target {
        let key = self.table.row(self.call.function)[position];
        self.table.at(key).target(key)
    }

    /// Sets the size of the input of the call.
    pub fn set_input(&mut self, input: Bytes) {
        self.call.input = input;
    }

    /// The call as a policy sees it that makes a key of it.
    pub fn call(&self) -> (FunctionId, CallHeader) {
        (self.call.function, self.call)
    }

    /// What a policy sees with the key that it made.
    pub fn candidates_with_key(&self, key: Option<u64>) -> Candidates<'_> {
        self.candidates().with_key(key)
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
