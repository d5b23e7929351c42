//! Quantiles and the empirical distribution of a sample.

/// How a quantile is read off the sorted values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QuantileRule {
    /// Linear interpolation between the order statistics around `(n - 1) q`: type 7 of Hyndman and Fan (1996), the
    /// default of R, NumPy and pandas.
    #[default]
    Interpolated,
    /// The value at index `min(floor(n q), n - 1)` of the sorted values, as the published StateSim studies use it.
    Indexed,
}

/// Values in ascending order, from which quantiles and the distribution are read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sorted(Vec<f64>);

impl Sorted {
    /// Sorts the values. Those that are not a number are left out, [`len`](Self::len) tells how many remain.
    pub fn new(mut values: Vec<f64>) -> Self {
        values.retain(|value| !value.is_nan());
        values.sort_unstable_by(f64::total_cmp);
        Self(values)
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values, ascending.
    pub fn values(&self) -> &[f64] {
        &self.0
    }

    /// All values divided by a positive number, such as to go from nanoseconds to milliseconds, in place.
    pub(crate) fn divided(mut self, by: f64) -> Self {
        self.0.iter_mut().for_each(|value| *value /= by);
        self
    }

    /// The `q` quantile, `q` from 0 to 1 (limited to that range); `None` of no values.
    ///
    /// ```
    /// use analysis::{QuantileRule, Sorted};
    /// let sample = Sorted::new(vec![4.0, 1.0, 3.0, 2.0]);
    /// assert_eq!(sample.quantile(0.5, QuantileRule::Interpolated), Some(2.5));
    /// assert_eq!(sample.quantile(0.5, QuantileRule::Indexed), Some(3.0));
    /// ```
    pub fn quantile(&self, q: f64, rule: QuantileRule) -> Option<f64> {
        let last = self.0.len().checked_sub(1)?;
        let q = if q.is_nan() {
            return None;
        } else {
            q.clamp(0.0, 1.0)
        };
        Some(match rule {
            QuantileRule::Indexed => self.0[((self.0.len() as f64 * q) as usize).min(last)],
            QuantileRule::Interpolated => {
                let position = last as f64 * q;
                let below = (position as usize).min(last);
                let (low, high) = (self.0[below], self.0[(below + 1).min(last)]);
                let weight = position - below as f64;
                if weight == 0.0 || low == high {
                    low
                } else {
                    low + weight * (high - low)
                }
            }
        })
    }

    /// The fraction of values that are not above `x`: the empirical distribution function at one place. `None` of no
    /// values.
    ///
    /// ```
    /// use analysis::Sorted;
    /// assert_eq!(Sorted::new(vec![1.0, 2.0, 2.0, 5.0]).fraction_up_to(2.0), Some(0.75));
    /// ```
    pub fn fraction_up_to(&self, x: f64) -> Option<f64> {
        let count = self.0.partition_point(|value| *value <= x);
        (!self.0.is_empty()).then(|| count as f64 / self.0.len() as f64)
    }

    /// The empirical distribution function: for each distinct value the fraction of values that are not above it.
    ///
    /// ```
    /// use analysis::Sorted;
    /// let cdf: Vec<_> = Sorted::new(vec![1.0, 2.0, 2.0, 5.0]).cdf().collect();
    /// assert_eq!(cdf, [(1.0, 0.25), (2.0, 0.75), (5.0, 1.0)]);
    /// ```
    pub fn cdf(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        let n = self.0.len();
        let last_of_its_value = move |i: usize| i + 1 == n || self.0[i] != self.0[i + 1];
        (0..n)
            .filter(move |&i| last_of_its_value(i))
            .map(move |i| (self.0[i], (i + 1) as f64 / n as f64))
    }
}

impl FromIterator<f64> for Sorted {
    fn from_iter<T: IntoIterator<Item = f64>>(values: T) -> Self {
        Self::new(values.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn interpolated_quantiles_equal_those_of_r() {
        // R: quantile(c(3, 1, 4, 1, 5, 9, 2, 6), c(.1, .25, .5, .9, .95, .99))
        let sample = Sorted::new(vec![3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0]);
        let expected = [
            (0.1, 1.0),
            (0.25, 1.75),
            (0.5, 3.5),
            (0.9, 6.9),
            (0.95, 7.95),
            (0.99, 8.79),
        ];
        for (q, value) in expected {
            let found = sample.quantile(q, QuantileRule::Interpolated).unwrap();
            assert!((found - value).abs() < 1e-12, "{q}: {found}");
        }
    }

    #[test]
    fn a_quantile_of_nothing_or_at_nothing_does_not_exist() {
        assert_eq!(Sorted::default().quantile(0.5, QuantileRule::Indexed), None);
        assert_eq!(
            Sorted::new(vec![f64::NAN]).quantile(0.5, QuantileRule::Interpolated),
            None
        );
        assert_eq!(
            Sorted::new(vec![1.0]).quantile(f64::NAN, QuantileRule::Indexed),
            None
        );
    }

    #[test]
    fn infinities_do_not_become_not_a_number() {
        let sample = Sorted::new(vec![f64::INFINITY, f64::INFINITY, 1.0]);
        assert_eq!(
            sample.quantile(0.75, QuantileRule::Interpolated),
            Some(f64::INFINITY)
        );
    }

    proptest! {
        #[test]
        fn quantiles_agree_with_their_definitions(
            values in prop::collection::vec(-1e6..1e6_f64, 1..200), q in 0.0..=1.0_f64
        ) {
            let sample = Sorted::new(values.clone());
            let not_above = |x: f64| values.iter().filter(|&&v| v <= x).count() as f64;
            let below = |x: f64| values.iter().filter(|&&v| v < x).count() as f64;
            let n = values.len() as f64;

            let indexed = sample.quantile(q, QuantileRule::Indexed).unwrap();
            let rank = (n * q).floor().min(n - 1.0);
            prop_assert!(below(indexed) <= rank && rank < not_above(indexed));

            // The inverse of the piecewise linear function through (i / (n - 1), x_i).
            let interpolated = sample.quantile(q, QuantileRule::Interpolated).unwrap();
            let position = (n - 1.0) * q;
            prop_assert!(below(interpolated) <= position.ceil());
            prop_assert!(not_above(interpolated) >= position.floor());
        }

        #[test]
        fn quantiles_rise_from_the_minimum_to_the_maximum(values in prop::collection::vec(-1e6..1e6_f64, 1..100)) {
            let sample = Sorted::new(values);
            for rule in [QuantileRule::Interpolated, QuantileRule::Indexed] {
                let read: Vec<f64> = (0..=50).map(|i| sample.quantile(f64::from(i) / 50.0, rule).unwrap()).collect();
                prop_assert_eq!(read[0], sample.values()[0]);
                prop_assert_eq!(read[50], sample.values()[sample.len() - 1]);
                prop_assert!(read.is_sorted());
            }
        }

        #[test]
        fn the_distribution_function_counts_what_is_not_above(values in prop::collection::vec(0..20_i32, 1..100)) {
            let sample: Sorted = values.iter().map(|&v| f64::from(v)).collect();
            let points: Vec<_> = sample.cdf().collect();
            prop_assert!(points.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1));
            prop_assert_eq!(points.last().unwrap().1, 1.0);
            for (x, fraction) in points {
                let count = values.iter().filter(|&&v| f64::from(v) <= x).count();
                prop_assert_eq!(fraction, count as f64 / values.len() as f64);
                prop_assert_eq!(sample.fraction_up_to(x), Some(fraction));
                prop_assert_eq!(sample.fraction_up_to(x + 0.5), Some(fraction));
            }
        }
    }
}
