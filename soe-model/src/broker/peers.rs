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
    /// By endpoint.
    peers: Vec<Peer>,
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
        let known = self.peers.get(destination.index());
        known.copied().unwrap_or_default()
    }

    /// A call is assigned to a destination.
    pub(super) fn sent(&mut self, destination: EndpointId) {
        self.peer(destination).pending += 1;
    }

    /// A call that was assigned to a destination has ended or leaves it.
    pub(super) fn done(&mut self, destination: EndpointId) {
        let peer = self.peer(destination);
        debug_assert!(peer.pending > 0, "a call ends twice");
        peer.pending = peer.pending.saturating_sub(1);
    }

    /// A destination has reported its load.
    pub(super) fn loaded(&mut self, now: SimTime, destination: EndpointId, percent: u32) {
        self.peer(destination).load = Some(Load { percent, at: now });
    }

    fn peer(&mut self, destination: EndpointId) -> &mut Peer {
        let index = destination.index();
        if index >= self.peers.len() {
            self.peers.resize(index + 1, Peer::default());
        }
        &mut self.peers[index]
    }
}
