//! `random`: each destination with a probability inversely proportional to its
//! weight.

use sim_core::{SimTime, Stream};

use super::{Policy, PolicyBuilder};
use crate::catalogue::Kind;

pub(super) const KIND: Kind<PolicyBuilder> = Kind {
    name: "random",
    help: "Each destination with a probability inversely proportional to its weight.",
    parameters: &[],
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

    fn pick(&mut self, _: SimTime, chance: &mut Stream) -> usize {
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
