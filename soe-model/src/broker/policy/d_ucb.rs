//! `d-ucb`: `ucb1` that forgets, for destinations whose speed changes.
//!
//! Discounted UCB: Garivier and Moulines, "On Upper-Confidence Bound Policies for Switching
//! Bandit Problems" (ALT 2011). With every call, all counts and sums are multiplied by a
//! discount `g`; the score of a destination is `S / N + 2 B sqrt(x ln(sum of N) / N)`. A
//! destination that gets no calls for about `1 / (1 - g)` calls is tried again.
//!
//! It needs to know the latencies of its own calls of this function. Like all bandits it
//! does not see queues, see `epsilon-greedy`.

use sim_core::{SimDuration, SimTime, Stream};

use super::reward::{self, PENALTY};
use super::{Policy, PolicyBuilder};
use crate::broker::{AttemptOutcome, Candidates, Target};
use crate::catalogue::{Kind, Parameter, Quantity};

pub(super) const KIND: Kind<PolicyBuilder> = Kind {
    name: "d-ucb",
    help: "A bandit that forgets: as ucb1, but older calls count less; destinations without calls first.",
    parameters: &[
        Parameter {
            name: "discount",
            quantity: Quantity::Number {
                min: 1e-3,
                max: 1.0,
            },
            default: Some("0.99"),
            help: "The factor of what was learned before, with each call.",
        },
        Parameter {
            name: "range",
            quantity: Quantity::Number {
                min: 0.0,
                max: f64::MAX,
            },
            default: Some("1"),
            help: "The range of rewards (B of the paper), the difference of the logarithms of the longest and the shortest latency.",
        },
        Parameter {
            name: "exploration",
            quantity: Quantity::Number {
                min: 0.0,
                max: f64::MAX,
            },
            default: Some("0.5"),
            help: "The factor of the logarithm (xi of the paper).",
        },
        PENALTY,
    ],
    version: 1,
    build: |arguments| {
        Box::new(DUcb {
            discount: arguments.number("discount"),
            range: arguments.number("range"),
            exploration: arguments.number("exploration"),
            penalty: arguments.duration(PENALTY.name),
            arms: Vec::new(),
            scale: 1.0,
        })
    },
};

#[derive(Debug)]
struct DUcb {
    discount: f64,
    range: f64,
    exploration: f64,
    penalty: SimDuration,
    /// By position.
    arms: Vec<Arm>,
    /// By which the numbers of the arms are to be multiplied: discounting them all is one
    /// multiplication.
    scale: f64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Arm {
    /// Calls sent that count, or may count when they end.
    tries: f64,
    /// Rewards, and their sum.
    rewards: f64,
    sum: f64,
}

/// A scale below this is multiplied into the numbers of the arms.
const SMALLEST_SCALE: f64 = 1e-100;

impl DUcb {
    fn discount(&mut self) {
        self.scale *= self.discount;
        if self.scale < SMALLEST_SCALE {
            for arm in &mut self.arms {
                arm.tries *= self.scale;
                arm.rewards *= self.scale;
                arm.sum *= self.scale;
            }
            self.scale = 1.0;
        }
    }

    /// The factor of `1 / sqrt(N)`, for `N` before scaling.
    fn bonus(&self) -> f64 {
        let tries = self.arms.iter().map(|arm| arm.tries).sum::<f64>() * self.scale;
        let logarithm = libm::log(tries.max(1.0));
        2.0 * self.range * (self.exploration * logarithm / self.scale).sqrt()
    }

    fn score(&self, position: usize, bonus: f64) -> f64 {
        let arm = &self.arms[position];
        if arm.tries <= 0.0 {
            f64::INFINITY
        } else if arm.rewards <= 0.0 {
            f64::NEG_INFINITY
        } else {
            arm.sum / arm.rewards + bonus / arm.tries.sqrt()
        }
    }
}

impl Policy for DUcb {
    fn add(&mut self, _: SimTime, _: f32) {
        self.arms.push(Arm::default());
    }

