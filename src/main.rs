//! The `soe` command: a thin shell over the crates of ServerlessOnEdge.

mod analyze;
mod check;
mod cli;
mod compare;
mod completions;
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
mod signals;
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
        Command::Statesim(args) => command::run(&args).map_err(Failure::from),
        Command::Topology(args) => command::topology(&args).map_err(Failure::from),
        Command::Workload(args) => command::workload(&args).map_err(Failure::from),
        Command::Live(LiveCommand::Up(args)) => live::up(&args),
        Command::Live(LiveCommand::Serve(args)) => live::serve(&args),
        Command::Analyze(args) => analyze::run(&args),
        Command::Compare(args) => match compare::run(&args) {
            Ok(status) => return status,
            Err(failure) => Err(failure),
        },
        Command::Check(args) => check::run(&args),
        Command::Plot(args) => plot::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Completions { shell } => completions::run(shell, &mut Cli::command()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
