//! Differences between two alternatives, paired or not.

use super::student::{critical_value, p_value};
use super::{CONFIDENCE, Interval, mean, sample_deviation};

/// How much one alternative differs from another, and how sure that is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// Mean difference (second minus first) with its interval.
    pub interval: Interval,
    /// Probability of at least such a difference, in either direction, if there were none; `None` where there are too
    /// few observations. Observations that differ by always the same amount have 0, or 1 if that amount is 0.
    pub p_value: Option<f64>,
    /// Standard error of the mean difference; `None` where there are too few observations.
    error: Option<f64>,
    /// Degrees of freedom of its distribution.
    freedom: f64,
}

impl Difference {
    /// Differences within pairs: the same replication of both, run on the same random numbers, so that what both have
    /// in common cancels out. Student's t on the differences; `None` of no pairs.
    ///
    /// Pairs with a value that is not finite are left out.
    ///
    /// ```
    /// use analysis::Difference;
    /// let difference = Difference::paired(&[(10.0, 11.0), (20.0, 21.5), (30.0, 31.0)]).unwrap();
    /// assert!((difference.interval.mean - 1.1667).abs() < 1e-4);
    /// assert!(difference.p_value.unwrap() < 0.05);
    /// ```
    pub fn paired(pairs: &[(f64, f64)]) -> Option<Self> {
        let differences: Vec<f64> = pairs
            .iter()
            .map(|(first, second)| second - first)
            .filter(|difference| difference.is_finite())
            .collect();
        let n = differences.len();
        let error = sample_deviation(&differences).map(|deviation| deviation / (n as f64).sqrt());
        Some(Self::new(mean(&differences)?, error, n as f64 - 1.0, n))
    }

    /// Differences between independent observations, by Welch's t with the degrees of freedom of Satterthwaite; `None`
    /// where one side has none. Values that are not finite are left out.
    ///
    /// ```
    /// use analysis::Difference;
    /// let difference = Difference::independent(&[10.0, 20.0, 30.0], &[11.0, 21.5, 31.0]).unwrap();
    /// assert!(difference.p_value.unwrap() > 0.5);
    /// ```
    pub fn independent(first: &[f64], second: &[f64]) -> Option<Self> {
        let finite = |values: &[f64]| -> Vec<f64> {
            let values = values.iter().copied();
            values.filter(|value| value.is_finite()).collect()
        };
        let (first, second) = (finite(first), finite(second));
        let difference = mean(&second)? - mean(&first)?;
        let variance = |values: &[f64]| {
            let n = values.len() as f64;
            sample_deviation(values).map(|deviation| (deviation * deviation / n, n - 1.0))
        };
        let n = first.len().min(second.len());
        let Some(((a, freedom_a), (b, freedom_b))) = variance(&first).zip(variance(&second)) else {
            return Some(Self::new(difference, None, 0.0, n));
        };
        let freedom = if a + b > 0.0 {
            (a + b).powi(2) / (a * a / freedom_a + b * b / freedom_b)
        } else {
            freedom_a + freedom_b
        };
        Some(Self::new(difference, Some((a + b).sqrt()), freedom, n))
    }

    fn new(mean: f64, error: Option<f64>, freedom: f64, n: usize) -> Self {
        let p_value = error.and_then(|error| match () {
            () if error > 0.0 => p_value(mean / error, freedom),
            () => Some(if mean == 0.0 { 1.0 } else { 0.0 }),
        });
        let interval = Interval {
            mean,
            half_width: None,
            n,
        };
        Self {
            interval,
            p_value,
            error,
            freedom,
        }
        .with_confidence(CONFIDENCE)
    }

    /// The same difference with an interval of another confidence, as several intervals that are to hold at once need.
    #[must_use]
    pub fn with_confidence(mut self, confidence: f64) -> Self {
        self.interval.half_width = self
            .error
            .and_then(|error| Some(critical_value(self.freedom, confidence)? * error));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hours of additional sleep of ten patients under two drugs (Student, 1908).
    const SLEEP: [(f64, f64); 10] = [
        (0.7, 1.9),
        (-1.6, 0.8),
        (-0.2, 1.1),
        (-1.2, 0.1),
        (-0.1, -0.1),
        (3.4, 4.4),
        (3.7, 5.5),
        (0.8, 1.6),
        (0.0, 4.6),
        (2.0, 3.4),
    ];

    #[test]
    fn students_own_example_has_the_published_result() {
        let paired = Difference::paired(&SLEEP).unwrap();
        assert!((paired.interval.mean - 1.58).abs() < 1e-12);
        assert!((paired.interval.low().unwrap() - 0.700_114).abs() < 1e-5);
        assert!((paired.interval.high().unwrap() - 2.459_886).abs() < 1e-5);
        assert!((paired.p_value.unwrap() - 0.002_833).abs() < 1e-6);

        // R: t.test(extra ~ group, data = sleep), Welch.
        let (first, second): (Vec<f64>, Vec<f64>) = SLEEP.iter().copied().unzip();
        let welch = Difference::independent(&first, &second).unwrap();
        assert!((welch.p_value.unwrap() - 0.079_394).abs() < 1e-6);
        assert!((welch.interval.low().unwrap() + 0.205_483).abs() < 1e-5);
        assert!((welch.interval.high().unwrap() - 3.365_483).abs() < 1e-5);
    }

    #[test]
    fn too_few_or_equal_observations_have_their_own_answers() {
        assert_eq!(Difference::paired(&[]), None);
        assert_eq!(Difference::independent(&[1.0], &[]), None);
        let once = Difference::paired(&[(1.0, 3.0)]).unwrap();
        assert_eq!(
            (once.interval.mean, once.interval.half_width, once.p_value),
            (2.0, None, None)
        );
        let same = Difference::paired(&[(1.0, 1.0), (2.0, 2.0)]).unwrap();
        assert_eq!(
            (same.interval.half_width, same.p_value),
            (Some(0.0), Some(1.0))
        );
        let shifted = Difference::paired(&[(1.0, 2.0), (2.0, 3.0)]).unwrap();
        assert_eq!(
            (shifted.interval.half_width, shifted.p_value),
            (Some(0.0), Some(0.0))
        );
        let constant = Difference::independent(&[1.0, 1.0], &[2.0, 2.0]).unwrap();
        assert_eq!(
            (constant.interval.half_width, constant.p_value),
            (Some(0.0), Some(0.0))
        );
        let gap = Difference::paired(&[(1.0, f64::NAN), (1.0, 2.0)]).unwrap();
        assert_eq!(gap.interval.n, 1);
    }
}
