//! Durations between two bounds, all equally likely.

use std::sync::Arc;

use sim_core::{SimDuration, Stream};

use super::{BuildDuration, DurationDistribution, conflict};
use crate::catalogue::{Kind, Parameter, Quantity};

pub const KIND: Kind<BuildDuration> = Kind {
    name: "uniform",
    help: "Uniform between two bounds.",
    parameters: &[
        Parameter {
            name: "min",
            quantity: Quantity::Duration,
            default: Some("0 s"),
            help: "The lower bound.",
        },
        Parameter {
            name: "max",
            quantity: Quantity::Duration,
            default: None,
            help: "The upper bound.",
        },
    ],
    version: 1,
    build: |arguments| {
        let (min, max) = (arguments.duration("min"), arguments.duration("max"));
        if min > max {
            return Err(conflict(
                "uniform",
                format!("has a minimum of {min}, above its maximum of {max}"),
            ));
        }
        Ok(Arc::new(Uniform { min, max }))
    },
};

#[derive(Debug)]
struct Uniform {
    min: SimDuration,
    max: SimDuration,
}

impl DurationDistribution for Uniform {
    fn draw(&self, stream: &mut Stream) -> SimDuration {
        stream.uniform_duration(self.min, self.max)
    }

    fn mean(&self) -> SimDuration {
        self.min + self.max.saturating_sub(self.min) / 2
    }
}
