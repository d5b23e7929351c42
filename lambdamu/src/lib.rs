//! LambdaMuSim: which containers should serve applications that are stateless at times
//! and stateful at others, and what does each choice cost?
//!
//! An application in its *lambda* phase is stateless: each of its requests may go to any
//! container, and its state is kept in remote storage. In its *mu* phase it is stateful,
//! a microservice with a container of its own. Applications reach the network at
//! *brokers*. *Edge nodes* have few containers and are near; the *cloud* has as many as
//! needed and is far. An orchestrator first gives a container to each application in its
//! mu phase (an assignment problem), then spreads the requests of the others over the
//! containers that are left (a flow of minimum cost).
//!
//! This is the simulator of the same name of Cicconetti, Conti and Passarella (SMARTCOMP
//! 2022; Pervasive and Mobile Computing 2023), to the last digit.
//!
//! * [`snapshot`](fn@snapshot) draws applications in their phases and places them once;
//! * [`dynamic`](fn@dynamic) lets applications change phase over time, in periods that
//!   come from a trace ([`Periods`]), and places them once per epoch.
//!
//! ```
//! use lambdamu::{Network, NodeSpec, Setting, SnapshotLoad, Worker, snapshot};
//!
//! // Two brokers, one at each of two edge nodes; the cloud is twice as far as the other.
//! let node = NodeSpec { containers: 4, capacity: 10 };
//! let network = Network::new(&[node; 2], &[vec![1, 3], vec![3, 1]], 2.0)?;
//! let load = SnapshotLoad { lambda: 6, mu: 6 };
//! let outcome = snapshot(&network, &Setting::default(), load, 42, &mut Worker::default());
//! assert_eq!((outcome.num_lambda, outcome.num_mu), (8.0, 5.0));
//! // Half of the containers are for applications in their mu phase: one is in the cloud.
//! assert_eq!(outcome.mu_cloud, 1.0);
//! # Ok::<(), lambdamu::Error>(())
//! ```

// These macros panic when the other end of a pipe is closed: `analysis::console` does not.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod algorithm;
mod application;
mod assignment;
pub mod command;
mod draws;
mod dynamic;
pub mod example;
mod flow;
pub mod generate;
mod network;
mod outcome;
pub mod output;
mod periods;
mod scene;
mod setting;
mod snapshot;
pub mod timestamps;

pub use algorithm::{LambdaAlgorithm, MuAlgorithm};
pub use application::{AppModel, AppParams};
pub use draws::PoissonRule;
pub use dynamic::{DynamicLoad, dynamic};
pub use network::{Network, NodeSpec};
pub use outcome::Outcome;
pub use periods::{CostModel, Periods};
pub use scene::Worker;
pub use setting::Setting;
pub use snapshot::{SnapshotLoad, snapshot};

/// Why a simulation is impossible.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The network cannot be used.
    #[error("network: {0}")]
    Network(String),
    /// A parameter is out of its range.
    #[error("{0}")]
    Parameter(String),
    /// The applications of a trace are wrong.
    #[error(transparent)]
    Timestamps(#[from] timestamps::TimestampError),
    /// A replication cannot be carried out.
    #[error("seed {seed}: {message}")]
    Replication {
        /// Which one.
        seed: u64,
        /// What is wrong.
        message: String,
    },
}
