//! The end of the warm-up of a series.

/// The warm-up of a series by the rule MSER-5 (White, 1997; White, Cobb and Spratt, 2000): the series is averaged in
/// batches of five, and as many batches are cut as make the standard error of the mean of the rest smallest.
#[derive(Clone, Debug, PartialEq)]
pub struct WarmUp {
    /// Number of values to cut.
    pub cut: usize,
    /// Whether the end of the warm-up was found: the smallest standard error lies before half of the series. If not,
    /// the run is too short to tell, and the cut is at that half.
    pub settled: bool,
    /// The squared standard error of the mean after cutting so many values, for a plot; up to half of the series.
    pub errors: Vec<(usize, f64)>,
}

impl WarmUp {
    /// Values that are averaged before the rule looks at them.
    pub const BATCH: usize = 5;

    /// Looks for the warm-up of a series; `None` of fewer than 20 values.
    ///
    /// ```
    /// // 50 values far too high, then a steady state.
    /// let series: Vec<f64> = (0..1000).map(|i| if i < 50 { 100.0 } else { f64::from(i % 7) }).collect();
    /// let warm_up = analysis::WarmUp::of(&series).unwrap();
    /// assert_eq!((warm_up.cut, warm_up.settled), (50, true));
    /// ```
    pub fn of(series: &[f64]) -> Option<Self> {
        let batches = series.chunks_exact(Self::BATCH);
        Self::of_batches(batches.map(|batch| super::mean(batch).unwrap_or(f64::NAN)))
    }

    /// The same of a series of means of batches of equal size, whatever their size: [`cut`](Self::cut) is a number of
    /// batches. `None` of fewer than 4.
    pub fn of_means(means: &[f64]) -> Option<Self> {
        let mut found = Self::of_batches(means.iter().copied())?;
        found.cut /= Self::BATCH;
        for (cut, _) in &mut found.errors {
            *cut /= Self::BATCH;
        }
        Some(found)
    }

    /// The same of a series whose batches are averaged already; `None` of fewer than 4.
    pub(crate) fn of_batches(
        means: impl DoubleEndedIterator<Item = f64> + ExactSizeIterator,
    ) -> Option<Self> {
        let n = means.len();
        if n < 4 {
            return None;
        }
        // From the end, so that each rest extends the one before (Welford's recurrence).
        let half = n / 2;
        let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
        let mut errors = Vec::with_capacity(half + 1);
        for (cut, value) in means.enumerate().rev() {
            count += 1.0;
            let off = value - mean;
            mean += off / count;
            squares += off * (value - mean);
            if cut <= half {
                errors.push((cut * Self::BATCH, squares / (count * count)));
            }
        }
        errors.reverse();
        let smallest = errors.iter().min_by(|a, b| a.1.total_cmp(&b.1));
        let cut = smallest.map_or(0, |(cut, _)| *cut);
        Some(Self {
            cut,
            settled: cut < half * Self::BATCH,
            errors,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The statistic as its definition says, to compare with.
    fn definition(series: &[f64]) -> usize {
        let means: Vec<f64> = series
            .chunks_exact(WarmUp::BATCH)
            .map(|batch| batch.iter().sum::<f64>() / 5.0)
            .collect();
        let error = |cut: usize| {
            let rest = &means[cut..];
            let mean = rest.iter().sum::<f64>() / rest.len() as f64;
            let squares: f64 = rest.iter().map(|value| (value - mean).powi(2)).sum();
            squares / (rest.len() as f64).powi(2)
        };
        let cuts = 0..=means.len() / 2;
        let smallest = cuts.min_by(|&a, &b| error(a).total_cmp(&error(b)));
        smallest.unwrap() * WarmUp::BATCH
    }

    fn noise(state: &mut u64) -> f64 {
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (*state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
    }

    #[test]
    fn the_cut_is_the_one_of_the_definition() {
        let mut state = 3;
        for length in [20, 57, 400, 1001] {
            for decay in [2.0, 20.0, 200.0] {
                let series: Vec<f64> = (0..length)
                    .map(|i| 10.0 * (-f64::from(i) / decay).exp() + noise(&mut state))
                    .collect();
                let found = WarmUp::of(&series).unwrap();
                assert_eq!(found.cut, definition(&series), "{length} {decay}");
            }
        }
    }

    #[test]
    fn a_transient_of_known_length_is_cut_and_little_more() {
        // The series of White, Cobb and Spratt: a bias that decays over a known time, on top of noise.
        let mut cuts = Vec::new();
        for seed in 1..=100 {
            let mut state = seed;
            let bias = |i: u32| {
                if i < 200 {
                    3.0 * (1.0 - f64::from(i) / 200.0)
                } else {
                    0.0
                }
            };
            let series: Vec<f64> = (0..2000).map(|i| bias(i) + noise(&mut state)).collect();
            let found = WarmUp::of(&series).unwrap();
            assert!(found.settled);
            cuts.push(found.cut);
        }
        cuts.sort_unstable();
        // What is left of the bias at 180 is 0.3, one standard deviation of the noise.
        assert!(
            cuts[5] >= 150 && cuts[50] <= 220 && cuts[95] <= 500,
            "{cuts:?}"
        );
    }

    #[test]
    fn a_steady_series_is_hardly_cut() {
        let mut cuts: Vec<usize> = (1..=100)
            .map(|seed| {
                let mut state = seed;
                let series: Vec<f64> = (0..1000).map(|_| noise(&mut state)).collect();
                WarmUp::of(&series).unwrap().cut
            })
            .collect();
        cuts.sort_unstable();
        assert!(cuts[50] <= 50, "{cuts:?}");
    }

    #[test]
    fn a_series_that_never_settles_is_reported() {
        let drift: Vec<f64> = (0..1000).map(f64::from).collect();
        let found = WarmUp::of(&drift).unwrap();
        assert_eq!((found.cut, found.settled), (500, false));
        assert_eq!(WarmUp::of(&[1.0; 19]), None);
        let constant = WarmUp::of(&[1.0; 40]).unwrap();
        assert_eq!((constant.cut, constant.settled), (0, true));
    }
}
