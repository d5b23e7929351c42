//! Brokers: where does this call go?

mod spec;

pub use spec::{BrokerKind, BrokerSpec, ForwardingTime, Limits, TableEntrySpec};
