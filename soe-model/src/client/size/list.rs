//! One of a few sizes, each place in the list being equally likely.

use std::sync::Arc;

use sim_core::Stream;

use super::{BuildSizes, SizeDistribution, uniform_int};
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
    build: |arguments| Ok(Box::new(List(arguments.byte_list("sizes")))),
};

#[derive(Debug)]
struct List(Arc<[Bytes]>);

impl SizeDistribution for List {
    fn draw(&self, stream: &mut Stream) -> Bytes {
        let last = self.0.len().saturating_sub(1);
        let place = uniform_int(stream, 0, last as u64);
        self.0.get(place as usize).copied().unwrap_or_default()
    }
}
