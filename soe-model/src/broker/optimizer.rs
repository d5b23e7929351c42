//! Optimizers: the effect of a measured latency on the weight of a destination.
//!
//! Every forwarding table has one optimizer. It gets the latency of each successful
//! call and updates the weights of the entries.

mod asynchronous;
mod fixed;
mod trivial;

use sim_core::{SimDuration, SimTime};

use crate::broker::table::EntryKey;
use crate::catalogue::{Arguments, Catalogue, Configured, Parameter, Quantity};

/// Keeps the weights of the entries of one table.
pub trait Optimizer: std::fmt::Debug + Send {
    /// A call through `entry` took `latency`; the new weight of the entry, if it
    /// changes now.
    fn sample(&mut self, now: SimTime, entry: EntryKey, latency: SimDuration) -> Option<f32>;

    /// The time at which to call `wake` next.
    fn next_wake(&self) -> Option<SimTime> {
        None
    }

    /// Called at the time of `next_wake`: appends changed weights to
    /// `updates`. These may include entries that were removed from the table meanwhile.
    fn wake(&mut self, _now: SimTime, _updates: &mut Vec<(EntryKey, f32)>) {}

    /// The time without a sample after which an entry gets a trial call; `None`
    /// if weights are not measured.
    fn retry_after(&self) -> Option<SimDuration>;
}

/// Builds an optimizer.
pub type OptimizerBuilder = fn(&Arguments) -> Box<dyn Optimizer>;
/// An optimizer with its parameters.
pub type OptimizerSpec = Configured<OptimizerBuilder>;

/// All optimizers.
pub static OPTIMIZERS: Catalogue<OptimizerBuilder> = Catalogue::new(
    "optimizer",
    "optimizers",
    &[
        &fixed::NONE,
        &trivial::KIND,
        &asynchronous::ASYNC,
        &asynchronous::ASYNC_PF,
    ],
);

/// The parameter of all optimizers that measure: see [`Optimizer::retry_after`].
const RETRY_AFTER: Parameter = Parameter {
    name: "retry-after",
    quantity: Quantity::Duration,
    default: Some("30 s"),
    help: "The time without a sample after which a destination is probed again (0 = never); the round-robin policy has its own intervals.",
};

fn retry_after(arguments: &Arguments) -> Option<SimDuration> {
    let period = arguments.duration(RETRY_AFTER.name);
    Some(if period.is_zero() {
        SimDuration::MAX
    } else {
        period
    })
}
