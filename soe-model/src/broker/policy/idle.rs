//! Which destinations have an idle instance of a function, as far as one router can tell.
//!
//! A call that has ended leaves an instance behind that is warm until it is evicted. The next
//! call takes the one that became idle last. What the router cannot see: calls of other
//! routers, and evictions, about which only a call learns that needed a new instance.

use sim_core::{SimDuration, SimTime};

use crate::broker::AttemptOutcome;
use crate::catalogue::{Parameter, Quantity};

/// How long instances are believed to stay.
pub(super) const KEEP_ALIVE: Parameter = Parameter {
    name: "keep-alive",
    quantity: Quantity::Duration,
    default: Some("10 min"),
    help: "How long an idle instance is believed to stay warm; the default is that of most platforms.",
};

/// The idle instances by position, each with the time since when it is idle.
#[derive(Debug)]
pub(super) struct Idle {
    keep_alive: SimDuration,
    since: Vec<Vec<SimTime>>,
}

impl Idle {
    pub fn new(keep_alive: SimDuration) -> Self {
        Self {
            keep_alive,
            since: Vec::new(),
        }
    }

    pub fn add(&mut self) {
        self.since.push(Vec::new());
    }

    pub fn remove(&mut self, position: usize) {
        self.since.remove(position);
    }

    /// Whether a destination has a warm idle instance.
    pub fn has(&self, now: SimTime, position: usize) -> bool {
        let last = self.since.get(position).and_then(|since| since.last());
        last.is_some_and(|&since| now.since(since) < self.keep_alive)
    }

    /// A call was sent there: it takes an instance.
    pub fn sent(&mut self, position: usize) {
        if let Some(since) = self.since.get_mut(position) {
            since.pop();
        }
    }

    /// A call has ended there: it leaves an instance.
    pub fn done(&mut self, now: SimTime, position: usize, outcome: &AttemptOutcome) {
        let Some(since) = self.since.get_mut(position) else {
            return;
        };
        if let AttemptOutcome::Answered(trip) = outcome
            && !trip.dry
            && !trip.acknowledgement
        {
            if trip.cold {
                // Those that were idle before have been evicted.
                since.clear();
            }
            let kept = self.keep_alive;
            if since.first().is_some_and(|&first| now.since(first) >= kept) {
                since.retain(|&since| now.since(since) < kept);
            }
            since.push(now);
        }
    }
}
