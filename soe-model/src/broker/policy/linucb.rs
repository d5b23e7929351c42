//! `linucb`: a bandit whose arms have a state that it sees: the load that each destination
//! reported last.
//!
//! LinUCB with disjoint linear models: Li, Chu, Langford and Schapire, "A Contextual-Bandit
//! Approach to Personalized News Article Recommendation" (WWW 2010), with the features of
//! Serverledge: `x = [1, 1 / (1 - u + 0.01)]` for the utilization `u`. Each destination has a
//! ridge regression of rewards on `x`; the score is the prediction plus `alpha sqrt(x' A^-1
//! x)`. A call teaches with the features that it was chosen by.
//!
//! `u` is the load of the processor, which destinations report with their answers;
//! Serverledge, whose arms are processor architectures, takes the memory in use. It needs to
//! know the latencies of its own calls of this function and these loads. It does not see its
//! own pending calls, see `epsilon-greedy`.

use std::collections::VecDeque;

use sim_core::{SimDuration, SimTime, Stream};

use super::reward::{self, PENALTY};
use super::{Policy, PolicyBuilder};
use crate::broker::{AttemptOutcome, Candidates, Target};
use crate::catalogue::{Kind, Parameter, Quantity};

pub(super) const KIND: Kind<PolicyBuilder> = Kind {
    name: "linucb",
    help: "A bandit that predicts the logarithm of the latency from the load that each destination reported last, minus a bonus for uncertainty.",
    parameters: &[
        Parameter {
            name: "alpha",
            quantity: Quantity::Number {
                min: 0.0,
                max: f64::MAX,
            },
            default: Some("0.1"),
            help: "The factor of the bonus; the default is that of Serverledge.",
        },
        PENALTY,
    ],
    version: 1,
    build: |arguments| {
        Box::new(LinUcb {
            alpha: arguments.number("alpha"),
            penalty: arguments.duration(PENALTY.name),
            arms: Vec::new(),
            picked: None,
        })
    },
};

#[derive(Debug)]
struct LinUcb {
    alpha: f64,
    penalty: SimDuration,
    /// By position.
    arms: Vec<Arm>,
    /// The position of the last pick with its feature, until it is sent.
    picked: Option<(usize, f64)>,
}

/// The model of a destination. The first feature is always 1.
#[derive(Debug)]
struct Arm {
    /// `A = [[a, b], [b, d]]`.
    matrix: [f64; 3],
    /// `b`.
    moment: [f64; 2],
    /// `A^-1`, and `A^-1 b`.
    inverse: [f64; 3],
    weights: [f64; 2],
    /// When the pending calls were sent, with the feature, unless something else has chosen
    /// the destination.
    pending: VecDeque<(SimTime, Option<f64>)>,
}

impl Arm {
    fn new() -> Self {
        Self {
            matrix: [1.0, 0.0, 1.0],
            moment: [0.0; 2],
            inverse: [1.0, 0.0, 1.0],
            weights: [0.0; 2],
            pending: VecDeque::new(),
        }
    }

    fn prediction(&self, x: f64) -> f64 {
        self.weights[0] + self.weights[1] * x
    }

    fn bonus(&self, x: f64, alpha: f64) -> f64 {
        let [a, b, d] = self.inverse;
        alpha * (a + x * (2.0 * b + x * d)).max(0.0).sqrt()
    }

    fn learn(&mut self, x: f64, reward: f64) {
        for (item, addition) in self.matrix.iter_mut().zip([1.0, x, x * x]) {
            *item += addition;
        }
        for (item, addition) in self.moment.iter_mut().zip([reward, reward * x]) {
            *item += addition;
        }
        let [a, b, d] = self.matrix;
        // At least 1, as A is the identity plus a sum of squares.
        let determinant = a * d - b * b;
        self.inverse = [d, -b, a].map(|item| item / determinant);
        let [a, b, d] = self.inverse;
        let [first, second] = self.moment;
        self.weights = [a * first + b * second, b * first + d * second];
    }

    /// Takes the pending call off that was sent at that time, or a little before.
    fn take(&mut self, sent: SimTime) -> Option<f64> {
        let place = self.pending.partition_point(|&(at, _)| at <= sent);
        self.pending.remove(place.saturating_sub(1))?.1
    }
}

/// The second feature, for a load in percent.
fn feature(percent: u32) -> f64 {
    let utilization = (f64::from(percent) / 100.0).min(1.0);
    1.0 / (1.0 - utilization + 0.01)
}

impl Policy for LinUcb {
    fn add(&mut self, _: SimTime, _: f32) {
        self.arms.push(Arm::new());
    }

    fn remove(&mut self, _: SimTime, position: usize) {
        self.arms.remove(position);
        self.picked = None;
    }

    fn pick(&mut self, _: SimTime, candidates: &Candidates<'_>, chance: &mut Stream) -> usize {
        let (arms, alpha) = (&self.arms, self.alpha);
        let x = |position| feature(candidates.load(position).map_or(0, |load| load.percent));
        let score = |position: usize| {
            let x = x(position);
            arms[position].prediction(x) + arms[position].bonus(x, alpha)
        };
        let best = match candidates.len() {
            1 => 0,
            count => reward::greatest(count, chance, score),
        };
        self.picked = Some((best, x(best)));
        best
    }

