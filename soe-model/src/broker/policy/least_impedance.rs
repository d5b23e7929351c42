//! `least-impedance`: always the destination with the smallest weight, the one
//! that was added first on ties.

use sim_core::{SimTime, Stream};

use super::{Policy, PolicyBuilder, WeightUse};
use crate::broker::Candidates;
use crate::catalogue::Kind;

pub(super) const KIND: Kind<PolicyBuilder> = Kind {
    name: "least-impedance",
    help: "Always the destination with the smallest weight, the first added on ties.",
    parameters: &[],
    version: 1,
    build: |_| Box::new(LeastImpedance::default()),
};

/// A tournament over the weights: node `i` holds the better of the positions in
/// nodes `2 i` and `2 i + 1`, the leaves are the destinations. The winner is at
/// hand, an update takes a logarithmic number of matches.
#[derive(Debug, Default)]
struct LeastImpedance {
    weights: Vec<f32>,
    /// Twice as many as leaves; node 0 is unused. Empty leaves hold positions
    /// without weight, which lose every match.
    winners: Vec<u32>,
}

impl LeastImpedance {
    fn leaves(&self) -> usize {
        self.winners.len() / 2
    }

    fn better(&self, node: usize) -> u32 {
        let (left, right) = (self.winners[2 * node], self.winners[2 * node + 1]);
        let weight = |position: u32| self.weights.get(position as usize);
        match (weight(left), weight(right)) {
            // Strict, so that the one that was added first wins ties.
            (Some(first), Some(second)) if second < first => right,
            _ => left,
        }
    }

    fn replay(&mut self, position: usize) {
        let mut node = self.leaves() + position;
        while node > 1 {
            node /= 2;
            self.winners[node] = self.better(node);
        }
    }

    fn rebuild(&mut self) {
        let leaves = self.weights.len().next_power_of_two();
        self.winners.clear();
        self.winners.resize(leaves, 0);
        self.winners.extend(0..leaves as u32);
        for node in (1..leaves).rev() {
            self.winners[node] = self.better(node);
        }
    }
}

impl Policy for LeastImpedance {
    fn ignores_events(&self) -> bool {
        true
    }

    fn weights(&self) -> WeightUse {
        WeightUse::Measured
    }

    fn add(&mut self, _: SimTime, weight: f32) {
        self.weights.push(weight);
        if self.weights.len() <= self.leaves() {
            self.replay(self.weights.len() - 1);
        } else {
            self.rebuild();
        }
    }

    fn update(&mut self, _: SimTime, position: usize, weight: f32) {
        self.weights[position] = weight;
        self.replay(position);
    }

    fn remove(&mut self, _: SimTime, position: usize) {
        self.weights.remove(position);
        self.rebuild();
    }

    fn pick(&mut self, _: SimTime, _: &Candidates<'_>, _: &mut Stream) -> usize {
        self.winners[1] as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::Lineup;
    use proptest::prelude::*;
    use sim_core::Streams;

    proptest! {
        #[test]
        fn the_first_smallest_weight_always_wins(
            steps in prop::collection::vec((0u8..3, 0usize..1000, 1u8..20), 1..200),
        ) {
            let mut chance = Streams::new(1, 0).stream("router", "policy");
            let mut policy = LeastImpedance::default();
            let mut weights: Vec<f32> = Vec::new();
            for (step, position, weight) in steps {
                let weight = f32::from(weight);
                if step == 0 || weights.is_empty() {
                    policy.add(SimTime::ZERO, weight);
                    weights.push(weight);
                } else if step == 1 {
                    let position = position % weights.len();
                    policy.update(SimTime::ZERO, position, weight);
                    weights[position] = weight;
                } else if weights.len() > 1 {
                    let position = position % weights.len();
                    policy.remove(SimTime::ZERO, position);
                    weights.remove(position);
                }
                let least = weights.iter().copied().fold(f32::INFINITY, f32::min);
                let first = weights.iter().position(|&weight| weight == least);
                prop_assert_eq!(Some(policy.pick(SimTime::ZERO, &Lineup::new(&[]).candidates(), &mut chance)), first);
            }
        }
    }
}
