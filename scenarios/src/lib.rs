//! What to run: scenario files, their assembly into simulations, and their
//! results.
//!
//! # A guided tour
//!
//! A [scenario](spec::Scenario) is a TOML file. [Resolved](spec::Scenario::resolve)
//! and checked, it is a [`Deployment`](soe_model::deployment::Deployment): all
//! clients, brokers, computers and controllers, the network between them, and how
//! long and how often it is to run. [`run`] simulates the replications of a
//! deployment on all cores, and [`run_replication`] one of them. A replication is an event-driven
//! simulation in which the models of `soe-model` meet: every message takes
//! its time on the network, and planned changes (failures, slow links) happen when
//! the scenario says so.
//!
//! What happens can be watched by an [`Observer`], call by call and sample by sample.
//! At the end each replication reports its [metrics](METRICS). [`Results`]
//! collects all that, with intervals over replications, writes it into a result
//! folder, and [`report`] tells it to people.
//!
//! # A complete example
//!
//! Calls arrive at a single worker at random, 50 per second, and take exactly 10 ms.
//! Theory (M/D/1, Pollaczek and Khinchine) has them wait 5 ms on average.
//!
//! ```
//! use scenarios::spec::Scenario;
//! use scenarios::{ALL, METRICS, Progress, Recording, Results};
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

mod dictionary;
mod report;
mod results;
mod run;
pub mod spec;
pub mod sweep;
mod world;

pub use dictionary::metrics_reference;
pub use report::report;
pub use results::{Recording, Results};
pub use run::{Progress, ReplicationResult, RunError, RunOptions, run, run_replication};
pub use world::{
    ALL, CallStatistics, ComputerUsage, Distribution, METRICS, MetricValue, ObservedCall,
    ObservedEnd, ObservedRun, Observer, StepRecord, client_is_there, computer_is_there,
};
