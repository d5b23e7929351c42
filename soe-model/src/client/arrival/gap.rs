//! The pauses within a burst or an active phase of `edgeippclient`: uniform
//! between two bounds.

use sim_core::{SimDuration, Stream};

use crate::catalogue::{ArgumentError, Arguments, Parameter, Quantity};

pub(super) const MIN: Parameter = Parameter {
    name: "min-gap",
    quantity: Quantity::Duration,
    default: Some("0 s"),
    help: "Minimum pause between two calls (edgeippclient: min-sleep).",
};
pub(super) const MAX: Parameter = Parameter {
    name: "max-gap",
    quantity: Quantity::Duration,
    default: Some("100 ms"),
    help: "Maximum pause between two calls (edgeippclient: max-sleep).",
};

#[derive(Clone, Copy, Debug)]
pub(super) struct Gap {
    min: SimDuration,
    max: SimDuration,
}

impl Gap {
    /// Gaps that may all be no time at all, as between the calls of a burst.
    pub fn or_none(kind: &'static str, arguments: &Arguments) -> Result<Self, ArgumentError> {
        match arguments.duration(MAX.name).is_zero() && arguments.duration(MIN.name).is_zero() {
            true => Ok(Self {
                min: SimDuration::ZERO,
                max: SimDuration::ZERO,
            }),
            false => Self::new(kind, arguments),
        }
    }

    pub fn new(kind: &'static str, arguments: &Arguments) -> Result<Self, ArgumentError> {
        let min = arguments.duration(MIN.name);
        let max = arguments.duration(MAX.name);
        if min > max || max.is_zero() {
            return Err(ArgumentError::Conflict {
                kind,
                reason: format!(
                    "has gaps from {min} to {max}: the maximum must be more than 0 and at least \
                     the minimum"
                ),
            });
        }
        Ok(Self { min, max })
    }

    pub fn draw(&self, stream: &mut Stream) -> SimDuration {
        stream.uniform_duration(self.min, self.max)
    }
}
