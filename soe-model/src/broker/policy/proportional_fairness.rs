//! `proportional-fairness`: a compromise between the fastest destination and the one
//! that was used longest ago. Schedulers of cellular networks use the same compromise
//! between the rate of a user and its past share.
//!
//! Let `w` be the weight of a destination, `c` the number of updates of its weight,
//! and `d` the time since the last update. Its score is `(1 / w)^alpha / (c /
//! d)^beta`; the destination with the largest score is selected. `alpha = 0, beta =
//! 1` is round robin; `alpha = 1, beta = 0` selects only the best destination.

use sim_core::{SimTime, Stream};

use super::{Policy, PolicyBuilder, WeightUse};
use crate::broker::{Candidates, Compatibility};
use crate::catalogue::{Kind, Parameter, Quantity};

const EXPONENT: Quantity = Quantity::Number {
    min: 0.0,
    max: f64::MAX,
};

pub(super) const KIND: Kind<PolicyBuilder> = Kind {
    name: "proportional-fairness",
    help: "The destination with the largest (1/weight)^alpha / (updates/age of the last update)^beta.",
    parameters: &[
        Parameter {
            name: "alpha",
            quantity: EXPONENT,
            default: None,
            help: "The exponent of the inverse weight.",
        },
        Parameter {
            name: "beta",
            quantity: EXPONENT,
            default: None,
            help: "The exponent of the update rate; larger values favour destinations that were served rarely or long ago.",
        },
    ],
    version: 1,
    build: |arguments| {
        Box::new(ProportionalFairness {
            alpha: arguments.number("alpha"),
            beta: arguments.number("beta"),
            forgets: true,
            destinations: Vec::new(),
            total: 0.0,
        })
    },
};

/// How many updates per destination are remembered, at least. All counts are
/// halved when they average twice as many: their proportions, and so the choice,
/// stay as they are, but what comes later weighs more than what was long ago.
const MEMORY: f64 = 100.0;

const LEAST_WEIGHT: f64 = 1e-9;

#[derive(Debug)]
struct ProportionalFairness {
    alpha: f64,
    beta: f64,
    /// Whether counts are halved, and a new destination starts with the smallest
    /// count instead of 1, which would give it all calls until it has caught up.
    forgets: bool,
    destinations: Vec<Destination>,
    /// The sum of all counts.
    total: f64,
}

#[derive(Debug)]
struct Destination {
    weight: f32,
    count: f64,
    updated: SimTime,
    /// `(1 / weight)^alpha / count^beta`, which changes only with them.
    merit: f64,
}

impl ProportionalFairness {
    fn rate(&mut self, position: usize) {
        let destination = &mut self.destinations[position];
        let weight = f64::from(destination.weight).max(LEAST_WEIGHT);
        destination.merit = power(1.0 / weight, self.alpha) / power(destination.count, self.beta);
    }

    fn halve_counts(&mut self) {
        self.total = 0.0;
        for position in 0..self.destinations.len() {
            self.destinations[position].count /= 2.0;
            self.total += self.destinations[position].count;
            self.rate(position);
        }
    }
}

impl Policy for ProportionalFairness {
    fn ignores_events(&self) -> bool {
        true
    }

    fn weights(&self) -> WeightUse {
        WeightUse::Measured
    }

    fn set_compatibility(&mut self, compatibility: Compatibility) {
        self.forgets = compatibility != Compatibility::Original;
    }

    fn add(&mut self, now: SimTime, weight: f32) {
        let counts = self.destinations.iter().map(|known| known.count);
        let least = counts.reduce(f64::min).filter(|_| self.forgets);
        self.destinations.push(Destination {
            weight,
            count: least.unwrap_or(1.0),
            updated: now,
            merit: 0.0,
        });
        self.total += least.unwrap_or(1.0);
        self.rate(self.destinations.len() - 1);
    }

