//! The commands, for the `statesim` executable and for programs that include them.
//!
//! | command | arguments | run by |
//! |---|---|---|
//! | evaluate StateSim | [`Args`] | [`run`] |
//! | make or show a topology | [`TopologyCommand`] | [`topology`] |
//! | make or inspect a trace | [`WorkloadCommand`] | [`workload`] |
//!
//! Each prints its results on standard output, and notes and progress on standard
//! error. An error is one line. `ExitCode` 2 is for wrong input, 1 for failures at run
//! time.

mod args;
mod distances;
mod evaluate;
mod inputs;
mod progress;
mod summary;
mod topology;
mod workload;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use analysis::console;
use soe_model::topology::TopologyError;
use soe_model::topology::generate::GenerateError;

use crate::output::OutputError;
use crate::trace::TraceError;

pub use args::Args;
pub use distances::{DistanceTable, distance_table};
pub use evaluate::run;
pub use topology::{TopologyCommand, topology};
pub use workload::{WorkloadCommand, workload};

/// Why a command failed, in one line.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// An option makes no sense.
    #[error("{0}")]
    Usage(String),
    /// A topology file is wrong.
    #[error(transparent)]
    Topology(#[from] TopologyError),
    /// A topology cannot be made.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// A trace is wrong.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// The evaluation is impossible.
    #[error(transparent)]
    Evaluation(#[from] crate::Error),
    /// Results cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A file cannot be written.
    #[error("cannot write `{}`: {cause}", .path.display())]
    File {
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
    /// Whether something is wrong with what was given, rather than with what was to be done
    /// with it.
    pub fn is_input(&self) -> bool {
        match self {
            Self::Output(error) => error.is_taken(),
            Self::Usage(_)
            | Self::Topology(_)
            | Self::Generate(_)
            | Self::Trace(_)
            | Self::Evaluation(_) => true,
            Self::File { .. } | Self::Print(_) | Self::Threads(_) => false,
        }
    }
}

/// The exit code of a command: 2 for wrong input, 1 for what fails on the way. An error is
/// printed after the name of the program.
pub fn exit_code(program: &str, result: Result<(), CommandError>) -> ExitCode {
    console::exit_code(program, result, CommandError::is_input)
}

/// Prints a text on standard output; a reader that has seen enough is not an error.
fn print(text: &str) -> Result<(), CommandError> {
    console::print(text).map_err(CommandError::Print)
}
