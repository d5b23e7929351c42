//! Generating and inspecting traces.
//!
//! The traces of the published studies cannot be shipped. [`generate`] makes rows of
//! the same layout, whose jobs resemble those of the sample of Alibaba's cluster trace
//! that the studies use: in the length of chains, the number of states and the tasks
//! that need them, the duration of tasks, and their share of a core and memory. The
//! parameters of the fit are in one place, and [`inspect`] shows the same quantities
//! for any trace.
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
