//! The forecast of the next idle time from the last few.

use std::collections::VecDeque;

use sim_core::SimDuration;

/// Idle times that are remembered.
const MEMORY: usize = 16;
/// With fewer, the median is the forecast.
const FEWEST: usize = 4;
/// Smoothing of the level and of the trend, and damping of the trend.
const LEVEL: f64 = 0.5;
const TREND: f64 = 0.1;
const DAMPING: f64 = 0.9;

/// The last idle times.
#[derive(Clone, Debug, Default)]
pub struct Recent(VecDeque<SimDuration>);

impl Recent {
    pub fn record(&mut self, idle: SimDuration) {
        if self.0.len() == MEMORY {
            self.0.pop_front();
        }
        self.0.push_back(idle);
    }

    /// The next idle time, between the least and the greatest that are remembered.
    pub fn forecast(&self) -> Option<SimDuration> {
        let mut sorted: Vec<_> = self.0.iter().map(|idle| idle.as_secs_f64()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let (&least, &greatest) = (sorted.first()?, sorted.last()?);
        let next = match sorted.len() {
            few if few < FEWEST => (sorted[(few - 1) / 2] + sorted[few / 2]) / 2.0,
            _ => self.holt().clamp(least, greatest),
        };
        Some(SimDuration::from_secs_f64(next))
    }

    fn holt(&self) -> f64 {
        let mut level = self.0[0].as_secs_f64();
        let mut trend = 0.0;
        for idle in self.0.iter().skip(1) {
            let expected = level + DAMPING * trend;
            let next = LEVEL * idle.as_secs_f64() + (1.0 - LEVEL) * expected;
            trend = TREND * (next - level) + (1.0 - TREND) * DAMPING * trend;
            level = next;
        }
        level + DAMPING * trend
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forecast(secs: &[u64]) -> f64 {
        let mut recent = Recent::default();
        secs.iter()
            .for_each(|&secs| recent.record(SimDuration::from_secs(secs)));
        recent.forecast().unwrap().as_secs_f64()
    }

    #[test]
    fn few_times_give_their_median() {
        assert_eq!(forecast(&[100]), 100.0);
        assert_eq!(forecast(&[100, 300]), 200.0);
        assert_eq!(forecast(&[100, 900, 300]), 300.0);
        assert!(Recent::default().forecast().is_none());
    }

    #[test]
    fn constant_times_give_themselves_and_none_is_left_behind() {
        assert_eq!(forecast(&[18_000; 7]), 18_000.0);
        // The first is forgotten.
        let mut times = vec![1];
        times.extend([500; 16]);
        assert_eq!(forecast(&times), 500.0);
    }

    #[test]
    fn a_trend_is_followed_no_further_than_what_was_seen() {
        let rising = forecast(&[100, 200, 300, 400, 500]);
        assert!(rising > 400.0 && rising <= 500.0, "{rising}");
    }
}
