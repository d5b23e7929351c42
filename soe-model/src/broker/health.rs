//! Which destinations of a router are ejected.
//!
//! The state belongs to the destination, whichever function fails there.

use sim_core::SimTime;

use super::safeguards::{Ejection, threshold};
use crate::names::{EndpointId, Id};

/// The state of all destinations.
#[derive(Debug)]
pub(super) struct Health {
    rules: Ejection,
    /// By endpoint.
    states: Vec<State>,
    ejected: usize,
    /// When the shares of successes are compared next.
    next_sweep: Option<SimTime>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// If it is ejected: until when.
    ejected: Option<SimTime>,
    /// When a call was sent to try it, unless that has ended.
    tried: Option<SimTime>,
    /// Ejections since it was good for long.
    times: u32,
    /// When it returned.
    since: SimTime,
    /// Failures since the last success.
    failures: u64,
    /// Calls and successes in this interval.
    calls: u64,
    successes: u64,
}

/// What the end of a call means for its destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It stays as it is.
    Unchanged,
    /// It gets no calls.
    Ejected,
    /// It gets calls again.
    Returned,
}

impl Health {
    pub fn new(rules: Ejection) -> Self {
        Self {
            rules,
            states: Vec::new(),
            ejected: 0,
            next_sweep: (rules.deviations > 0.0).then(|| SimTime::ZERO + rules.interval),
        }
    }

    /// Whether a destination is ejected.
    pub fn is_ejected(&self, destination: EndpointId) -> bool {
        let state = self.states.get(destination.index());
        state.is_some_and(|state| state.ejected.is_some())
    }

    /// The number of ejected destinations.
    pub fn ejected(&self) -> usize {
        self.ejected
    }

    /// Whether an ejected destination may be tried by one call now.
    pub fn may_try(&self, now: SimTime, destination: EndpointId) -> bool {
        let Some(state) = self.states.get(destination.index()) else {
            return false;
        };
        // A call that tries it may be lost from sight.
        let tried = state.tried.map(|tried| tried + self.rules.most);
        let due = |time: SimTime| time <= now;
        state.ejected.is_some_and(due) && tried.is_none_or(due)
    }

    /// A call tries an ejected destination.
    pub fn tries(&mut self, now: SimTime, destination: EndpointId) {
        self.state(destination).tried = Some(now);
    }

    /// A call has ended at one of so many destinations. The calls that were in progress when
    /// it was ejected do not count.
    pub fn done(
        &mut self,
        now: SimTime,
        destination: EndpointId,
        success: bool,
        count: impl FnOnce() -> usize,
    ) -> Verdict {
        let consecutive = self.rules.consecutive;
        let state = self.state(destination);
        if state.ejected.is_some() {
            if state.tried.is_none() {
                return Verdict::Unchanged;
            }
            state.tried = None;
            if success {
                state.ejected = None;
                state.since = now;
                state.failures = 0;
                self.ejected -= 1;
                return Verdict::Returned;
            }
            self.extend(now, destination);
            return Verdict::Unchanged;
        }
        state.calls += 1;
        if success {
            state.successes += 1;
            state.failures = 0;
            return Verdict::Unchanged;
        }
        state.failures += 1;
        let many = consecutive > 0 && state.failures >= consecutive;
        if many && self.eject(now, destination, count()) {
            return Verdict::Ejected;
        }
        Verdict::Unchanged
    }

    /// A destination has left all tables: it is forgotten.
    pub fn remove(&mut self, destination: EndpointId) {
        let state = std::mem::take(self.state(destination));
        self.ejected -= usize::from(state.ejected.is_some());
    }

    /// When the shares of successes are compared next, if they are.
    pub fn next_wake(&self) -> Option<SimTime> {
        self.next_sweep
    }

    /// Compares the shares of successes of `count` destinations; returns those that are ejected.
    pub fn sweep(&mut self, now: SimTime, count: usize) -> Vec<EndpointId> {
        let Some(due) = self.next_sweep.filter(|due| *due <= now) else {
            return Vec::new();
        };
        let next = due + self.rules.interval;
        self.next_sweep = Some(super::weighted::in_future(now, next));
        let enough = |state: &State| state.ejected.is_none() && state.calls >= self.rules.calls;
        let rate = |state: &State| state.successes as f64 / state.calls as f64;
        let compared = self.states.iter().enumerate();
        let compared: Vec<(usize, f64)> = compared
            .filter(|(_, state)| enough(state))
            .map(|(index, state)| (index, rate(state)))
            .collect();
        for state in &mut self.states {
            (state.calls, state.successes) = (0, 0);
        }
        if (compared.len() as u64) < self.rules.destinations {
            return Vec::new();
        }
        let rates: Vec<f64> = compared.iter().map(|(_, rate)| *rate).collect();
        let threshold = threshold(&rates, self.rules.deviations);
        let mut outliers: Vec<_> = compared
            .into_iter()
            .filter(|(_, rate)| *rate < threshold)
            .collect();
        // The worst first, as there may not be room for all.
        outliers.sort_by(|(_, one), (_, other)| one.total_cmp(other));
        let endpoints = outliers.into_iter();
        let endpoints = endpoints.map(|(index, _)| EndpointId::from_index(index as u32));
        endpoints
            .filter(|&endpoint| self.eject(now, endpoint, count))
            .collect()
    }

