//! The options of the command.

mod analysis;
mod validate;

pub use analysis::{
    AnalyzeArgs, By, CompareArgs, CompareFormat, ExportArgs, ExportFormat, Kind, Picture, PlotArgs,
    ReportArgs,
};
pub use validate::{LiveArgs, LiveFormat, TheoryArgs, ValidateCommand};

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use lambdamu::command::blob;

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
    /// Simulate a scenario and report its results
    #[command(after_long_help = RUN_EXAMPLES)]
    Run(RunArgs),
    /// Run a study: a scenario, StateSim or LambdaMuSim at all points of a grid
    #[command(after_long_help = SWEEP_EXAMPLES)]
    Sweep(SweepArgs),
    /// Run a study that comes with the program, or list these studies
    Study(StudyArgs),
    /// Check a scenario, or print the schema of scenario files
    Scenario(ScenarioArgs),
    /// Write a commented scenario to start from
    New(NewArgs),
    /// List all policies, optimizers, estimators and other kinds
    List(ListArgs),
    /// Evaluate chains of stateful invocations on an edge network (StateSim)
    Statesim(statesim::command::Args),
    /// Place applications with stateless and stateful phases on containers (LambdaMuSim)
    #[command(after_help = lambdamu::command::EXAMPLES)]
    Lambdamu(lambdamu::command::Args),
    /// Inspect and convert published traces
    #[command(subcommand)]
    Trace(TraceCommand),
    /// Generate or show the topology of an edge network
    #[command(subcommand)]
    Topology(statesim::command::TopologyCommand),
    /// Generate or inspect a trace of tasks
    #[command(subcommand)]
    Workload(statesim::command::WorkloadCommand),
    /// Run a scenario as real services and clients
    #[command(subcommand)]
    Live(LiveCommand),
    /// Report the numbers of a result folder, and how far they can be trusted
    #[command(after_long_help = analysis::ANALYZE_EXAMPLES)]
    Analyze(AnalyzeArgs),
    /// Compare alternatives, or check results against earlier ones
    #[command(after_long_help = analysis::COMPARE_EXAMPLES)]
    Compare(CompareArgs),
    /// Hold the simulator against theory and against live runs
    #[command(subcommand)]
    Validate(ValidateCommand),
    /// Verify the digests of all files of a result folder
    Check(CheckArgs),
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

/// Published traces.
#[derive(Debug, Subcommand)]
pub enum TraceCommand {
    /// Azure Functions Blob 2020: accesses of functions to storage
    #[command(subcommand)]
    Blob(BlobCommand),
}

/// Commands on the trace Azure Functions Blob 2020.
#[derive(Debug, Subcommand)]
pub enum BlobCommand {
    /// Count accesses, life cycles, or read and write periods of applications (`afdb`)
    Inspect(blob::InspectArgs),
    /// Convert the trace to the file that LambdaMuSim takes, and back (`afdb-convert`)
    #[command(after_help = BLOB_EXAMPLES)]
    Convert(blob::ConvertArgs),
    /// Compute what applications cost, stateless and stateful (`afdb-cost`)
    Cost(blob::CostArgs),
}

const BLOB_EXAMPLES: &str = "\
Examples:
  soe trace blob convert --input-raw azurefunctions-accesses-2020.csv --output-timestamp apps
  soe trace blob convert --dump-timestamp apps
  soe trace blob convert --input-timestamp apps --output-raw accesses.csv
  soe study lambdamu-011 --trace apps";

const RUN_EXAMPLES: &str = "\
Examples:
  soe run scenarios/readme.toml
  soe run scenarios/readme.toml --replications 30 --set client.client-1.size=\"1 kB\"
  soe run scenarios/large.toml --threads 2 --output results/large --quiet
  soe run scenarios/readme.toml --calls --samples \"1 s\" --output results/readme --force

