//! Durations with a most likely value between two bounds.

use std::sync::Arc;

use rand_distr::Distribution;
use sim_core::{SimDuration, Stream};

use super::{BuildDuration, DurationDistribution, conflict, seconds};
use crate::catalogue::{Kind, Parameter, Quantity};

pub const KIND: Kind<BuildDuration> = Kind {
    name: "triangular",
    help: "Between two bounds, most likely near `mode`.",
    parameters: &[
        Parameter {
            name: "min",
            quantity: Quantity::Duration,
            default: Some("0 s"),
            help: "The lower bound.",
        },
        Parameter {
            name: "mode",
            quantity: Quantity::Duration,
            default: None,
            help: "The most likely value.",
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
        let bounds = ["min", "mode", "max"].map(|name| arguments.duration(name));
        let [min, mode, max] = bounds.map(SimDuration::as_secs_f64);
        match rand_distr::Triangular::new(min, max, mode) {
            Ok(shape) => Ok(Arc::new(Triangular {
                shape,
                mean: seconds((min + mode + max) / 3.0),
            })),
            Err(_) => Err(conflict(
                "triangular",
                format!(
                    "has a minimum of {}, a mode of {} and a maximum of {}: they must not \
                     decrease",
                    bounds[0], bounds[1], bounds[2]
                ),
            )),
        }
    },
};

#[derive(Debug)]
struct Triangular {
    shape: rand_distr::Triangular<f64>,
    mean: SimDuration,
}

impl DurationDistribution for Triangular {
    fn draw(&self, stream: &mut Stream) -> SimDuration {
        seconds(self.shape.sample(stream))
    }

    fn mean(&self) -> SimDuration {
        self.mean
    }
}
