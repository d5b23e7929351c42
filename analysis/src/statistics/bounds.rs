//! Intervals that make no assumption about the shape of a distribution: proportions, quantiles of independent values.

use super::{CONFIDENCE, QuantileRule, Sorted};
use statrs::distribution::{ContinuousCDF, Normal};

/// An estimate with an interval that need not be symmetric around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// The estimate.
    pub estimate: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// Number of observations.
    pub n: usize,
}

/// The 95 % interval of a proportion of `n` independent trials, of which `successes` had the property, by Wilson's
/// score (1927); `None` of no trials, or of more successes than trials.
///
/// Unlike the interval of the normal approximation it stays within 0 and 1 and has a width at 0 and 1. Where the trials
/// of one run depend on each other, take the proportion of each replication and [`Interval::of`](super::Interval::of)
/// over these instead.
///
/// ```
/// let lost = analysis::proportion_interval(0, 100).unwrap();
/// assert_eq!((lost.estimate, lost.low), (0.0, 0.0));
/// assert!((lost.high - 0.0370).abs() < 1e-4);
/// ```
pub fn proportion_interval(successes: u64, n: u64) -> Option<Bounds> {
    if n == 0 || successes > n {
        return None;
    }
    let z = normal_critical_value(CONFIDENCE);
    let (trials, share) = (n as f64, successes as f64 / n as f64);
    let denominator = 1.0 + z * z / trials;
    let centre = (share + z * z / (2.0 * trials)) / denominator;
    let variance = share * (1.0 - share) / trials + z * z / (4.0 * trials * trials);
    let half = z * variance.sqrt() / denominator;
    // At the ends the formula gives exactly 0 and 1; rounding must not take that away.
    let low = if successes == 0 { 0.0 } else { centre - half };
    let high = if successes == n { 1.0 } else { centre + half };
    Some(Bounds {
        estimate: share,
        low: low.max(0.0),
        high: high.min(1.0),
        n: n as usize,
    })
}

/// An interval with a confidence of at least 95 % of the `q` quantile of the distribution that independent values come
/// from: two of the values themselves, at ranks that follow from the binomial distribution (David and Nagaraja, Order
/// Statistics, 2003). `None` where there are too few values, or `q` is not between 0 and 1.
///
/// The values must be independent: one per replication, not the calls of one run.
///
/// ```
/// use analysis::{Sorted, order_statistic_interval};
/// let sample: Sorted = (1..=20).map(f64::from).collect();
/// let median = order_statistic_interval(&sample, 0.5).unwrap();
/// assert_eq!((median.low, median.high), (6.0, 15.0));
/// let few: Sorted = (1..=5).map(f64::from).collect();
/// assert_eq!(order_statistic_interval(&few, 0.5), None);
/// ```
pub fn order_statistic_interval(sample: &Sorted, q: f64) -> Option<Bounds> {
    if !(q > 0.0 && q < 1.0) {
        return None;
    }
    let tail = (1.0 - CONFIDENCE) / 2.0;
    let values = sample.values();
    let n = values.len();
    // The number of values below the quantile is binomial. From below: the highest rank that is beyond the quantile
    // with a probability of no more than the tail; from above: the lowest that is before it.
    let below = cumulative(n, q);
    let low = below.iter().take_while(|&&p| p <= tail).count();
    let high = below.iter().position(|&p| p >= 1.0 - tail)? + 1;
    let (low, high) = (low.checked_sub(1)?, (high <= n).then_some(high - 1)?);
    Some(Bounds {
        estimate: sample.quantile(q, QuantileRule::Interpolated)?,
        low: values[low],
        high: values[high],
        n,
    })
}

/// The distribution function of a binomial variable at 0, 1, ... n - 1.
fn cumulative(n: usize, p: f64) -> Vec<f64> {
    // Weights relative to the most likely number, so that nothing underflows where it matters.
    let odds = p / (1.0 - p);
    let mode = ((n as f64 * p) as usize).min(n);
    let mut weights = vec![0.0; n + 1];
    weights[mode] = 1.0;
    for k in mode + 1..=n {
        weights[k] = weights[k - 1] * odds * (n - k + 1) as f64 / k as f64;
    }
    for k in (0..mode).rev() {
        weights[k] = weights[k + 1] / odds * (k + 1) as f64 / (n - k) as f64;
    }
    let total = super::sum(weights.iter().copied());
    weights
        .iter()
        .take(n)
        .scan(0.0, |sum, weight| {
            *sum += weight / total;
            Some(*sum)
        })
        .collect()
}

/// Two-sided critical value of the normal distribution.
fn normal_critical_value(confidence: f64) -> f64 {
    let value = Normal::standard().inverse_cdf(0.5 + confidence / 2.0);
    (value * 1e9).round() / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proportions_equal_those_of_published_examples() {
        // Newcombe (1998), table I, method 3 (score without continuity correction).
        let examples = [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ];
        for (successes, n, low, high) in examples {
            let found = proportion_interval(successes, n).unwrap();
            assert!((found.low - low).abs() < 1e-4, "{found:?}");
            assert!((found.high - high).abs() < 1e-4, "{found:?}");
        }
        assert_eq!(proportion_interval(0, 0), None);
        assert_eq!(proportion_interval(2, 1), None);
        assert_eq!(proportion_interval(7, 7).unwrap().high, 1.0);
    }

    #[test]
    fn ranks_of_the_median_equal_those_of_printed_tables() {
        // Conover, Practical Nonparametric Statistics, table of the sign test: ranks r and n - r + 1.
        for (n, rank) in [(6, 1), (9, 2), (10, 2), (15, 4), (20, 6), (30, 10)] {
            let sample: Sorted = (1..=n).map(f64::from).collect();
            let found = order_statistic_interval(&sample, 0.5).unwrap();
            let expected = (f64::from(rank), f64::from(n - rank + 1));
            assert_eq!((found.low, found.high), expected, "n = {n}");
        }
    }

    #[test]
    fn a_high_quantile_needs_enough_values() {
        let of = |n: u32| order_statistic_interval(&(0..n).map(f64::from).collect(), 0.95);
        assert_eq!(of(50), None);
        assert!(of(100).is_some_and(|found| found.low < found.estimate));
        assert_eq!(order_statistic_interval(&Sorted::default(), 0.5), None);
        let any: Sorted = (0..100).map(f64::from).collect();
        for q in [0.0, 1.0, -1.0, f64::NAN] {
            assert_eq!(order_statistic_interval(&any, q), None);
        }
    }

    #[test]
    fn many_values_do_not_underflow() {
        let sample: Sorted = (0..1_000_000).map(f64::from).collect();
        let found = order_statistic_interval(&sample, 0.5).unwrap();
        // Half the width is 1.96 sqrt(n) / 2.
        assert!((found.high - found.low - 1960.0).abs() < 3.0, "{found:?}");
    }
}
