//! `random`: selects each destination with a probability inversely proportional to
//! its weight.

use sim_core::{SimTime, Stream};

use super::{Policy, PolicyBuilder, WeightUse};
use crate::broker::Candidates;
use crate::catalogue::Kind;

pub(super) const KIND: Kind<PolicyBuilder> = Kind {
    name: "random",
    help: "Each destination with a probability inversely proportional to its weight.",
    parameters: &[],
    version: 1,
    build: |_| Box::new(Random::default()),
};

/// A tree of sums over the inverse weights: node `i` is the sum of nodes `2 i`
/// and `2 i + 1`, the leaves are the destinations. Every sum is recomputed from
/// its parts, so that rounding errors do not accumulate, and both a pick and an
/// update take a logarithmic number of steps.
#[derive(Debug, Default)]
struct Random {
    len: usize,
    /// Twice as many as leaves; node 0 is unused.
    sums: Vec<f64>,
}

/// Measured weights come in whole nanoseconds, possibly zero.
const LEAST_WEIGHT: f64 = 1e-9;

impl Random {
    fn leaves(&self) -> usize {
        self.sums.len() / 2
    }

    fn set(&mut self, position: usize, inverse: f64) {
        let mut node = self.leaves() + position;
        self.sums[node] = inverse;
        while node > 1 {
            node /= 2;
            self.sums[node] = self.sums[2 * node] + self.sums[2 * node + 1];
        }
    }

    fn rebuild(&mut self, inverses: &[f64]) {
        let leaves = inverses.len().next_power_of_two();
        self.len = inverses.len();
        self.sums.clear();
        self.sums.resize(2 * leaves, 0.0);
        self.sums[leaves..leaves + inverses.len()].copy_from_slice(inverses);
        for node in (1..leaves).rev() {
            self.sums[node] = self.sums[2 * node] + self.sums[2 * node + 1];
        }
    }

    fn inverses(&self) -> Vec<f64> {
        self.sums[self.leaves()..][..self.len].to_vec()
    }
}

fn inverse(weight: f32) -> f64 {
    1.0 / f64::from(weight).max(LEAST_WEIGHT)
}

impl Policy for Random {
    fn ignores_events(&self) -> bool {
        true
    }

    fn weights(&self) -> WeightUse {
        WeightUse::Measured
    }

    fn add(&mut self, _: SimTime, weight: f32) {
        if self.len < self.leaves() {
            self.len += 1;
            self.set(self.len - 1, inverse(weight));
        } else {
            let mut inverses = self.inverses();
            inverses.push(inverse(weight));
            self.rebuild(&inverses);
        }
    }

    fn update(&mut self, _: SimTime, position: usize, weight: f32) {
        self.set(position, inverse(weight));
    }

    fn remove(&mut self, _: SimTime, position: usize) {
        let mut inverses = self.inverses();
        inverses.remove(position);
        self.rebuild(&inverses);
    }

    fn pick(&mut self, _: SimTime, _: &Candidates<'_>, chance: &mut Stream) -> usize {
        if self.len == 1 {
            return 0;
        }
        let mut rest = chance.uniform() * self.sums[1];
        let mut node = 1;
        while node < self.leaves() {
            node *= 2;
            // Rounding must not lead to the empty leaves at the end.
            if rest >= self.sums[node] && self.sums[node + 1] > 0.0 {
                rest -= self.sums[node];
                node += 1;
            }
        }
        node - self.leaves()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::Lineup;
    use sim_core::Streams;

    fn random(weights: &[f32]) -> Random {
        let mut policy = Random::default();
        for &weight in weights {
            policy.add(SimTime::ZERO, weight);
        }
        policy
    }

    /// Counts within 4.5 standard deviations of a binomial, which one count in
    /// 150 000 exceeds by chance.
    fn assert_shares(policy: &mut Random, shares: &[f64]) {
        const PICKS: u32 = 100_000;
        let mut chance = Streams::new(7, 0).stream("router", "policy");
        let mut counts = vec![0u32; shares.len()];
        for _ in 0..PICKS {
            counts[policy.pick(SimTime::ZERO, &Lineup::new(&[]).candidates(), &mut chance)] += 1;
        }
        for (&count, &share) in counts.iter().zip(shares) {
            let mean = f64::from(PICKS) * share;
            let deviation = (mean * (1.0 - share)).sqrt();
            let distance = (f64::from(count) - mean).abs();
            assert!(distance <= 4.5 * deviation, "{counts:?} against {shares:?}");
        }
    }

    #[test]
    fn shares_are_inversely_proportional_to_weights() {
        let mut policy = random(&[1.0, 2.0, 4.0]);
        assert_shares(&mut policy, &[4.0 / 7.0, 2.0 / 7.0, 1.0 / 7.0]);
    }

    #[test]
    fn shares_follow_updates_and_removals() {
        let mut policy = random(&[1.0, 1.0, 1.0, 1.0, 1.0]);
        policy.update(SimTime::ZERO, 1, 0.5);
        policy.remove(SimTime::ZERO, 0);
        policy.remove(SimTime::ZERO, 3);
        assert_shares(&mut policy, &[0.5, 0.25, 0.25]);
        policy.add(SimTime::ZERO, 0.25);
        assert_shares(&mut policy, &[0.25, 0.125, 0.125, 0.5]);
    }

    #[test]
    fn sums_do_not_drift() {
        let mut policy = random(&[1.0, 1.0, 1.0]);
        for i in 0..100_000u32 {
            policy.update(SimTime::ZERO, (i % 3) as usize, 1e-7 * (i % 97) as f32);
        }
        for position in 0..3 {
            policy.update(SimTime::ZERO, position, 0.5);
        }
        assert_eq!(policy.sums[1], 6.0);
    }

    #[test]
    fn a_latency_of_zero_is_an_allowed_weight() {
        let mut policy = random(&[0.0, 1.0]);
        assert_shares(&mut policy, &[1.0 / (1.0 + 1e-9), 0.0]);
    }
}
