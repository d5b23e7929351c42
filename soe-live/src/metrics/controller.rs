//! Controllers: who is known, and what waits for brokers.

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntCounter, IntCounterVec, IntGauge};

use super::{Metrics, whole};
use crate::controller::Controller;

/// What a controller counts.
#[derive(Debug)]
pub struct ControllerMetrics {
    announcements: IntCounterVec,
    failures: IntCounter,
}

impl ControllerMetrics {
    /// Those of a controller, whose state is also read from now on.
    pub fn of(metrics: &Metrics, controller: &Controller) -> Option<Self> {
        if let Ok(state) = State::new(controller.clone()) {
            metrics.register(state);
        }
        Some(Self {
            announcements: metrics.counters(
                "soe_announcements_total",
                "Announcements that were accepted, and leaves, by kind",
                &["kind"],
            )?,
            failures: metrics.counter(
                "soe_broker_failures_total",
                "Brokers that were removed, because they did not take their updates",
            )?,
        })
    }

    /// An announcement, or a leave.
    pub fn announced(&self, kind: &'static str) {
        self.announcements.with_label_values(&[kind]).inc();
    }

    /// A broker was removed.
    pub fn broker_failed(&self) {
        self.failures.inc();
    }
}

/// The state of a controller, read when it is collected.
struct State {
    controller: Controller,
    computers: IntGauge,
    brokers: IntGauge,
    waiting: IntGauge,
}

impl State {
    fn new(controller: Controller) -> prometheus::Result<Self> {
        Ok(Self {
            controller,
            computers: IntGauge::new("soe_controller_computers", "Computers that are known")?,
            brokers: IntGauge::new("soe_controller_brokers", "Brokers that get updates")?,
            waiting: IntGauge::new(
                "soe_controller_changes_queued",
                "Changes of tables that brokers have yet to take, of all brokers",
            )?,
        })
    }

    fn parts(&self) -> [&dyn Collector; 3] {
        [&self.computers, &self.brokers, &self.waiting]
    }
}

impl Collector for State {
    fn desc(&self) -> Vec<&Desc> {
        self.parts().into_iter().flat_map(Collector::desc).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let seen = self.controller.seen();
        self.computers.set(whole(seen.computers));
        self.brokers.set(whole(seen.brokers));
        self.waiting.set(whole(seen.changes));
        let parts = self.parts().into_iter();
        parts.flat_map(Collector::collect).collect()
    }
}
