//! Every size between two bounds is equally likely.

use sim_core::Stream;

use super::{BuildSizes, SizeDistribution};
use crate::catalogue::{ArgumentError, Kind, Parameter, Quantity};
use crate::units::Bytes;

pub const KIND: Kind<BuildSizes> = Kind {
    name: "uniform",
    help: "Every whole number of bytes between two bounds is equally likely.",
    parameters: &[
        Parameter {
            name: "min",
            quantity: Quantity::Bytes,
            default: Some("100 B"),
            help: "Minimum size (default of edgeippclient and clienttracegen).",
        },
        Parameter {
            name: "max",
            quantity: Quantity::Bytes,
            default: Some("500 B"),
            help: "Maximum size, inclusive (default of clienttracegen).",
        },
    ],
    version: 1,
    build: |arguments| {
        let (min, max) = (arguments.bytes("min"), arguments.bytes("max"));
        if min > max {
            return Err(ArgumentError::Conflict {
                kind: KIND.name,
                reason: format!("has `min` = {min} above `max` = {max}"),
            });
        }
        Ok(Box::new(Uniform { min, max }))
    },
};

#[derive(Debug)]
struct Uniform {
    min: Bytes,
    max: Bytes,
}

impl SizeDistribution for Uniform {
    fn draw(&self, stream: &mut Stream) -> Bytes {
        Bytes(stream.integer(self.min.0..=self.max.0))
    }

    fn mean(&self) -> Option<f64> {
        Some((self.min.0 as f64 + self.max.0 as f64) / 2.0)
    }
}
