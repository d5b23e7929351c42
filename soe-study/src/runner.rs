//! Anything that can be swept: it has points and replications and reports numbers.

pub(crate) mod lambdamu;
mod prepared;
mod replication;
mod scenario;
pub(crate) mod statesim;

pub use lambdamu::LambdamuSweep;
pub use prepared::Prepared;
pub use replication::{Column, Layout, Report, Runner};
pub use scenario::ScenarioSweep;
pub use statesim::StatesimSweep;
