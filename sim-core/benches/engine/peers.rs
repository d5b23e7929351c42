//! The same loads on the event engines `simcore` and `nexosim`.
//!
//! Each draws from the same streams in the same order; their clocks (floating-point seconds;
//! no event without delay) do not allow the same fingerprint.

use sim_core::SimDuration;

pub mod nexosim;
pub mod simcore;

/// A load in which each event schedules the next one.
pub trait Load: Send + 'static {
    /// The delay of the first event number `event`.
    fn first(&mut self, event: u32) -> SimDuration;

    /// What follows an event, and after what delay.
    fn next(&mut self, event: u32) -> (SimDuration, u32);
}
