//! Two exponential phases, or two fixed sizes: the hyperexponential and the
//! bimodal distribution of queueing theory, both more variable than the
//! exponential one.

use sim_core::Stream;

use super::{BuildSizes, SizeDistribution, bytes};
use crate::catalogue::{Kind, Parameter, Quantity};
use crate::units::Bytes;

pub const KIND: Kind<BuildSizes> = Kind {
    name: "bimodal",
    help: "Mostly small and sometimes large, each fixed (bimodal) or exponential \
           (hyperexponential).",
    parameters: &[
        Parameter {
            name: "small",
            quantity: Quantity::Bytes,
            default: None,
            help: "The mean of the small sizes.",
        },
        Parameter {
            name: "large",
            quantity: Quantity::Bytes,
            default: None,
            help: "The mean of the large sizes.",
        },
        Parameter {
            name: "large-share",
            quantity: Quantity::Number { min: 0.0, max: 1.0 },
            default: Some("0.1"),
            help: "The probability of a large size.",
        },
        Parameter {
            name: "phases",
            quantity: Quantity::Word(&["fixed", "exponential"]),
            default: Some("fixed"),
            help: "Whether the two sizes are fixed or exponentially distributed.",
        },
    ],
    version: 1,
    build: |arguments| {
        Ok(Box::new(Bimodal {
            small: arguments.bytes("small"),
            large: arguments.bytes("large"),
            large_share: arguments.number("large-share"),
            exponential: arguments.word("phases") == "exponential",
        }))
    },
};

#[derive(Debug)]
struct Bimodal {
    small: Bytes,
    large: Bytes,
    large_share: f64,
    exponential: bool,
}

impl SizeDistribution for Bimodal {
    fn draw(&self, stream: &mut Stream) -> Bytes {
        let large = stream.chance(self.large_share);
        let mean = if large { self.large } else { self.small };
        if self.exponential {
            bytes(stream.exponential(mean.0 as f64))
        } else {
            mean
        }
    }

    fn mean(&self) -> Option<f64> {
        let (small, large) = (self.small.0 as f64, self.large.0 as f64);
        Some(small + (large - small) * self.large_share)
    }
}
