//! The state that a broker keeps per destination, for all functions.
//!
//! A policy exists for each function and table; pending calls and load belong to
//! the destination. Each broker therefore keeps one [`Peers`], keyed by endpoint,
//! which all its policies or its estimator read through
//! [`Candidates`](super::Candidates).

use sim_core::{SimDuration, SimTime};

use crate::names::{EndpointId, Id};

/// What one broker knows of each of its destinations.
///
/// It has one entry for each endpoint that the broker has a name for.
#[derive(Clone, Debug, Default)]
pub struct Peers {
    /// By endpoint; apart from the loads, since every call touches it.
    pending: Vec<u32>,
    /// By endpoint.
    loads: Vec<Option<Load>>,
}

/// What a broker knows of one destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    /// Calls of this broker for which the destination was chosen and that have not
    /// ended, of all functions: sent, waiting for their turn, or delayed before
    /// forwarding.
    pub pending: u32,
    /// The load that the destination reported last, if it ever did.
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
    /// What is known of a destination; no calls and no load if it is new.
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

    /// A call is assigned to a destination.
    #[inline]
    pub(super) fn sent(&mut self, destination: EndpointId) {
        *at(&mut self.pending, destination) += 1;
    }

    /// A call that was assigned to a destination has ended or leaves it.
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

/// The item of an endpoint; the table grows where it is new.
#[inline]
fn at<T: Clone + Default>(items: &mut Vec<T>, destination: EndpointId) -> &mut T {
    let index = destination.index();
    if index >= items.len() {
        items.resize(index + 1, T::default());
    }
    &mut items[index]
}
