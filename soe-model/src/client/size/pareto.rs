//! Pareto distributed sizes within bounds: a heavy tail (Crovella and
//! Harchol-Balter use the bounded Pareto to study task assignment).

use sim_core::Stream;

use super::{BuildSizes, SizeDistribution, bytes};
use crate::catalogue::{ArgumentError, Kind, Parameter, Quantity};
use crate::units::Bytes;

pub const KIND: Kind<BuildSizes> = Kind {
    name: "pareto",
    help: "Bounded Pareto: heavy-tailed, a power law between two bounds.",
    parameters: &[
        Parameter {
            name: "min",
            quantity: Quantity::Bytes,
            default: None,
            help: "Minimum size, more than 0.",
        },
        Parameter {
            name: "max",
            quantity: Quantity::Bytes,
            default: None,
            help: "Greatest size.",
        },
        Parameter {
            name: "shape",
            quantity: Quantity::Number {
                min: 0.01,
                max: 100.0,
            },
            default: Some("1.1"),
            help: "The exponent; the smaller, the heavier the tail.",
        },
    ],
    version: 1,
    build: |arguments| {
        let (min, max) = (arguments.bytes("min"), arguments.bytes("max"));
        if min > max || min == Bytes(0) {
            return Err(ArgumentError::Conflict {
                kind: KIND.name,
                reason: format!("has sizes from {min} to {max}: needs 0 B < `min` <= `max`"),
            });
        }
        let shape = arguments.number("shape");
        Ok(Box::new(Pareto {
            min: min.0 as f64,
            max: max.0 as f64,
            inverse_shape: -1.0 / shape,
            beyond: 1.0 - libm::pow(min.0 as f64 / max.0 as f64, shape),
        }))
    },
};

#[derive(Debug)]
struct Pareto {
    min: f64,
    max: f64,
    inverse_shape: f64,
    // What the unbounded distribution has below `max`.
    beyond: f64,
}

impl SizeDistribution for Pareto {
    fn draw(&self, stream: &mut Stream) -> Bytes {
        let tail = 1.0 - stream.uniform() * self.beyond;
        bytes((self.min * libm::pow(tail, self.inverse_shape)).clamp(self.min, self.max))
    }

    fn mean(&self) -> Option<f64> {
        let shape = -1.0 / self.inverse_shape;
        let (min, ratio) = (self.min, self.max / self.min);
        Some(if self.beyond <= 0.0 {
            min
        } else if (shape - 1.0).abs() < 1e-9 {
            min * libm::log(ratio) / self.beyond
        } else {
            min * shape / (shape - 1.0) * (1.0 - libm::pow(ratio, 1.0 - shape)) / self.beyond
        })
    }
}