    fn update(&mut self, now: SimTime, position: usize, weight: f32) {
        let destination = &mut self.destinations[position];
        destination.weight = weight;
        destination.count += 1.0;
        destination.updated = now;
        self.total += 1.0;
        self.rate(position);
        if self.forgets && self.total > 2.0 * MEMORY * self.destinations.len() as f64 {
            self.halve_counts();
        }
    }

    fn remove(&mut self, _: SimTime, position: usize) {
        self.total -= self.destinations.remove(position).count;
    }

    fn pick(&mut self, now: SimTime, _: &Candidates<'_>, _: &mut Stream) -> usize {
        let mut best = (0, f64::NEG_INFINITY);
        for (position, destination) in self.destinations.iter().enumerate() {
            let age = now.since(destination.updated).as_secs_f64();
            let score = destination.merit * power(age, self.beta);
            if score > best.1 {
                best = (position, score);
            }
        }
        best.0
    }
}

/// `base^exponent`; the usual exponents without a library call.
fn power(base: f64, exponent: f64) -> f64 {
    if exponent == 0.0 {
        1.0
    } else if exponent == 1.0 {
        base
    } else {
        libm::pow(base, exponent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::Lineup;
    use crate::broker::policy::POLICIES;
    use crate::catalogue::Value;
    use sim_core::{SimDuration, Streams};

    /// Picks `count` times, one second apart; each pick is measured at once to
    /// its weight.
    fn picks(alpha: f64, beta: f64, weights: &[f32], count: usize) -> Vec<usize> {
        let arguments = vec![
            ("alpha".to_owned(), Value::Number(alpha)),
            ("beta".to_owned(), Value::Number(beta)),
        ];
        let spec = POLICIES.configure("proportional-fairness", arguments);
        let spec = spec.unwrap();
        let mut policy = (spec.kind.build)(&spec.arguments);
        let mut chance = Streams::new(1, 0).stream("router", "policy");
        let mut now = SimTime::ZERO;
        for &weight in weights {
            policy.add(now, weight);
        }
        let picks = (0..count).map(|_| {
            now += SimDuration::from_secs(1);
            let picked = policy.pick(now, &Lineup::new(&[]).candidates(), &mut chance);
            policy.update(now, picked, weights[picked]);
            picked
        });
        picks.collect()
    }

    #[test]
    fn beta_alone_takes_turns() {
        assert_eq!(picks(0.0, 1.0, &[1.0, 5.0, 9.0], 6), [0, 1, 2, 0, 1, 2]);
    }

    #[test]
    fn alpha_alone_takes_the_best() {
        assert_eq!(picks(1.0, 0.0, &[3.0, 2.0, 9.0], 4), [1, 1, 1, 1]);
    }

    #[test]
    fn in_between_shares_lean_to_the_better_without_starving_the_others() {
        let picks = picks(1.0, 1.0, &[1.0, 8.0], 3000);
        let better = picks.iter().filter(|&&picked| picked == 0).count();
        assert!((1800..2800).contains(&better), "{better} of 3000");
    }

    #[test]
    fn a_newcomer_does_not_take_all_calls() {
        let mut policy = ProportionalFairness {
            alpha: 0.0,
            beta: 1.0,
            forgets: true,
            destinations: Vec::new(),
            total: 0.0,
        };
        let mut chance = Streams::new(1, 0).stream("router", "policy");
        let mut now = SimTime::ZERO;
        policy.add(now, 1.0);
        policy.add(now, 1.0);
        let mut newcomer = 0;
        for i in 0..2000 {
            if i == 1000 {
                policy.add(now, 1.0);
            }
            now += SimDuration::from_secs(1);
            let picked = policy.pick(now, &Lineup::new(&[]).candidates(), &mut chance);
            policy.update(now, picked, 1.0);
            newcomer += usize::from(picked == 2);
        }
        assert!((300..360).contains(&newcomer), "{newcomer} of 1000");
        assert!(policy.total <= 2.0 * MEMORY * 3.0);
    }
}
