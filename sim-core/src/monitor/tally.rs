//! Mean, variance, least and greatest of a sequence of observations.

/// Observations summed up by the one-pass method of Welford (1962), which loses no
/// digits when the variance is small against the mean. Merging follows Chan,
/// Golub and LeVeque (1979).
///
/// Error: rounding only; the relative error of mean (of observations of one sign) and
/// variance stays below about n * 2^-52 for n observations, and is in practice that
/// of a few roundings.
///
/// ```
/// use sim_core::monitor::Tally;
///
/// let mut tally = Tally::new();
/// for latency in [1.0, 2.0, 3.0, 4.0] {
///     tally.record(latency);
/// }
/// assert_eq!(tally.mean(), Some(2.5));
/// assert_eq!(tally.variance(), Some(5.0 / 3.0));
/// assert_eq!((tally.min(), tally.max()), (Some(1.0), Some(4.0)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tally {
    count: u64,
    mean: f64,
    /// Sum of the squared deviations from the mean.
    squares: f64,
    min: f64,
    max: f64,
}

impl Default for Tally {
    fn default() -> Self {
        Self::new()
    }
}

impl Tally {
    /// No observations.
    pub const fn new() -> Self {
        Self {
            count: 0,
            mean: 0.0,
            squares: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
        }
    }

    /// `count` observations of which only the mean and the sum of squared deviations from it
    /// are known, for [`merge`](Self::merge). Their extremes are unknown: they count as the mean.
    pub const fn from_moments(count: u64, mean: f64, squares: f64) -> Self {
        Self {
            count,
            mean,
            squares,
            min: mean,
            max: mean,
        }
    }

    /// Adds one observation.
    #[inline]
    pub fn record(&mut self, value: f64) {
        self.count += 1;
        let deviation = value - self.mean;
        self.mean += deviation / self.count as f64;
        self.squares += deviation * (value - self.mean);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    /// The number of observations.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The mean; `None` without observations.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then_some(self.mean)
    }

    /// The sum of all observations.
    pub fn sum(&self) -> f64 {
        self.mean * self.count as f64
    }

    /// The unbiased sample variance; `None` with fewer than two observations.
    pub fn variance(&self) -> Option<f64> {
        (self.count > 1).then(|| self.squares / (self.count - 1) as f64)
    }

    /// The sum of squared deviations from the mean.
    pub const fn squares(&self) -> f64 {
        self.squares
    }

    /// The square root of the [variance](Self::variance).
    pub fn standard_deviation(&self) -> Option<f64> {
        self.variance().map(libm::sqrt)
    }

    /// The least observation.
    pub fn min(&self) -> Option<f64> {
        (self.count > 0).then_some(self.min)
    }

    /// The greatest observation.
    pub fn max(&self) -> Option<f64> {
        (self.count > 0).then_some(self.max)
    }

    /// Adds the observations of another tally.
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        let (n, m) = (self.count as f64, other.count as f64);
        let deviation = other.mean - self.mean;
        self.count += other.count;
        self.mean += deviation * (m / (n + m));
        self.squares += other.squares + deviation * deviation * (n * m / (n + m));
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// Forgets everything, for the warm-up cut.
    pub const fn reset(&mut self) {
        *self = Self::new();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[f64]) -> Tally {
        let mut tally = Tally::new();
        values.iter().for_each(|&value| tally.record(value));
        tally
    }

    /// By the definitions, in two passes.
    fn exact(values: &[f64]) -> (f64, f64) {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        (mean, squares / (n - 1.0))
    }

    fn close(one: Option<f64>, other: f64, scale: f64) -> bool {
        one.is_some_and(|one| (one - other).abs() <= 1e-12 * scale)
    }

    proptest! {
        #[test]
        fn moments_are_those_of_the_definition_in_whole_and_in_parts(
            values in prop::collection::vec(-1e6..1e6_f64, 2..200),
            offset in prop_oneof![Just(0.0), Just(1e9)],
            cut in any::<prop::sample::Index>(),
        ) {
            let values: Vec<f64> = values.iter().map(|value| value + offset).collect();
            let (mean, variance) = exact(&values);
            let (left, right) = values.split_at(cut.index(values.len()));
            let mut merged = of(left);
            merged.merge(&of(right));
            for tally in [of(&values), merged] {
                prop_assert_eq!(tally.count() as usize, values.len());
                prop_assert!(close(tally.mean(), mean, 1e6 + offset));
                // An offset of 1e9 costs digits of the observations themselves.
                prop_assert!(close(tally.variance(), variance, 1e12 + offset * 1e7));
                prop_assert_eq!(tally.min(), values.iter().copied().reduce(f64::min));
                prop_assert_eq!(tally.max(), values.iter().copied().reduce(f64::max));
            }
        }
    }

    #[test]
    fn nothing_observed_has_no_moments() {
        let mut tally = Tally::new();
        assert_eq!(
            (tally.mean(), tally.variance(), tally.min()),
            (None, None, None)
        );
        tally.record(3.0);
        assert_eq!(
            (tally.mean(), tally.variance(), tally.sum()),
            (Some(3.0), None, 3.0)
        );
        tally.merge(&Tally::new());
        assert_eq!(tally.count(), 1);
        tally.reset();
        assert_eq!(tally, Tally::new());
    }
}