The result folder holds manifest.json (what was run, and digests of all files),
scenario.toml (the scenario as run), summary.json and summary.csv (means and
intervals), metrics.csv and metrics.jsonl (every replication), tables.txt (the
brokers' tables at the end), columns.json (meaning of columns and metrics) and, on
request, calls.csv and samples.csv. It appears whole or not at all.

Exit status: 0 success, 1 failure, 2 wrong input, 130 interrupted.";

#[derive(Args, Debug)]
pub struct CheckArgs {
    /// The result folder
    pub folder: PathBuf,
}

/// More threads than this are a typing mistake.
const MOST_THREADS: i64 = 1024;

#[derive(Args, Debug)]
pub struct RunArgs {
    #[command(flatten)]
    pub task: TaskArgs,

    /// Maximum number of threads; it affects only the time of the run, never the
    /// results [default: all cores]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=MOST_THREADS))]
    pub threads: Option<u16>,

    /// Record time series in samples.csv, one sample per PERIOD of simulated time
    /// (such as "1 s")
    #[arg(long, value_name = "PERIOD", conflicts_with = "no_output")]
    pub samples: Option<String>,
}

/// The scenario to run, and the destination of its results.
#[derive(Args, Debug)]
pub struct TaskArgs {
    #[command(flatten)]
    pub which: WhichArgs,

    /// Number of independent replications [default: that of the scenario; of
    /// `live up`: 1]
    #[arg(long)]
    pub replications: Option<u32>,

    /// The folder for the results [default: the first of results/NAME-1,
    /// results/NAME-2, ... that does not exist]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub output: Option<PathBuf>,

    /// Replace the results in an existing folder, if this program wrote them
    #[arg(long, requires = "output")]
    pub force: bool,

    /// Write no result folder
    #[arg(long, conflicts_with_all = ["output", "calls"])]
    pub no_output: bool,

    /// Record every call in calls.csv; with `=parts` also where its latency went, in
    /// parts.csv
    #[arg(
        long,
        value_enum,
        value_name = "WHAT",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "outcomes",
        hide_possible_values = true
    )]
    pub calls: Option<CallTables>,

    /// Format of standard output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// Print nothing but errors
    #[arg(long, short)]
    pub quiet: bool,
}

/// What is recorded of every call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CallTables {
    /// Who called whom, when, and with which outcome
    Outcomes,
    /// Also where the latency went
    Parts,
}

/// The scenario, and the changes of the command line.
#[derive(Args, Debug)]
pub struct WhichArgs {
    /// The scenario file (TOML)
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: PathBuf,

    /// Seed of all random draws [default: that of the scenario]
    #[arg(long)]
    pub seed: Option<u64>,

    /// Set a key of the scenario, such as `computer.edge.cores=4`; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

const LIVE_EXAMPLES: &str = "\
Examples:
  soe live up scenarios/readme.toml
  soe live up scenarios/readme-dispatcher.toml --processes --calls
  soe live up scenarios/readme.toml --set client.client-1.arrivals.interval=\"100 ms\"";

/// Run scenarios live.
#[derive(Debug, Subcommand)]
pub enum LiveCommand {
    /// Start all components of a scenario on this machine as real services, let its
    /// clients call, print the same report as `soe run`, and stop everything
    #[command(after_help = LIVE_EXAMPLES)]
    Up(LiveUpArgs),
    /// Run one component of a scenario until standard input ends or a signal arrives
    Serve(LiveServeArgs),
}

#[derive(Args, Debug)]
pub struct LiveUpArgs {
    #[command(flatten)]
    pub task: TaskArgs,

    /// Start each component as a separate process
    #[arg(long)]
    pub processes: bool,
}

#[derive(Args, Debug)]
pub struct LiveServeArgs {
    #[command(flatten)]
    pub which: WhichArgs,

    /// The computer, broker or controller to run
    #[arg(long)]
    pub name: String,

    /// File with the endpoints of all components, one line each: `ENDPOINT ENDPOINT
    /// ENDPOINT NAME`. The first accepts calls or announcements. The second serves the
    /// tables of a broker or the utilization of a computer. The third is the state
    /// server of a computer
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub places: PathBuf,

