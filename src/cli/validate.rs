//! The options of `soe validate`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

use super::{Format, MOST_THREADS, WhichArgs};

/// What the simulator is held against.
#[derive(Debug, Subcommand)]
pub enum ValidateCommand {
    /// Compare simulations with closed forms of queueing theory
    #[command(after_long_help = EXAMPLES)]
    Theory(TheoryArgs),
    /// Compare a simulation with live runs of the same scenario
    #[command(after_long_help = LIVE_EXAMPLES)]
    Live(LiveArgs),
}

const EXAMPLES: &str = "\
Examples:
  soe validate theory
  soe validate theory --list
  soe validate theory --law m-m-1 --law tandem --seed 7 --replications 100
  soe validate theory --sabotage
  soe validate theory --output results/theory

Each law is a theorem with scenarios and the numbers that they must measure. A law holds
if each number lies in the interval around what was measured, and that is narrow enough
to tell. The intervals are so wide that a correct simulator fails one run in a thousand.
With --sabotage, the model of each law is broken on purpose (a slower processor, another
order, a link of one more nanosecond), and every fault must be found.

Exit status: 0 all laws hold (or all faults were found), 1 otherwise, 2 wrong input.";

const LIVE_EXAMPLES: &str = "\
Examples:
  soe validate live scenarios/policy-random.toml --set 'run.duration=\"55 s\"' \\
    --set 'run.warm-up=\"5 s\"'
  soe validate live scenario.toml --processes --repeats 10 --output results/live

The scenario is run live several times with the same arrivals and sizes, and simulated
with the cost of a message that a short probe has measured. A metric agrees if the
simulation is within 5 % or 1 ms of the live mean (shares of calls: 3 points), or inside
the range of the live runs, as far as that is within 5 % of their mean. Of the others,
those differ whose live runs and simulations are from different distributions (Welch's
test, 99 %); the rest is unclear. Mean and 95th percentile of latency, throughput and
shares decide; other quantiles are shown.

On a machine whose timers are late there is no verdict.

Exit status: 0 agrees, 1 differs or unclear, 2 wrong input, 3 too busy to judge, 130
interrupted.";

/// Options of `soe validate live`.
#[derive(Args, Debug)]
pub struct LiveArgs {
    #[command(flatten)]
    pub which: WhichArgs,

    /// Number of live runs, each of which takes its real time
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(2..=1000))]
    pub repeats: u32,

    /// Number of simulations
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(2..=10_000))]
    pub simulations: u32,

    /// Start each component as a separate process
    #[arg(long)]
    pub processes: bool,

    /// Also write a folder with a page, a figure, and the numbers as JSON
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub output: Option<PathBuf>,

    /// Replace the results in an existing folder, if this program wrote them
    #[arg(long, requires = "output")]
    pub force: bool,

    /// Format of standard output
    #[arg(long, value_enum, default_value_t = LiveFormat::Text)]
    pub format: LiveFormat,
}

/// Formats of a comparison with live runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LiveFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

/// Options of `soe validate theory`.
#[derive(Args, Debug)]
pub struct TheoryArgs {
    /// Check only this law [default: all]
    #[arg(long, value_name = "NAME")]
    pub law: Vec<String>,

    /// List the laws, and do nothing else
    #[arg(long)]
    pub list: bool,

    /// Break the model of each law on purpose, and see whether that is found
    #[arg(long)]
    pub sabotage: bool,

    /// Seed of all random draws
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Number of independent replications of each scenario
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(2..=10_000))]
    pub replications: u32,

    /// Maximum number of threads; it affects only the time of the run, never the
    /// results [default: all cores]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=MOST_THREADS))]
    pub threads: Option<u16>,

    /// Also write a folder with a page, its figure, and the numbers as CSV and JSON
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub output: Option<PathBuf>,

    /// Replace the results in an existing folder, if this program wrote them
    #[arg(long, requires = "output")]
    pub force: bool,

    /// Format of standard output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}
