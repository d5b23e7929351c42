//! Traces of one's own: makes them, and tells what a trace holds.
//!
//! The traces of the published studies cannot be shipped. [`generate`] makes rows of
//! the same layout whose jobs resemble those of the sample of Alibaba's cluster trace
//! that the studies use: how long chains are, how many states they have and which
//! task needs them, how long tasks run, what part of a core and how much memory they
//! have. The numbers of the fit are in one place, and [`inspect`] shows for any trace
//! what they are about.
//!
//! ```
//! use statesim::trace::{self, Layout};
//! use statesim::workload;
//!
//! let text = workload::generate(200, 1);
//! let jobs = trace::parse("generated", text.as_bytes(), Layout::Spar)?;
//! let profile = workload::inspect(&jobs);
//! assert_eq!(profile.counts.jobs, 200);
//! // Three jobs in ten have states.
//! assert!((40..80).contains(&jobs.len()));
//! # Ok::<(), statesim::trace::TraceError>(())
//! ```

mod fit;
mod generate;
mod inspect;

pub use generate::generate;
pub use inspect::{Profile, Quantity, inspect};
