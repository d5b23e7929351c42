//! Exponentially distributed durations.

use std::sync::Arc;

use sim_core::{SimDuration, Stream};

use super::{BuildDuration, DurationDistribution};
use crate::catalogue::{Kind, Parameter, Quantity};

pub const KIND: Kind<BuildDuration> = Kind {
    name: "exponential",
    help: "Exponentially distributed.",
    parameters: &[Parameter {
        name: "mean",
        quantity: Quantity::Duration,
        default: None,
        help: "The mean.",
    }],
    version: 1,
    build: |arguments| Ok(Arc::new(Exponential(arguments.duration("mean")))),
};

#[derive(Debug)]
struct Exponential(SimDuration);

impl DurationDistribution for Exponential {
    fn draw(&self, stream: &mut Stream) -> SimDuration {
        stream.exponential_duration(self.0)
    }

    fn mean(&self) -> SimDuration {
        self.0
    }
}
