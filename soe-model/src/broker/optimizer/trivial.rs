//! `trivial`: at the end of each period, the weight becomes a statistic of the
//! latencies measured in it.

use sim_core::{SimDuration, SimTime};

use super::{Optimizer, OptimizerBuilder, RETRY_AFTER, retry_after};
use crate::broker::table::{EntryKey, PerEntry};
use crate::catalogue::{Kind, Parameter, Quantity};

pub(super) const KIND: Kind<OptimizerBuilder> = Kind {
    name: "trivial",
    help: "At the end of each period, weight = a statistic of the latencies measured in it; without measurements, the weight is unchanged.",
    parameters: &[
        Parameter {
            name: "period",
            quantity: Quantity::Duration,
            default: Some("10 s"),
            help: "The period, more than 0; the default is that of the original's e-router.",
        },
        Parameter {
            name: "stat",
            quantity: Quantity::Word(&["mean", "min", "max"]),
            default: Some("mean"),
            help: "The statistic; the default is that of the original's e-router.",
        },
        RETRY_AFTER,
    ],
    version: 1,
    build: |arguments| {
        let period = arguments.duration("period").max(SimDuration::from_nanos(1));
        Box::new(Trivial {
            period,
            statistic: match arguments.word("stat") {
                "min" => Statistic::Min,
                "max" => Statistic::Max,
                _ => Statistic::Mean,
            },
            retry_after: retry_after(arguments),
            next: SimTime::MAX,
            samples: PerEntry::default(),
            sampled: Vec::new(),
        })
    },
};

#[derive(Debug)]
struct Trivial {
    period: SimDuration,
    statistic: Statistic,
    retry_after: Option<SimDuration>,
    /// The end of the period in which the samples were taken.
    next: SimTime,
    samples: PerEntry<Samples>,
    /// The entries with samples in this period, in order of their first one.
    sampled: Vec<EntryKey>,
}

#[derive(Debug)]
enum Statistic {
    Mean,
    Min,
    Max,
}

/// What was measured of one entry in the current period.
#[derive(Clone, Copy, Debug, Default)]
struct Samples {
    count: u64,
    sum: SimDuration,
    min: SimDuration,
    max: SimDuration,
}

impl Trivial {
    /// The end of the period that has begun at or before `now`; periods count
    /// from the start of the run.
    fn end_of_period(&self, now: SimTime) -> SimTime {
        let periods = now.as_nanos() / self.period.as_nanos();
        SimTime::ZERO + self.period * (periods + 1)
    }
}

impl Optimizer for Trivial {
    fn sample(&mut self, now: SimTime, entry: EntryKey, latency: SimDuration) -> Option<f32> {
        if self.sampled.is_empty() {
            self.next = self.end_of_period(now);
        }
        let samples = self.samples.get_mut(entry);
        if samples.count == 0 {
            self.sampled.push(entry);
            samples.min = latency;
        }
        samples.count += 1;
        samples.sum += latency;
        samples.min = samples.min.min(latency);
        samples.max = samples.max.max(latency);
        None
    }

    fn next_wake(&self) -> Option<SimTime> {
        // Rounds without samples change nothing.
        (!self.sampled.is_empty()).then_some(self.next)
    }

    fn wake(&mut self, now: SimTime, updates: &mut Vec<(EntryKey, f32)>) {
        if now < self.next {
            return;
        }
        for entry in self.sampled.drain(..) {
            let Some(samples) = self.samples.known(entry).map(std::mem::take) else {
                continue;
            };
            let latency = match self.statistic {
                Statistic::Mean => samples.sum.as_secs_f64() / samples.count as f64,
                Statistic::Min => samples.min.as_secs_f64(),
                Statistic::Max => samples.max.as_secs_f64(),
            };
            updates.push((entry, latency as f32));
        }
    }

    fn retry_after(&self) -> Option<SimDuration> {
        self.retry_after
    }
}
