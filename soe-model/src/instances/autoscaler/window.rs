//! Averages over the last seconds of a run.

use std::collections::VecDeque;

use sim_core::{SimDuration, SimTime};

const SECOND: SimDuration = SimDuration::from_secs(1);

/// A quantity that is constant between changes, in buckets of one second.
///
/// Elapsed seconds are accounted for when the quantity changes or is read.
#[derive(Clone, Debug)]
pub struct Buckets {
    /// Completed seconds, in units of one nanosecond, the newest behind; at most `most`.
    seconds: VecDeque<u128>,
    most: usize,
    current: u128,
    /// When the second in progress began, and how far it is accounted for.
    began: SimTime,
    until: SimTime,
    value: u32,
}

impl Buckets {
    /// Remembers the last `most` seconds.
    pub fn new(most: usize) -> Self {
        Self {
            seconds: VecDeque::new(),
            most: most.max(1),
            current: 0,
            began: SimTime::ZERO,
            until: SimTime::ZERO,
            value: 0,
        }
    }

    /// From now on the quantity has this value.
    pub fn set(&mut self, now: SimTime, value: u32) {
        self.advance(now);
        self.value = value;
    }

    /// Something of this size happens now, which counts for one second.
    pub fn add(&mut self, now: SimTime, amount: u32) {
        self.advance(now);
        self.current += u128::from(SECOND.as_nanos()) * u128::from(amount);
    }

    /// The mean over the last `window` completed seconds, or as many as there were.
    pub fn mean(&mut self, now: SimTime, window: usize) -> f64 {
        self.advance(now);
        let count = window.min(self.seconds.len());
        if count == 0 {
            return 0.0;
        }
        let sum: u128 = self.seconds.iter().rev().take(count).sum();
        sum as f64 / (count as f64 * SECOND.as_nanos() as f64)
    }

    /// Whether nothing is and was there, as far as it is remembered.
    pub fn is_zero(&self) -> bool {
        self.value == 0 && self.current == 0 && self.seconds.iter().all(|&second| second == 0)
    }

    fn advance(&mut self, now: SimTime) {
        while now.since(self.began) >= SECOND {
            let end = self.began + SECOND;
            let rest = u128::from(end.since(self.until).as_nanos()) * u128::from(self.value);
            self.push(self.current + rest);
            self.current = 0;
            (self.began, self.until) = (end, end);
            // Seconds that would be forgotten at once.
            let ahead = now.since(self.began).as_nanos() / SECOND.as_nanos();
            if ahead > self.most as u64 {
                let skipped = SECOND * (ahead - self.most as u64);
                (self.began, self.until) = (self.began + skipped, self.until + skipped);
            }
        }
        let elapsed = u128::from(now.since(self.until).as_nanos());
        self.current += elapsed * u128::from(self.value);
        self.until = self.until.max(now);
    }

    fn push(&mut self, second: u128) {
        if self.seconds.len() == self.most {
            self.seconds.pop_front();
        }
        self.seconds.push_back(second);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: f64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs_f64(secs)
    }

    #[test]
    fn means_are_those_of_completed_seconds() {
        let mut buckets = Buckets::new(60);
        buckets.set(at(0.5), 4);
        assert_eq!(buckets.mean(at(0.9), 6), 0.0);
        assert_eq!(buckets.mean(at(1.0), 6), 2.0);
        buckets.set(at(2.5), 0);
        assert_eq!(buckets.mean(at(3.0), 6), (2.0 + 4.0 + 2.0) / 3.0);
        assert_eq!(buckets.mean(at(3.0), 1), 2.0);
        assert_eq!(buckets.mean(at(8.0), 6), 2.0 / 6.0);
        assert!(!buckets.is_zero());
        assert_eq!(buckets.mean(at(1e6), 60), 0.0);
        assert!(buckets.is_zero());
    }

    #[test]
    fn long_silence_costs_no_time_and_keeps_the_grid() {
        let mut buckets = Buckets::new(3);
        buckets.set(at(0.0), 7);
        assert_eq!(buckets.mean(at(1e9 + 0.25), 3), 7.0);
        buckets.set(at(1e9 + 0.5), 0);
        assert_eq!(buckets.mean(at(1e9 + 1.0), 1), 3.5);
    }
}
