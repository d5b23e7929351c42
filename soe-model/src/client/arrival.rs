//! Arrival processes: when a client issues its calls.
//!
//! A process plans one call at a time. *Open* processes plan the next call as soon as
//! the last was sent, whatever its outcome, so any number of calls may be
//! outstanding. *Closed* processes plan it when the last call was answered, so at
//! most one call is outstanding. Load generators use both kinds, and confusing them
//! is a classic measurement mistake (Schroeder, Wierman, Harchol-Balter, "Open versus
//! closed", NSDI 2006).

mod burst;
mod closed_loop;
mod gap;
mod ipp;
mod periodic;
mod poisson;
mod trace;

use std::fmt;

use sim_core::{SimTime, Stream};

use crate::catalogue::{ArgumentError, Arguments, Catalogue, Configured};
use crate::units::Bytes;

/// When a client issues its calls.
pub trait ArrivalProcess: fmt::Debug + Send {
    /// What it draws at random, one stream for each, in the order in which the
    /// original numbers its streams from 1.
    fn purposes(&self) -> &'static [&'static str];

    /// Whether the next call is planned without waiting for the answer to the
    /// last one.
    fn is_open(&self) -> bool;

    /// When the first call is due after a start at `now`; `None` if
    /// there will be none. Forgets everything from before.
    fn first(&mut self, now: SimTime, streams: &mut [Stream]) -> Option<SimTime>;

    /// When the call after one that was answered at `answered` is due; for open
    /// processes that
    /// is the instant at which it was sent. `None` if there will be none.
    ///
    /// A call may be due in the past: then it is late and issued at once.
    fn next(&mut self, answered: SimTime, streams: &mut [Stream]) -> Option<SimTime>;

    /// The mean number of calls per second, if it does not depend on how long calls take.
    fn rate(&self) -> Option<f64> {
        None
    }

    /// Whether, after a call without any duration, the next one may be due at the same
    /// instant for ever.
    fn may_spin(&self) -> bool {
        false
    }

    /// The size of the input of the call that was planned last, if the process
    /// prescribes it.
    fn size(&self) -> Option<Bytes> {
        None
    }
}

/// Makes an arrival process from its arguments.
///
/// Fails with [`ArgumentError::Conflict`] if the arguments contradict each other.
pub type BuildArrivals = fn(&Arguments) -> Result<Box<dyn ArrivalProcess>, ArgumentError>;

/// An arrival process with its arguments.
pub type ArrivalSpec = Configured<BuildArrivals>;

/// All arrival processes.
pub static ARRIVALS: Catalogue<BuildArrivals> = Catalogue::new(
    "arrival process",
    "arrivals",
    &[
        &closed_loop::KIND,
        &poisson::KIND,
        &periodic::KIND,
        &ipp::KIND,
        &burst::KIND,
        &trace::KIND,
    ],
);
