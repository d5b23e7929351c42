//! Values of one run in the order in which they were observed: dependence, batch means, time averages.

use super::{Interval, Total, mean, sum};
use statrs::distribution::{ContinuousCDF, Normal};

/// Numbers of batches that are tried, most first. From 10 to 30 are enough (Schmeiser, 1982): more make the interval
/// hardly narrower, but each batch shorter and so less independent of the next.
const BATCHES: [usize; 3] = [32, 16, 8];
/// Probability below which values count as dependent.
const DOUBTFUL: f64 = 0.01;

/// Autocorrelation of a series at a lag, -1 to 1; `None` where it is shorter than the lag or constant.
///
/// ```
/// let alternating = [1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0];
/// assert_eq!(analysis::autocorrelation(&alternating, 1), Some(-0.875));
/// ```
pub fn autocorrelation(values: &[f64], lag: usize) -> Option<f64> {
    let mean = mean(values)?;
    let deviation = |value: &f64| value - mean;
    let total = sum(values.iter().map(|value| deviation(value).powi(2)));
    let later = values.get(lag..).filter(|later| !later.is_empty())?;
    let products = later
        .iter()
        .zip(values)
        .map(|(a, b)| deviation(a) * deviation(b));
    (total > 0.0).then(|| sum(products) / total)
}

/// Whether the values of a series look independent of each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Independence {
    /// Estimated correlation of a value with the next.
    pub correlation: f64,
    /// Probability of at least as much positive correlation among independent values.
    pub p_value: f64,
}

impl Independence {
    /// Von Neumann's test (1941), one-sided against positive correlation, with the normal approximation; `None` of
    /// fewer than four values, or of values that are all equal.
    pub fn of(values: &[f64]) -> Option<Self> {
        let n = values.len() as f64;
        if values.len() < 4 {
            return None;
        }
        let mean = mean(values)?;
        let squares = sum(values.iter().map(|value| (value - mean).powi(2)));
        let steps = sum(values.windows(2).map(|pair| (pair[1] - pair[0]).powi(2)));
        if squares <= 0.0 || !squares.is_finite() {
            return None;
        }
        let correlation = 1.0 - steps / (2.0 * squares);
        let deviation = ((n - 2.0) / (n * n - 1.0)).sqrt();
        let p_value = 1.0 - Normal::standard().cdf(correlation / deviation);
        Some(Self {
            correlation,
            p_value: (p_value * 1e12).round() / 1e12,
        })
    }

    /// Whether an interval that supposes independence is not to be trusted.
    pub fn is_doubtful(&self) -> bool {
        self.p_value < DOUBTFUL
    }
}

/// The mean of one long run with an interval by the method of batch means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchMeans {
    /// Mean and 95 % interval; its `n` is the number of batches.
    pub interval: Interval,
    /// Values in each batch.
    pub batch_size: usize,
    /// Whether the means of the batches look independent; `None` where they are all equal.
    pub independence: Option<Independence>,
}

impl BatchMeans {
    /// Divides a series into 32 batches of equal size, or into 16 or 8 if the means of more do not look independent;
    /// the first values are left out where the division leaves some over. `None` of fewer than 16 values.
    ///
    /// The series must be without its [warm-up](super::WarmUp). If even 8 batches look dependent, the run is too short
    /// for an interval; [`is_doubtful`](Self::is_doubtful) says so.
    ///
    /// ```
    /// let values: Vec<f64> = (0..3200).map(|i| f64::from(i * 7919 % 3200)).collect();
    /// let mean = analysis::BatchMeans::of(&values).unwrap();
    /// assert_eq!((mean.interval.mean, mean.interval.n, mean.batch_size), (1599.5, 32, 100));
    /// assert!(!mean.is_doubtful());
    /// ```
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut found = None;
        for batches in BATCHES {
            let batch_size = values.len() / batches;
            if batch_size < 2 {
                continue;
            }
            let used = &values[values.len() - batches * batch_size..];
            let means: Vec<f64> = used.chunks(batch_size).filter_map(mean).collect();
            let independence = Independence::of(&means);
            let batch_means = Self {
                interval: Interval::of(&means)?,
                batch_size,
                independence,
            };
            found = Some(batch_means);
            if !batch_means.is_doubtful() {
                break;
            }
        }
        found
    }

    /// The standard error of the mean.
    pub fn standard_error(&self) -> Option<f64> {
        let freedom = self.interval.n as f64 - 1.0;
        let t = super::student::critical_value(freedom, super::CONFIDENCE)?;
        Some(self.interval.half_width? / t)
    }

    /// Whether the means of the batches depend on each other, so that the interval is too narrow.
    pub fn is_doubtful(&self) -> bool {
        self.independence.is_some_and(|it| it.is_doubtful())
    }
}

