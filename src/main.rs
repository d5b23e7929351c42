//! The `soe` command: a thin shell over the crates of ServerlessOnEdge.

mod cli;
mod failure;
mod new;
mod progress;
mod run;
mod scenario;
mod sweep;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use cli::{Cli, Command};
use failure::Failure;
use statesim::command;

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(args) => run::run(&args),
        Command::Sweep(args) => sweep::sweep(&args),
        Command::Study(args) => sweep::study(&args),
        Command::Scenario(args) => scenario::run(&args),
        Command::New(args) => new::run(&args),
        Command::Statesim(args) => command::run(&args).map_err(Failure::input),
        Command::Topology(args) => command::topology(&args).map_err(Failure::input),
        Command::Workload(args) => command::workload(&args).map_err(Failure::input),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "soe", &mut std::io::stdout());
            Ok(())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
