//! Lognormally distributed durations, the usual fit of measured start times.

use std::sync::Arc;

use sim_core::{SimDuration, Stream};

use super::{BuildDuration, DurationDistribution, seconds};
use crate::catalogue::{Kind, Parameter, Quantity};

pub const KIND: Kind<BuildDuration> = Kind {
    name: "lognormal",
    help: "Lognormally distributed: many short, few long.",
    parameters: &[
        Parameter {
            name: "mean",
            quantity: Quantity::Duration,
            default: None,
            help: "The mean.",
        },
        Parameter {
            name: "variation",
            quantity: Quantity::Number { min: 0.0, max: 1e3 },
            default: Some("1"),
            help: "Standard deviation over mean.",
        },
    ],
    version: 1,
    build: |arguments| {
        let mean = arguments.duration("mean");
        let variation = arguments.number("variation");
        let variance = libm::log1p(variation * variation);
        Ok(Arc::new(LogNormal {
            mean,
            location: libm::log(mean.as_secs_f64()) - variance / 2.0,
            scale: variance.sqrt(),
        }))
    },
};

/// With the mean and standard deviation of the logarithm of the seconds.
#[derive(Debug)]
struct LogNormal {
    mean: SimDuration,
    location: f64,
    scale: f64,
}

impl DurationDistribution for LogNormal {
    fn draw(&self, stream: &mut Stream) -> SimDuration {
        seconds(libm::exp(self.location + self.scale * stream.normal()))
    }

    fn mean(&self) -> SimDuration {
        self.mean
    }
}
