//! What a replication reports: one value per metric and entity.

use analysis::{Metric, Unit};
use sim_core::SimTime;

use super::World;
use super::computer_side::ComputerSide;
use super::recorder::{CallStatistics, Distribution, Recorder};

/// The entity of metrics that concern all calls.
pub const ALL: &str = "all";

/// The quantiles that are reported, with their metric for latency and for
/// processing time.
const QUANTILES: [(f64, &Metric, &Metric); 4] = [
    (0.50, &LATENCY_P50, &PROCESSING_P50),
    (0.90, &LATENCY_P90, &PROCESSING_P90),
    (0.95, &LATENCY_P95, &PROCESSING_P95),
    (0.99, &LATENCY_P99, &PROCESSING_P99),
];

macro_rules! metrics {
    ($($(#[$meta:meta])* $constant:ident = $name:literal, $unit:ident, $description:literal;)*) => {
        $(
            #[doc = $description]
            pub static $constant: Metric = Metric {
                name: $name,
                unit: Unit::$unit,
                description: $description,
            };
        )*

        /// All metrics of a simulated scenario, in the order of reports.
        pub static METRICS: &[&Metric] = &[$(&$constant),*];
    };
}

metrics! {
    SENT = "calls_sent", Count, "Calls issued after the warm-up";
    COMPLETED = "calls_completed", Count, "Of these, calls that were executed and answered";
    LOST = "calls_lost", Count, "Of these, calls that nobody executed: an error or no answer came back";
    IN_PROGRESS = "calls_in_progress", Count, "Of these, calls still under way when the run ended";
    THROUGHPUT = "throughput", PerSecond, "Completed calls per second of simulated time after the warm-up";
    UNDER_WAY = "calls_under_way", Count, "Mean number of calls under way over time, after the warm-up";
    LATENCY_MEAN = "latency_mean", Nanoseconds, "Mean time from issue to answer, of completed calls";
    LATENCY_P50 = "latency_p50", Nanoseconds, "Median of the time from issue to answer";
    LATENCY_P90 = "latency_p90", Nanoseconds, "90th percentile of the time from issue to answer";
    LATENCY_P95 = "latency_p95", Nanoseconds, "95th percentile of the time from issue to answer";
    LATENCY_P99 = "latency_p99", Nanoseconds, "99th percentile of the time from issue to answer";
    PROCESSING_MEAN = "processing_mean", Nanoseconds, "Mean time at the computer, waiting included, of completed calls";
    PROCESSING_P50 = "processing_p50", Nanoseconds, "Median of the time at the computer";
    PROCESSING_P90 = "processing_p90", Nanoseconds, "90th percentile of the time at the computer";
    PROCESSING_P95 = "processing_p95", Nanoseconds, "95th percentile of the time at the computer";
    PROCESSING_P99 = "processing_p99", Nanoseconds, "99th percentile of the time at the computer";
    SHARE = "share", Ratio, "Share of the completed calls that this computer executed";
    TRAFFIC = "traffic", Bytes, "Bytes sent between different nodes after the warm-up, headers included (only with workflows)";
    TRAFFIC_PER_CALL = "traffic_per_call", Bytes, "The same per completed call (only with workflows)";
    UTILIZATION = "utilization", Ratio, "Mean share of the cores of this processor in use, after the warm-up";
}

/// One value of one replication.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricValue {
    /// What was measured.
    pub metric: &'static Metric,
    /// Whose: [`ALL`], a function, a computer, or `computer/processor`.
    pub entity: String,
    /// The value, in the unit of the metric; not a number if there is none.
    pub value: f64,
}

/// The mean utilization of each processor of a computer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ComputerUsage {
    /// The name of the computer.
    pub computer: String,
    /// Its processors by name, and the mean share of their cores in use since the
    /// end of the warm-up; not a number if nobody knows.
    pub processors: Vec<(String, f64)>,
}

impl World<'_> {
    /// The metrics of the run so far, counted from the end of the warm-up.
    pub(crate) fn metrics(&mut self, warm_up: SimTime, now: SimTime) -> Vec<MetricValue> {
        let usage = |computer: &mut ComputerSide| {
            let names: Vec<_> = computer.machine.processors().map(str::to_owned).collect();
            let processors = names.into_iter().enumerate();
            ComputerUsage {
                computer: computer.machine.name().to_owned(),
                processors: processors
                    .map(|(number, name)| (name, computer.utilization(number, warm_up, now)))
                    .collect(),
            }
        };
        let usage: Vec<_> = self.computers.iter_mut().map(usage).collect();
        let functions: Vec<_> = self.functions.iter().map(|(_, name)| name).collect();
        let mut values = metrics(&self.recorder, &functions, &usage, warm_up, now);
        if let Some(traffic) = self.traffic() {
            let per_call = traffic as f64 / self.recorder.overall().completed as f64;
            push(&mut values, &TRAFFIC, ALL, traffic as f64);
            push(&mut values, &TRAFFIC_PER_CALL, ALL, per_call);
        }
        values
    }
}

/// The metrics of what was recorded, counted from the end of the warm-up.
pub(super) fn metrics(
    recorder: &Recorder<'_>,
    functions: &[&str],
    computers: &[ComputerUsage],
    warm_up: SimTime,
    now: SimTime,
) -> Vec<MetricValue> {
    let mut values = Vec::new();
    let all = recorder.overall();
    let observed = now.since(warm_up).as_secs_f64();
    push_calls(&mut values, ALL, &all, observed);
    let under_way = recorder.mean_under_way(now);
    push(&mut values, &UNDER_WAY, ALL, under_way);
    let by_function = recorder.by_function();
    if by_function.iter().filter(|calls| calls.sent > 0).count() > 1 {
        for (name, calls) in functions.iter().zip(by_function) {
            if calls.sent > 0 {
                push_calls(&mut values, name, calls, observed);
            }
        }
    }
    for (usage, executed) in computers.iter().zip(recorder.executed_by()) {
        let share = *executed as f64 / all.completed as f64;
        push(&mut values, &SHARE, &usage.computer, share);
        for (processor, utilization) in &usage.processors {
            let entity = format!("{}/{processor}", usage.computer);
            push(&mut values, &UTILIZATION, &entity, *utilization);
        }
    }
    values
}

fn push(values: &mut Vec<MetricValue>, metric: &'static Metric, entity: &str, value: f64) {
    values.push(MetricValue {
        metric,
        entity: entity.to_owned(),
        value,
    });
}

fn push_calls(values: &mut Vec<MetricValue>, entity: &str, calls: &CallStatistics, observed: f64) {
    push(values, &SENT, entity, calls.sent as f64);
    push(values, &COMPLETED, entity, calls.completed as f64);
    push(values, &LOST, entity, calls.lost as f64);
    push(values, &IN_PROGRESS, entity, calls.in_progress() as f64);
    push(
        values,
        &THROUGHPUT,
        entity,
        calls.completed as f64 / observed,
    );
    push(values, &LATENCY_MEAN, entity, calls.latency.mean());
    push(values, &PROCESSING_MEAN, entity, calls.processing.mean());
    let quantile = |distribution: &Distribution, q| distribution.quantile(q);
    for (q, latency, processing) in QUANTILES {
        push(values, latency, entity, quantile(&calls.latency, q));
        push(values, processing, entity, quantile(&calls.processing, q));
    }
}
