//! The options of StateSim.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::model::Model;
use crate::output::Format;
use crate::trace::Layout;

/// Evaluates chains of stateful functions on an edge network.
///
/// Jobs come from a trace of tasks, nodes and links from a topology. Every replication
/// draws some of the jobs at random, assigns their functions to nodes, and adds up the
/// time of processing and transfers under each policy for the place of state.
///
/// If no input file is given or present, an example that comes with the program is
/// evaluated.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Nodes of the network, `index;name;memory;speed;arch;class;model` with memory in
    /// bytes and speed in millions of operations per second [default: nodes]
    #[arg(long, value_name = "FILE")]
    pub nodes_file: Option<PathBuf>,
    /// Links of the network, `index;rate;name;type` with the rate in Mb/s, optionally
    /// followed by `;latency` in ms [default: links]
    #[arg(long, value_name = "FILE")]
    pub links_file: Option<PathBuf>,
    /// Edges of the network, a vertex and its successors separated by spaces
    /// [default: edges]
    #[arg(long, value_name = "FILE")]
    pub edges_file: Option<PathBuf>,
    /// Tasks of the jobs, one per row [default: tasks]
    #[arg(long, value_name = "FILE")]
    pub tasks_file: Option<PathBuf>,
    /// Layout of the rows of the tasks file: `spar`
    /// (arrival,job,task,duration,cpu,memory,instances) or `alibaba`
    /// (task,instances,job,type,status,start,end,cpu,memory)
    #[arg(long, value_name = "LAYOUT", default_value = "spar", value_parser = layout)]
    pub row_layout: Layout,
    /// One-way latency to the cloud, in seconds (not milliseconds) [default: 0.1]
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    pub cloud_latency: Option<f64>,
    /// Rate to the cloud, in Mb/s [default: 5]
    #[arg(long, value_name = "MBPS", allow_negative_numbers = true)]
    pub cloud_rate: Option<f64>,
    /// Folder for the results, created if necessary; if empty, no files are written
    /// [default: data]
    #[arg(long, value_name = "FOLDER")]
    pub outdir: Option<OsString>,
    /// Number of different functions [default: 5]
    #[arg(long, value_name = "NUMBER")]
    pub num_functions: Option<u32>,
    /// Number of jobs of a replication (on average, in the original model) [default: 10]
    #[arg(long, value_name = "NUMBER")]
    pub num_jobs: Option<u32>,
    /// Seed of the first replication
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    pub seed_starting: u64,
    /// Number of replications, with consecutive seeds [default: 1]
    #[arg(long, value_name = "NUMBER")]
    pub num_replications: Option<u64>,
    /// Operations of a task per second of its duration on a full core [default: 1000]
    #[arg(long, value_name = "FACTOR", allow_negative_numbers = true)]
    pub ops_factor: Option<f64>,
    /// Bytes of an argument per unit of memory of its task [default: 1000]
    #[arg(long, value_name = "FACTOR", allow_negative_numbers = true)]
    pub arg_factor: Option<f64>,
    /// Bytes of a state per unit of memory of its task [default: 1000]
    #[arg(long, value_name = "FACTOR", allow_negative_numbers = true)]
    pub state_factor: Option<f64>,
    /// Policies for the allocation of functions to nodes, separated by commas: ProcOnly,
    /// ProcNet
    /// [default: ProcOnly]
    #[arg(long, value_name = "NAMES")]
    pub alloc_policies: Option<String>,
    /// Policies for the place of state, separated by commas: PureFaaS, StatePropagate,
    /// StateLocal, UnchainedExternal, UnchainedInEdge, UnchainedInFunction,
    /// UnchainedInClient [default: PureFaaS]
    #[arg(long, value_name = "NAMES")]
    pub exec_policies: Option<String>,
    /// Number of threads; results do not depend on it [default: all cores]
    #[arg(long, value_name = "NUMBER")]
    pub num_threads: Option<usize>,
    /// `original`: the same numbers as the original StateSim, including its quirks;
    /// `corrected`: without the errors that distort them
    #[arg(long, value_name = "MODEL", default_value = "original", value_parser = model)]
    pub model: Model,
    /// `native`: the files of the original StateSim, one pair per replication; `csv` or
    /// `json`: all replications in one file for jobs and one for nodes
    #[arg(long, value_name = "FORMAT", default_value = "native", value_parser = format)]
    pub format: Format,
}

pub(super) fn layout(name: &str) -> Result<Layout, String> {
    match name {
        "spar" => Ok(Layout::Spar),
        "alibaba" => Ok(Layout::Alibaba),
        _ => Err("expected spar or alibaba".into()),
    }
}

fn model(name: &str) -> Result<Model, String> {
    name.parse()
}

fn format(name: &str) -> Result<Format, String> {
    match name {
        "native" => Ok(Format::Native),
        "csv" => Ok(Format::Csv),
        "json" => Ok(Format::Json),
        _ => Err("expected native, csv or json".into()),
    }
}
