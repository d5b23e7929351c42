//! A time over size and load, by regularized least squares.

use std::collections::VecDeque;

/// How much a coefficient is drawn towards zero: the share of its variable's variance that
/// is added to it (ridge regression; Hoerl and Kennard, 1970). Enough to keep coefficients
/// small where size and load hardly vary, or vary together.
const RIDGE: f64 = 1e-3;

/// The last measurements `(size, load, time)` and the plane through them.
///
/// A larger input, or a higher load, never makes a call faster: where least squares say so,
/// the variable is left out.
#[derive(Clone, Debug, Default)]
pub(super) struct PlaneFit {
    points: VecDeque<(f64, f64, f64)>,
    plane: Plane,
    outdated: bool,
}

/// `time = mean + by_size * (size - mean size) + by_load * (load - mean load)`.
#[derive(Clone, Copy, Debug, Default)]
struct Plane {
    size: f64,
    load: f64,
    time: f64,
    by_size: f64,
    by_load: f64,
}

impl PlaneFit {
    /// Adds a measurement and drops the oldest one if there are `window` already.
    pub(super) fn add(&mut self, window: usize, size: f64, load: f64, time: f64) {
        while self.points.len() >= window.max(1) {
            self.points.pop_front();
        }
        self.points.push_back((size, load, time));
        self.outdated = true;
    }

    /// The time of a call of this size at this load; `None` without measurements.
    pub(super) fn at(&mut self, size: f64, load: f64) -> Option<f64> {
        if self.points.is_empty() {
            return None;
        }
        if self.outdated {
            self.plane = self.fit();
            self.outdated = false;
        }
        let plane = self.plane;
        let by_size = plane.by_size * (size - plane.size);
        Some(plane.time + by_size + plane.by_load * (load - plane.load))
    }

    fn fit(&self) -> Plane {
        let count = self.points.len() as f64;
        let mean =
            |value: fn(&(f64, f64, f64)) -> f64| self.points.iter().map(value).sum::<f64>() / count;
        let (size, load, time) = (mean(|it| it.0), mean(|it| it.1), mean(|it| it.2));
        let (mut ss, mut sl, mut ll, mut st, mut lt) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (s, l, t) in &self.points {
            let (s, l, t) = (s - size, l - load, t - time);
            ss += s * s;
            sl += s * l;
            ll += l * l;
            st += s * t;
            lt += l * t;
        }
        let (ss, ll) = (ss * (1.0 + RIDGE), ll * (1.0 + RIDGE));
        let alone = |products: f64, squares: f64| match squares > 0.0 {
            true => (products / squares).max(0.0),
            false => 0.0,
        };
        let determinant = ss * ll - sl * sl;
        let (mut by_size, mut by_load) = match determinant > 0.0 {
            true => (
                (st * ll - lt * sl) / determinant,
                (lt * ss - st * sl) / determinant,
            ),
            false => (alone(st, ss), alone(lt, ll)),
        };
        if by_size < 0.0 {
            (by_size, by_load) = (0.0, alone(lt, ll));
        } else if by_load < 0.0 {
            (by_size, by_load) = (alone(st, ss), 0.0);
        }
        Plane {
            size,
            load,
            time,
            by_size,
            by_load,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fit(points: &[(f64, f64, f64)]) -> PlaneFit {
        let mut fit = PlaneFit::default();
        for &(size, load, time) in points {
            fit.add(1000, size, load, time);
        }
        fit
    }

    proptest! {
        #[test]
        fn a_plane_is_found_again(
            points in prop::collection::vec((0..100_000_u32, 0..100_u32), 20..60),
            (offset, by_size, by_load) in (0.0..1.0, 0.0..1e-5, 0.0..1e-2),
        ) {
            let time = |size: f64, load: f64| offset + by_size * size + by_load * load;
            let points: Vec<_> = points
                .iter()
                .map(|&(size, load)| (f64::from(size), f64::from(load)))
                .map(|(size, load)| (size, load, time(size, load)))
                .collect();
            let mut fit = fit(&points);
            for (size, load, time) in points {
                // The ridge draws coefficients together by a tenth of a percent.
                prop_assert!((fit.at(size, load).unwrap() - time).abs() < 0.02 * (1.0 + time));
            }
        }

        #[test]
        fn predictions_never_fall_with_size_or_load(
            points in prop::collection::vec((0..1000_u32, 0..100_u32, 0.0..10.0), 1..60),
            (size, load) in (0.0..1e6, 0.0..100.0),
        ) {
            let points: Vec<_> = points
                .iter()
                .map(|&(size, load, time)| (f64::from(size), f64::from(load), time))
                .collect();
            let mut fit = fit(&points);
            let here = fit.at(size, load).unwrap();
            prop_assert!(here.is_finite());
            prop_assert!(fit.at(size + 10.0, load).unwrap() >= here - 1e-9);
            prop_assert!(fit.at(size, load + 10.0).unwrap() >= here - 1e-9);
        }
    }

    #[test]
    fn one_measurement_predicts_itself_everywhere() {
        assert_eq!(fit(&[(10.0, 0.0, 0.5)]).at(1000.0, 50.0), Some(0.5));
        assert_eq!(PlaneFit::default().at(1.0, 1.0), None);
    }

    #[test]
    fn only_the_last_measurements_count() {
        let mut fit = PlaneFit::default();
        for time in 0..100 {
            fit.add(10, f64::from(time), 0.0, f64::from(time));
        }
        assert_eq!(fit.points.len(), 10);
        assert!((fit.at(94.5, 0.0).unwrap() - 94.5).abs() < 1e-9);
    }
}
