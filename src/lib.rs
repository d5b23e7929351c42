//! ServerlessOnEdge as a library: the complete `soe` command, with your own kinds.
//!
//! You can add a policy without a fork of this project. A crate that depends on this one
//! declares the policy and passes it to a [`Program`]:
//!
//! ```no_run
//! use soe::prelude::*;
//!
//! /// Sends every call to the destination that was added last.
//! #[derive(Debug)]
//! struct Newest;
//!
//! impl Policy for Newest {
//!     fn pick(&mut self, _: SimTime, candidates: &Candidates<'_>, _: &mut Stream) -> usize {
//!         candidates.len() - 1
//!     }
//! }
//!
//! const KIND: Kind<PolicyBuilder> =
//!     Kind::new("newest", "Always the destination that was added last.", |_| Box::new(Newest));
//!
//! fn main() -> std::process::ExitCode {
//!     soe::Program::new().policy(KIND).main()
//! }
//! ```
//!
//! Its executable is a complete `soe` command that also knows `policy = "newest"`: in
//! scenario files and studies, simulated and live, in the schema, the reference and `soe
//! list policies`. `examples/own-policy` is such a crate; `docs/extending.md` has the
//! details.
//!
//! # Why kinds are registered for the whole process
//!
//! The reader of scenario files, the reader of options (whose functions take no context),
//! the schema, the reference, help, lists and the journals of studies read the catalogues
//! of kinds. There is one catalogue for each sort in the process. It is complete before
//! the first read and never changes later, so that all readers agree. The alternative is
//! a catalogue that is passed through all those places. It would serve programs that use
//! several sets of kinds at once; there are no such programs.

// These macros panic when the other end of a pipe is closed: `analysis::console` does not.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod analyze;
mod check;
mod cli;
mod columns;
mod compare;
mod completions;
mod declared;
mod deliver;
mod export;
mod failure;
mod list;
mod live;
mod new;
mod plot;
mod program;
mod progress;
mod report;
mod run;
mod scenario;
mod signals;
mod sweep;
mod validate;

pub use program::Program;
pub use {sim_core, soe_model};

/// What declarations of kinds need.
pub mod prelude {
    pub use sim_core::{SimDuration, SimTime, Stream};
    pub use soe_model::broker::estimator::{Estimator, EstimatorBuilder, Observation, Prediction};
    pub use soe_model::broker::optimizer::{Optimizer, OptimizerBuilder};
    pub use soe_model::broker::policy::{Policy, PolicyBuilder, WeightUse};
    pub use soe_model::broker::{
        AttemptOutcome, CallHeader, Candidates, Compatibility, Failure, Lineup, Load, ProbeAnswer,
        RoundTrip, Target,
    };
    pub use soe_model::catalogue::{Arguments, Kind, Parameter, Quantity};
    pub use soe_model::client::arrival::{ArrivalProcess, BuildArrivals};
    pub use soe_model::client::size::{BuildSizes, SizeDistribution};
    pub use soe_model::names::{EndpointId, FunctionId};
    pub use soe_model::units::Bytes;
}
