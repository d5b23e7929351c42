//! Always the same duration.

use std::sync::Arc;

use sim_core::{SimDuration, Stream};

use super::{BuildDuration, DurationDistribution};
use crate::catalogue::{Kind, Parameter, Quantity};

pub const KIND: Kind<BuildDuration> = Kind {
    name: "fixed",
    help: "Always the same duration; `\"250 ms\"` alone means this.",
    parameters: &[Parameter {
        name: "duration",
        quantity: Quantity::Duration,
        default: None,
        help: "The duration.",
    }],
    version: 1,
    build: |arguments| Ok(Arc::new(Fixed(arguments.duration("duration")))),
};

#[derive(Debug)]
pub(super) struct Fixed(pub SimDuration);

impl DurationDistribution for Fixed {
    fn draw(&self, _: &mut Stream) -> SimDuration {
        self.0
    }

    fn mean(&self) -> SimDuration {
        self.0
    }
}
