//! What a process has done and what it holds, for Prometheus.
//!
//! A service that is given `--metrics-endpoint` has [`Metrics`] and serves them as text at
//! `/metrics` ([`Exporter`]). A service without it has none: calls are not wrapped, and what
//! is counted in a broker depends on one look at an empty cell.
//!
//! Names of functions and destinations become labels only within bounds
//! ([`METRIC_LABELS`](crate::limits::METRIC_LABELS)); all other names share the label
//! `other`. State, such as tables and queues, is read when somebody asks for it.
//! `docs/monitoring.md` lists all metrics.

mod broker;
mod calls;
mod computer;
mod connections;
mod controller;
mod exporter;
mod front;
mod labels;
mod process;

use std::sync::{Arc, Mutex, PoisonError};

use prometheus::core::Collector;
use prometheus::{GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts};
use prometheus::{IntCounter, IntGauge, Registry, TextEncoder};
use tracing::warn;

pub(crate) use broker::{Attempted, BrokerMetrics};
pub(crate) use calls::Calls;
pub(crate) use computer::ComputerMetrics;
pub(crate) use connections::Connections;
pub(crate) use controller::ControllerMetrics;
pub use exporter::Exporter;
pub(crate) use front::FrontMetrics;

/// The bounds of the histograms of times, in seconds.
const SECONDS: [f64; 16] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
    60.0,
];

/// The metrics of a process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// What collects the state of a service does so for one reader at a time.
    reading: Mutex<()>,
}

impl Metrics {
    /// Those of the process itself: memory, processor time, descriptors.
    pub fn new() -> Arc<Self> {
        let metrics = Self {
            registry: Registry::new(),
            reading: Mutex::new(()),
        };
        if let Ok(process) = process::Process::new() {
            metrics.register(process);
        }
        let version = Opts::new("soe_build_info", "The version of the program, always 1")
            .const_label("version", env!("CARGO_PKG_VERSION"));
        if let Ok(info) = IntGauge::with_opts(version) {
            info.set(1);
            metrics.register(info);
        }
        Arc::new(metrics)
    }

    /// All of them in the text format of Prometheus, version 0.0.4.
    ///
    /// # Errors
    /// If they cannot be written, which is a mistake in this crate.
    pub fn text(&self) -> Result<String, prometheus::Error> {
        let _one = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }

    /// Adds a collector. Two of the same name are a mistake in this crate, which costs the
    /// second one.
    fn register(&self, collector: impl Collector + 'static) {
        if let Err(error) = self.registry.register(Box::new(collector)) {
            warn!("a metric is not served: {error}");
        }
    }

    fn counter(&self, name: &str, help: &str) -> Option<IntCounter> {
        let made = IntCounter::new(name, help);
        self.registered(name, made)
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Option<IntCounterVec> {
        let made = IntCounterVec::new(Opts::new(name, help), labels);
        self.registered(name, made)
    }

    fn gauge(&self, name: &str, help: &str) -> Option<IntGauge> {
        let made = IntGauge::new(name, help);
        self.registered(name, made)
    }

    fn times(&self, name: &str, help: &str, labels: &[&str]) -> Option<HistogramVec> {
        let options = HistogramOpts::new(name, help).buckets(SECONDS.to_vec());
        let made = HistogramVec::new(options, labels);
        self.registered(name, made)
    }

    fn registered<M>(&self, name: &str, made: prometheus::Result<M>) -> Option<M>
    where
        M: Collector + Clone + 'static,
    {
        match made {
            Ok(made) => {
                self.register(made.clone());
                Some(made)
            }
            Err(error) => {
                warn!("{name} is not served: {error}");
                None
            }
        }
    }
}

/// Gauges that their owner collects.
fn int_gauges(name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntGaugeVec> {
    IntGaugeVec::new(Opts::new(name, help), labels)
}

/// The same with numbers that are not whole.
fn gauges(name: &str, help: &str, labels: &[&str]) -> prometheus::Result<GaugeVec> {
    GaugeVec::new(Opts::new(name, help), labels)
}

/// A count as a gauge has it.
fn whole(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}
