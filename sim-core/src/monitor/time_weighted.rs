//! The time average of a value that changes in steps.

use crate::SimTime;

/// A piecewise constant value (a queue length, the number of busy cores), averaged
/// over time.
///
/// Error: rounding only; the sum over time is compensated (Neumaier, 1974), so its
/// relative error is about 2^-52 whatever the number of steps.
///
/// ```
/// use sim_core::{SimDuration, SimTime, monitor::TimeWeighted};
///
/// let at = |secs| SimTime::ZERO + SimDuration::from_secs(secs);
/// let mut queue = TimeWeighted::new(at(0), 0.0);
/// queue.set(at(2), 3.0);
/// queue.add(at(3), -1.0);
/// assert_eq!(queue.average(at(4)), Some((0.0 * 2.0 + 3.0 + 2.0) / 4.0));
/// queue.reset(at(4)); // the warm-up is over
/// assert_eq!(queue.average(at(6)), Some(2.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeWeighted {
    value: f64,
    max: f64,
    since: SimTime,
    changed: SimTime,
    /// Value times nanoseconds from `since` to `changed`, and what rounding left out.
    area: f64,
    lost: f64,
}

impl TimeWeighted {
    /// The value is `value` from `start` on.
    pub const fn new(start: SimTime, value: f64) -> Self {
        Self {
            value,
            max: value,
            since: start,
            changed: start,
            area: 0.0,
            lost: 0.0,
        }
    }

    /// The value changes to `value` at `now`. Time must not go back; if it does, the
    /// value changes at the time of the last change.
    #[inline]
    pub fn set(&mut self, now: SimTime, value: f64) {
        let (area, lost) = self.area_until(now);
        self.area = area;
        self.lost = lost;
        self.changed = self.changed.max(now);
        self.value = value;
        self.max = self.max.max(value);
    }

    /// The value changes by `delta` at `now`.
    #[inline]
    pub fn add(&mut self, now: SimTime, delta: f64) {
        self.set(now, self.value + delta);
    }

    /// The present value.
    pub const fn value(&self) -> f64 {
        self.value
    }

    /// The greatest value since the start or the last reset.
    pub const fn max(&self) -> f64 {
        self.max
    }

    /// The integral of the value over time, in value times seconds, up to `now`.
    pub fn integral(&self, now: SimTime) -> f64 {
        let (area, lost) = self.area_until(now);
        (area + lost) / 1e9
    }

    /// The average from the start or the last reset to `now`; `None` if that is
    /// no time at all.
    pub fn average(&self, now: SimTime) -> Option<f64> {
        let elapsed = now.max(self.changed).since(self.since).as_nanos();
        let (area, lost) = self.area_until(now);
        (elapsed > 0).then(|| (area + lost) / elapsed as f64)
    }

    /// Forgets the past but not the present value, for the warm-up cut.
    pub const fn reset(&mut self, now: SimTime) {
        *self = Self::new(now, self.value);
    }

    #[inline]
    fn area_until(&self, now: SimTime) -> (f64, f64) {
        let piece = self.value * now.since(self.changed).as_nanos() as f64;
        let sum = self.area + piece;
        let lost = if self.area.abs() >= piece.abs() {
            (self.area - sum) + piece
        } else {
            (piece - sum) + self.area
        };
        (sum, self.lost + lost)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::SimDuration;

    proptest! {
        #[test]
        fn the_average_is_the_exact_integral_over_the_time(
            start in 0..1u64 << 40,
            steps in prop::collection::vec((0..1u64 << 40, 0..1000_u32), 1..200),
            reset in any::<prop::sample::Index>(),
        ) {
            let reset = reset.index(steps.len());
            let mut now = SimTime::from_nanos(start);
            let mut monitor = TimeWeighted::new(now, 7.0);
            let (mut value, mut area, mut elapsed) = (7_u128, 0_u128, 0_u128);
            for (place, &(delay, next)) in steps.iter().enumerate() {
                now += SimDuration::from_nanos(delay);
                area += value * u128::from(delay);
                elapsed += u128::from(delay);
                monitor.set(now, f64::from(next));
                value = u128::from(next);
                if place == reset {
                    monitor.reset(now);
                    (area, elapsed) = (0, 0);
                }
            }
            match monitor.average(now) {
                None => prop_assert_eq!(elapsed, 0),
                Some(average) => {
                    let exact = area as f64 / elapsed as f64;
                    prop_assert!((average - exact).abs() <= 1e-15 * exact);
                }
            }
            prop_assert!((monitor.integral(now) - area as f64 / 1e9).abs() <= 1e-6);
        }
    }

    #[test]
    fn a_million_tiny_steps_lose_nothing() {
        let mut now = SimTime::ZERO;
        let mut monitor = TimeWeighted::new(now, 0.1);
        for _ in 0..1_000_000 {
            now += SimDuration::from_nanos(3);
            monitor.set(now, 0.1);
        }
        assert!((monitor.average(now).unwrap() - 0.1).abs() < 1e-16);
    }

    #[test]
    fn time_that_goes_back_is_no_time() {
        let mut monitor = TimeWeighted::new(SimTime::from_nanos(10), 1.0);
        assert_eq!(monitor.average(SimTime::from_nanos(10)), None);
        monitor.set(SimTime::from_nanos(5), 3.0);
        assert_eq!(monitor.average(SimTime::from_nanos(20)), Some(3.0));
        assert_eq!(monitor.max(), 3.0);
    }
}
