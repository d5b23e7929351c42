//! `rendezvous`: every key has one destination, on which all brokers agree without talking
//! to each other. When a destination goes, only its keys move.
//!
//! Each destination has a score made of the key and its name, and the greatest wins: Thaler
//! and Ravishankar, "Using name-based mappings to increase hit rates" (IEEE/ACM ToN, 1998).
//! With weights, the score is `-1 / (w ln h)` of a hash `h` in (0, 1), so that a destination
//! gets keys in inverse proportion to its weight `w` (Schindelhauer and Schomaker, "Weighted
//! Distributed Hash Tables", SPAA 2005).
//!
//! It needs to know only the names of the destinations. It ignores load: a popular function
//! can overload its destination, see `bounded-loads`.

use sim_core::{SimTime, Stream};

use super::order::{KEY, KeyOf, Orders, score};
use super::{Policy, PolicyBuilder};
use crate::broker::{CallHeader, Candidates};
use crate::catalogue::{Kind, Parameter, Quantity};
use crate::names::FunctionId;

pub(super) const KIND: Kind<PolicyBuilder> = Kind {
    name: "rendezvous",
    help: "The destination with the greatest hash of function and name: always the same one, at every broker.",
    parameters: &[
        KEY,
        Parameter {
            name: "weights",
            quantity: Quantity::Word(&["ignored", "inverse"]),
            default: Some("ignored"),
            help: "Whether a destination gets as many keys as others, or in inverse proportion to its weight.",
        },
    ],
    version: 1,
    build: |arguments| {
        Box::new(Rendezvous {
            key: KeyOf::parse(arguments),
            weighted: arguments.word("weights") == "inverse",
            orders: Orders::default(),
        })
    },
};

#[derive(Debug)]
struct Rendezvous {
    key: KeyOf,
    weighted: bool,
    orders: Orders,
}

/// Measured weights come in whole nanoseconds, possibly zero.
const LEAST_WEIGHT: f64 = 1e-9;

/// The score of a destination that gets keys in inverse proportion to its weight, as a
/// number in the same order.
fn weighted(hash: u64, weight: f32) -> u64 {
    // 53 bits, in the middle of their interval.
    let unit = ((hash >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0;
    let weight = f64::from(weight).max(LEAST_WEIGHT);
    // Positive numbers and their bits have the same order.
    (-1.0 / (weight * libm::log(unit))).to_bits()
}

impl Policy for Rendezvous {
    fn add(&mut self, _: SimTime, _: f32) {
        self.orders.reset();
    }

    fn update(&mut self, _: SimTime, _: usize, _: f32) {
        if self.weighted {
            self.orders.reset();
        }
    }

    fn remove(&mut self, _: SimTime, _: usize) {
        self.orders.reset();
    }

    fn key(&self, _: FunctionId, call: &CallHeader) -> Option<u64> {
        Some(self.key.of(call))
    }

    fn pick(&mut self, _: SimTime, candidates: &Candidates<'_>, _: &mut Stream) -> usize {
        if candidates.len() == 1 {
            return 0;
        }
        let (key, is_weighted) = (candidates.key().unwrap_or_default(), self.weighted);
        let by = |function, name, position| {
            let hash = score(function, key, name);
            match is_weighted {
                true => weighted(hash, candidates.weight(position)),
                false => hash,
            }
        };
        self.orders.of(candidates, by).next().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::Lineup;
    use crate::units::Bytes;
    use sim_core::Streams;

    fn rendezvous(weighted: bool, destinations: usize) -> Rendezvous {
        let mut policy = Rendezvous {
            key: KeyOf::FunctionAndSize,
            weighted,
            orders: Orders::default(),
        };
        for _ in 0..destinations {
            policy.add(SimTime::ZERO, 1.0);
        }
        policy
    }

    /// The endpoint of the destination of each key.
    fn homes(policy: &mut Rendezvous, lineup: &mut Lineup, keys: u64) -> Vec<u32> {
        let mut chance = Streams::new(7, 0).stream("router", "policy");
        let mut home = |key| {
            lineup.set_input(Bytes(key));
            let (function, call) = lineup.call();
            let candidates = lineup.candidates_with_key(policy.key(function, &call));
            let picked = policy.pick(SimTime::ZERO, &candidates, &mut chance);
            candidates.endpoint(picked).0
        };
        (0..keys).map(&mut home).collect()
    }

    #[test]
    fn only_the_keys_of_a_removed_destination_move_and_they_come_back() {
        let mut lineup = Lineup::new(&[1.0; 10]);
        let mut policy = rendezvous(false, 10);
        let before = homes(&mut policy, &mut lineup, 2000);
        lineup.remove(3);
        policy.remove(SimTime::ZERO, 3);
        let without = homes(&mut policy, &mut lineup, 2000);
        for (before, without) in before.iter().zip(&without) {
            assert!(*without != 3 && (before == without || *before == 3));
        }
        lineup.add(3, 1.0);
        policy.add(SimTime::ZERO, 1.0);
        assert_eq!(homes(&mut policy, &mut lineup, 2000), before);
        // Those that moved are spread over the others.
        let moved: Vec<_> = before
            .iter()
            .zip(&without)
            .filter(|(b, _)| **b == 3)
            .collect();
        for destination in (0..10).filter(|&destination| destination != 3) {
            assert!(moved.iter().any(|(_, to)| **to == destination));
        }
    }

    #[test]
    fn keys_are_shared_equally_or_in_inverse_proportion_to_weights() {
        const KEYS: u64 = 20_000;
        for (is_weighted, shares) in [
            (false, [0.25; 4]),
            (true, [4.0 / 7.0, 1.0 / 7.0, 1.0 / 7.0, 1.0 / 7.0]),
        ] {
            let mut lineup = Lineup::new(&[0.5, 2.0, 2.0, 2.0]);
            let mut policy = rendezvous(is_weighted, 4);
            let homes = homes(&mut policy, &mut lineup, KEYS);
            let mut statistic = 0.0;
            for (destination, share) in (0..).zip(shares) {
                let count = homes.iter().filter(|&&home| home == destination).count() as f64;
                let expected = share * KEYS as f64;
                statistic += (count - expected) * (count - expected) / expected;
            }
            // Chi-square with 3 degrees of freedom exceeds 21.1 once in 10 000 times.
            assert!(statistic < 21.1, "{statistic}");
        }
    }
}
