//! A deterministic discrete-event engine: simulated time, event calendar,
//! random streams and in-run monitors.

mod calendar;
mod fingerprint;
pub mod libstdcxx;
pub mod monitor;
mod simulation;
mod stream;
mod time;

pub use calendar::{Calendar, Due, EventKey};
pub use fingerprint::Fingerprint;
pub use simulation::{Context, Model, Simulation, StopReason};
pub use stream::{Stream, Streams};
pub use time::{SimDuration, SimTime};
