//! How often each function is called at a broker.

use sim_core::{SimDuration, SimTime};

use crate::names::{FunctionId, Id};

/// The rank of each function by its mean time between calls, updated every second.
#[derive(Clone, Debug, Default)]
pub(super) struct Popularity {
    /// By function.
    arrivals: Vec<Option<Arrivals>>,
    /// By function; the most popular has rank 0.
    ranks: Vec<Option<u32>>,
    ranked: u32,
    /// The mean over the functions of their mean times between calls, in seconds.
    mean_gap: f64,
    next: SimTime,
}

#[derive(Clone, Copy, Debug)]
struct Arrivals {
    first: SimTime,
    last: SimTime,
    gaps: u64,
}

/// How often a function is called, compared with the others at the same broker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rank {
    /// The number of functions that are called more often.
    pub rank: u32,
    /// The number of functions that were called at least twice.
    pub functions: u32,
    /// The mean over these functions of their mean times between calls, in seconds.
    pub mean_gap: f64,
}

const PERIOD: SimDuration = SimDuration::from_secs(1);

impl Popularity {
    /// A call of a function arrives.
    pub fn arrived(&mut self, now: SimTime, function: FunctionId) {
        let index = function.index();
        if index >= self.arrivals.len() {
            self.arrivals.resize(index + 1, None);
        }
        match &mut self.arrivals[index] {
            Some(arrivals) => {
                arrivals.last = now;
                arrivals.gaps += 1;
            }
            none => {
                *none = Some(Arrivals {
                    first: now,
                    last: now,
                    gaps: 0,
                });
            }
        }
        if now >= self.next {
            self.next = now + PERIOD;
            self.rank();
        }
    }

    /// The rank of a function; `None` if it was called less than twice by the last update.
    pub fn of(&self, function: FunctionId) -> Option<Rank> {
        let rank = self.ranks.get(function.index()).copied().flatten()?;
        Some(Rank {
            rank,
            functions: self.ranked,
            mean_gap: self.mean_gap,
        })
    }

    fn rank(&mut self) {
        let gap = |arrivals: &Option<Arrivals>| {
            let arrivals = arrivals.filter(|arrivals| arrivals.gaps > 0)?;
            let span = arrivals.last.since(arrivals.first).as_secs_f64();
            Some(span / arrivals.gaps as f64)
        };
        let gaps = self.arrivals.iter().map(gap).enumerate();
        let mut gaps: Vec<_> = gaps
            .filter_map(|(function, gap)| Some((gap?, function)))
            .collect();
        gaps.sort_by(|(one, first), (other, second)| one.total_cmp(other).then(first.cmp(second)));
        self.ranked = gaps.len() as u32;
        self.mean_gap = gaps.iter().map(|(gap, _)| gap).sum::<f64>() / gaps.len().max(1) as f64;
        self.ranks.clear();
        self.ranks.resize(self.arrivals.len(), None);
        for (rank, (_, function)) in (0..).zip(gaps) {
            self.ranks[function] = Some(rank);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_ranked_by_the_mean_time_between_their_calls() {
        let mut popularity = Popularity::default();
        let at = |secs: u64| SimTime::from_nanos(secs * 1_000_000_000);
        for secs in 0..=12 {
            for (function, every) in [(0, 4), (1, 1), (2, 100), (3, 2)] {
                if secs % every == 0 {
                    popularity.arrived(at(secs), FunctionId(function));
                }
            }
        }
        popularity.arrived(at(13), FunctionId(1));
        let rank = |function| popularity.of(FunctionId(function)).map(|rank| rank.rank);
        assert_eq!([0, 1, 2, 3].map(rank), [Some(2), Some(0), None, Some(1)]);
        let of = popularity.of(FunctionId(0)).unwrap();
        assert_eq!(of.functions, 3);
        // 4 s, 1 s and 2 s.
        assert!((of.mean_gap - 7.0 / 3.0).abs() < 1e-12, "{of:?}");
        assert_eq!(popularity.of(FunctionId(9)), None);
    }
}
