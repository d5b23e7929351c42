//! A series of observations in constant memory, as consecutive batches.

use crate::SimTime;

/// Batches that are kept at most; then each two become one.
const MOST: usize = 256;

/// A series of observations, kept as at most 256 consecutive batches of equal size.
///
/// The size of a batch starts at one observation. It doubles whenever there are 256
/// batches, so that any series of at least 128 observations has at least 128 batches.
/// Observations of the last batch count only once it is full.
///
/// ```
/// use sim_core::{SimTime, monitor::Batches};
///
/// let mut series = Batches::default();
/// for i in 0..1000_u32 {
///     series.record(SimTime::from_nanos(i.into()), f64::from(i % 4));
/// }
/// let batches = series.batches();
/// assert_eq!((batches.len(), batches[0].count), (250, 4));
/// assert_eq!((batches[0].mean(), batches[0].ends.as_nanos()), (1.5, 3));
/// ```
#[derive(Clone, Debug)]
pub struct Batches {
    full: Vec<Batch>,
    current: Batch,
    size: u64,
}

/// Consecutive observations of a series.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Batch {
    /// The number of observations.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// The sum of their squares.
    pub squares: f64,
    /// The time of the last one.
    pub ends: SimTime,
}

impl Batch {
    /// The mean of its observations; not a number if it has none.
    pub fn mean(&self) -> f64 {
        self.sum / self.count as f64
    }

    fn with(&self, later: &Self) -> Self {
        Self {
            count: self.count + later.count,
            sum: self.sum + later.sum,
            squares: self.squares + later.squares,
            ends: later.ends,
        }
    }
}

impl Default for Batches {
    fn default() -> Self {
        Self {
            full: Vec::new(),
            current: Batch::default(),
            size: 1,
        }
    }
}

impl Batches {
    /// Adds an observation, made at `now`.
    #[inline]
    pub fn record(&mut self, now: SimTime, value: f64) {
        self.current.count += 1;
        self.current.sum += value;
        self.current.squares += value * value;
        if self.current.count == self.size {
            self.current.ends = now;
            self.complete();
        }
    }

    #[cold]
    fn complete(&mut self) {
        self.full.push(std::mem::take(&mut self.current));
        if self.full.len() == MOST {
            self.full = self
                .full
                .chunks_exact(2)
                .map(|pair| pair[0].with(&pair[1]))
                .collect();
            self.size *= 2;
        }
    }

    /// The full batches, in order. All have the same number of observations.
    pub fn batches(&self) -> &[Batch] {
        &self.full
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn batches_are_the_chunks_of_the_series(values in prop::collection::vec(0..1000_u32, 0..3000)) {
            let mut series = Batches::default();
            for (time, &value) in (0..).zip(&values) {
                series.record(SimTime::from_nanos(time), f64::from(value));
            }
            let batches = series.batches();
            prop_assert!(batches.len() < MOST);
            prop_assert!(batches.len() >= values.len().min(MOST / 2));
            let size = batches.first().map_or(1, |batch| batch.count) as usize;
            let chunks: Vec<_> = values.chunks_exact(size).collect();
            prop_assert_eq!(batches.len(), chunks.len());
            for (number, (batch, chunk)) in batches.iter().zip(chunks).enumerate() {
                let sum: u32 = chunk.iter().sum();
                prop_assert_eq!(batch.count as usize, size);
                prop_assert_eq!(batch.sum, f64::from(sum));
                prop_assert_eq!(batch.ends.as_nanos() as usize, (number + 1) * size - 1);
            }
        }
    }
}
