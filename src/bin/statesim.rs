//! The `statesim` executable.

use std::process::ExitCode;

use clap::Parser;
use statesim::command::{self, Args};

#[derive(Parser)]
#[command(name = "statesim", version, infer_long_args = true)]
struct Cli {
    #[command(flatten)]
    args: Args,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    command::exit_code("statesim", command::run(&cli.args))
}
