//! The common part of all executables: command line, log, signals and exit status.
//!
//! An executable consists of its options and one asynchronous function. [`main`] does
//! the rest:
//!
//! * long options may be abbreviated to an unambiguous prefix, and `--server`
//!   always means `--server-endpoint` (or `--server-endpoints`), so that commands
//!   written for the original work as typed;
//! * `-h` prints the help, `-v` the version;
//! * the log goes to standard error; `RUST_LOG` (directives such as `soe_live=debug`)
//!   or the original's `GLOG_v` (0 to 3) sets its detail;
//! * SIGINT and SIGTERM ask the function to stop ([`Stop`]); a second signal ends
//!   the process at once;
//! * exit status: 0 success, 1 failure, 2 wrong input, 130 ended by a second signal.
//!   Failures are reported in one line.
//!
//! ```no_run
//! use clap::Parser;
//! use soe_live::command::{Failure, Stop};
//!
//! /// Waits.
//! #[derive(Parser)]
//! #[command(name = "waiter")]
//! struct Options {
//!     /// For how many seconds
//!     #[arg(long, default_value_t = 1)]
//!     duration: u64,
//! }
//!
//! async fn run(options: Options, stop: Stop) -> Result<(), Failure> {
//!     let time = std::time::Duration::from_secs(options.duration);
//!     tokio::select! {
//!         () = stop.wait() => {}
//!         () = tokio::time::sleep(time) => {}
//!     }
//!     Ok(())
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     soe_live::command::main(run)
//! }
//! ```

mod arguments;
mod endpoint;
mod logging;
mod output;
mod signals;
mod transport;
mod value;

use std::fmt::Display;
use std::future::Future;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tokio::runtime::Builder;
use tracing::Level;

pub use endpoint::{Endpoint, EndpointError};
pub use output::{Output, print};
pub use signals::Stop;
pub use transport::{ClientConf, ServerConf};
pub use value::{positive, seconds, whole_bytes};

/// How long the threads behind a finished executable may take to end.
const LEAVE: Duration = Duration::from_millis(100);

/// Why an executable ends without success, in one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Something is wrong with the input: exit status 2.
    #[error("{0}")]
    Input(String),
    /// Something went wrong on the way: exit status 1.
    #[error("{0}")]
    Run(String),
}

impl Failure {
    /// Wrong input, in the words of `error`.
    pub fn input(error: impl Display) -> Self {
        Self::Input(error.to_string())
    }

    /// Something that went wrong, in the words of `error`.
    pub fn run(error: impl Display) -> Self {
        Self::Run(error.to_string())
    }

    fn status(&self) -> u8 {
        match self {
            Self::Input(_) => 2,
            Self::Run(_) => 1,
        }
    }
}

/// Starts the log of another program: of what happens here only warnings, unless
/// the environment sets a level.
///
/// # Errors
/// If the environment has an invalid level, or a log was already started.
pub fn log_warnings() -> Result<(), Failure> {
    logging::start(Level::WARN, logging::Form::Text)
}

/// Runs an executable: reads its options, starts its log and its runtime, and
/// calls `run` with a [`Stop`] that tells when a signal asks it to end.
pub fn main<O, R>(run: impl FnOnce(O, Stop) -> R) -> ExitCode
where
    O: Parser,
    R: Future<Output = Result<(), Failure>>,
{
    execute(|_| Builder::new_multi_thread(), run)
}

/// Like [`main`], on as many threads as the options ask for. One thread serves
/// more calls than several that have to wake each other up, as long as the work
/// of one core is enough.
pub fn serve<O, R>(threads: impl FnOnce(&O) -> usize, run: impl FnOnce(O, Stop) -> R) -> ExitCode
where
    O: Parser,
    R: Future<Output = Result<(), Failure>>,
{
    let runtime = |options: &O| match threads(options) {
        0 | 1 => Builder::new_current_thread(),
        threads => {
            let mut runtime = Builder::new_multi_thread();
            runtime.worker_threads(threads);
            runtime
        }
    };
    execute(runtime, run)
}

/// Says in one line how to get an executable that is not part of this build.
pub fn not_built(name: &str, feature: &str) -> ExitCode {
    analysis::console::tell(format_args!(
        "{name}: not part of this build: build with `cargo install --path . --features {feature}`"
    ));
    ExitCode::from(2)
}

fn execute<O, R>(runtime: impl FnOnce(&O) -> Builder, run: impl FnOnce(O, Stop) -> R) -> ExitCode
where
    O: Parser,
    R: Future<Output = Result<(), Failure>>,
{
    let name = O::command().get_name().to_owned();
    let done = arguments::parse(std::env::args_os()).and_then(|parsed| match parsed {
        arguments::Parsed::Options(options, form) => start(runtime(&options), run, options, form),
        arguments::Parsed::Text(text) => output::print(&text),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            analysis::console::tell(format_args!("{name}: {failure}"));
            ExitCode::from(failure.status())
        }
    }
}

fn start<O, R>(
    mut runtime: Builder,
    run: impl FnOnce(O, Stop) -> R,
    options: O,
    form: logging::Form,
) -> Result<(), Failure>
where
    R: Future<Output = Result<(), Failure>>,
{
    logging::start(Level::INFO, form)?;
    let runtime = runtime.enable_all().build().map_err(Failure::run)?;
    let done = runtime.block_on(async {
        let stop = Stop::new();
        signals::watch(stop.clone())?;
        run(options, stop).await
    });
    runtime.shutdown_timeout(LEAVE);
    done
}
