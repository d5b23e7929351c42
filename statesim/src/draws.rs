//! The random draws of a replication.
//!
//! The original draws all random numbers from the default engine of the GNU C++
//! library. Function names are drawn once per run, from an engine seeded with 0. For
//! every replication, the jobs are drawn from an engine with the replication's seed,
//! and then the clients and the order of the jobs from a second engine with the *same*
//! seed. The corrected model uses a separate stream for each.

use rand::Rng;
use sim_core::libstdcxx::MinstdRand0;
use sim_core::{Stream, Streams};

use crate::model::Corrections;

const ENTITY: &str = "statesim";

/// A source of random numbers for one purpose.
#[derive(Clone, Debug)]
pub(crate) enum Draws {
    Original(MinstdRand0),
    Independent(Box<Stream>),
}

impl Draws {
    /// For the function that each task of the pool invokes.
    pub(crate) fn functions(corrections: Corrections) -> Self {
        Self::new(0, "functions", corrections)
    }

    /// For the jobs of a replication.
    pub(crate) fn selection(seed: u64, corrections: Corrections) -> Self {
        Self::new(seed, "selection", corrections)
    }

    /// For the clients of the jobs.
    pub(crate) fn clients(seed: u64, corrections: Corrections) -> Self {
        Self::new(seed, "clients", corrections)
    }

    /// For the order of the jobs, after the clients have been drawn from `self`.
    pub(crate) fn order_after_clients(self, seed: u64, corrections: Corrections) -> Self {
        match self {
            Self::Original(_) => self,
            Self::Independent(_) => Self::new(seed, "order", corrections),
        }
    }

    fn new(seed: u64, purpose: &str, corrections: Corrections) -> Self {
        if corrections.streams {
            Self::Independent(Box::new(Streams::new(seed, 0).stream(ENTITY, purpose)))
        } else {
            Self::Original(MinstdRand0::new(seed))
        }
    }

    /// A number in [0, 1).
    pub(crate) fn real(&mut self) -> f64 {
        match self {
            Self::Original(engine) => engine.uniform(),
            Self::Independent(stream) => stream.uniform(),
        }
    }

    /// A whole number in [0, count); count is more than 0.
    pub(crate) fn below(&mut self, count: u32) -> u32 {
        match self {
            Self::Original(engine) => engine.integer(count - 1),
            Self::Independent(stream) => {
                // Bias below 2^-32, as `count` has 32 bits.
                let product = u128::from(stream.next_u64()) * u128::from(count);
                (product >> 64) as u32
            }
        }
    }
}

/// The chains of a replication, as ascending indices into the pool.
///
/// The original keeps each chain with probability `wanted / pool`, so that the number
/// of jobs is binomial; corrected, it is `wanted` (Knuth's algorithm S). A pool that
/// is too small is taken whole.
pub(crate) fn select(pool: usize, wanted: usize, seed: u64, corrections: Corrections) -> Vec<u32> {
    let mut draws = Draws::selection(seed, corrections);
    let mut chosen = Vec::with_capacity(pool.min(wanted.saturating_add(wanted / 4)));
    let probability = wanted as f64 / pool as f64;
    for chain in 0..pool {
        let draw = draws.real();
        let keep = if corrections.job_count {
            draw * ((pool - chain) as f64) < wanted.saturating_sub(chosen.len()) as f64
        } else {
            draw < probability
        };
        if keep {
            chosen.push(chain as u32);
        }
    }
    chosen
}

/// A random order of `0..count`: each time one of those left, counted in ascending order.
pub(crate) fn shuffle(count: usize, draws: &mut Draws) -> Vec<u32> {
    let mut left = Remaining::new(count);
    (0..count)
        .map(|taken| {
            let place = draws.real() * (count - taken) as f64;
            left.take((place as usize).min(count - taken - 1))
        })
        .collect()
}

/// A set `0..count` from which the element at a given place is taken in logarithmic
/// time: a tree of counts (Fenwick, 1994).
struct Remaining {
    counts: Vec<u32>,
    highest_bit: usize,
}

impl Remaining {
    fn new(count: usize) -> Self {
        // In a Fenwick tree of ones, node i counts as many as its lowest bit says.
        let counts = (0..=count).map(|i| (i & i.wrapping_neg()) as u32).collect();
        Self {
            counts,
            highest_bit: if count == 0 { 0 } else { 1 << count.ilog2() },
        }
    }

    fn take(&mut self, place: usize) -> u32 {
        let mut before = place as u32;
        let (mut node, mut step) = (0, self.highest_bit);
        while step > 0 {
            let next = node + step;
            if next < self.counts.len() && self.counts[next] <= before {
                before -= self.counts[next];
                node = next;
            } else if next < self.counts.len() {
                self.counts[next] -= 1;
            }
            step /= 2;
        }
        node as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_taken_as_from_a_list() {
        for count in 0..70 {
            let mut draws = Draws::clients(count as u64, Corrections::NONE);
            let mut reference_draws = draws.clone();
            let mut list: Vec<u32> = (0..count as u32).collect();
            let expected: Vec<u32> = (0..count)
                .map(|_| list.remove((reference_draws.real() * list.len() as f64) as usize))
                .collect();
            assert_eq!(shuffle(count, &mut draws), expected);
        }
    }

    #[test]
    fn corrected_selection_has_exactly_the_wanted_number() {
        let corrections = Corrections {
            job_count: true,
            ..Corrections::NONE
        };
        for seed in 0..20 {
            assert_eq!(select(300, 100, seed, corrections).len(), 100);
            assert_eq!(select(300, 500, seed, corrections).len(), 300);
        }
    }

    #[test]
    fn a_pool_smaller_than_wanted_is_taken_whole() {
        let all: Vec<u32> = (0..30).collect();
        assert_eq!(select(30, 31, 7, Corrections::NONE), all);
    }
}
