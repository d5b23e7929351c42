//! The `afdb-cost` executable.

use std::process::ExitCode;

use clap::Parser;
use lambdamu::command::blob::{CostArgs, cost};
use lambdamu::command::exit_code;

#[derive(Parser)]
#[command(
    name = "afdb-cost",
    version,
    disable_version_flag = true,
    infer_long_args = true
)]
struct Cli {
    #[command(flatten)]
    args: CostArgs,
    /// Print version
    #[arg(short = 'v', short_alias = 'V', long, action = clap::ArgAction::Version)]
    version: (),
}

fn main() -> ExitCode {
    let mut args = Cli::parse().args;
    // As the original's program.
    args.rows.skip_bad_rows = true;
    exit_code("afdb-cost", cost(&args))
}
