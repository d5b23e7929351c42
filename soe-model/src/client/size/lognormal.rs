//! Lognormally distributed sizes: the body of most measured file and request
//! sizes (Downey, "Lognormal and Pareto distributions in the Internet", Computer
//! Communications 2005).

use sim_core::Stream;

use super::{BuildSizes, SizeDistribution, bytes};
use crate::catalogue::{Kind, Parameter, Quantity};
use crate::units::Bytes;

pub const KIND: Kind<BuildSizes> = Kind {
    name: "lognormal",
    help: "Lognormally distributed: many small, few large.",
    parameters: &[
        Parameter {
            name: "mean",
            quantity: Quantity::Bytes,
            default: None,
            help: "The mean size.",
        },
        Parameter {
            name: "variation",
            quantity: Quantity::Number { min: 0.0, max: 1e3 },
            default: Some("1"),
            help: "Standard deviation over mean.",
        },
    ],
    version: 1,
    build: |arguments| {
        let mean = arguments.bytes("mean").0 as f64;
        let variation = arguments.number("variation");
        let variance = libm::log1p(variation * variation);
        Ok(Box::new(LogNormal {
            location: libm::log(mean) - variance / 2.0,
            scale: variance.sqrt(),
        }))
    },
};

/// With the mean and standard deviation of the logarithm.
#[derive(Debug)]
struct LogNormal {
    location: f64,
    scale: f64,
}

impl SizeDistribution for LogNormal {
    fn draw(&self, stream: &mut Stream) -> Bytes {
        bytes(libm::exp(self.location + self.scale * stream.normal()))
    }

    fn mean(&self) -> Option<f64> {
        Some(libm::exp(self.location + self.scale * self.scale / 2.0))
    }
}
