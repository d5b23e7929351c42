//! The command, for `soe lambdamu` and for the executable `lambdamusim`.

mod args;
pub mod blob;
mod run;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use analysis::console;
use soe_model::topology::TopologyError;

pub use args::{Args, EXAMPLES};
pub use run::run;

/// Why the command failed, in one line.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// An option makes no sense.
    #[error("{0}")]
    Usage(String),
    /// A topology file is wrong.
    #[error(transparent)]
    Topology(#[from] TopologyError),
    /// A published trace is wrong.
    #[error(transparent)]
    Trace(#[from] soe_traces::TraceError),
    /// A file of accesses is wrong.
    #[error(transparent)]
    Timestamps(#[from] crate::timestamps::TimestampError),
    /// The simulation is impossible.
    #[error(transparent)]
    Simulation(#[from] crate::Error),
    /// There can be no file where the results are to be.
    #[error("cannot write `{}`: {cause}", .path.display())]
    Place {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The results cannot be written.
    #[error("cannot write `{}`: {cause}", .path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// Standard output takes nothing.
    #[error("standard output: {0}")]
    Print(io::Error),
    /// Threads cannot be started.
    #[error("cannot start threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

impl CommandError {
    /// Whether something is wrong with what was given, rather than with what was to be
    /// done with it.
    pub fn is_input(&self) -> bool {
        !matches!(self, Self::Write { .. } | Self::Print(_) | Self::Threads(_))
    }
}

/// The exit code of a command: 2 for wrong input, 1 for what fails on the way. An error is
/// printed after the name of the program.
pub fn exit_code(program: &str, result: Result<(), CommandError>) -> ExitCode {
    console::exit_code(program, result, CommandError::is_input)
}
