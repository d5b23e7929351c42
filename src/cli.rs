//! The options of the command.

mod analysis;

pub use analysis::{
    AnalyzeArgs, By, CompareArgs, CompareFormat, ExportArgs, ExportFormat, Kind, Picture, PlotArgs,
    ReportArgs,
};

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

/// ServerlessOnEdge: simulate, evaluate and run serverless computing at the edge
/// of a network.
#[derive(Debug, Parser)]
#[command(
    name = "soe",
    version,
    infer_long_args = true,
    arg_required_else_help = true
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Simulate a scenario and report what came out
    #[command(after_long_help = RUN_EXAMPLES)]
    Run(RunArgs),
    /// Check a scenario, or print the schema of scenario files
    Scenario(ScenarioArgs),
    /// Write a commented scenario to start from
    New(NewArgs),
    /// Evaluate chains of stateful invocations on an edge network (StateSim)
    Statesim(statesim::command::Args),
    /// Make or show the topology of an edge network
    #[command(subcommand)]
    Topology(statesim::command::TopologyCommand),
    /// Make or inspect a trace of tasks
    #[command(subcommand)]
    Workload(statesim::command::WorkloadCommand),
    /// Report what a result folder says, and how far it can be trusted
    #[command(after_long_help = analysis::ANALYZE_EXAMPLES)]
    Analyze(AnalyzeArgs),
    /// Compare alternatives, or check results against earlier ones
    #[command(after_long_help = analysis::COMPARE_EXAMPLES)]
    Compare(CompareArgs),
    /// Draw the figures of a result folder
    #[command(after_long_help = analysis::PLOT_EXAMPLES)]
    Plot(PlotArgs),
    /// Write one self-contained page about a result folder
    #[command(after_long_help = analysis::REPORT_EXAMPLES)]
    Report(ReportArgs),
    /// Write the tables of a result folder as Parquet or JSON lines
    #[command(after_long_help = analysis::EXPORT_EXAMPLES)]
    Export(ExportArgs),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

const RUN_EXAMPLES: &str = "\
Examples:
  soe run scenarios/readme.toml
  soe run scenarios/readme.toml --replications 30 --set client.client-1.size=\"1 kB\"
  soe run scenarios/large.toml --threads 2 --output results/large --quiet
  soe run scenarios/readme.toml --calls --samples \"1 s\" --output results/readme --force

The result folder holds manifest.json (what was run, and digests of all files),
scenario.toml (the scenario as run), summary.json and summary.csv (means and
intervals), metrics.csv and metrics.jsonl (every replication), tables.txt (the
brokers' tables at the end), columns.json (what each column means) and, on
request, calls.csv and samples.csv. It appears whole or not at all.

Exit status: 0 done, 1 something went wrong, 2 wrong input, 130 interrupted.";

#[derive(Args, Debug)]
pub struct RunArgs {
    /// The scenario file (TOML)
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: PathBuf,

    /// Seed of all random draws [default: that of the scenario]
    #[arg(long)]
    pub seed: Option<u64>,

    /// Number of independent replications [default: that of the scenario]
    #[arg(long)]
    pub replications: Option<u32>,

    /// Number of threads; they change nothing but the time it takes
    /// [default: all cores]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,

    /// Another value for a key of the scenario, such as `computer.edge.cores=4`;
    /// may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,

    /// The folder for the results [default: the first of results/NAME-1,
    /// results/NAME-2, ... that does not exist]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub output: Option<PathBuf>,

    /// Replace the results in an existing folder
    #[arg(long, requires = "output")]
    pub force: bool,

    /// Write no result folder
    #[arg(long, conflicts_with_all = ["output", "calls", "samples"])]
    pub no_output: bool,

    /// Record every call in calls.csv
    #[arg(long)]
    pub calls: bool,

    /// Record time series in samples.csv, one sample per PERIOD of simulated time
    /// (such as "1 s")
    #[arg(long, value_name = "PERIOD")]
    pub samples: Option<String>,

    /// What to print on standard output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// Print nothing but errors
    #[arg(long, short)]
    pub quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A report for people
    Text,
    /// The summary as JSON
    Json,
    /// The summary as CSV
    Csv,
}

#[derive(Args, Debug)]
pub struct ScenarioArgs {
    #[command(subcommand)]
    pub command: ScenarioCommand,
}

#[derive(Debug, Subcommand)]
pub enum ScenarioCommand {
    /// Check a scenario and print it with all defaults filled in
    Check {
        /// The scenario file (TOML)
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,

        /// Another value for a key of the scenario; may be repeated
        #[arg(long, value_name = "KEY=VALUE")]
        set: Vec<String>,
    },
    /// Print the JSON Schema of scenario files, for editors
    Schema,
    /// Print the reference of scenario files: every key, unit and default
    Reference,
}

#[derive(Args, Debug)]
pub struct NewArgs {
    /// The file to write; must not exist
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
}
