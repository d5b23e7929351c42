//! Confidence intervals over independent replications.

use super::student::critical_value;
use super::{QuantileRule, Sorted, mean, sample_deviation};

/// Confidence of every reported interval.
pub const CONFIDENCE: f64 = 0.95;

/// A mean over independent observations with its two-sided confidence interval `mean ± half_width`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Arithmetic mean of the observations.
    pub mean: f64,
    /// Half the width of the interval; `None` of a single observation, which says nothing about its own spread.
    pub half_width: Option<f64>,
    /// Number of observations.
    pub n: usize,
}

impl Interval {
    /// The 95 % interval of the mean by Student's t; `None` of no observations.
    ///
    /// ```
    /// use analysis::Interval;
    /// let latency = Interval::of(&[10.0, 12.0, 14.0]).unwrap();
    /// assert_eq!(latency.mean, 12.0);
    /// assert!((latency.half_width.unwrap() - 4.9683).abs() < 1e-4);
    /// ```
    pub fn of(observations: &[f64]) -> Option<Self> {
        Self::with_confidence(observations, CONFIDENCE)
    }

    /// The interval of the mean by Student's t, with a confidence between 0 and 1 (both excluded; no half-width
    /// otherwise); `None` of no observations.
    pub fn with_confidence(observations: &[f64], confidence: f64) -> Option<Self> {
        let n = observations.len();
        let mean = mean(observations)?;
        let half_width = sample_deviation(observations).and_then(|deviation| {
            Some(critical_value((n - 1) as f64, confidence)? * deviation / (n as f64).sqrt())
        });
        Some(Self {
            mean,
            half_width,
            n,
        })
    }

    /// The 95 % interval of the mean by Student's t, from moments that were collected without keeping the
    /// observations; `deviation` is that of a sample (divisor n - 1).
    ///
    /// ```
    /// use analysis::Interval;
    /// assert_eq!(Interval::from_moments(12.0, Some(2.0), 3), Interval::of(&[10.0, 12.0, 14.0]).unwrap());
    /// ```
    pub fn from_moments(mean: f64, deviation: Option<f64>, n: usize) -> Self {
        let half_width = deviation.filter(|_| n > 1).and_then(|deviation| {
            Some(critical_value((n - 1) as f64, CONFIDENCE)? * deviation / (n as f64).sqrt())
        });
        Self {
            mean,
            half_width,
            n,
        }
    }

    /// Lower end, `None` of a single observation.
    pub fn low(&self) -> Option<f64> {
        self.half_width.map(|half| self.mean - half)
    }

    /// Upper end, `None` of a single observation.
    pub fn high(&self) -> Option<f64> {
        self.half_width.map(|half| self.mean + half)
    }

    /// Half-width relative to the magnitude of the mean, `None` of a single observation or around zero.
    pub fn relative_half_width(&self) -> Option<f64> {
        self.half_width
            .filter(|_| self.mean != 0.0)
            .map(|half| half / self.mean.abs())
    }
}

/// The 95 % interval of a quantile over replications, by Student's t on the quantile of each replication.
///
/// Replications without values are left out; `None` if none has any.
///
/// ```
/// use analysis::{QuantileRule, Sorted, quantile_interval};
/// let replications = [vec![1.0, 2.0, 3.0], vec![2.0, 3.0, 4.0]].map(Sorted::new);
/// let median = quantile_interval(&replications, 0.5, QuantileRule::Interpolated).unwrap();
/// assert_eq!((median.mean, median.n), (2.5, 2));
/// ```
pub fn quantile_interval(replications: &[Sorted], q: f64, rule: QuantileRule) -> Option<Interval> {
    let quantiles: Vec<f64> = replications
        .iter()
        .filter_map(|sample| sample.quantile(q, rule))
        .collect();
    Interval::of(&quantiles)
}

/// The 95 % interval of the distribution function at `x` over replications, by Student's t on the
/// [fraction](Sorted::fraction_up_to) in each replication.
///
/// Replications without values are left out; `None` if none has any.
///
/// ```
/// use analysis::{Sorted, cdf_interval};
/// let replications = [vec![1.0, 2.0, 3.0, 4.0], vec![2.0, 3.0, 4.0, 5.0]].map(Sorted::new);
/// let up_to_three = cdf_interval(&replications, 3.0).unwrap();
/// assert_eq!((up_to_three.mean, up_to_three.n), (0.625, 2));
/// ```
pub fn cdf_interval(replications: &[Sorted], x: f64) -> Option<Interval> {
    let fractions: Vec<f64> = replications
        .iter()
        .filter_map(|sample| sample.fraction_up_to(x))
        .collect();
    Interval::of(&fractions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_observation_has_no_interval() {
        let once = Interval::of(&[7.0]).unwrap();
        assert_eq!(
            (once.mean, once.half_width, once.low(), once.high(), once.n),
            (7.0, None, None, None, 1)
        );
        assert_eq!(Interval::of(&[]), None);
        assert_eq!(
            Interval::with_confidence(&[1.0, 2.0], 1.0)
                .unwrap()
                .half_width,
            None
        );
    }

    #[test]
    fn equal_observations_have_an_interval_of_no_width() {
        let same = Interval::of(&[0.1; 10]).unwrap();
        assert_eq!((same.mean, same.half_width), (0.1, Some(0.0)));
        assert_eq!(same.relative_half_width(), Some(0.0));
    }

    /// Knuth's MMIX generator and the sum of twelve uniform numbers: close to normal, the same on every platform.
    fn normal(state: &mut u64) -> f64 {
        let mut total = -6.0;
        for _ in 0..12 {
            *state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            total += (*state >> 11) as f64 / (1_u64 << 53) as f64;
        }
        total
    }

    #[test]
    fn intervals_cover_the_true_mean_as_often_as_they_claim() {
        let experiments = 4_000;
        for (n, confidence) in [(2, 0.95), (5, 0.95), (30, 0.95), (5, 0.99), (5, 0.90)] {
            let mut state = 1;
            let covered = (0..experiments)
                .filter(|_| {
                    let sample: Vec<f64> = (0..n).map(|_| 3.0 + normal(&mut state)).collect();
                    let interval = Interval::with_confidence(&sample, confidence).unwrap();
                    interval.low().unwrap() <= 3.0 && 3.0 <= interval.high().unwrap()
                })
                .count();
            let coverage = covered as f64 / f64::from(experiments);
            // Three standard deviations of a binomial share.
            let bound = 3.0 * (confidence * (1.0 - confidence) / f64::from(experiments)).sqrt();
            assert!(
                (coverage - confidence).abs() < bound,
                "n = {n}: {coverage} instead of {confidence}"
            );
        }
    }
}
