//! StateSim: latency and traffic of chains of stateful invocations on an edge topology.

pub mod allocation;
mod draws;
mod evaluation;
pub mod execution;
mod jobs;
mod meter;
mod model;
mod network;
mod number;
pub mod output;
mod pool;
pub mod statistics;
pub mod trace;
pub mod workload;

pub use evaluation::{Evaluation, JobOutcome, Outcome, Worker};
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
