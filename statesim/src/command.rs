//! The commands, for the `statesim` executable and for others that mount them.
//!
//! | command | arguments | run by |
//! |---|---|---|
//! | evaluate StateSim | [`Args`] | [`run`] |
//! | make or show a topology | [`TopologyCommand`] | [`topology`] |
//! | make or inspect a trace | [`WorkloadCommand`] | [`workload`] |
//!
//! Each prints what it has to say on standard output, notes and progress on standard
//! error, and gives an error that fits in one line. `ExitCode` 2 is for errors.

mod args;
mod evaluate;
mod inputs;
mod progress;
mod summary;
mod topology;
mod workload;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use soe_model::topology::TopologyError;
use soe_model::topology::generate::GenerateError;

use crate::output::OutputError;
use crate::trace::TraceError;

pub use args::Args;
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
    /// There are no threads to be had.
    #[error("cannot start threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

/// The exit code of a command; an error is printed after the name of the program.
pub fn exit_code(program: &str, result: Result<(), CommandError>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{program}: {error}");
            ExitCode::from(2)
        }
    }
}

/// Prints a text on standard output; whoever reads it may stop at any time.
fn print(text: &str) {
    let _ = io::stdout().lock().write_all(text.as_bytes());
}
