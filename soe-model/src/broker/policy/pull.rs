//! `pull`: destinations ask for calls. A destination with an idle warm instance of the function
//! gets the next call; without any, the one with the fewest pending calls.
//!
//! Hiku: Akbari and Hauswirth, "Hiku: Pull-Based Scheduling for Serverless Computing" (CCGRID
//! 2025; arXiv 2502.15534). A worker enqueues itself for a function when a call of it ends, and
//! the queue is ordered by connections. Here the answer to a call is the worker's request for the next one, so
//! that no message is added; what is evicted is noticed by `keep-alive` and by answers that
//! needed a new instance.
//!
//! It needs to know its own pending calls and the ends of its own calls of this function.

use sim_core::{SimTime, Stream};

use super::idle::{Idle, KEEP_ALIVE};
use super::tree::Tree;
use super::watch::{News, Watch};
use super::{Policy, PolicyBuilder};
use crate::broker::{AttemptOutcome, Candidates, Target};
use crate::catalogue::Kind;

pub(super) const KIND: Kind<PolicyBuilder> = Kind {
    name: "pull",
    help: "The destination with the fewest pending calls among those where a call of the function has ended and left an idle instance; without any, among all.",
    parameters: &[KEEP_ALIVE],
    version: 1,
    build: |arguments| {
        Box::new(Pull {
            idle: Idle::new(arguments.duration(KEEP_ALIVE.name)),
            changed: Vec::new(),
            watch: Watch::default(),
            waiting: Tree::default(),
            all: Tree::default(),
        })
    },
};

#[derive(Debug)]
struct Pull {
    idle: Idle,
    /// Positions whose idle instances have changed since the last pick.
    changed: Vec<u32>,
    watch: Watch,
    /// By pending calls, those without idle instance last.
    waiting: Tree,
    /// By pending calls.
    all: Tree,
}

impl Pull {
    fn note(&mut self, position: usize) {
        if self.changed.len() < 64 {
            self.changed.push(position as u32);
        } else {
            // So many that reading all again is simpler.
            self.watch.reset();
        }
    }

    fn update(&mut self, now: SimTime, candidates: &Candidates<'_>) {
        let idle = &self.idle;
        let cost = |position: usize| f64::from(candidates.pending(position));
        let waiting = |position: usize| match idle.has(now, position) {
            true => cost(position),
            false => f64::INFINITY,
        };
        match self.watch.look(candidates) {
            News::All => {
                self.all.rebuild((0..candidates.len()).map(cost));
                self.waiting.rebuild((0..candidates.len()).map(waiting));
            }
            News::Some(changed) => {
                for &position in changed.iter().chain(&self.changed) {
                    let position = position as usize;
                    self.all.set(position, cost(position));
                    self.waiting.set(position, waiting(position));
                }
            }
        }
        self.changed.clear();
    }
}

fn least(tree: &Tree, chance: &mut Stream) -> usize {
    let ties = tree.ties();
    let before = if ties > 1 { chance.index(ties) } else { 0 };
    tree.least(before)
}

impl Policy for Pull {
    fn add(&mut self, _: SimTime, _: f32) {
        self.idle.add();
        self.watch.reset();
    }

    fn remove(&mut self, _: SimTime, position: usize) {
        self.idle.remove(position);
        self.changed.clear();
        self.watch.reset();
    }

    fn pick(&mut self, now: SimTime, candidates: &Candidates<'_>, chance: &mut Stream) -> usize {
        if candidates.len() == 1 {
            return 0;
        }
        self.update(now, candidates);
        // What has become too old since is found out when it would be used.
        while self.waiting.cost_of_least() < f64::INFINITY {
            let position = least(&self.waiting, chance);
            if self.idle.has(now, position) {
                return position;
            }
            self.waiting.set(position, f64::INFINITY);
        }
        least(&self.all, chance)
    }

    fn sent(&mut self, _: SimTime, target: Target) {
        self.idle.sent(target.position);
        self.note(target.position);
    }

    fn done(&mut self, now: SimTime, target: Target, outcome: &AttemptOutcome) {
        self.idle.done(now, target.position, outcome);
        self.note(target.position);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::{Lineup, RoundTrip};
    use sim_core::{SimDuration, Streams};

    fn answered(cold: bool) -> AttemptOutcome {
        AttemptOutcome::Answered(RoundTrip {
            latency: SimDuration::from_millis(10),
            processing: SimDuration::ZERO,
            load1: 0,
            cold,
            acknowledgement: false,
            dry: false,
            rif: None,
        })
    }

    #[test]
    fn calls_go_where_instances_are_idle_and_warm() {
        let at = |secs: u64| SimTime::from_nanos(secs * 1_000_000_000);
        let mut lineup = Lineup::new(&[1.0; 4]);
        let mut policy = Pull {
            idle: Idle::new(SimDuration::from_secs(60)),
            changed: Vec::new(),
            watch: Watch::default(),
            waiting: Tree::default(),
            all: Tree::default(),
        };
        (0..4).for_each(|_| policy.add(at(0), 1.0));
        let mut chance = Streams::new(7, 0).stream("router", "policy");
        let mut pick = |policy: &mut Pull, lineup: &Lineup, secs| {
            policy.pick(at(secs), &lineup.candidates(), &mut chance)
        };
        // Nobody asks: the fewest pending calls.
        for (destination, pending) in [(0, 2), (1, 1), (2, 3), (3, 2)] {
            lineup.set_pending(destination, pending);
        }
        assert_eq!(pick(&mut policy, &lineup, 0), 1);
        // Calls end at 2 and 3: the one with fewer calls, then the other.
        policy.done(at(1), lineup.target(2), &answered(true));
        policy.done(at(1), lineup.target(3), &answered(true));
        assert_eq!(pick(&mut policy, &lineup, 1), 3);
        policy.sent(at(1), lineup.target(3));
        assert_eq!(pick(&mut policy, &lineup, 1), 2);
        // After a minute nothing is warm.
        assert_eq!(pick(&mut policy, &lineup, 60), 2);
        assert_eq!(pick(&mut policy, &lineup, 61), 1);
        // A cold answer says that older instances were evicted.
        policy.done(at(62), lineup.target(0), &answered(false));
        policy.done(at(62), lineup.target(0), &answered(false));
        policy.done(at(63), lineup.target(0), &answered(true));
        policy.sent(at(63), lineup.target(0));
        assert_eq!(pick(&mut policy, &lineup, 63), 1);
        // It remains in order when a destination leaves.
        policy.done(at(64), lineup.target(3), &answered(false));
        lineup.remove(0);
        policy.remove(at(64), 0);
        assert_eq!(pick(&mut policy, &lineup, 64), 2);
    }
}
