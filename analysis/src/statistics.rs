//! Statistics: moments, quantiles, distributions, confidence intervals, and tests of differences.
//!
//! Sums are compensated (Neumaier, 1974) and deviations computed in two passes, so that large offsets cost no digits.
//! Results depend only on the values and their order. Intervals follow Student (1908): they assume that the
//! observations, here usually one number per replication, are independent and close to normal.

mod bounds;
mod difference;
mod interval;
mod quantile;
mod ranking;
mod series;
mod student;
mod warm_up;

pub use bounds::{Bounds, order_statistic_interval, proportion_interval};
pub use difference::Difference;
pub use interval::{CONFIDENCE, Interval, cdf_interval, quantile_interval};
pub use quantile::{QuantileRule, Sorted};
pub use ranking::{Pair, Place, Ranking, holm};
pub(crate) use series::TimeAverage;
pub use series::{BatchMeans, Independence, autocorrelation, time_average};
pub use warm_up::WarmUp;

/// Compensated sum (Neumaier): the error does not grow with the number of values.
pub fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut total = Total::default();
    values.into_iter().for_each(|value| total.add(value));
    total.sum()
}

/// A sum in progress, with what rounding has lost.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Total {
    total: f64,
    lost: f64,
}

impl Total {
    pub(crate) fn add(&mut self, value: f64) {
        let next = self.total + value;
        self.lost += if self.total.abs() >= value.abs() {
            (self.total - next) + value
        } else {
            (value - next) + self.total
        };
        self.total = next;
    }

    pub(crate) fn sum(self) -> f64 {
        // After an overflow the compensation is not a number and the plain total says what happened.
        if self.total.is_finite() {
            self.total + self.lost
        } else {
            self.total
        }
    }
}

/// Arithmetic mean; `None` of no values.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| sum(values.iter().copied()) / values.len() as f64)
}

/// Standard deviation of a sample (divisor n - 1); `None` of fewer than two values.
pub fn sample_deviation(values: &[f64]) -> Option<f64> {
    (values.len() > 1).then(|| (squares(values) / (values.len() - 1) as f64).sqrt())
}

/// Standard deviation of a whole population (divisor n); `None` of no values.
pub fn population_deviation(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| (squares(values) / values.len() as f64).sqrt())
}

/// Sum of squared deviations from the mean.
fn squares(values: &[f64]) -> f64 {
    let mean = sum(values.iter().copied()) / values.len() as f64;
    sum(values.iter().map(|value| (value - mean) * (value - mean)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_keeps_what_plain_addition_loses() {
        assert_eq!(sum([1.0, 1e100, 1.0, -1e100]), 2.0);
        assert_eq!(sum(std::iter::repeat_n(0.1, 1_000_000)), 100_000.0);
        assert_eq!(sum([]), 0.0);
        assert_eq!(sum([f64::MAX, f64::MAX]), f64::INFINITY);
    }

    #[test]
    fn a_large_offset_does_not_change_the_deviation() {
        let near = [4.0, 7.0, 13.0, 16.0];
        let far = near.map(|value| value + 1e9);
        assert_eq!(sample_deviation(&near), Some(30.0_f64.sqrt()));
        assert_eq!(sample_deviation(&far), Some(30.0_f64.sqrt()));
        assert_eq!(population_deviation(&far), Some(22.5_f64.sqrt()));
        assert_eq!(mean(&far), Some(1e9 + 10.0));
    }

    #[test]
    fn too_few_values_have_no_statistics() {
        assert_eq!(mean(&[]), None);
        assert_eq!(population_deviation(&[]), None);
        assert_eq!(population_deviation(&[3.0]), Some(0.0));
        assert_eq!(sample_deviation(&[3.0]), None);
    }
}
