//! Durations that were measured: each of a list, equally likely.

use std::sync::Arc;

use sim_core::{SimDuration, Stream};

use super::{BuildDuration, DurationDistribution};
use crate::catalogue::{Kind, Parameter, Quantity};

pub const KIND: Kind<BuildDuration> = Kind {
    name: "empirical",
    help: "Each of some measured durations, equally likely.",
    parameters: &[Parameter {
        name: "values",
        quantity: Quantity::DurationList,
        default: None,
        help: "The durations; one that appears twice is twice as likely.",
    }],
    version: 1,
    build: |arguments| Ok(Arc::new(Empirical(arguments.duration_list("values")))),
};

#[derive(Debug)]
struct Empirical(Arc<[SimDuration]>);

impl DurationDistribution for Empirical {
    fn draw(&self, stream: &mut Stream) -> SimDuration {
        self.0
            .get(stream.index(self.0.len()))
            .copied()
            .unwrap_or(SimDuration::ZERO)
    }

    fn mean(&self) -> SimDuration {
        let sum: u128 = self
            .0
            .iter()
            .map(|value| u128::from(value.as_nanos()))
            .sum();
        let mean = sum / (self.0.len() as u128).max(1);
        SimDuration::from_nanos(u64::try_from(mean).unwrap_or(u64::MAX))
    }
}
