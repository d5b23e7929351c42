//! The preference of a key among destinations: rendezvous hashing.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use crate::broker::{CallHeader, Candidates};
use crate::catalogue::{Arguments, Parameter, Quantity};
use crate::hash::{fnv, scramble};

/// Which calls have the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyOf {
    /// All calls of a function.
    Function,
    /// Calls of a function with input of the same size.
    FunctionAndSize,
}

/// The parameter of policies that hash.
pub(super) const KEY: Parameter = Parameter {
    name: "key",
    quantity: Quantity::Word(&["function", "function-and-size"]),
    default: Some("function"),
    help: "Which calls prefer the same destination: those of a function, or those of a function with input of the same size.",
};

impl KeyOf {
    pub fn parse(arguments: &Arguments) -> Self {
        match arguments.word(KEY.name) {
            "function-and-size" => Self::FunctionAndSize,
            _ => Self::Function,
        }
    }

    /// What distinguishes calls of the same function.
    pub fn of(self, call: &CallHeader) -> u64 {
        match self {
            Self::Function => 0,
            Self::FunctionAndSize => call.input.0,
        }
    }
}

/// The score of a destination for a key; the greatest wins.
pub(super) fn score(function: u64, key: u64, destination: u64) -> u64 {
    let hash = fnv(function, &key.to_le_bytes());
    scramble(fnv(hash, &destination.to_le_bytes()))
}

/// The order of the destinations for each key, as far as it was asked for.
///
/// Computing it takes a time proportional to the number of destinations when a key is new
/// or the destinations have changed, and a logarithmic one for each further place.
#[derive(Debug, Default)]
pub(super) struct Orders {
    keys: BTreeMap<u64, Order>,
}

/// The most keys that are remembered, and the most places of all keys together: what
/// exceeds them is computed again.
const MOST_KEYS: usize = 1024;
const MOST_PLACES: usize = 1 << 18;

#[derive(Debug)]
struct Order {
    known: Vec<u32>,
    /// By score; the name decides between equals.
    rest: BinaryHeap<(u64, Reverse<u32>, u32)>,
}

impl Orders {
    /// Destinations or their weights have changed.
    pub fn reset(&mut self) {
        self.keys.clear();
    }

    /// The positions for a key from the best to the worst, by a score that gets the hashes
    /// of the function and of a destination, and its position.
    pub fn of(
        &mut self,
        candidates: &Candidates<'_>,
        score: impl Fn(u64, u64, usize) -> u64,
    ) -> Preferred<'_> {
        let key = candidates.key().unwrap_or_default();
        let count = candidates.len();
        let known = self
            .keys
            .get(&key)
            .map(|order| order.known.len() + order.rest.len());
        if known != Some(count) {
            let most = (MOST_PLACES / count.max(1)).clamp(1, MOST_KEYS);
            if self.keys.len() >= most || known.is_some() {
                self.keys.clear();
            }
            let function = candidates.function_hash();
            let place = |position: usize| {
                let score = score(function, candidates.name_hash(position), position);
                let name = Reverse(candidates.endpoint(position).0);
                (score, name, position as u32)
            };
            let order = Order {
                known: Vec::new(),
                rest: (0..count).map(place).collect(),
            };
            self.keys.insert(key, order);
        }
        Preferred {
            order: self.keys.get_mut(&key),
            next: 0,
        }
    }
}

/// The positions for a key, from the best to the worst.
#[derive(Debug)]
pub(super) struct Preferred<'a> {
    order: Option<&'a mut Order>,
    next: usize,
}

impl Iterator for Preferred<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let order = self.order.as_deref_mut()?;
        if self.next == order.known.len() {
            let (_, _, position) = order.rest.pop()?;
            order.known.push(position);
        }
        let position = order.known[self.next];
        self.next += 1;
        Some(position as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::Lineup;
    use crate::hash::of_name;

    /// Brokers of different builds must agree: these numbers may never change.
    #[test]
    fn scores_are_fixed() {
        let scores = ["d0", "d1"].map(|name| score(of_name("f"), 0, of_name(name)));
        assert_eq!(
            scores,
            [17_025_878_139_538_782_363, 15_497_471_338_785_717_375]
        );
    }

    #[test]
    fn the_order_is_that_of_the_scores_and_memory_is_bounded() {
        let lineup = Lineup::new(&[1.0; 1000]);
        let mut orders = Orders::default();
        for key in 0..2000 {
            let candidates = lineup.candidates_with_key(Some(key));
            let by = |function, name, _| score(function, key, name);
            let best: Vec<_> = orders.of(&candidates, by).take(3).collect();
            let function = candidates.function_hash();
            let mut all: Vec<usize> = (0..1000).collect();
            let score = |&position: &usize| score(function, key, candidates.name_hash(position));
            all.sort_by_key(|position| Reverse(score(position)));
            assert_eq!(best, all[..3]);
            assert!(orders.keys.len() <= MOST_PLACES / 1000);
        }
    }
}
