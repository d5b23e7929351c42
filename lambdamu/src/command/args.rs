//! The options.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::{AppModel, LambdaAlgorithm, MuAlgorithm, PoissonRule};

/// Places applications with stateless (lambda) and stateful (mu) phases on containers
///
/// Applications reach the network at brokers (nodes of the models rpi3b+ and
/// nvidia_jetson_tx2). Edge nodes (nuci5, server) have few containers and are near; the
/// cloud is far and has as many as needed. An orchestrator gives a container of its own
/// to each application in its mu phase, then spreads the requests of the others over the
/// containers that are left.
///
/// A snapshot draws applications in their phases and places them once. A dynamic
/// simulation takes the phases from a trace and places all applications once per epoch.
///
/// If no network is given or present, it is the example that comes with the program.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Explain the columns of the results, and quit
    #[arg(long, conflicts_with = "print_header")]
    pub explain_output: bool,
    /// Print the header of the results, which the file does not have, and quit
    #[arg(long)]
    pub print_header: bool,
    /// What to simulate
    #[arg(long = "type", value_name = "TYPE", value_enum, default_value_t = Kind::Snapshot)]
    pub kind: Kind,
    /// Nodes of the network, `index;name;memory;speed;arch;class;model` with the speed in
    /// millions of operations per second [default: nodes]
    #[arg(long, value_name = "FILE")]
    pub nodes_path: Option<PathBuf>,
    /// Links of the network, `index;rate;name;type` with the rate in Mb/s
    /// [default: links]
    #[arg(long, value_name = "FILE")]
    pub links_path: Option<PathBuf>,
    /// Edges of the network, a vertex and its successors separated by spaces
    /// [default: edges]
    #[arg(long, value_name = "FILE")]
    pub edges_path: Option<PathBuf>,
    /// Distance of the cloud, in multiples of the distance of the farthest edge node
    #[arg(
        long,
        value_name = "FACTOR",
        default_value_t = 2.0,
        allow_negative_numbers = true
    )]
    pub cloud_distance_factor: f64,
    /// What a request of an application in its lambda phase pays per unit of its stored
    /// data, if the cloud serves it
    #[arg(
        long,
        value_name = "COST",
        default_value_t = 0.0,
        allow_negative_numbers = true
    )]
    pub cloud_storage_cost_local: f64,
    /// The same if an edge node serves it
    #[arg(
        long,
        value_name = "COST",
        default_value_t = 0.0,
        allow_negative_numbers = true
    )]
    pub cloud_storage_cost_remote: f64,
    /// Accesses of applications over time, as `soe trace blob convert` or `afdb-convert`
    /// writes them (dynamic)
    #[arg(long, value_name = "FILE", default_value = "apps")]
    pub apps_path: PathBuf,
    /// How long the simulation lasts, in ms (dynamic)
    #[arg(
        long,
        value_name = "MS",
        default_value_t = 300_000.0,
        allow_negative_numbers = true
    )]
    pub duration: f64,
    /// Nothing is measured before this time, in ms (dynamic)
    #[arg(
        long,
        value_name = "MS",
        default_value_t = 5000.0,
        allow_negative_numbers = true
    )]
    pub warm_up: f64,
    /// Time from one placement to the next, in ms (dynamic)
    #[arg(
        long,
        value_name = "MS",
        default_value_t = 60_000.0,
        allow_negative_numbers = true
    )]
    pub epoch: f64,
    /// Leave out applications of the trace with fewer periods, lambda and mu together
    /// (dynamic)
    #[arg(long, value_name = "NUMBER", default_value_t = 50)]
    pub min_periods: u64,
    /// Average number of applications (dynamic)
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    pub avg_apps: u64,
    /// Average number of applications in their lambda phase (snapshot)
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    pub avg_lambda: u64,
    /// Average number of applications in their mu phase (snapshot)
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    pub avg_mu: u64,
    /// Share of the containers of each edge node that applications in their mu phase may
    /// use, from 0 to 1; rounded down to whole containers
    #[arg(
        long,
        value_name = "SHARE",
        default_value_t = 0.5,
        allow_negative_numbers = true
    )]
    pub alpha: f64,
    /// Share of the capacity of a container that requests may use, more than 0 and at
    /// most 1
    #[arg(
        long,
        value_name = "SHARE",
        default_value_t = 0.5,
        allow_negative_numbers = true
    )]
    pub beta: f64,
    /// What applications are like: `constant,R,M,D` with the rate of requests R, the data
    /// M that a request exchanges, and the stored data D; or `classes,W,R,M,D,W,R,M,D...`
    /// with the weight W of each class
    #[arg(long, value_name = "MODEL", default_value_t)]
    pub app_model: AppModel,
    /// How applications in their mu phase get containers: random, greedy, hungarian
    #[arg(long, value_name = "NAME", default_value_t)]
    pub mu_algorithm: MuAlgorithm,
    /// How requests of applications in their lambda phase get containers: random, greedy,
    /// mcfp (flow of minimum cost)
    #[arg(long, value_name = "NAME", default_value_t)]
    pub lambda_algorithm: LambdaAlgorithm,
    /// The file for the results, one row per replication
    #[arg(long, value_name = "FILE", default_value = "out.csv")]
    pub out_file: PathBuf,
    /// Add to the file instead of replacing it
    #[arg(long)]
    pub append: bool,
    /// Seed of the first replication
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    pub seed_starting: u64,
    /// Number of replications, with consecutive seeds
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub num_replications: u64,
    /// Number of threads; results do not depend on it [default: all cores]
    #[arg(long, value_name = "NUMBER")]
    pub num_threads: Option<usize>,
    /// `corrected`: numbers of applications as GCC 8 and later draw them; `published`: as
    /// the published tables had them, drawn by GCC 7
    #[arg(long, value_name = "RULE", default_value = "corrected", value_parser = poisson)]
    pub poisson: PoissonRule,
}

/// The two kinds of simulations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Applications are placed once
    Snapshot,
    /// Applications change phase over time
    Dynamic,
}

fn poisson(name: &str) -> Result<PoissonRule, String> {
    name.parse()
        .map_err(|error: crate::Error| error.to_string())
}

/// What the help shows at its end, after the name of the program.
pub const EXAMPLES: &str = "\
Examples:
  --avg-lambda 50 --avg-mu 50 --num-replications 100
  --avg-lambda 75 --avg-mu 25 --mu-algorithm greedy --lambda-algorithm greedy --append
  --type dynamic --apps-path apps --avg-apps 60 --duration 86400000 --epoch 300000

The file has no header; --print-header prints it, --explain-output explains it.
Rows are in the order of the seeds. The file appears whole or not at all.

Exit status: 0 success, 1 failure, 2 wrong input.";
