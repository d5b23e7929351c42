//! The `lambdamusim` executable.

use std::process::ExitCode;

use clap::Parser;
use lambdamu::command::{self, Args, EXAMPLES};

#[derive(Parser)]
#[command(name = "lambdamusim", version, disable_version_flag = true, infer_long_args = true, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    args: Args,
    /// Print version
    #[arg(short = 'v', short_alias = 'V', long, action = clap::ArgAction::Version)]
    version: (),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    command::exit_code("lambdamusim", command::run(&cli.args))
}
