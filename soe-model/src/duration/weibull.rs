//! Weibull distributed durations.

use std::sync::Arc;

use rand_distr::Distribution;
use sim_core::{SimDuration, Stream};

use super::{BuildDuration, DurationDistribution, conflict, seconds};
use crate::catalogue::{Kind, Parameter, Quantity};

pub const KIND: Kind<BuildDuration> = Kind {
    name: "weibull",
    help: "Weibull distributed: a heavy tail below shape 1, exponential at 1, narrow above.",
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
                min: 0.05,
                max: 1e3,
            },
            default: Some("1"),
            help: "The shape.",
        },
    ],
    version: 1,
    build: |arguments| {
        let (mean, shape) = (arguments.duration("mean"), arguments.number("shape"));
        let scale = mean.as_secs_f64() / libm::tgamma(1.0 + 1.0 / shape);
        match rand_distr::Weibull::new(scale, shape) {
            Ok(shape) => Ok(Arc::new(Weibull { shape, mean })),
            Err(_) => Err(conflict("weibull", "needs a mean above 0".to_owned())),
        }
    },
};

#[derive(Debug)]
struct Weibull {
    shape: rand_distr::Weibull<f64>,
    mean: SimDuration,
}

impl DurationDistribution for Weibull {
    fn draw(&self, stream: &mut Stream) -> SimDuration {
        seconds(self.shape.sample(stream))
    }

    fn mean(&self) -> SimDuration {
        self.mean
    }
}
