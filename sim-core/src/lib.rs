//! A deterministic discrete-event engine: simulated time, event calendar,
//! random streams and in-run monitors.

mod stream;
mod time;

pub use stream::{Stream, Streams};
pub use time::{SimDuration, SimTime};
