//! The state that a broker keeps per destination, for all functions.
//!
//! A policy exists for each function and table; pending calls and load belong to
//! the destination. Each broker therefore keeps one [`Peers`], keyed by endpoint,
//! which all its policies or its estimator read through
//! [`Candidates`](super::Candidates).

use sim_core::{SimDuration, SimTime};

use crate::names::{EndpointId, Id};

/// The state of each destination of one broker.
///
/// It has one entry for each endpoint known to the broker.
#[derive(Clone, Debug, Default)]
pub struct Peers {
    /// By endpoint; separate from the loads, because every call accesses it.
    pending: Vec<u32>,
    /// By endpoint.
    loads: Vec<Option<Load>>,
}

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
            load: self.loads.get(destination.index()).copied().flatten(),
        }
    }

    /// The calls pending at a destination.
    #[inline]
    pub fn pending(&self, destination: EndpointId) -> u32 {
        let pending = self.pending.get(destination.index());
        pending.copied().unwrap_or_default()
    }

    /// A call was assigned to a destination.
    #[inline]
    pub(super) fn sent(&mut self, destination: EndpointId) {
        *at(&mut self.pending, destination) += 1;
    }

    /// A call assigned to a destination has ended or was withdrawn.
    #[inline]
    pub(super) fn done(&mut self, destination: EndpointId) {
        let pending = at(&mut self.pending, destination);
        debug_assert!(*pending > 0, "a call ends twice");
        *pending = pending.saturating_sub(1);
    }

    /// A destination has reported its load.
    pub(super) fn loaded(&mut self, now: SimTime, destination: EndpointId, percent: u32) {
        *at(&mut self.loads, destination) = Some(Load { percent, at: now });
    }
}

/// The item of an endpoint; the table grows for a new one.
#[inline]
fn at<T: Clone + Default>(items: &mut Vec<T>, destination: EndpointId) -> &mut T {
    let index = destination.index();
    if index >= items.len() {
        items.resize(index + 1, T::default());
    }
    &mut items[index]
}
