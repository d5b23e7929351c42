//! `epsilon-greedy`: mostly the destination with the best mean reward, now and then any.
//!
//! The simplest bandit (Sutton and Barto, "Reinforcement Learning", 2018, section 2.2), as in
//! Serverledge. The mean is that of the last calls, so that it follows changes.
//!
//! It needs to know the latencies of its own calls of this function. Like all bandits it
//! takes the reward of an arm for a property of the arm, and does not see queues: equal
//! destinations under load get all calls one after the other. See `peak-ewma` for that.

use std::collections::VecDeque;

use sim_core::{SimDuration, SimTime, Stream};

use super::reward::{self, PENALTY};
use super::{Policy, PolicyBuilder};
use crate::broker::{AttemptOutcome, Candidates, Target};
use crate::catalogue::{Kind, Parameter, Quantity};

pub(super) const KIND: Kind<PolicyBuilder> = Kind {
    name: "epsilon-greedy",
    help: "A bandit: the destination with the least mean logarithm of the latency of the last calls or, with a probability, any; destinations without calls first.",
    parameters: &[
        Parameter {
            name: "epsilon",
            quantity: Quantity::Number { min: 0.0, max: 1.0 },
            default: Some("0.1"),
            help: "The probability of a destination drawn at random.",
        },
        Parameter {
            name: "window",
            quantity: Quantity::Count { min: 1 },
            default: Some("100"),
            help: "The number of calls of a destination that count, up to 10000.",
        },
        PENALTY,
    ],
    version: 1,
    build: |arguments| {
        Box::new(EpsilonGreedy {
            epsilon: arguments.number("epsilon"),
            window: arguments.count("window").min(LONGEST_WINDOW) as usize,
            penalty: arguments.duration(PENALTY.name),
            arms: Vec::new(),
        })
    },
};

const LONGEST_WINDOW: u64 = 10_000;

#[derive(Debug)]
struct EpsilonGreedy {
    epsilon: f64,
    window: usize,
    penalty: SimDuration,
    /// By position.
    arms: Vec<Arm>,
}

#[derive(Debug, Default)]
struct Arm {
    /// Calls sent that count, or may count when they end.
    tries: u64,
    rewards: VecDeque<f64>,
    /// Of the rewards; the least possible one without any.
    mean: f64,
}

impl Policy for EpsilonGreedy {
    fn add(&mut self, _: SimTime, _: f32) {
        self.arms.push(Arm {
            mean: f64::NEG_INFINITY,
            ..Arm::default()
        });
    }

    fn remove(&mut self, _: SimTime, position: usize) {
        self.arms.remove(position);
    }

    fn pick(&mut self, _: SimTime, candidates: &Candidates<'_>, chance: &mut Stream) -> usize {
        let (arms, count) = (&self.arms, candidates.len());
        if count == 1 {
            return 0;
        }
        if arms.iter().any(|arm| arm.tries == 0) {
            let untried = |position: usize| f64::from(u8::from(arms[position].tries == 0));
            return reward::greatest(count, chance, untried);
        }
        if chance.chance(self.epsilon) {
            return chance.index(count);
        }
        reward::greatest(count, chance, |position| arms[position].mean)
    }

    fn sent(&mut self, _: SimTime, target: Target) {
        if let Some(arm) = self.arms.get_mut(target.position) {
            arm.tries += 1;
        }
    }

    fn done(&mut self, _: SimTime, target: Target, outcome: &AttemptOutcome) {
        let Some(arm) = self.arms.get_mut(target.position) else {
            return;
        };
        let Some(reward) = reward::reward(outcome, self.penalty) else {
            arm.tries = arm.tries.saturating_sub(1);
            return;
        };
        if arm.rewards.len() >= self.window {
            arm.rewards.pop_front();
        }
        arm.rewards.push_back(reward);
        // Summed up anew, so that rounding errors do not accumulate.
        arm.mean = arm.rewards.iter().sum::<f64>() / arm.rewards.len() as f64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::{Lineup, RoundTrip};
    use sim_core::Streams;

    fn answered(millis: u64, cold: bool) -> AttemptOutcome {
        AttemptOutcome::Answered(RoundTrip {
            latency: SimDuration::from_millis(millis),
            processing: SimDuration::ZERO,
            load1: 0,
            cold,
            acknowledgement: false,
            dry: false,
            rif: None,
        })
    }

    fn policy(epsilon: f64, window: usize, destinations: usize) -> EpsilonGreedy {
        let mut policy = EpsilonGreedy {
            epsilon,
            window,
            penalty: SimDuration::from_secs(5),
            arms: Vec::new(),
        };
        (0..destinations).for_each(|_| policy.add(SimTime::ZERO, 1.0));
        policy
    }

    #[test]
    fn every_destination_is_tried_once_then_the_best_gets_all_but_epsilon() {
        let lineup = Lineup::new(&[1.0; 4]);
        let mut policy = policy(0.1, 100, 4);
        let mut chance = Streams::new(7, 0).stream("router", "policy");
        let mut picks = [0u32; 4];
        for call in 0..40_000 {
            let picked = policy.pick(SimTime::ZERO, &lineup.candidates(), &mut chance);
            picks[picked] += 1;
            assert!(call != 3 || picks == [1; 4]);
            policy.sent(SimTime::ZERO, lineup.target(picked));
            let latency = [30, 20, 10, 40][picked];
            policy.done(
                SimTime::ZERO,
                lineup.target(picked),
                &answered(latency, false),
            );
        }
        for (position, share) in [(0, 0.025), (1, 0.025), (2, 0.925), (3, 0.025)] {
            let found = f64::from(picks[position]) / 40_000.0;
            // Five standard deviations.
            assert!((found - share).abs() < 0.0066, "{picks:?}");
        }
    }

    #[test]
    fn only_the_last_calls_count_and_cold_ones_do_not() {
        let lineup = Lineup::new(&[1.0; 2]);
        let mut policy = policy(0.0, 10, 2);
        let mut chance = Streams::new(7, 0).stream("router", "policy");
        let mut call = |policy: &mut EpsilonGreedy, position, outcome: &AttemptOutcome| {
            policy.sent(SimTime::ZERO, lineup.target(position));
            policy.done(SimTime::ZERO, lineup.target(position), outcome);
            policy.pick(SimTime::ZERO, &lineup.candidates(), &mut chance)
        };
        call(&mut policy, 1, &answered(20, false));
        // A cold call is taken back: it is as if it had not been tried.
        assert_eq!(call(&mut policy, 0, &answered(900, true)), 0);
        for _ in 0..100 {
            assert_eq!(call(&mut policy, 0, &answered(10, false)), 0);
        }
        for _ in 0..10 {
            call(&mut policy, 0, &answered(30, false));
        }
        // Ten at 30 ms are all that counts; the 100 at 10 ms are forgotten.
        assert_eq!(call(&mut policy, 1, &answered(20, false)), 1);
        assert!((policy.arms[0].mean + libm::log(30.0)).abs() < 1e-12);
    }
}
