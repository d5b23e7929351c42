//! Always the same size.

use sim_core::Stream;

use super::{BuildSizes, SizeDistribution};
use crate::catalogue::{Kind, Parameter, Quantity};
use crate::units::Bytes;

pub const KIND: Kind<BuildSizes> = Kind {
    name: "fixed",
    help: "Always the same size.",
    parameters: &[Parameter {
        name: "size",
        quantity: Quantity::Bytes,
        default: Some("100 B"),
        help: "The size of every input (default of edgeclient).",
    }],
    version: 1,
    build: |arguments| Ok(Box::new(Fixed(arguments.bytes("size")))),
};

#[derive(Debug)]
struct Fixed(Bytes);

impl SizeDistribution for Fixed {
    fn draw(&self, _stream: &mut Stream) -> Bytes {
        self.0
    }

    fn mean(&self) -> Option<f64> {
        Some(self.0.0 as f64)
    }
}
