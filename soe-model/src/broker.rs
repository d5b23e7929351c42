//! Brokers: where does this call go?

pub mod estimator;
pub mod optimizer;
pub mod policy;
mod spec;
pub mod table;

pub use spec::{BrokerKind, BrokerSpec, Compatibility, ForwardingTime, Limits, TableEntrySpec};
