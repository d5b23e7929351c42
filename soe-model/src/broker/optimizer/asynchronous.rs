//! `async` and `asyncPF`: every measurement changes the weight at once.

use sim_core::{SimDuration, SimTime};

use super::{Optimizer, OptimizerBuilder, RETRY_AFTER, retry_after};
use crate::broker::table::{EntryKey, PerEntry};
use crate::catalogue::{Kind, Parameter, Quantity};

pub(super) const ASYNC: Kind<OptimizerBuilder> = Kind {
    name: "async",
    help: "After each call, weight = alpha * old weight + (1 - alpha) * latency; the latency alone if the old weight is at least 5 s old.",
    parameters: &[
        Parameter {
            name: "alpha",
            quantity: Quantity::Number { min: 0.0, max: 1.0 },
            default: None,
            help: "The weight of the old value, as the original computes it (its documentation says the opposite); its authors used 0.95.",
        },
        RETRY_AFTER,
    ],
    version: 1,
    build: |arguments| {
        Box::new(Asynchronous {
            alpha: arguments.number("alpha") as f32,
            retry_after: retry_after(arguments),
            smoothed: PerEntry::default(),
        })
    },
};

pub(super) const ASYNC_PF: Kind<OptimizerBuilder> = Kind {
    name: "asyncPF",
    help: "After each call, weight = latency; intended for the proportional-fairness policy.",
    parameters: &[RETRY_AFTER],
    version: 1,
    build: |arguments| {
        Box::new(Asynchronous {
            alpha: 0.0,
            retry_after: retry_after(arguments),
            smoothed: PerEntry::default(),
        })
    },
};

/// A smoothed latency that was not updated for this time is discarded.
const STALE: SimDuration = SimDuration::from_secs(5);

#[derive(Debug)]
struct Asynchronous {
    alpha: f32,
    retry_after: Option<SimDuration>,
    smoothed: PerEntry<Option<Smoothed>>,
}

#[derive(Clone, Copy, Debug)]
struct Smoothed {
    latency: f32,
    at: SimTime,
}

impl Optimizer for Asynchronous {
    fn sample(&mut self, now: SimTime, entry: EntryKey, latency: SimDuration) -> Option<f32> {
        let latency = latency.as_secs_f64() as f32;
        let smoothed = self.smoothed.get_mut(entry);
        let latency = match *smoothed {
            Some(old) if now.since(old.at) < STALE => {
                self.alpha * old.latency + (1.0 - self.alpha) * latency
            }
            _ => latency,
        };
        *smoothed = Some(Smoothed { latency, at: now });
        Some(latency)
    }

    fn retry_after(&self) -> Option<SimDuration> {
        self.retry_after
    }
}
