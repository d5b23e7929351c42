//! `ucb1`: the destination with the best mean reward, plus a bonus for those that were
//! tried seldom.
//!
//! Auer, Cesa-Bianchi and Fischer, "Finite-time Analysis of the Multiarmed Bandit Problem"
//! (Machine Learning, 2002), with the constant of Serverledge. The score of a destination is
//! `Q + c sqrt(ln t / N)`: `Q` is the mean of its rewards, `N` the number of calls sent to it,
//! also those that are pending, and `t` that of all calls. It never forgets; see `d-ucb`.
//!
//! It needs to know the latencies of its own calls of this function. Like all bandits it
//! does not see queues, see `epsilon-greedy`.

use sim_core::{SimDuration, SimTime, Stream};

use super::reward::{self, PENALTY};
use super::{Policy, PolicyBuilder};
use crate::broker::{AttemptOutcome, Candidates, Target};
use crate::catalogue::{Kind, Parameter, Quantity};

pub(super) const KIND: Kind<PolicyBuilder> = Kind {
    name: "ucb1",
    help: "A bandit: the least mean logarithm of the latency, minus a bonus that grows while others are selected; destinations without calls first.",
    parameters: &[
        Parameter {
            name: "c",
            quantity: Quantity::Number {
                min: 0.0,
                max: f64::MAX,
            },
            default: Some("0.8"),
            help: "The factor of the bonus; the default is that of Serverledge, theory has the square root of 2.",
        },
        PENALTY,
    ],
    version: 1,
    build: |arguments| {
        Box::new(Ucb1 {
            factor: arguments.number("c"),
            penalty: arguments.duration(PENALTY.name),
            arms: Vec::new(),
            tries: 0,
        })
    },
};

#[derive(Debug)]
struct Ucb1 {
    factor: f64,
    penalty: SimDuration,
    /// By position.
    arms: Vec<Arm>,
    /// Of all arms.
    tries: u64,
}

#[derive(Clone, Copy, Debug)]
struct Arm {
    /// Calls sent that count, or may count when they end.
    tries: u64,
    sum: f64,
    rewards: u64,
    /// The least possible one without rewards.
    mean: f64,
    /// One by the square root of the tries.
    width: f64,
}

impl Arm {
    const NEW: Self = Self {
        tries: 0,
        sum: 0.0,
        rewards: 0,
        mean: f64::NEG_INFINITY,
        width: f64::INFINITY,
    };

    fn set_tries(&mut self, tries: u64) {
        self.tries = tries;
        self.width = 1.0 / (tries as f64).sqrt();
    }

    fn learn(&mut self, reward: f64) {
        self.sum += reward;
        self.rewards += 1;
        self.mean = self.sum / self.rewards as f64;
    }
}

impl Ucb1 {
    /// `c sqrt(ln t)`.
    fn bonus(&self) -> f64 {
        self.factor * libm::log(self.tries.max(1) as f64).sqrt()
    }
}

impl Policy for Ucb1 {
    fn add(&mut self, _: SimTime, _: f32) {
        self.arms.push(Arm::NEW);
    }

    fn remove(&mut self, _: SimTime, position: usize) {
        self.tries = self.tries.saturating_sub(self.arms.remove(position).tries);
    }

    fn pick(&mut self, _: SimTime, candidates: &Candidates<'_>, chance: &mut Stream) -> usize {
        let (arms, count) = (&self.arms, candidates.len());
        if count == 1 {
            return 0;
        }
        let bonus = self.bonus();
        let score = |position: usize| {
            let arm = &arms[position];
            match arm.tries {
                0 => f64::INFINITY,
                _ => arm.mean + bonus * arm.width,
            }
        };
        let best = reward::greatest(count, chance, score);
        if score(best) == f64::NEG_INFINITY {
            // None has answered yet.
            return reward::greatest(count, chance, |position| -(arms[position].tries as f64));
        }
        best
    }

    fn sent(&mut self, _: SimTime, target: Target) {
        if let Some(arm) = self.arms.get_mut(target.position) {
            arm.set_tries(arm.tries + 1);
            self.tries += 1;
        }
    }

    fn done(&mut self, _: SimTime, target: Target, outcome: &AttemptOutcome) {
        let Some(arm) = self.arms.get_mut(target.position) else {
            return;
        };
        match reward::reward(outcome, self.penalty) {
            Some(reward) => arm.learn(reward),
            None if arm.tries > 0 => {
                arm.set_tries(arm.tries - 1);
                self.tries -= 1;
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::Lineup;
    use sim_core::Streams;

    fn arm(mean: f64, tries: u64) -> Arm {
        let mut arm = Arm {
            mean,
            rewards: tries,
            sum: mean * tries as f64,
            ..Arm::NEW
        };
        arm.set_tries(tries);
        arm
    }

    #[test]
    fn scores_are_those_of_the_paper() {
        for (factor, scores, best) in [
            (0.8, [-4.201_209, -4.408_277], 0),
            (2f64.sqrt(), [-3.895_031, -3.723_641], 1),
        ] {
            let mut policy = Ucb1 {
                factor,
                penalty: SimDuration::from_secs(5),
                arms: vec![arm(-4.6, 10), arm(-5.3, 2)],
                tries: 12,
            };
            for (arm, score) in policy.arms.iter().zip(scores) {
                let found = arm.mean + policy.bonus() * arm.width;
                assert!((found - score).abs() < 5e-7, "{found}");
            }
            let lineup = Lineup::new(&[1.0; 2]);
            let mut chance = Streams::new(7, 0).stream("router", "policy");
            let picked = policy.pick(SimTime::ZERO, &lineup.candidates(), &mut chance);
            assert_eq!(picked, best);
        }
    }

    #[test]
    fn pending_calls_lower_the_bonus_and_nothing_is_tried_twice_before_an_answer() {
        let lineup = Lineup::new(&[1.0; 3]);
        let mut policy = Ucb1 {
            factor: 0.8,
            penalty: SimDuration::from_secs(5),
            arms: vec![Arm::NEW; 3],
            tries: 0,
        };
        let mut chance = Streams::new(7, 0).stream("router", "policy");
        let mut picks = [0; 3];
        for _ in 0..6 {
            let picked = policy.pick(SimTime::ZERO, &lineup.candidates(), &mut chance);
            policy.sent(SimTime::ZERO, lineup.target(picked));
            picks[picked] += 1;
        }
        assert_eq!(picks, [2; 3]);
        // A cancelled call is taken back.
        policy.done(SimTime::ZERO, lineup.target(1), &AttemptOutcome::Cancelled);
        assert_eq!((policy.arms[1].tries, policy.tries), (1, 5));
        assert_eq!(
            policy.pick(SimTime::ZERO, &lineup.candidates(), &mut chance),
            1
        );
    }
}
