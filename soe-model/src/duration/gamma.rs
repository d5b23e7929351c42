//! Gamma distributed durations.

use std::sync::Arc;

use rand_distr::Distribution;
use sim_core::{SimDuration, Stream};

use super::{BuildDuration, DurationDistribution, conflict, seconds};
use crate::catalogue::{Kind, Parameter, Quantity};

pub const KIND: Kind<BuildDuration> = Kind {
    name: "gamma",
    help: "Gamma distributed: the sum of `shape` exponential phases.",
    parameters: &[
        Parameter {
            name: "mean",
            quantity: Quantity::Duration,
            default: None,
            help: "The mean, above 0.",
        },
        Parameter {
            name: "shape",
            quantity: Quantity::Number {
                min: 1e-3,
                max: 1e6,
            },
            default: Some("2"),
            help: "The shape; standard deviation over mean is 1 over its square root.",
        },
    ],
    version: 1,
    build: |arguments| {
        let (mean, shape) = (arguments.duration("mean"), arguments.number("shape"));
        match rand_distr::Gamma::new(shape, mean.as_secs_f64() / shape) {
            Ok(shape) => Ok(Arc::new(Gamma { shape, mean })),
            Err(_) => Err(conflict("gamma", "needs a mean above 0".to_owned())),
        }
    },
};

#[derive(Debug)]
struct Gamma {
    shape: rand_distr::Gamma<f64>,
    mean: SimDuration,
}

impl DurationDistribution for Gamma {
    fn draw(&self, stream: &mut Stream) -> SimDuration {
        seconds(self.shape.sample(stream))
    }

    fn mean(&self) -> SimDuration {
        self.mean
    }
}