/// The average over time, from `from` to `to`, of a quantity that was observed at some moments, in order, and holds its
/// value from each to the next; `None` where nothing is known about any of that time.
///
/// The time before the first observation does not count.
///
/// ```
/// let queue = [(0.0, 2.0), (10.0, 4.0), (15.0, 0.0)];
/// assert_eq!(analysis::time_average(queue, 0.0, 20.0), Some(2.0));
/// assert_eq!(analysis::time_average(queue, 10.0, 15.0), Some(4.0));
/// assert_eq!(analysis::time_average(queue, -10.0, 0.0), None);
/// ```
pub fn time_average(
    observations: impl IntoIterator<Item = (f64, f64)>,
    from: f64,
    to: f64,
) -> Option<f64> {
    let mut average = TimeAverage::new(from, to);
    for (time, value) in observations {
        average.observe(time, value);
    }
    average.observe(to, f64::NAN);
    average.found()
}

/// The same, from observations one by one; what the last one holds is not known to last.
#[derive(Clone, Debug)]
pub(crate) struct TimeAverage {
    from: f64,
    to: f64,
    last: Option<(f64, f64)>,
    area: Total,
    known: f64,
}

impl TimeAverage {
    pub(crate) fn new(from: f64, to: f64) -> Self {
        Self {
            from,
            to,
            last: None,
            area: Total::default(),
            known: 0.0,
        }
    }

    /// Takes the next observation. Whether it was in order.
    pub(crate) fn observe(&mut self, time: f64, value: f64) -> bool {
        let last = self.last.replace((time, value));
        let Some((since, held)) = last else {
            return true;
        };
        let span = time.min(self.to) - since.max(self.from);
        if span > 0.0 && held.is_finite() {
            self.area.add(held * span);
            self.known += span;
        }
        time >= since
    }

    pub(crate) fn found(&self) -> Option<f64> {
        (self.known > 0.0).then(|| self.area.sum() / self.known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlations_equal_those_of_r() {
        // R: acf(lh, plot = FALSE)$acf[2:4], of the 48 values of luteinizing hormone in datasets.
        let lh = [
            2.4, 2.4, 2.4, 2.2, 2.1, 1.5, 2.3, 2.3, 2.5, 2.0, 1.9, 1.7, 2.2, 1.8, 3.2, 3.2, 2.7,
            2.2, 2.2, 1.9, 1.9, 1.8, 2.7, 3.0, 2.3, 2.0, 2.0, 2.9, 2.9, 2.7, 2.7, 2.3, 2.6, 2.4,
            1.8, 1.7, 1.5, 1.4, 2.1, 3.3, 3.5, 3.5, 3.1, 2.6, 2.1, 3.4, 3.0, 2.9,
        ];
        for (lag, expected) in [(0, 1.0), (1, 0.576), (2, 0.182), (3, -0.145)] {
            let found = autocorrelation(&lh, lag).unwrap();
            assert!((found - expected).abs() < 5.1e-4, "{lag}: {found}");
        }
        assert!(Independence::of(&lh).unwrap().is_doubtful());
        assert_eq!(autocorrelation(&lh, 48), None);
        assert_eq!(autocorrelation(&[1.0, 1.0], 1), None);
    }

    #[test]
    fn what_is_observed_before_and_after_does_not_count() {
        let queue = [(-5.0, 1.0), (5.0, 3.0), (20.0, 9.0)];
        assert_eq!(time_average(queue, 0.0, 10.0), Some(2.0));
        assert_eq!(time_average([(4.0, 8.0)], 0.0, 10.0), Some(8.0));
        assert_eq!(time_average([], 0.0, 10.0), None);
        assert_eq!(
            time_average([(0.0, f64::NAN), (5.0, 7.0)], 0.0, 10.0),
            Some(7.0)
        );
    }

    #[test]
    fn a_few_values_have_no_batches() {
        assert_eq!(BatchMeans::of(&[1.0; 15]), None);
        let same = BatchMeans::of(&[1.0; 16]).unwrap();
        assert_eq!((same.interval.n, same.batch_size), (8, 2));
        assert!(!same.is_doubtful());
    }

    #[test]
    fn a_run_that_drifts_is_doubted() {
        let drift: Vec<f64> = (0..10_000).map(f64::from).collect();
        let found = BatchMeans::of(&drift).unwrap();
        assert_eq!(found.interval.n, 8);
        assert!(found.is_doubtful());
    }
}