    /// The number of the replication, which changes random draws
    #[arg(long, default_value_t = 0)]
    pub replication: u32,
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

const SWEEP_EXAMPLES: &str = "\
Examples:
  soe sweep study.toml --dry-run
  soe sweep study.toml --threads 8 --replications 30
  soe sweep study.toml --shard 3/16 --output results/study
  soe sweep merge study.toml --output results/study results/*/study.work

Finished replications are saved at once in OUTPUT.work. After any interruption,
the same command continues; after a change of the study, it runs only what
changed. The result folder appears whole when everything is done:
index.html (all figures and numbers), figures/ (SVG and CSV), summary.csv and
summary.json (means and intervals), points.csv (the grid), metrics.csv and
metrics.jsonl (every replication), study.toml (the study as run), manifest.json.

Exit status: 0 success, 1 failure, also of a replication, 2 wrong input, 130
interrupted.";

#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct SweepArgs {
    #[command(subcommand)]
    pub command: Option<SweepCommand>,

    /// The study file (TOML), or a scenario file with a section `sweep`
    #[arg(value_hint = ValueHint::FilePath, required = true)]
    pub file: Option<PathBuf>,

    #[command(flatten)]
    pub options: SweepOptions,

    #[command(flatten)]
    pub work: WorkOptions,
}

#[derive(Debug, Subcommand)]
pub enum SweepCommand {
    /// Join the parts of a study that were run with --shard
    Merge(MergeArgs),
    /// Print the JSON Schema of study files, for editors
    Schema,
    /// Print the reference of study files: every key, unit and default
    Reference,
}

#[derive(Args, Debug)]
pub struct MergeArgs {
    /// The study file (TOML) or scenario file, or the name of a study that comes with the program
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: PathBuf,

    /// Working folders of the parts, or journals from them
    #[arg(required = true, value_hint = ValueHint::AnyPath)]
    pub parts: Vec<PathBuf>,

    #[command(flatten)]
    pub options: SweepOptions,
}

#[derive(Args, Debug)]
pub struct StudyArgs {
    /// Name of the study [default: list all]
    pub name: Option<String>,

    #[command(flatten)]
    pub options: SweepOptions,

    #[command(flatten)]
    pub work: WorkOptions,
}

/// The study to run, and the destination of its results.
#[derive(Args, Debug)]
pub struct SweepOptions {
    /// Set a key of the study, such as `parameters.jobs=100`; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,

    /// Seed of all random draws [default: that of the study]
    #[arg(long)]
    pub seed: Option<u64>,

    /// Number of replications of every point [default: that of the study]
    #[arg(long)]
    pub replications: Option<u32>,

    /// For StateSim and LambdaMuSim, take PREFIX.nodes, PREFIX.links and PREFIX.edges
    /// as the network of that name; may be repeated
    #[arg(long, value_name = "NAME=PREFIX")]
    pub network: Vec<String>,

    /// For StateSim, take this trace (of Spar's layout); for LambdaMuSim, take these
    /// accesses of applications (as `soe trace blob convert` writes them)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub trace: Option<PathBuf>,

    /// The folder for the results [default: results/NAME]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub output: Option<PathBuf>,

    /// Replace the results in an existing folder, if this program wrote them
    #[arg(long)]
    pub force: bool,

    /// Print nothing but errors
    #[arg(long, short)]
    pub quiet: bool,
}

/// How to run it.
#[derive(Args, Debug)]
pub struct WorkOptions {
    /// Maximum number of threads; it affects only the time of the run, never the
    /// results [default: all cores]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=MOST_THREADS))]
    pub threads: Option<u16>,

    /// Run only part I of N, counted from 1, and write no results: `soe sweep merge`
    /// joins the parts
    #[arg(long, value_name = "I/N", conflicts_with = "force")]
    pub shard: Option<String>,

    /// Print how much there is to run and how long it may take; run nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Run a single replication, print its results and store nothing
    #[arg(long, value_name = "POINT:REPLICATION", conflicts_with_all = ["dry_run", "shard"])]
    pub only: Option<String>,

    /// Print the study with all ranges and defaults written out; run nothing
    #[arg(long, conflicts_with_all = ["dry_run", "shard", "only"])]
    pub check: bool,
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

        /// Set a key of the scenario; may be repeated
        #[arg(long, value_name = "KEY=VALUE")]
        set: Vec<String>,
    },
    /// Print the JSON Schema of scenario files, for editors
    Schema,
    /// Print the reference of scenario files: every key, unit and default
    Reference,
}

#[derive(Args, Debug)]
pub struct ListArgs {
    /// What to list: policies, optimizers, estimators, ejections, arrivals, sizes, platforms,
    /// executions (of StateSim), metrics or studies [default: all kinds]
    pub what: Option<String>,
}

#[derive(Args, Debug)]
pub struct NewArgs {
    /// The file to write; it must not exist
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
}
