//! StateSim: where should the state of functions be kept, and what does each choice cost?
//!
//! Clients at the edge of a network call chains of functions that share state. StateSim
//! assigns each function to a node. For every chain, it adds up the time of processing
//! and transfers and the traffic, under several policies for the place and the movement
//! of state. It reproduces the evaluator of the same name of Cicconetti, Conti and
//! Passarella (SMARTCOMP 2021, IEEE Computer 2022) to the last digit, and can correct the
//! errors that distort its results.
//!
//! # A tour
//!
//! A **topology** lists nodes and the links between them ([`soe_model::topology`]). A
//! **trace** of tasks lists chains ([`trace`], and [`workload`] for generated traces). A
//! **replication** draws some of the chains at random, assigns every function to a node
//! by an *allocation policy* ([`allocation`]) and evaluates the chains under *execution
//! policies* ([`execution`]). Replications are independent; **statistics** over them have
//! confidence intervals ([`statistics`]).
//!
//! ```
//! use statesim::statistics::{Estimate, Metric, Statistics};
//! use statesim::{Cloud, Evaluation, Factors, Model, Network, Pool};
//! use statesim::{allocation, example, execution};
//!
//! let corrections = Model::Original.corrections();
//! let network = Network::new(example::topology()?, corrections)?;
//! let factors = Factors { operations: 1e5, argument: 1e6, state: 1e6 };
//! let pool = Pool::new(&example::jobs()?, factors, 10, corrections);
//! let cloud = Cloud { latency: 0.06, rate_mbps: 50.0 };
//! let evaluation = Evaluation::new(&network, &pool, cloud)?;
//!
//! // 20 replications of 50 jobs, on all threads.
//! let proc_net = allocation::by_name("ProcNet").unwrap();
//! let policies = ["StatePropagate", "StateLocal"].map(|name| execution::by_name(name).unwrap());
//! let replications = evaluation.replicate_all(proc_net, &policies, 50, 1..=20, |outcomes| {
//!     [0, 1].map(|policy| Statistics::of(&outcomes[policy], Metric::Network).unwrap())
//! })?;
//!
//! let latency = |policy: usize| {
//!     let statistics: Vec<Statistics> = replications.iter().map(|all| all[policy]).collect();
//!     Estimate::over(&statistics).unwrap().mean
//! };
//! // Moving each state to where it is needed beats passing all of them on.
//! assert!(latency(1).high() < latency(0).low());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which model
//!
//! [`Model::Original`] gives the numbers of the original to the last digit: it has its
//! single precision, its random numbers, its order of nodes and its quirks.
//! [`Model::Corrected`] applies all [`Corrections`]; each can also be applied alone.
//!
//! # Adding a policy
//!
//! A policy is one file in `allocation/` or `execution/`, one `mod` line, and one line in
//! [`allocation::ALL`] or [`execution::ALL`]. The command line, the files and the summary
//! follow from that.
//!
//! # Threads
//!
//! Any number of threads can share [`Network`], [`Pool`] and [`Evaluation`]. Routes are
//! computed once, when first needed, and read without a lock. Results do not depend on
//! the number of threads.

// These macros panic when the other end of a pipe is closed: `analysis::console` does not.
#![warn(clippy::print_stdout, clippy::print_stderr)]

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
