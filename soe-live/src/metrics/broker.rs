//! Brokers: what came of attempts, and the state of tables and queues.

use std::sync::Arc;
use std::time::Duration;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{
    GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec,
};
use soe_model::broker::{Failure, Outcome, Rejection};

use super::labels::{Labels, OTHER};
use super::{Metrics, gauges, int_gauges, whole};
use crate::broker::Broker;

/// The bounds of the histogram of estimates, each divided by its measurement.
const RATIOS: [f64; 10] = [0.1, 0.25, 0.5, 0.75, 0.9, 1.1, 1.33, 2.0, 4.0, 10.0];

/// What a broker counts while it forwards calls.
#[derive(Debug)]
pub struct BrokerMetrics {
    destinations: Labels<Destination>,
    attempts: IntCounterVec,
    seconds: HistogramVec,
    retries: IntCounter,
    probes: IntCounterVec,
    rejections: IntCounterVec,
    estimates: Histogram,
}

/// What is counted for a destination.
#[derive(Debug)]
struct Destination {
    executed: IntCounter,
    seconds: Histogram,
}

impl Destination {
    fn of(attempts: &IntCounterVec, seconds: &HistogramVec, name: &str) -> Self {
        Self {
            executed: attempts.with_label_values(&[name, Attempted::Executed.word()]),
            seconds: seconds.with_label_values(&[name]),
        }
    }
}

/// What came of sending something to a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempted {
    /// It was executed.
    Executed,
    /// It was not.
    Failed(Failure),
}

impl Attempted {
    fn word(self) -> &'static str {
        match self {
            Self::Executed => "ok",
            Self::Failed(Failure::Application) => "error",
            Self::Failed(Failure::Transport) => "transport",
            Self::Failed(Failure::Unreachable) => "unreachable",
            Self::Failed(Failure::Lost) => "lost",
            Self::Failed(Failure::Busy) => "busy",
        }
    }
}

impl BrokerMetrics {
    /// Those of a broker, whose state is also read from now on.
    pub fn of(metrics: &Metrics, broker: &Arc<Broker>) -> Option<Self> {
        if let Ok(state) = State::new(broker.clone()) {
            metrics.register(state);
        }
        let ratio = HistogramOpts::new(
            "soe_estimate_ratio",
            "Predicted response times divided by measured ones, of calls for which there was a \
             prediction",
        );
        let ratio = Histogram::with_opts(ratio.buckets(RATIOS.to_vec()));
        let attempts = metrics.counters(
            "soe_attempts_total",
            "Calls sent to a destination, by what came of it",
            &["destination", "result"],
        )?;
        let seconds = metrics.times(
            "soe_attempt_duration_seconds",
            "From sending a call to a destination to its response, if it was executed",
            &["destination"],
        )?;
        Some(Self {
            destinations: Labels::new(Destination::of(&attempts, &seconds, OTHER)),
            attempts,
            seconds,
            retries: metrics.counter(
                "soe_retries_total",
                "Calls sent to another destination after one has failed",
            )?,
            probes: metrics.counters(
                "soe_probes_total",
                "Questions to destinations for the time that a call would take, by what came of it",
                &["result"],
            )?,
            rejections: metrics.counters(
                "soe_rejections_total",
                "Calls that no destination executed, by reason",
                &["reason"],
            )?,
            estimates: metrics.registered("soe_estimate_ratio", ratio)?,
        })
    }

    /// A call was sent to a destination, the `number`th for this call, from 1.
    pub fn attempted(&self, destination: &str, number: u32, result: Attempted, took: Duration) {
        let make = |name: &str| Destination::of(&self.attempts, &self.seconds, name);
        let counted = self.destinations.admit(destination, make);
        if number > 1 {
            self.retries.inc();
        }
        if result == Attempted::Executed {
            counted.executed.inc();
            counted.seconds.observe(took.as_secs_f64());
            return;
        }
        let name = match self.destinations.own(destination) {
            Some(_) => destination,
            None => OTHER,
        };
        let labels = [name, result.word()];
        self.attempts.with_label_values(&labels).inc();
    }

