//! The number of occurrences of an event.

use crate::SimDuration;

/// Counts events or amounts. Exact; saturates instead of wrapping.
///
/// ```
/// use sim_core::{SimDuration, monitor::Counter};
///
/// let mut lost = Counter::new();
/// lost.increment();
/// lost.add(2);
/// assert_eq!(lost.count(), 3);
/// assert_eq!(lost.rate(SimDuration::from_secs(2)), Some(1.5));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counter(u64);

impl Counter {
    /// A counter at zero.
    pub const fn new() -> Self {
        Self(0)
    }

    /// Counts one.
    #[inline]
    pub const fn increment(&mut self) {
        self.add(1);
    }

    /// Counts `amount`.
    #[inline]
    pub const fn add(&mut self, amount: u64) {
        self.0 = self.0.saturating_add(amount);
    }

    /// The number counted.
    pub const fn count(&self) -> u64 {
        self.0
    }

    /// The number per second over a time of `observed`; `None` if that is zero.
    pub fn rate(&self, observed: SimDuration) -> Option<f64> {
        (!observed.is_zero()).then(|| self.0 as f64 / observed.as_secs_f64())
    }

    /// Adds what another counter has counted.
    pub const fn merge(&mut self, other: &Self) {
        self.add(other.0);
    }

    /// Forgets everything, for the warm-up cut.
    pub const fn reset(&mut self) {
        self.0 = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_saturates_and_has_no_rate_over_no_time() {
        let mut counter = Counter::new();
        counter.add(u64::MAX);
        counter.increment();
        assert_eq!(counter.count(), u64::MAX);
        assert_eq!(counter.rate(SimDuration::ZERO), None);
        counter.reset();
        assert_eq!(counter, Counter::new());
    }
}
