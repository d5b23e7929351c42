//! `bounded-loads`: the preferred destination of a key, unless it has too many calls: then
//! the next one in the order of the key.
//!
//! Consistent hashing with bounded loads (Mirrokni, Thorup and Zadimoghaddam, SODA 2018; the
//! `hash-balance-factor` of HAProxy). With `m` calls pending at `n` destinations, none gets
//! more than `ceil(c (m + 1) / n)`. A large `c` keeps calls at their destination, a `c` near 1
//! balances them. The order is that of rendezvous hashing instead of a ring.
//!
//! It needs to know its own pending calls and the names of the destinations. The bound holds
//! for the calls of this broker.

use sim_core::{SimTime, Stream};

use super::order::{KEY, KeyOf, Orders, score};
use super::watch::Watch;
use super::{Policy, PolicyBuilder};
use crate::broker::{CallHeader, Candidates};
use crate::catalogue::{Kind, Parameter, Quantity};
use crate::names::FunctionId;

/// The parameter `c`.
pub(super) const BALANCE: Parameter = Parameter {
    name: "balance",
    quantity: Quantity::Number {
        min: 1.0,
        max: f64::MAX,
    },
    default: Some("1.25"),
    help: "The largest share of a destination in the pending calls, relative to an equal share; 1.25 is the default of brpc, HAProxy's factor in percent divided by 100.",
};

pub(super) const KIND: Kind<PolicyBuilder> = Kind {
    name: "bounded-loads",
    help: "The preferred destination of the function, or the next one in its order that has not more than its bounded share of this broker's pending calls.",
    parameters: &[KEY, BALANCE],
    version: 1,
    build: |arguments| {
        Box::new(BoundedLoads {
            key: KeyOf::parse(arguments),
            balance: arguments.number(BALANCE.name),
            orders: Orders::default(),
            watch: Watch::default(),
        })
    },
};

#[derive(Debug)]
struct BoundedLoads {
    key: KeyOf,
    balance: f64,
    orders: Orders,
    watch: Watch,
}

/// The most calls at a destination, with `pending` calls at all `count` of them before the
/// next one is assigned. The sum over the destinations exceeds `pending`.
pub(super) fn capacity(balance: f64, pending: u64, count: usize) -> u64 {
    // Saturates.
    (balance * (pending as f64 + 1.0) / count as f64).ceil() as u64
}

impl Policy for BoundedLoads {
    fn add(&mut self, _: SimTime, _: f32) {
        self.orders.reset();
        self.watch.reset();
    }

    fn remove(&mut self, _: SimTime, _: usize) {
        self.orders.reset();
        self.watch.reset();
    }

    fn key(&self, _: FunctionId, call: &CallHeader) -> Option<u64> {
        Some(self.key.of(call))
    }

    fn pick(&mut self, _: SimTime, candidates: &Candidates<'_>, _: &mut Stream) -> usize {
        let count = candidates.len();
        if count == 1 {
            return 0;
        }
        self.watch.look(candidates);
        let capacity = capacity(self.balance, self.watch.total(), count);
        let key = candidates.key().unwrap_or_default();
        let by = |function, name, _| score(function, key, name);
        let mut order = self.orders.of(candidates, by);
        let free = |&position: &usize| u64::from(self.watch.pending(position)) < capacity;
        order.find(free).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::Lineup;
    use crate::units::Bytes;
    use proptest::prelude::*;
    use sim_core::Streams;

    #[test]
    fn capacities_are_those_of_the_paper() {
        for (pending, count, balance, expected) in [
            (0, 4, 1.25, 1),
            (7, 4, 1.25, 3),
            (99, 10, 1.25, 13),
            (99, 10, 2.0, 20),
        ] {
            assert_eq!(capacity(balance, pending, count), expected);
        }
        assert_eq!(capacity(f64::MAX, 99, 1), u64::MAX);
    }

    fn policy(balance: f64, destinations: usize) -> BoundedLoads {
        let mut policy = BoundedLoads {
            key: KeyOf::FunctionAndSize,
            balance,
            orders: Orders::default(),
            watch: Watch::default(),
        };
        (0..destinations).for_each(|_| policy.add(SimTime::ZERO, 1.0));
        policy
    }

    proptest! {
        /// Calls arrive with few keys and end in any order.
        #[test]
        fn no_destination_gets_more_than_its_bound(
            count in 2usize..9,
            balance in 1.0f64..3.0,
            steps in prop::collection::vec((any::<bool>(), 0u64..3, any::<prop::sample::Index>()), 1..120),
        ) {
            let mut lineup = Lineup::new(&vec![1.0; count]);
            let mut policy = policy(balance, count);
            let mut chance = Streams::new(7, 0).stream("router", "policy");
            let mut pending = vec![0u32; count];
            let mut calls: Vec<usize> = Vec::new();
            for (arrives, key, index) in steps {
                if !arrives && !calls.is_empty() {
                    let ended = calls.swap_remove(index.index(calls.len()));
                    pending[ended] -= 1;
                    lineup.set_pending(ended as u32, pending[ended]);
                    continue;
                }
                lineup.set_input(Bytes(key));
                let (function, call) = lineup.call();
                let candidates = lineup.candidates_with_key(policy.key(function, &call));
                let picked = policy.pick(SimTime::ZERO, &candidates, &mut chance);
                let bound = capacity(balance, calls.len() as u64, count);
                pending[picked] += 1;
                prop_assert!(u64::from(pending[picked]) <= bound);
                calls.push(picked);
                lineup.set_pending(picked as u32, pending[picked]);
            }
        }
    }

    #[test]
    fn calls_overflow_in_the_order_of_their_key() {
        let mut lineup = Lineup::new(&[1.0; 4]);
        let mut chance = Streams::new(7, 0).stream("router", "policy");
        let mut hash = policy(f64::MAX, 4);
        let mut bounded = policy(1.25, 4);
        let home = hash.pick(SimTime::ZERO, &lineup.candidates(), &mut chance);
        assert_eq!(
            bounded.pick(SimTime::ZERO, &lineup.candidates(), &mut chance),
            home
        );
        // One call of at most ceil(1.25 * 2 / 4) = 1.
        lineup.set_pending(home as u32, 1);
        let next = bounded.pick(SimTime::ZERO, &lineup.candidates(), &mut chance);
        assert_ne!(next, home);
        assert_eq!(
            hash.pick(SimTime::ZERO, &lineup.candidates(), &mut chance),
            home
        );
        // Without its home, the key goes where it overflowed to.
        lineup.remove(home as u32);
        hash.remove(SimTime::ZERO, home);
        let picked = hash.pick(SimTime::ZERO, &lineup.candidates(), &mut chance);
        assert_eq!(lineup.candidates().endpoint(picked).0, next as u32);
    }
}
