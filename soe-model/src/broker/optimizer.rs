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

    /// When it wants to be woken next.
    fn next_wake(&self) -> Option<SimTime> {
        None
    }

    /// It is now the time it asked for: appends the weights that change to
    /// `updates`. Entries that have left the table meanwhile may be among them.
    fn wake(&mut self, _now: SimTime, _updates: &mut Vec<(EntryKey, f32)>) {}

    /// After how long without a sample an entry is to be tried again; `None` if
    /// weights are not measured at all.
    fn retry_after(&self) -> Option<SimDuration>;
}

/// Makes an optimizer.
pub type OptimizerBuilder = fn(&Arguments) -> Box<dyn Optimizer>;
/// An optimizer with its parameters, ready to be made.
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
    help: "After how long without a sample a destination is tried again (0 = never); the round-robin policy has intervals of its own.",
};

fn retry_after(arguments: &Arguments) -> Option<SimDuration> {
    let period = arguments.duration(RETRY_AFTER.name);
    Some(if period.is_zero() {
        SimDuration::MAX
    } else {
        period
    })
}
