//! Scenario and study files, their assembly into simulations, and the sweep executor.

mod report;
mod results;
mod run;
pub mod spec;
pub mod sweep;
mod world;

pub use report::report;
pub use results::{Recording, Results};
pub use run::{Progress, ReplicationResult, RunError, RunOptions, run, run_replication};
pub use world::{ALL, CallStatistics, Distribution, METRICS, MetricValue, Observer};
