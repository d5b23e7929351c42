//! How a value changes over time, in constant memory.

use super::TimeWeighted;
use crate::{SimDuration, SimTime};

/// Intervals that are kept at most; then each two become one.
const MOST: usize = 256;
/// The length of an interval at first.
const FIRST: SimDuration = SimDuration::from_micros(1);

/// A piecewise constant value and its averages over at most 256 consecutive intervals of
/// equal length, the first of which begins at time zero.
///
/// Intervals are one microsecond long at first. Their length doubles whenever there are
/// 256, so that any course of at least 128 µs has at least 128 of them.
///
/// ```
/// use sim_core::{SimDuration, SimTime, monitor::TimeCourse};
///
/// let at = |micros| SimTime::ZERO + SimDuration::from_micros(micros);
/// let mut queue = TimeCourse::new(0.0);
/// queue.add(at(2), 3.0);
/// queue.add(at(4), -1.0);
/// let (length, averages) = queue.averages(at(5));
/// assert_eq!(length, SimDuration::from_micros(1));
/// let averages: Vec<f64> = averages.into_iter().map(f64::round).collect();
/// assert_eq!(averages, [0.0, 0.0, 3.0, 3.0, 2.0]);
/// ```
#[derive(Clone, Debug)]
pub struct TimeCourse {
    value: TimeWeighted,
    // The integral of the value, in value times seconds, until the last reset.
    before: f64,
    // The same at the end of each interval.
    integrals: Vec<f64>,
    length: SimDuration,
    interval_ends: SimTime,
}

impl TimeCourse {
    /// The value is `value` from time zero on.
    pub fn new(value: f64) -> Self {
        Self {
            value: TimeWeighted::new(SimTime::ZERO, value),
            before: 0.0,
            integrals: Vec::new(),
            length: FIRST,
            interval_ends: SimTime::ZERO + FIRST,
        }
    }

    /// The value changes by `delta` at `now`, which is not before the last change.
    #[inline]
    pub fn add(&mut self, now: SimTime, delta: f64) {
        if now >= self.interval_ends {
            self.end_intervals(now);
        }
        self.value.add(now, delta);
    }

    /// The average from time zero or the last reset to `now`; `None` if that is no time at
    /// all.
    pub fn average(&self, now: SimTime) -> Option<f64> {
        self.value.average(now)
    }

    /// Lets [`average`](Self::average) begin at `now`, for the warm-up cut. The course keeps
    /// its past.
    pub fn reset(&mut self, now: SimTime) {
        self.end_intervals(now);
        self.before += self.value.integral(now);
        self.value.reset(now);
    }

    /// The length of the intervals, and the average over each that has ended by `now`.
    pub fn averages(&mut self, now: SimTime) -> (SimDuration, Vec<f64>) {
        self.end_intervals(now);
        let mut before = 0.0;
        let averages = self.integrals.iter().map(|&integral| {
            let area = integral - before;
            before = integral;
            area / self.length.as_secs_f64()
        });
        (self.length, averages.collect())
    }

    #[cold]
    fn end_intervals(&mut self, now: SimTime) {
        while now >= self.interval_ends {
            let integral = self.before + self.value.integral(self.interval_ends);
            self.integrals.push(integral);
            if self.integrals.len() == MOST {
                // What is kept are the ends of each second interval.
                self.integrals = self.integrals.iter().skip(1).step_by(2).copied().collect();
                self.length = self.length * 2;
            }
            self.interval_ends += self.length;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn averages_are_those_of_a_monitor_that_starts_with_each_interval(
            steps in prop::collection::vec((0..50_000u64, -3..4_i32), 1..300),
        ) {
            let mut course = TimeCourse::new(10.0);
            let mut now = SimTime::ZERO;
            let mut changes = vec![(SimTime::ZERO, 10.0)];
            for (number, (delay, delta)) in steps.into_iter().enumerate() {
                now += SimDuration::from_nanos(delay * 100);
                if number == 100 {
                    course.reset(now);
                }
                course.add(now, f64::from(delta));
                let value = changes[changes.len() - 1].1 + f64::from(delta);
                changes.push((now, value));
            }
            let (length, averages) = course.averages(now);
            prop_assert!(averages.len() < MOST);
            if now >= SimTime::ZERO + FIRST * 128 {
                prop_assert!(averages.len() >= MOST / 2);
            }
            let mut starts = SimTime::ZERO;
            for average in averages {
                let ends = starts + length;
                let before = changes.iter().rev().find(|(at, _)| *at <= starts).unwrap();
                let mut monitor = TimeWeighted::new(starts, before.1);
                for (at, value) in changes.iter().filter(|(at, _)| *at > starts && *at < ends) {
                    monitor.set(*at, *value);
                }
                let expected = monitor.average(ends).unwrap();
                prop_assert!((average - expected).abs() < 1e-6, "{average} {expected}");
                starts = ends;
            }
        }
    }

    #[test]
    fn a_long_pause_costs_a_few_intervals() {
        let mut course = TimeCourse::new(1.0);
        course.add(SimTime::ZERO + SimDuration::from_secs(1_000_000_000), 1.0);
        let (length, averages) =
            course.averages(SimTime::ZERO + SimDuration::from_secs(1_000_000_000));
        assert!(averages.len() < MOST && averages.iter().all(|it| (it - 1.0).abs() < 1e-9));
        assert!(length > SimDuration::from_secs(1_000_000));
    }
}
