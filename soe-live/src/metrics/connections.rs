//! Connections of callers.

use std::sync::Arc;

use prometheus::{IntCounter, IntGauge};

use super::Metrics;

/// Counts the connections of the servers of a process.
#[derive(Clone, Debug)]
pub struct Connections(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    open: IntGauge,
    accepted: IntCounter,
    refused: IntCounter,
}

/// A connection that is open until this is dropped.
#[derive(Debug)]
pub struct Open(Connections);

impl Connections {
    /// Of nothing yet.
    pub fn new(metrics: &Metrics) -> Option<Self> {
        let open = metrics.gauge("soe_connections", "Connections of callers that are open")?;
        let accepted = metrics.counter(
            "soe_connections_accepted_total",
            "Connections of callers that were accepted",
        )?;
        let refused = metrics.counter(
            "soe_connections_refused_total",
            "Connections that were closed at once, because all others had calls",
        )?;
        Some(Self(Arc::new(Counts {
            open,
            accepted,
            refused,
        })))
    }

    /// One more.
    pub fn enter(&self) -> Open {
        self.0.open.inc();
        self.0.accepted.inc();
        Open(self.clone())
    }

    /// One that was closed at once.
    pub fn refuse(&self) {
        self.0.refused.inc();
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.0.open.dec();
    }
}
