//! Quantiles of durations with a bounded relative error.

use crate::SimDuration;

/// Buckets per power of two: 2^7.
const BITS: u32 = 7;

/// Quantiles of durations, from a histogram with logarithmic buckets that are divided
/// evenly (the layout of HdrHistogram): 128 buckets per power of two.
///
/// Error: a quantile is within 1/256 (0.4 %) of the observation of that rank; below
/// 256 ns, and for the least and the greatest, it is exact. Memory: 1 kB per power of
/// two between the least and the greatest observation, 58 kB at the very most.
///
/// ```
/// use sim_core::{SimDuration, monitor::QuantileSketch};
///
/// let mut latency = QuantileSketch::new();
/// for millis in 1..=100 {
///     latency.record(SimDuration::from_millis(millis));
/// }
/// let median = latency.quantile(0.5).map_or(0.0, |median| median.as_millis_f64());
/// assert!((median - 50.0).abs() < 50.0 / 256.0);
/// ```
#[derive(Clone, Debug)]
pub struct QuantileSketch {
    /// The counts of the buckets from `offset` on, whole powers of two.
    counts: Vec<u64>,
    offset: usize,
    count: u64,
    min: u64,
    max: u64,
}

impl Default for QuantileSketch {
    fn default() -> Self {
        Self::new()
    }
}

impl QuantileSketch {
    /// No observations.
    pub const fn new() -> Self {
        Self {
            counts: Vec::new(),
            offset: 0,
            count: 0,
            min: u64::MAX,
            max: 0,
        }
    }

    /// Adds one observation.
    #[inline]
    pub fn record(&mut self, value: SimDuration) {
        let value = value.as_nanos();
        let bucket = bucket_of(value);
        self.count += 1;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        match self.counts.get_mut(bucket.wrapping_sub(self.offset)) {
            Some(count) => *count += 1,
            None => self.cover(bucket)[0] += 1,
        }
    }

    /// The number of observations.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The least observation.
    pub fn min(&self) -> Option<SimDuration> {
        (self.count > 0).then_some(SimDuration::from_nanos(self.min))
    }

    /// The greatest observation.
    pub fn max(&self) -> Option<SimDuration> {
        (self.count > 0).then_some(SimDuration::from_nanos(self.max))
    }

    /// The least value such that at least a part of `q` of the observations is not
    /// greater (nearest rank); `q` is taken into [0, 1]. `None` without observations.
    pub fn quantile(&self, q: f64) -> Option<SimDuration> {
        if self.count == 0 {
            return None;
        }
        self.of_rank(rank(q, self.count))
    }

    /// The `q` quantile by linear interpolation between the observations around
    /// `(n - 1) q`, in nanoseconds: type 7 of Hyndman and Fan ("Sample quantiles in
    /// statistical packages", The American Statistician, 1996). `q` is taken into [0, 1].
    /// `None` without observations.
    ///
    /// Error: within 1/256 (0.4 %) of the same quantile of the observations themselves.
    pub fn interpolated(&self, q: f64) -> Option<f64> {
        let last = self.count.checked_sub(1)?;
        interpolate(last, q, |index| {
            let value = self.of_rank(index + 1)?;
            Some(value.as_nanos() as f64)
        })
    }

    /// The observation of a rank, from 1 to the number of observations.
    fn of_rank(&self, rank: u64) -> Option<SimDuration> {
        if rank == 1 {
            return self.min();
        }
        if rank == self.count {
            return self.max();
        }
        let mut seen = 0;
        let bucket = self.counts.iter().position(|&count| {
            seen += count;
            seen >= rank
        })?;
        let middle = middle_of(bucket + self.offset);
        Some(SimDuration::from_nanos(middle.clamp(self.min, self.max)))
    }

    /// Adds the observations of another sketch.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        for (place, &count) in other.counts.iter().enumerate() {
            if count > 0 {
                self.cover(place + other.offset)[0] += count;
            }
        }
    }

    /// Forgets everything, for the warm-up cut; keeps the memory.
    pub fn reset(&mut self) {
        self.counts.fill(0);
        (self.count, self.min, self.max) = (0, u64::MAX, 0);
    }

    /// The counts from `bucket` on, after making room for them in either direction.
    #[cold]
    fn cover(&mut self, bucket: usize) -> &mut [u64] {
        let octave = bucket >> BITS << BITS;
        if self.counts.is_empty() {
            self.offset = octave;
        }
        if octave < self.offset {
            let missing = self.offset - octave;
            self.counts.splice(0..0, std::iter::repeat_n(0, missing));
            self.offset = octave;
        }
        let end = octave + (1 << BITS) - self.offset;
        if end > self.counts.len() {
            self.counts.resize(end, 0);
        }
        &mut self.counts[bucket - self.offset..]
    }
}

