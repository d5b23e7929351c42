//! `join-idle-queue`: a destination that has become idle; without any, one drawn at random.
//!
//! Lu, Xie, Kliot, Geller, Larus and Greenberg, "Join-Idle-Queue: A novel load balancing
//! algorithm for dynamically scalable web services" (Performance Evaluation, 2011). There an
//! idle destination tells one router at random. Here the answer to the last call says that
//! nothing else is in flight, so that no message is added, and the router of that call learns
//! it. Destinations that do not say how much is in flight count as idle when no call of this
//! router is pending.
//!
//! With many destinations, `r` of them for each router, and load `u`, a share `o` of the lists
//! has an entry, where `o / (1 - o) = r (1 - u)`, and the mean response time is `1 / (1 - u (1 -
//! o))` for exponential service.
//!
//! It needs to know what is in flight at a destination after its answers.

use sim_core::{SimTime, Stream};

use super::draws;
use super::{Policy, PolicyBuilder};
use crate::broker::{AttemptOutcome, Candidates, Target};
use crate::catalogue::{Kind, Parameter, Quantity};

pub(super) const KIND: Kind<PolicyBuilder> = Kind {
    name: "join-idle-queue",
    help: "The destination that has become idle last, as its answer said; without any, one drawn at random.",
    parameters: &[Parameter {
        name: "otherwise",
        quantity: Quantity::Word(&["random", "two-choices"]),
        default: Some("random"),
        help: "The choice if no destination is known to be idle: one drawn at random, or the one with fewer pending calls of two.",
    }],
    version: 1,
    build: |arguments| {
        Box::new(JoinIdleQueue {
            two_choices: arguments.word("otherwise") == "two-choices",
            idle: Vec::new(),
            states: Vec::new(),
        })
    },
};

#[derive(Debug)]
struct JoinIdleQueue {
    two_choices: bool,
    /// Positions of idle destinations; the last one is next.
    idle: Vec<u32>,
    /// By position.
    states: Vec<State>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// Pending calls of this function.
    pending: u32,
    listed: bool,
}

impl JoinIdleQueue {
    fn list(&mut self, position: usize) {
        if let Some(state) = self.states.get_mut(position)
            && !state.listed
        {
            state.listed = true;
            self.idle.push(position as u32);
        }
    }
}

impl Policy for JoinIdleQueue {
    fn add(&mut self, _: SimTime, _: f32) {
        self.states.push(State::default());
        // A new destination has nothing to do.
        self.list(self.states.len() - 1);
    }

    fn remove(&mut self, _: SimTime, position: usize) {
        self.states.remove(position);
        self.idle.retain(|&idle| idle as usize != position);
        for idle in &mut self.idle {
            *idle -= u32::from(*idle as usize > position);
        }
    }

    fn pick(&mut self, _: SimTime, candidates: &Candidates<'_>, chance: &mut Stream) -> usize {
        let count = candidates.len();
        if count == 1 {
            return 0;
        }
        while let Some(position) = self.idle.pop() {
            let position = position as usize;
            self.states[position].listed = false;
            // Calls that were sent there since are known.
            if candidates.pending(position) == 0 {
                return position;
            }
        }
        if !self.two_choices {
            return chance.index(count);
        }
        let [first, second] = draws::two(count, chance);
        let fewer = candidates.pending(second) < candidates.pending(first);
        if fewer { second } else { first }
    }

    fn sent(&mut self, _: SimTime, target: Target) {
        if let Some(state) = self.states.get_mut(target.position) {
            state.pending += 1;
        }
    }

    fn done(&mut self, _: SimTime, target: Target, outcome: &AttemptOutcome) {
        let Some(state) = self.states.get_mut(target.position) else {
            return;
        };
        state.pending = state.pending.saturating_sub(1);
        let AttemptOutcome::Answered(trip) = outcome else {
            return;
        };
        let in_flight = trip.rif.unwrap_or(state.pending);
        if in_flight == 0 && !trip.acknowledgement && !trip.dry {
            self.list(target.position);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::{Lineup, RoundTrip};
    use sim_core::{SimDuration, Streams};

    fn answered(rif: Option<u32>) -> AttemptOutcome {
        AttemptOutcome::Answered(RoundTrip {
            latency: SimDuration::from_millis(10),
            processing: SimDuration::ZERO,
            load1: 0,
            cold: false,
            acknowledgement: false,
            dry: false,
            rif,
        })
    }

    fn policy(destinations: usize) -> JoinIdleQueue {
        let mut policy = JoinIdleQueue {
            two_choices: false,
            idle: Vec::new(),
            states: Vec::new(),
        };
        (0..destinations).for_each(|_| policy.add(SimTime::ZERO, 1.0));
        policy
    }

    #[test]
    fn new_and_idle_destinations_come_first_and_each_once() {
        let mut lineup = Lineup::new(&[1.0; 4]);
        let mut policy = policy(4);
        let mut chance = Streams::new(7, 0).stream("router", "policy");
        let mut picks: Vec<_> = (0..4)
            .map(|_| {
                let picked = policy.pick(SimTime::ZERO, &lineup.candidates(), &mut chance);
                policy.sent(SimTime::ZERO, lineup.target(picked));
                lineup.set_pending(picked as u32, 1);
                picked
            })
            .collect();
        assert_eq!(picks, [3, 2, 1, 0]);
        // 1 has become idle, 2 has not.
        for (destination, rif) in [(1, Some(0)), (2, Some(3))] {
            lineup.set_pending(destination as u32, 0);
            policy.done(SimTime::ZERO, lineup.target(destination), &answered(rif));
        }
        picks.clear();
        assert_eq!(policy.idle, [1]);
        let picked = policy.pick(SimTime::ZERO, &lineup.candidates(), &mut chance);
        assert_eq!(picked, 1);
        // Then at random.
        let mut counts = [0u32; 4];
        for _ in 0..40_000 {
            counts[policy.pick(SimTime::ZERO, &lineup.candidates(), &mut chance)] += 1;
        }
        // Five standard deviations.
        assert!(
            counts.iter().all(|count| count.abs_diff(10_000) < 434),
            "{counts:?}"
        );
    }

    #[test]
    fn what_is_not_idle_any_more_is_skipped_and_lists_follow_removals() {
        let mut lineup = Lineup::new(&[1.0; 4]);
        let mut policy = policy(4);
        let mut chance = Streams::new(7, 0).stream("router", "policy");
        // Another function has called 3; 1 leaves.
        lineup.set_pending(3, 1);
        lineup.remove(1);
        policy.remove(SimTime::ZERO, 1);
        assert_eq!(policy.idle, [0, 1, 2]);
        let picked = policy.pick(SimTime::ZERO, &lineup.candidates(), &mut chance);
        assert_eq!(lineup.candidates().endpoint(picked).0, 2);
    }

    #[test]
    fn without_a_report_the_own_calls_decide() {
        let lineup = Lineup::new(&[1.0; 2]);
        let mut policy = policy(2);
        policy.idle.clear();
        policy.states = vec![State::default(); 2];
        policy.sent(SimTime::ZERO, lineup.target(0));
        policy.sent(SimTime::ZERO, lineup.target(0));
        policy.done(SimTime::ZERO, lineup.target(0), &answered(None));
        assert!(policy.idle.is_empty());
        policy.done(SimTime::ZERO, lineup.target(0), &answered(None));
        assert_eq!(policy.idle, [0]);
    }
}
