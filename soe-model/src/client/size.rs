//! Size distributions: how large the input of a call is.

mod bimodal;
mod exponential;
mod fixed;
mod list;
mod lognormal;
mod pareto;
mod uniform;

use std::fmt;

use sim_core::Stream;

use crate::catalogue::{ArgumentError, Arguments, Catalogue, Configured};
use crate::units::Bytes;

/// How large the input of a call is.
pub trait SizeDistribution: fmt::Debug + Send {
    /// Draws one size.
    fn draw(&self, stream: &mut Stream) -> Bytes;

    /// The mean size in bytes, without the rounding to whole bytes, if it is known: what a
    /// deployment is offered is computed from it before a run.
    fn mean(&self) -> Option<f64> {
        None
    }
}

/// Makes a size distribution from its arguments.
///
/// Fails with [`ArgumentError::Conflict`] if the arguments contradict each other.
pub type BuildSizes = fn(&Arguments) -> Result<Box<dyn SizeDistribution>, ArgumentError>;

/// A size distribution with its arguments.
pub type SizeSpec = Configured<BuildSizes>;

/// All size distributions.
pub static SIZES: Catalogue<BuildSizes> = Catalogue::new(
    "size distribution",
    "sizes",
    &[
        &fixed::KIND,
        &uniform::KIND,
        &list::KIND,
        &exponential::KIND,
        &lognormal::KIND,
        &pareto::KIND,
        &bimodal::KIND,
    ],
);

/// A size from a continuous draw, to the nearest byte.
fn bytes(size: f64) -> Bytes {
    // `as` saturates and maps NaN to zero.
    Bytes((size + 0.5) as u64)
}
