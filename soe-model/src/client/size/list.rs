//! One of a few sizes, each place in the list being equally likely.

use std::sync::Arc;

use sim_core::Stream;

use super::{BuildSizes, SizeDistribution};
use crate::catalogue::{Kind, Parameter, Quantity};
use crate::units::Bytes;

pub const KIND: Kind<BuildSizes> = Kind {
    name: "list",
    help: "One of a few sizes; to list a size twice makes it twice as likely.",
    parameters: &[Parameter {
        name: "sizes",
        quantity: Quantity::ByteList,
        default: None,
        help: "The sizes to choose among (the original's --sizes).",
    }],
    version: 1,
    build: |arguments| Ok(Box::new(List(arguments.byte_list("sizes")))),
};

#[derive(Debug)]
struct List(Arc<[Bytes]>);

impl SizeDistribution for List {
    fn draw(&self, stream: &mut Stream) -> Bytes {
        let place = stream.index(self.0.len());
        self.0.get(place).copied().unwrap_or_default()
    }

    fn mean(&self) -> Option<f64> {
        let sum: f64 = self.0.iter().map(|size| size.0 as f64).sum();
        Some(sum / self.0.len() as f64)
    }
}
