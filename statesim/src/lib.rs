//! StateSim: where should the state of functions live, and what does each choice cost?
//!
//! Functions that share state are called in a chain by clients at the edge of a
//! network. StateSim gives each function to a node and adds up, for every chain, the
//! time that processing and transfers take and the traffic that they cause, under
//! several policies of where the state is kept and how it gets to where it is needed.
//! It restates the evaluator of the same name of Cicconetti, Conti and Passarella
//! (SMARTCOMP 2021, IEEE Computer 2022), to the last digit, and can put right what
//! distorts its results.
//!
//! # A tour
//!
//! A **topology** says which nodes there are and which links join them
//! ([`soe_model::topology`]); a **trace** of tasks says which chains there are
//! ([`trace`], and [`workload`] for traces of one's own). A **replication** takes some
//! of the chains at random, gives every function to a node by an *allocation policy*
//! ([`allocation`]) and evaluates the chains under *execution policies*
//! ([`execution`]). Replications are independent; **statistics** over them carry
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
//! [`Model::Original`] gives the numbers of the original, to the last digit: single
//! precision, its random numbers, its order of nodes, its quirks. [`Model::Corrected`]
//! applies all [`Corrections`], each of which can also be applied alone.
//!
//! # Adding a policy
//!
//! A policy is a file of its own in `allocation/` or `execution/`, one `mod` line and one
//! line in [`allocation::ALL`] or [`execution::ALL`]. The command line, the files and the
//! summary take it from there.
//!
//! # Threads
//!
//! [`Network`], [`Pool`] and [`Evaluation`] are shared by any number of threads. Routes
//! are computed once, when first needed, and read without a lock; results do not
//! depend on how many threads there are.

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