    /// Ejects a destination, if there is room.
    fn eject(&mut self, now: SimTime, destination: EndpointId, count: usize) -> bool {
        if self.ejected >= self.rules.room(count) {
            return false;
        }
        self.ejected += 1;
        let most = self.rules.most;
        let state = self.state(destination);
        if now.since(state.since) >= most {
            state.times = 0;
        }
        state.failures = 0;
        self.extend(now, destination);
        true
    }

    fn extend(&mut self, now: SimTime, destination: EndpointId) {
        let rules = self.rules;
        let state = self.state(destination);
        state.ejected = Some(now + rules.time(state.times));
        state.times = state.times.saturating_add(1);
    }

    fn state(&mut self, destination: EndpointId) -> &mut State {
        let index = destination.index();
        if index >= self.states.len() {
            self.states.resize(index + 1, State::default());
        }
        &mut self.states[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::safeguards::EJECTIONS;
    use proptest::prelude::*;
    use sim_core::SimDuration;

    fn rules() -> Ejection {
        let configured = EJECTIONS.configure("outliers", vec![]).unwrap();
        (configured.kind.build)(&configured.arguments).unwrap()
    }

    fn at(secs: u64) -> SimTime {
        SimTime::from_nanos(secs * 1_000_000_000)
    }

    const FIRST: EndpointId = EndpointId(0);

    #[test]
    fn failures_in_a_row_eject_and_one_success_brings_back() {
        let mut health = Health::new(rules());
        for _ in 0..4 {
            assert_eq!(health.done(at(0), FIRST, false, || 4), Verdict::Unchanged);
        }
        assert_eq!(health.done(at(0), FIRST, true, || 4), Verdict::Unchanged);
        let failures = (0..5)
            .map(|_| health.done(at(10), FIRST, false, || 4))
            .last();
        assert_eq!(failures, Some(Verdict::Ejected));
        assert!(health.is_ejected(FIRST) && !health.may_try(at(10), FIRST));
        // A call that was in progress.
        assert_eq!(health.done(at(11), FIRST, true, || 4), Verdict::Unchanged);
        // One call tries it after 1 s, and fails: 2 s, then 4 s.
        for (now, next) in [(11, 13), (13, 17), (17, 25)] {
            assert!(health.may_try(at(now), FIRST));
            health.tries(at(now), FIRST);
            assert!(!health.may_try(at(now), FIRST));
            assert_eq!(health.done(at(now), FIRST, false, || 4), Verdict::Unchanged);
            assert!(!health.may_try(at(next - 1), FIRST));
        }
        health.tries(at(25), FIRST);
        assert_eq!(health.done(at(25), FIRST, true, || 4), Verdict::Returned);
        assert!(!health.is_ejected(FIRST) && health.ejected() == 0);
        // Soon after, it starts where it was: 16 s; after 30 good seconds from 1 s.
        for (now, until) in [(26, 42), (100, 101)] {
            (0..5).for_each(|_| {
                health.done(at(now), FIRST, false, || 4);
            });
            assert!(!health.may_try(at(until - 1), FIRST) && health.may_try(at(until), FIRST));
            health.tries(at(until), FIRST);
            assert_eq!(health.done(at(until), FIRST, true, || 4), Verdict::Returned);
        }
    }

    #[test]
    fn a_sweep_ejects_outliers_among_enough_destinations_with_enough_calls() {
        let rules = Ejection {
            deviations: 1.9,
            consecutive: 0,
            calls: 20,
            destinations: 5,
            ..rules()
        };
        for (destinations, calls, out) in [
            (5, 20, vec![EndpointId(0)]),
            (4, 20, vec![]),
            (5, 19, vec![]),
        ] {
            let mut health = Health::new(rules);
            for destination in 0..destinations {
                for call in 0..calls {
                    let success = destination > 0 || call % 2 == 0;
                    health.done(at(1), EndpointId(destination), success, || 5);
                }
            }
            assert_eq!(health.sweep(at(9), 5), []);
            assert_eq!(health.next_wake(), Some(at(10)));
            assert_eq!(health.sweep(at(10), 5), out);
            assert_eq!(health.next_wake(), Some(at(20)));
            assert_eq!(health.ejected(), out.len());
        }
    }

    proptest! {
        #[test]
        fn there_is_always_room_for_good_ones(
            count in 1usize..12,
            share in 0.0f64..=1.0,
            ends in prop::collection::vec((0u32..12, any::<bool>(), 0u64..3), 0..400),
        ) {
            let rules = Ejection { share, consecutive: 2, ..rules() };
            let mut health = Health::new(rules);
            let mut now = SimTime::ZERO;
            for (destination, success, wait) in ends {
                now += SimDuration::from_secs(wait);
                let destination = EndpointId(destination % count as u32);
                if health.may_try(now, destination) {
                    health.tries(now, destination);
                }
                health.done(now, destination, success, || count);
                let ejected = (0..count as u32).filter(|&name| health.is_ejected(EndpointId(name)));
                let ejected = ejected.count();
                prop_assert_eq!(ejected, health.ejected());
                prop_assert!(ejected <= rules.room(count) && (ejected < count));
            }
        }
    }
}
