//! Simulated computers: processors and tasks.

use std::sync::Arc;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{CounterVec, GaugeVec, IntGauge, Opts};

use super::{Metrics, gauges, whole};
use crate::computer::Simulated;

/// The state of a computer, read when it is collected.
pub struct ComputerMetrics {
    computer: Arc<Simulated>,
    utilization: GaugeVec,
    busy: CounterVec,
    running: IntGauge,
    queued: IntGauge,
}

impl ComputerMetrics {
    /// Adds those of a computer.
    pub fn add(metrics: &Metrics, computer: Arc<Simulated>) {
        if let Ok(state) = Self::new(computer) {
            metrics.register(state);
        }
    }

    fn new(computer: Arc<Simulated>) -> prometheus::Result<Self> {
        let processor = &["processor"];
        Ok(Self {
            computer,
            utilization: gauges(
                "soe_processor_utilization_ratio",
                "The share of the cores of a processor in use in the last whole second",
                processor,
            )?,
            busy: CounterVec::new(
                Opts::new(
                    "soe_processor_busy_seconds_total",
                    "The time of all cores of a processor in use, divided by their number",
                ),
                processor,
            )?,
            running: IntGauge::new("soe_tasks_running", "Tasks that are executed")?,
            queued: IntGauge::new("soe_tasks_queued", "Tasks that wait for a worker")?,
        })
    }

    fn parts(&self) -> [&dyn Collector; 4] {
        [&self.utilization, &self.busy, &self.running, &self.queued]
    }

    fn refresh(&self) {
        for used in self.computer.utilization() {
            let label = [&*used.processor];
            let utilization = self.utilization.with_label_values(&label);
            utilization.set(used.last_second);
            let busy = self.busy.with_label_values(&label);
            let more = used.busy - busy.get();
            if more > 0.0 {
                busy.inc_by(more);
            }
        }
        let (running, queued) = self.computer.tasks();
        self.running.set(whole(running));
        self.queued.set(whole(queued));
    }
}

impl Collector for ComputerMetrics {
    fn desc(&self) -> Vec<&Desc> {
        self.parts().into_iter().flat_map(Collector::desc).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.refresh();
        let parts = self.parts().into_iter();
        parts.flat_map(Collector::collect).collect()
    }
}
