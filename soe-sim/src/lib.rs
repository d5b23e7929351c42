//! Simulation: the models of `soe-model` driven by the engine `sim-core`. The input is a
//! [`Deployment`](soe_model::deployment::Deployment); the output is its results.
//!
//! # A guided tour
//!
//! A deployment lists clients, brokers, computers and controllers, how messages travel
//! between them, and the length and number of runs. It usually comes from a scenario file
//! (crate `scenarios`). [`run`] simulates all its replications on all cores, and
//! [`run_replication`] simulates one. A replication is an event-driven simulation of all
//! models together: each message takes its time on the network, and planned changes
//! (failures, slow links) happen at the times that the deployment states.
//!
//! An [`Observer`] sees each call and each sample while the simulation runs. At the end
//! each replication reports its [metrics](METRICS). [`Results`] collects these, with
//! intervals over replications, and writes them into a result folder; [`report`] renders
//! them as text.
//!
//! # A complete example
//!
//! Calls arrive at a single worker at random, 50 per second, and take exactly 10 ms. By
//! theory (M/D/1, Pollaczek and Khinchine), they wait 5 ms on average.
//!
//! ```
//! use scenarios::format::Scenario;
//! use soe_sim::{ALL, METRICS, Progress, Recording, Results};
//!
//! let scenario = r#"
//!     version = 1
//!     run = { duration = "10 min", warm-up = "10 s", replications = 4, seed = 1 }
//!
//!     [function.resize]
//!     operations = "10 Mop"
//!
//!     [computer.edge]
//!     speed = "1 Gop/s"
//!     functions = ["resize"]
//!
//!     [client.user]
//!     function = "resize"
//!     destination = "edge"
//!     arrivals = { type = "poisson", rate = 50 }
//! "#;
//! let deployment = Scenario::parse(scenario, "queue.toml")?.resolve()?;
//! let results = Results::of(&deployment, Recording::default(), None, &Progress::default())?;
//!
//! let metric = METRICS.iter().find(|metric| metric.name == "latency_mean");
//! let row = results.summary.find(0, metric.expect("a metric of every scenario"), ALL);
//! let latency = row.and_then(|row| row.interval()).expect("calls were completed");
//! let half_width = latency.half_width.expect("there are several replications");
//! assert!((latency.mean - 15e6).abs() < 2.0 * half_width, "{latency:?}");
//! assert!(half_width < 0.03 * latency.mean, "{latency:?}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod report;
mod results;
mod run;
mod world;

pub use report::report;
pub use results::{Recording, Results};
pub use run::{Progress, RunError, RunOptions, measure_replication, run, run_replication};
pub use world::{
    ALL, CallStatistics, ComputerUsage, Distribution, Entity, METRICS, MetricValue, ObservedCall,
    ObservedEnd, ObservedRun, Observer, ReplicationResult, SAMPLED, StepRecord, client_is_there,
    computer_is_there, entities,
};