    /// A destination was asked.
    pub fn probed(&self, result: Attempted) {
        self.probes.with_label_values(&[result.word()]).inc();
    }

    /// A call is answered.
    pub fn answered(&self, outcome: &Outcome) {
        match outcome {
            Outcome::Answered {
                latency,
                prediction: Some(prediction),
                ..
            } => {
                let measured = latency.as_secs_f64();
                if measured > 0.0 {
                    self.estimates.observe(prediction.total() / measured);
                }
            }
            Outcome::Rejected(rejection) => {
                let reason = match rejection {
                    Rejection::LoopDetected => "loop",
                    Rejection::NoDestination => "no destination",
                    Rejection::AllFailed { .. } => "all failed",
                };
                self.rejections.with_label_values(&[reason]).inc();
            }
            Outcome::Answered { .. } | Outcome::Refused { .. } => {}
        }
    }
}

/// The state of a broker, read when it is collected.
struct State {
    broker: Arc<Broker>,
    in_progress: IntGauge,
    queued: IntGauge,
    lost: IntGauge,
    entries: IntGaugeVec,
    weights: GaugeVec,
    pending: IntGaugeVec,
    waiting: IntGaugeVec,
    loads: GaugeVec,
}

impl State {
    fn new(broker: Arc<Broker>) -> prometheus::Result<Self> {
        let destination = &["destination"];
        Ok(Self {
            broker,
            in_progress: IntGauge::new(
                "soe_broker_calls_in_progress",
                "Calls from their admission to their response",
            )?,
            queued: IntGauge::new(
                "soe_broker_calls_queued",
                "Calls that wait for admission (--num-threads)",
            )?,
            lost: IntGauge::new(
                "soe_lost_destinations",
                "Destinations that have failed and are tried again",
            )?,
            entries: int_gauges(
                "soe_table_entries",
                "Entries of each forwarding table",
                &["table"],
            )?,
            weights: gauges(
                "soe_table_weight_seconds",
                "Weights of the entries of forwarding tables, lower is better",
                &["table", "function", "destination"],
            )?,
            pending: int_gauges(
                "soe_destination_calls_pending",
                "Calls sent to a destination and not answered",
                destination,
            )?,
            waiting: int_gauges(
                "soe_destination_calls_queued",
                "Calls that wait for a place at a destination (max-pending-clients)",
                destination,
            )?,
            loads: gauges(
                "soe_destination_load_ratio",
                "The load that a destination has reported, from 0 to 1",
                destination,
            )?,
        })
    }

    fn parts(&self) -> [&dyn Collector; 8] {
        [
            &self.in_progress,
            &self.queued,
            &self.lost,
            &self.entries,
            &self.weights,
            &self.pending,
            &self.waiting,
            &self.loads,
        ]
    }

    fn refresh(&self) {
        let seen = self.broker.seen();
        self.in_progress.set(seen.in_progress.into());
        self.queued.set(whole(seen.queued));
        self.lost.set(whole(seen.lost));
        self.weights.reset();
        self.pending.reset();
        self.waiting.reset();
        self.loads.reset();
        for (table, count) in seen.entries.iter().enumerate() {
            let table = table.to_string();
            self.entries.with_label_values(&[&table]).set(whole(*count));
        }
        for row in &seen.rows {
            let table = row.table.to_string();
            let labels = [&*table, &*row.function, &*row.destination];
            let weight = self.weights.with_label_values(&labels);
            weight.set(row.weight.into());
        }
        for it in &seen.destinations {
            let label = [&*it.name];
            self.pending
                .with_label_values(&label)
                .set(it.pending.into());
            self.waiting
                .with_label_values(&label)
                .set(it.waiting.into());
            if let Some(load) = it.load {
                let ratio = f64::from(load) / 100.0;
                self.loads.with_label_values(&label).set(ratio);
            }
        }
    }
}

impl Collector for State {
    fn desc(&self) -> Vec<&Desc> {
        self.parts().into_iter().flat_map(Collector::desc).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.refresh();
        let parts = self.parts().into_iter();
        parts.flat_map(Collector::collect).collect()
    }
}
