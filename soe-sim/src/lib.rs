//! Simulation: the models of `soe-model` driven by the engine `sim-core`, a
//! [`Deployment`](soe_model::deployment::Deployment) in, results out.
//!
//! # A guided tour
//!
//! A deployment says which clients, brokers, computers and controllers there are, how
//! messages travel between them, and how long and how often the whole is run. It usually
//! comes from a scenario file (crate `scenarios`). [`run`] simulates all its replications
//! on all cores, and [`run_replication`] one of them. A replication is an event-driven
//! simulation in which the models meet: each message takes its time on the network, and
//! planned changes (failures, slow links) happen when the deployment says so.
//!
//! An [`Observer`] sees each call and each sample while the simulation runs. At the end
//! each replication reports its [metrics](METRICS). [`Results`] collects these, with
//! intervals over replications, and writes them into a result folder; [`report`] renders
//! them as text.
//!
//! # A complete example
//!
//! Calls arrive at a single worker at random, 50 per second, and take exactly 10 ms.
//! Theory (M/D/1, Pollaczek and Khinchine) has them wait 5 ms on average.
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
