//! The `soe` command: a thin shell over the crates of ServerlessOnEdge.

mod analyze;
mod cli;
mod compare;
mod declared;
mod deliver;
mod export;
mod failure;
mod live;
mod new;
mod plot;
mod progress;
mod report;
mod run;
mod scenario;
mod sweep;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use cli::{Cli, Command, LiveCommand};
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
        Command::Live(LiveCommand::Up(args)) => live::up(&args),
        Command::Live(LiveCommand::Serve(args)) => live::serve(&args),
        Command::Analyze(args) => analyze::run(&args),
        Command::Compare(args) => match compare::run(&args) {
            Ok(status) => return status,
            Err(failure) => Err(failure),
        },
        Command::Plot(args) => plot::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Export(args) => export::run(&args),
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
