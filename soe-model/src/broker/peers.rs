//! The state that a broker keeps per destination, for all functions.
//!
//! A policy exists for each function and table; pending calls and load belong to
//! the destination. Each broker therefore keeps one [`Peers`], keyed by endpoint,
//! which all its policies or its estimator read through
//! [`Candidates`](super::Candidates).

use sim_core::{SimDuration, SimTime};

use super::popularity::Popularity;
use crate::names::{EndpointId, FunctionId, Id};

/// The state of each destination of one broker.
///
/// It has one entry for each endpoint known to the broker.
#[derive(Clone, Debug, Default)]
pub struct Peers {
    /// By endpoint; separate from the loads, because every call accesses it.
    pending: Vec<u32>,
    /// The endpoints whose pending calls changed last, in a ring.
    changes: Vec<EndpointId>,
    /// How many changes there were.
    changed: u64,
    /// By endpoint.
    loads: Vec<Option<Load>>,
    /// Hashes of names, by endpoint and by function.
    endpoints: Vec<u64>,
    functions: Vec<u64>,
    /// How often each function is called.
    pub(super) popularity: Popularity,
}

/// The number of changes that are remembered, a power of two.
const MEMORY: usize = 1024;

/// The state of one destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    /// Pending calls of this broker at the destination, of all functions: sent,
    /// queued, or delayed before forwarding.
    pub pending: u32,
    /// The load that the destination last reported, if any.
    pub load: Option<Load>,
}

/// A load that a destination has reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// The load of its processor over one second, in percent.
    pub percent: u32,
    /// When the report arrived at this broker.
    pub at: SimTime,
}

impl Load {
    /// How long ago the report arrived.
    pub fn age(&self, now: SimTime) -> SimDuration {
        now.since(self.at)
    }
}

impl Peers {
    /// The state of a destination; no calls and no load if it is new.
    pub fn get(&self, destination: EndpointId) -> Peer {
        Peer {
            pending: self.pending(destination),
            load: self.load(destination),
        }
    }

    /// The calls pending at a destination.
    #[inline]
    pub fn pending(&self, destination: EndpointId) -> u32 {
        let pending = self.pending.get(destination.index());
        pending.copied().unwrap_or_default()
    }

    /// The load that a destination last reported, if any.
    #[inline]
    pub fn load(&self, destination: EndpointId) -> Option<Load> {
        self.loads.get(destination.index()).copied().flatten()
    }

    /// How often the pending calls of any destination have changed.
    #[inline]
    pub(super) fn changed(&self) -> u64 {
        self.changed
    }

    /// The destinations whose pending calls changed since there were `seen` changes, some
    /// of them repeatedly; `None` if that is too long ago.
    #[inline]
    pub(super) fn changes_since(&self, seen: u64) -> Option<impl Iterator<Item = EndpointId>> {
        let recent = self.changed.wrapping_sub(seen) <= MEMORY as u64;
        recent.then(|| {
            let numbers = seen..self.changed;
            numbers.filter_map(|number| self.changes.get(number as usize % MEMORY).copied())
        })
    }

    /// The hash of the name of a destination; 0 if it has none.
    pub(super) fn endpoint_hash(&self, destination: EndpointId) -> u64 {
        let hash = self.endpoints.get(destination.index());
        hash.copied().unwrap_or_default()
    }

    /// The hash of the name of a function; 0 if it has none.
    pub(super) fn function_hash(&self, function: FunctionId) -> u64 {
        let hash = self.functions.get(function.index());
        hash.copied().unwrap_or_default()
    }

    /// Notes the hashes of the names of a function and a destination.
    pub(super) fn name(
        &mut self,
        (function, name_of_function): (FunctionId, u64),
        (destination, name_of_destination): (EndpointId, u64),
    ) {
        *at(&mut self.functions, function) = name_of_function;
        *at(&mut self.endpoints, destination) = name_of_destination;
    }

    /// A call was assigned to a destination.
    #[inline]
    pub(super) fn sent(&mut self, destination: EndpointId) {
        *at(&mut self.pending, destination) += 1;
        self.note(destination);
    }

    /// A call assigned to a destination has ended or was withdrawn.
    #[inline]
    pub(super) fn done(&mut self, destination: EndpointId) {
        let pending = at(&mut self.pending, destination);
        debug_assert!(*pending > 0, "a call ends twice");
        *pending = pending.saturating_sub(1);
        self.note(destination);
    }

    #[inline]
    fn note(&mut self, destination: EndpointId) {
        if self.changes.len() < MEMORY {
            self.changes.push(destination);
        } else {
            self.changes[self.changed as usize % MEMORY] = destination;
        }
        self.changed += 1;
    }

    /// A destination has reported its load.
    pub(super) fn loaded(&mut self, now: SimTime, destination: EndpointId, percent: u32) {
        *at(&mut self.loads, destination) = Some(Load { percent, at: now });
    }
}

/// The item of an identifier; the table grows for a new one.
#[inline]
fn at<T: Clone + Default>(items: &mut Vec<T>, id: impl Id) -> &mut T {
    let index = id.index();
    if index >= items.len() {
        items.resize(index + 1, T::default());
    }
    &mut items[index]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_remembered_up_to_a_bound() {
        let mut peers = Peers::default();
        for number in 0..MEMORY as u32 {
            peers.sent(EndpointId(number));
        }
        let since = |peers: &Peers, seen| {
            let changes = peers.changes_since(seen);
            changes.map(|changes| changes.map(|endpoint| endpoint.0).collect::<Vec<_>>())
        };
        assert_eq!(since(&peers, 1022), Some(vec![1022, 1023]));
        assert_eq!(since(&peers, 0).map(|changes| changes.len()), Some(MEMORY));
        peers.done(EndpointId(7));
        assert_eq!(since(&peers, 1023), Some(vec![1023, 7]));
        assert_eq!(since(&peers, 1025), Some(vec![]));
        assert_eq!(since(&peers, 0), None);
        assert_eq!(peers.changes.len(), MEMORY);
    }
}
