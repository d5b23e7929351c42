//! The safeguards of a router at work: who is ejected, and who has just joined.

use sim_core::SimTime;

use super::health::{Health, Verdict};
use super::safeguards::Safeguards;
use crate::names::{EndpointId, Id};

/// What a router knows of its destinations, whichever function is called there.
#[derive(Debug)]
pub(super) struct Guard {
    safeguards: Safeguards,
    health: Option<Health>,
    /// When a destination joined or returned, by endpoint; kept for a slow start only.
    since: Vec<Option<SimTime>>,
    /// Calls sent to ejected destinations because all that offer the function are ejected.
    panics: u64,
}

impl Guard {
    pub fn new(safeguards: &Safeguards) -> Self {
        Self {
            safeguards: *safeguards,
            health: safeguards.ejection.map(Health::new),
            since: Vec::new(),
            panics: 0,
        }
    }

    /// Whether there is nothing to do.
    pub fn is_idle(&self) -> bool {
        self.health.is_none() && !self.starts_slowly()
    }

    /// Whether new destinations get calls gradually.
    pub fn starts_slowly(&self) -> bool {
        !self.safeguards.slow_start.window.is_zero()
    }

    /// Whether any destination is ejected.
    pub fn ejects(&self) -> bool {
        self.health
            .as_ref()
            .is_some_and(|health| health.ejected() > 0)
    }

    pub fn is_ejected(&self, destination: EndpointId) -> bool {
        let health = self.health.as_ref();
        health.is_some_and(|health| health.is_ejected(destination))
    }

    /// Lets a call try an ejected destination, if it is time.
    pub fn tries(&mut self, now: SimTime, destination: EndpointId) -> bool {
        let Some(health) = &mut self.health else {
            return false;
        };
        let may = health.may_try(now, destination);
        if may {
            health.tries(now, destination);
        }
        may
    }

    /// A call is sent to an ejected destination because there is no other.
    pub fn panic(&mut self) {
        self.panics += 1;
    }

    pub fn panics(&self) -> u64 {
        self.panics
    }

    /// A destination has an entry in a table.
    pub fn joined(&mut self, now: SimTime, destination: EndpointId) {
        if self.starts_slowly() {
            self.since(destination).get_or_insert(now);
        }
    }

    /// A destination has left all tables.
    pub fn left(&mut self, destination: EndpointId) {
        if self.starts_slowly() {
            *self.since(destination) = None;
        }
        if let Some(health) = &mut self.health {
            health.remove(destination);
        }
    }

    /// All destinations have left all tables.
    pub fn flush(&mut self) {
        self.since.clear();
        self.health = self.safeguards.ejection.map(Health::new);
    }

    /// The share of its calls that a destination gets as long as it is new.
    pub fn share(&self, now: SimTime, destination: EndpointId) -> f64 {
        let since = self.since.get(destination.index()).copied().flatten();
        let share = |since| self.safeguards.slow_start.share_since(now, since);
        since.map_or(1.0, share)
    }

    /// A call has ended at one of so many destinations; returns whether it is ejected or
    /// returns.
    pub fn judge(
        &mut self,
        now: SimTime,
        destination: EndpointId,
        success: bool,
        count: impl FnOnce() -> usize,
    ) -> bool {
        let Some(health) = &mut self.health else {
            return false;
        };
        let verdict = health.done(now, destination, success, count);
        if verdict == Verdict::Returned && self.starts_slowly() {
            *self.since(destination) = Some(now);
        }
        verdict != Verdict::Unchanged
    }

    /// When to call `sweep`.
    pub fn next_wake(&self) -> Option<SimTime> {
        self.health.as_ref()?.next_wake()
    }

    /// Ejects outliers among so many destinations; returns them.
    pub fn sweep(&mut self, now: SimTime, count: impl FnOnce() -> usize) -> Vec<EndpointId> {
        match &mut self.health {
            Some(health) if health.next_wake().is_some_and(|due| due <= now) => {
                health.sweep(now, count())
            }
            _ => Vec::new(),
        }
    }

    fn since(&mut self, destination: EndpointId) -> &mut Option<SimTime> {
        let index = destination.index();
        if index >= self.since.len() {
            self.since.resize(index + 1, None);
        }
        &mut self.since[index]
    }
}