    fn sent(&mut self, now: SimTime, target: Target) {
        let picked = self.picked.take();
        let x = picked.filter(|&(position, _)| position == target.position);
        if let Some(arm) = self.arms.get_mut(target.position) {
            arm.pending.push_back((now, x.map(|(_, x)| x)));
        }
    }

    fn done(&mut self, now: SimTime, target: Target, outcome: &AttemptOutcome) {
        let Some(arm) = self.arms.get_mut(target.position) else {
            return;
        };
        let latency = match *outcome {
            AttemptOutcome::Answered(trip) => trip.latency,
            AttemptOutcome::Failed { latency, .. } => latency,
            AttemptOutcome::Cancelled => SimDuration::ZERO,
        };
        let sent = now.as_nanos().saturating_sub(latency.as_nanos());
        let x = arm.take(SimTime::from_nanos(sent));
        if let (Some(x), Some(reward)) = (x, reward::reward(outcome, self.penalty)) {
            arm.learn(x, reward);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::{Lineup, RoundTrip};
    use sim_core::Streams;

    #[test]
    fn predictions_and_bonuses_are_those_of_the_formulas() {
        let mut arm = Arm::new();
        let check = |arm: &Arm, percent, prediction: f64, bonus: f64| {
            let x = feature(percent);
            let found = (arm.prediction(x), arm.bonus(x, 0.1));
            assert!((found.0 - prediction).abs() < 5e-7, "{found:?}");
            assert!((found.1 - bonus).abs() < 5e-7, "{found:?}");
        };
        check(&arm, 0, 0.0, 0.140_723);
        arm.learn(feature(0), -libm::log(100.0));
        assert!((arm.weights[0] + 1.545_206).abs() < 5e-7);
        assert!((arm.weights[1] + 1.529_907).abs() < 5e-7);
        check(&arm, 50, -4.545_022, 0.139_346);
        arm.learn(feature(50), -libm::log(200.0));
        check(&arm, 50, -5.042_245, 0.081_244);
    }

    fn answered(millis: u64) -> AttemptOutcome {
        AttemptOutcome::Answered(RoundTrip {
            latency: SimDuration::from_millis(millis),
            processing: SimDuration::ZERO,
            load1: 0,
            cold: false,
            acknowledgement: false,
            dry: false,
            rif: None,
        })
    }

    #[test]
    fn a_call_teaches_with_the_features_of_its_pick() {
        let at = |millis: u64| SimTime::from_nanos(millis * 1_000_000);
        let mut lineup = Lineup::new(&[1.0]);
        let mut policy = LinUcb {
            alpha: 0.1,
            penalty: SimDuration::from_secs(5),
            arms: vec![Arm::new()],
            picked: None,
        };
        let mut chance = Streams::new(7, 0).stream("router", "policy");
        // Two calls, at loads of 0 and 50 %; the second is answered first.
        for (millis, percent) in [(0, 0), (10, 50)] {
            lineup.set_load(at(millis), 0, percent);
            policy.pick(at(millis), &lineup.candidates(), &mut chance);
            policy.sent(at(millis), lineup.target(0));
        }
        // Sent by something else.
        policy.sent(at(20), lineup.target(0));
        lineup.set_load(at(100), 0, 90);
        policy.done(at(210), lineup.target(0), &answered(200));
        policy.done(at(220), lineup.target(0), &answered(200));
        policy.done(at(230), lineup.target(0), &answered(230));
        let mut expected = Arm::new();
        expected.learn(feature(50), -libm::log(200.0));
        expected.learn(feature(0), -libm::log(230.0));
        assert_eq!(policy.arms[0].weights, expected.weights);
        assert!(policy.arms[0].pending.is_empty());
    }

    #[test]
    fn it_learns_who_is_slow_and_avoids_load() {
        let mut lineup = Lineup::new(&[1.0; 2]);
        let mut policy = LinUcb {
            alpha: 0.1,
            penalty: SimDuration::from_secs(5),
            arms: vec![Arm::new(), Arm::new()],
            picked: None,
        };
        let mut chance = Streams::new(7, 0).stream("router", "policy");
        // The second is twice as fast without load, and much slower with it.
        let latency = |position: usize, loaded: bool| match (position, loaded) {
            (0, _) => 100,
            (_, false) => 50,
            (_, true) => 1000,
        };
        let mut picks = Vec::new();
        for call in 0..1000u64 {
            let loaded = call % 2 == 1;
            let now = SimTime::from_nanos(call * 2_000_000_000);
            lineup.set_load(now, 1, if loaded { 95 } else { 0 });
            let picked = policy.pick(now, &lineup.candidates(), &mut chance);
            policy.sent(now, lineup.target(picked));
            let millis = latency(picked, loaded);
            let answer = now + SimDuration::from_millis(millis);
            policy.done(answer, lineup.target(picked), &answered(millis));
            picks.push((loaded, picked));
        }
        let late = &picks[500..];
        let right = late
            .iter()
            .filter(|&&(loaded, picked)| (picked == 0) == loaded);
        assert!(right.count() > 480);
    }
}
