//! Mean and variance of numbers that are not stored.

use analysis::Interval;
use sim_core::monitor::Tally;

/// Moments of the numbers seen so far, in constant memory.
///
/// The mean is that of a compensated sum (Neumaier, 1974), the spread that of a [`Tally`].
/// The result depends on the order, which is always that of the replications.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    tally: Tally,
    sum: f64,
    lost: f64,
}

impl Moments {
    /// Adds a number; one that is not finite counts as missing.
    pub fn add(&mut self, value: f64) {
        if value.is_finite() {
            self.add_to_sum(value);
            self.tally.record(value);
        }
    }

    /// Adds `n` numbers of which the mean and the sum of squared deviations are known.
    pub fn merge(&mut self, n: u64, mean: f64, squares: f64) {
        if n == 0 || !mean.is_finite() || !squares.is_finite() {
            return;
        }
        self.add_to_sum(mean * n as f64);
        self.tally.merge(&Tally::from_moments(n, mean, squares));
    }

    /// The number of numbers.
    pub fn n(&self) -> u64 {
        self.tally.count()
    }

    /// The mean.
    pub fn mean(&self) -> Option<f64> {
        (self.n() > 0).then(|| (self.sum + self.lost) / self.n() as f64)
    }

    /// The sum of squared deviations from the mean.
    pub fn squares(&self) -> f64 {
        self.tally.squares()
    }

    /// The 95 % interval of the mean by Student's t; `None` of no numbers.
    pub fn interval(&self) -> Option<Interval> {
        let mean = self.mean()?;
        let deviation = (self.n() > 1).then(|| (self.squares() / (self.n() - 1) as f64).sqrt());
        Some(Interval::from_moments(mean, deviation, self.n() as usize))
    }

    fn add_to_sum(&mut self, value: f64) {
        let next = self.sum + value;
        self.lost += if self.sum.abs() >= value.abs() {
            (self.sum - next) + value
        } else {
            (value - next) + self.sum
        };
        self.sum = next;
    }
}

/// Moments of pairs of numbers, for the ratio of their means.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PairMoments {
    over: Moments,
    under: Moments,
    together: f64,
}

impl PairMoments {
    /// Adds a pair; one of which a part is missing is left out.
    pub(crate) fn add(&mut self, over: f64, under: f64) {
        if !(over.is_finite() && under.is_finite()) {
            return;
        }
        let before = over - self.over.tally.mean().unwrap_or(0.0);
        self.over.add(over);
        self.under.add(under);
        self.together += before * (under - self.under.tally.mean().unwrap_or(0.0));
    }

    /// The ratio of the means with its 95 % interval, by the delta method: to first order,
    /// the ratio moves with `over - ratio * under`.
    pub(crate) fn ratio(&self) -> Option<Interval> {
        let n = self.over.n();
        let (over, under) = (self.over.mean()?, self.under.mean()?);
        let ratio = over / under;
        if !ratio.is_finite() {
            return None;
        }
        let squares = self.over.squares() - 2.0 * ratio * self.together
            + ratio * ratio * self.under.squares();
        let deviation = (n > 1).then(|| (squares.max(0.0) / (n - 1) as f64).sqrt() / under.abs());
        Some(Interval::from_moments(ratio, deviation, n as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
    }

    proptest! {
        #[test]
        fn moments_equal_those_of_the_kept_numbers(values in prop::collection::vec(-1e3..1e3_f64, 1..50)) {
            let mut moments = Moments::default();
            values.iter().for_each(|&value| moments.add(value));
            let kept = Interval::of(&values).unwrap();
            let found = moments.interval().unwrap();
            prop_assert_eq!(found.mean, kept.mean);
            prop_assert!(near(found.half_width.unwrap_or(0.0), kept.half_width.unwrap_or(0.0)));
        }

        #[test]
        fn merged_moments_equal_those_of_all_numbers(
            one in prop::collection::vec(-1e3..1e3_f64, 0..20), other in prop::collection::vec(-1e3..1e3_f64, 1..20)
        ) {
            let of = |values: &[f64]| {
                let mut moments = Moments::default();
                values.iter().for_each(|&value| moments.add(value));
                moments
            };
            let (mut merged, added) = (of(&one), of(&other));
            merged.merge(added.n(), added.mean().unwrap(), added.squares());
            let all = of(&[one, other].concat());
            prop_assert_eq!(merged.n(), all.n());
            prop_assert!(near(merged.mean().unwrap(), all.mean().unwrap()));
            prop_assert!(near(merged.squares(), all.squares()));
        }

        #[test]
        fn a_constant_ratio_has_an_interval_of_no_width(
            values in prop::collection::vec(1.0..1e3_f64, 2..20), factor in 0.1..10.0_f64
        ) {
            let mut pairs = PairMoments::default();
            values.iter().for_each(|&value| pairs.add(factor * value, value));
            let ratio = pairs.ratio().unwrap();
            prop_assert!(near(ratio.mean, factor));
            prop_assert!(ratio.half_width.unwrap() < 1e-4 * factor);
        }
    }

    #[test]
    fn missing_numbers_do_not_count() {
        let mut moments = Moments::default();
        [1.0, f64::NAN, 3.0, f64::INFINITY]
            .iter()
            .for_each(|&value| moments.add(value));
        assert_eq!((moments.n(), moments.mean()), (2, Some(2.0)));
        assert_eq!(Moments::default().interval(), None);
    }
}