/// Values below 2^(BITS+1) have a bucket each; from there on the upper BITS+1 bits
/// of a value and their position make the bucket.
#[inline]
fn bucket_of(value: u64) -> usize {
    let shift = (u64::BITS - (value | 1).leading_zeros()).saturating_sub(BITS + 1);
    ((shift << BITS) as u64 + (value >> shift)) as usize
}

/// The middle of the values of a bucket.
fn middle_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let shift = (bucket >> BITS).saturating_sub(1);
    let lowest = (bucket - (shift << BITS)) << shift;
    lowest + ((1 << shift) >> 1)
}

/// The `q` quantile of type 7 of sorted values, which `value` gives by their index from 0 to
/// `last`.
pub fn interpolate(last: u64, q: f64, mut value: impl FnMut(u64) -> Option<f64>) -> Option<f64> {
    let position = last as f64 * q.clamp(0.0, 1.0);
    let below = (position as u64).min(last);
    let weight = position - below as f64;
    let low = value(below)?;
    if weight == 0.0 || below == last {
        return Some(low);
    }
    Some(low + weight * (value(below + 1)? - low))
}

/// The rank of the `q` quantile of `count` observations, from 1 to `count`.
fn rank(q: f64, count: u64) -> u64 {
    // Most `q` in use are a little off as binary fractions: 0.07 * 100 is a little
    // more than 7, and means 7.
    let rank = libm::ceil(q * count as f64 * (1.0 - 4.0 * f64::EPSILON));
    (rank as u64).clamp(1, count)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[u64]) -> QuantileSketch {
        let mut sketch = QuantileSketch::default();
        for &value in values {
            sketch.record(SimDuration::from_nanos(value));
        }
        sketch
    }

    fn values() -> impl Strategy<Value = Vec<u64>> {
        let value = (0..64_u32, any::<u64>()).prop_map(|(bits, word)| word >> bits);
        prop::collection::vec(value, 1..300)
    }

    proptest! {
        #[test]
        fn quantiles_are_within_the_stated_error_in_whole_and_in_parts(
            mut values in values(),
            q in prop_oneof![0.0..=1.0_f64, Just(0.5), Just(0.99), Just(0.0), Just(1.0)],
            cut in any::<prop::sample::Index>(),
        ) {
            let (left, right) = values.split_at(cut.index(values.len()));
            let mut merged = of(left);
            merged.merge(&of(right));
            let whole = of(&values);
            values.sort_unstable();
            let exact = values[rank(q, values.len() as u64) as usize - 1];
            for sketch in [whole, merged] {
                let quantile = sketch.quantile(q).unwrap().as_nanos();
                prop_assert!(u128::from(quantile.abs_diff(exact)) * 256 <= u128::from(exact));
                let last = values.len() as u64 - 1;
                let exact = interpolate(last, q, |i| Some(values[i as usize] as f64)).unwrap();
                let error = sketch.interpolated(q).unwrap() - exact;
                prop_assert!(error.abs() <= exact / 256.0 * (1.0 + 1e-9));
                prop_assert_eq!(sketch.count(), values.len() as u64);
                prop_assert_eq!(sketch.min().unwrap().as_nanos(), values[0]);
                prop_assert_eq!(sketch.max().unwrap().as_nanos(), values[values.len() - 1]);
            }
        }
    }

    #[test]
    fn buckets_follow_each_other_without_gap() {
        let mut last = bucket_of(3);
        for bits in 2..64 {
            for value in [(1_u64 << bits) - 1, 1 << bits, (1 << bits) + 1] {
                let bucket = bucket_of(value);
                assert!(bucket >= last && bucket <= last + (1 << BITS));
                assert_eq!(bucket_of(middle_of(bucket)), bucket);
                last = bucket;
            }
        }
        assert_eq!(bucket_of(u64::MAX) + 1, 58 << BITS);
    }

    #[test]
    fn ranks_are_not_misled_by_binary_fractions() {
        assert_eq!(rank(0.07, 100), 7);
        assert_eq!(rank(0.95, 20), 19);
        assert_eq!(rank(0.5, 3), 2);
        assert_eq!(rank(-1.0, 5), 1);
        assert_eq!(rank(f64::NAN, 5), 1);
        assert_eq!(rank(2.0, 5), 5);
    }

    #[test]
    fn nothing_observed_has_no_quantiles() {
        let mut sketch = QuantileSketch::new();
        assert_eq!(
            (sketch.quantile(0.5), sketch.interpolated(0.5)),
            (None, None)
        );
        sketch.record(SimDuration::from_secs(1));
        sketch.reset();
        assert_eq!(
            (sketch.quantile(0.5), sketch.min(), sketch.max()),
            (None, None, None)
        );
        sketch.record(SimDuration::from_millis(1));
        assert_eq!(sketch.quantile(0.5), Some(SimDuration::from_millis(1)));
    }
}
