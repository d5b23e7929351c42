//! Exponentially distributed sizes, which give exponential service times.

use sim_core::Stream;

use super::{BuildSizes, SizeDistribution, bytes};
use crate::catalogue::{Kind, Parameter, Quantity};
use crate::units::Bytes;

pub const KIND: Kind<BuildSizes> = Kind {
    name: "exponential",
    help: "Exponentially distributed (coefficient of variation 1).",
    parameters: &[Parameter {
        name: "mean",
        quantity: Quantity::Bytes,
        default: None,
        help: "The mean size.",
    }],
    version: 1,
    build: |arguments| {
        Ok(Box::new(Exponential {
            mean: arguments.bytes("mean").0 as f64,
        }))
    },
};

#[derive(Debug)]
struct Exponential {
    mean: f64,
}

impl SizeDistribution for Exponential {
    fn draw(&self, stream: &mut Stream) -> Bytes {
        bytes(stream.exponential(self.mean))
    }

    fn mean(&self) -> Option<f64> {
        Some(self.mean)
    }
}
