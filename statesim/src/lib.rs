//! StateSim: latency and traffic of chains of stateful invocations on an edge topology.

pub mod allocation;
pub mod command;
mod draws;
mod evaluation;
pub mod example;
pub mod execution;
mod jobs;
mod meter;
mod model;
mod network;
pub mod output;
mod pool;
pub mod statistics;
pub mod trace;
pub mod workload;

pub use evaluation::{Evaluation, JobOutcome, Outcome, Placed, Worker};
pub use jobs::Jobs;
pub use meter::Cloud;
pub use model::{Corrections, Model};
pub use network::Network;
pub use pool::{Factors, Pool};

/// Why an evaluation is impossible.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The network cannot carry what is asked of it.
    #[error("network: {0}")]
    Network(String),
    /// The workload or a parameter makes no sense.
    #[error("{0}")]
    Workload(String),
}