    fn remove(&mut self, _: SimTime, position: usize) {
        self.arms.remove(position);
    }

    fn pick(&mut self, _: SimTime, candidates: &Candidates<'_>, chance: &mut Stream) -> usize {
        let count = candidates.len();
        if count == 1 {
            return 0;
        }
        let bonus = self.bonus();
        let best = reward::greatest(count, chance, |position| self.score(position, bonus));
        if self.score(best, bonus) == f64::NEG_INFINITY {
            // None has answered yet.
            return reward::greatest(count, chance, |position| -self.arms[position].tries);
        }
        best
    }

    fn sent(&mut self, _: SimTime, target: Target) {
        self.discount();
        if let Some(arm) = self.arms.get_mut(target.position) {
            arm.tries += 1.0 / self.scale;
        }
    }

    fn done(&mut self, _: SimTime, target: Target, outcome: &AttemptOutcome) {
        let Some(arm) = self.arms.get_mut(target.position) else {
            return;
        };
        match reward::reward(outcome, self.penalty) {
            Some(reward) => {
                arm.rewards += 1.0 / self.scale;
                arm.sum += reward / self.scale;
            }
            // At most what it has been discounted to since.
            None => arm.tries = (arm.tries - 1.0 / self.scale).max(0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::{Lineup, RoundTrip};
    use sim_core::Streams;

    fn policy(discount: f64) -> DUcb {
        DUcb {
            discount,
            range: 1.0,
            exploration: 0.5,
            penalty: SimDuration::from_secs(5),
            arms: vec![Arm::default(); 2],
            scale: 1.0,
        }
    }

    /// A latency with this reward.
    fn answered(reward: f64) -> AttemptOutcome {
        AttemptOutcome::Answered(RoundTrip {
            latency: SimDuration::from_secs_f64(libm::exp(-reward) / 1000.0),
            processing: SimDuration::ZERO,
            load1: 0,
            cold: false,
            acknowledgement: false,
            dry: false,
            rif: None,
        })
    }

    fn call(policy: &mut DUcb, position: usize, reward: f64) {
        let target = Lineup::new(&[1.0; 2]).target(position);
        policy.sent(SimTime::ZERO, target);
        policy.done(SimTime::ZERO, target, &answered(reward));
    }

    #[test]
    fn counts_means_and_bonuses_are_those_of_the_paper() {
        let mut policy = policy(0.9);
        for (position, reward) in [(0, -1.0), (1, -2.0), (0, -1.0), (0, -3.0), (1, -1.0)] {
            call(&mut policy, position, reward);
        }
        let bonus = policy.bonus();
        for (arm, (tries, mean, width)) in policy.arms.iter().zip([
            (2.3661, -1.760_746, 1.091_631),
            (1.729, -1.421_631, 1.277_012),
        ]) {
            // Latencies are whole nanoseconds.
            assert!((arm.tries * policy.scale - tries).abs() < 1e-12);
            assert!((arm.sum / arm.rewards - mean).abs() < 1e-6);
            assert!((bonus / arm.tries.sqrt() - width).abs() < 5e-7);
        }
    }

    #[test]
    fn it_follows_a_change_however_long_it_runs() {
        let lineup = Lineup::new(&[1.0; 2]);
        let mut policy = policy(0.99);
        let mut chance = Streams::new(7, 0).stream("router", "policy");
        // Enough calls for the numbers to be scaled several times.
        for round in 0..4 {
            let mut better = 0;
            for _ in 0..30_000 {
                let picked = policy.pick(SimTime::ZERO, &lineup.candidates(), &mut chance);
                let best = round % 2;
                better += u32::from(picked == best);
                call(&mut policy, picked, if picked == best { 0.0 } else { -5.0 });
            }
            assert!(better > 27_000, "{round}: {better}");
        }
    }
}
