//! What a replication tells about itself: whether its calls describe a steady state.
//!
//! Kept in constant memory: latencies as at most 256 batches, the number of calls under
//! way as at most 256 averages over time. [`analysis::verdict`] says what follows from it.

use analysis::verdict::{CORRELATION, DRIFT, EFFECTIVE, GROWTH, UNFINISHED, UNSETTLED};
use analysis::{BatchMeans, Metric, WarmUp};
use sim_core::monitor::{Batch, Batches, TimeCourse};
use sim_core::{SimDuration, SimTime};

/// Calls that a trend needs at least.
const LEAST_CALLS: u64 = 50;
/// Averages over time that a trend needs at least.
const LEAST_INTERVALS: usize = 8;

/// Observes all calls of a replication, those of the warm-up included.
#[derive(Debug)]
pub(super) struct Evidence {
    under_way: TimeCourse,
    latencies: Batches,
}

impl Default for Evidence {
    fn default() -> Self {
        Self {
            under_way: TimeCourse::new(0.0),
            latencies: Batches::default(),
        }
    }
}

impl Evidence {
    #[inline]
    pub fn issued(&mut self, now: SimTime) {
        self.under_way.add(now, 1.0);
    }

    #[inline]
    pub fn ended(&mut self, now: SimTime) {
        self.under_way.add(now, -1.0);
    }

    #[inline]
    pub fn completed(&mut self, now: SimTime, latency: SimDuration) {
        self.latencies.record(now, latency.as_nanos() as f64);
    }

    /// The warm-up ends.
    pub fn warmed_up(&mut self, now: SimTime) {
        self.under_way.reset(now);
    }

    /// The mean number of calls under way since the end of the warm-up.
    pub fn mean_under_way(&self, now: SimTime) -> f64 {
        self.under_way.average(now).unwrap_or(f64::NAN)
    }

    /// Reports the evidence of the time from `warm_up` to `now`, in which `sent` calls were
    /// issued, `completed` were completed, and `unfinished` are under way.
    pub fn report(
        &mut self,
        (sent, completed, unfinished): (u64, u64, u64),
        warm_up: SimTime,
        now: SimTime,
        mut report: impl FnMut(&'static Metric, f64),
    ) {
        report(&UNFINISHED, unfinished as f64 / sent as f64);
        let growth = match sent >= LEAST_CALLS {
            true => self.growth(warm_up, now),
            false => f64::NAN,
        };
        report(&GROWTH, growth);
        let all = self.latencies.batches();
        let measured = &all[all.partition_point(|batch| batch.ends < warm_up)..];
        let means: Vec<f64> = measured.iter().map(Batch::mean).collect();
        let batches = BatchMeans::of(&means);
        report(&EFFECTIVE, effective(measured, batches.as_ref(), completed));
        let independence = batches.and_then(|it| it.independence);
        report(
            &CORRELATION,
            independence.map_or(f64::NAN, |it| it.correlation),
        );
        let drift = match completed >= LEAST_CALLS {
            true => drift(&means),
            false => f64::NAN,
        };
        report(&DRIFT, drift);
        report(&UNSETTLED, unsettled(all, warm_up, now));
    }

    /// The slope of the number of calls under way times the measured time, over their mean.
    fn growth(&mut self, warm_up: SimTime, now: SimTime) -> f64 {
        let (length, averages) = self.under_way.averages(now);
        let nanos = length.as_nanos();
        let first = warm_up.as_nanos().div_ceil(nanos) as usize;
        let Some(measured) = averages.get(first..) else {
            return f64::NAN;
        };
        if measured.len() < LEAST_INTERVALS {
            return f64::NAN;
        }
        let count = measured.len() as f64;
        let mean = measured.iter().sum::<f64>() / count;
        let middle = (count - 1.0) / 2.0;
        let (mut products, mut squares) = (0.0, 0.0);
        for (place, average) in measured.iter().enumerate() {
            let off = place as f64 - middle;
            products += off * (average - mean);
            squares += off * off;
        }
        products / squares * count / mean
    }
}

/// How many independent calls have a mean as precise as that of these batches: their
/// variance over that of the mean. All completed calls if there are too few to tell.
fn effective(measured: &[Batch], batches: Option<&BatchMeans>, completed: u64) -> f64 {
    let completed = completed as f64;
    let Some(error) = batches.and_then(|it| it.standard_error()) else {
        return completed;
    };
    let count = measured.iter().map(|batch| batch.count as f64).sum::<f64>();
    let mean = measured.iter().map(|batch| batch.sum).sum::<f64>() / count;
    let squares = measured.iter().map(|batch| batch.squares).sum::<f64>() / count;
    let variance = (squares - mean * mean).max(0.0);
    match error > 0.0 {
        true => (variance / (error * error)).min(completed),
        false => completed,
    }
}

/// The mean of the second half minus that of the first, over the mean of all.
fn drift(means: &[f64]) -> f64 {
    let (first, second) = means.split_at(means.len() / 2);
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    (mean(second) - mean(first)) / mean(means)
}

/// The share of the measured time before the latency settles (MSER).
fn unsettled(all: &[Batch], warm_up: SimTime, now: SimTime) -> f64 {
    let means: Vec<f64> = all.iter().map(Batch::mean).collect();
    let Some(rule) = WarmUp::of_means(&means) else {
        return f64::NAN;
    };
    let measured = now.since(warm_up).as_secs_f64();
    let settles = match (rule.settled, rule.cut) {
        (false, _) => now,
        (true, 0) => warm_up,
        (true, cut) => all[cut - 1].ends,
    };
    settles.since(warm_up).as_secs_f64() / measured
}
