//! The metrics of a replication: one value per metric and entity.

use std::fmt;

use analysis::verdict::{
    CORRELATION, DRIFT, EFFECTIVE, GROWTH, OFFERED_LOAD, UNFINISHED, UNSETTLED,
};
use analysis::{CallParts, Metric};
use sim_core::SimTime;
use soe_model::names::ALL;

use super::computer_side::{ComputerSide, Computers};
use super::instances;
use super::recorder::{CallStatistics, Recorder};
use super::shared::Shared;

/// The quantiles that are reported, with their metric for latency and for
/// processing time.
const QUANTILES: [(f64, &Metric, &Metric); 4] = [
    (0.50, &LATENCY_P50, &PROCESSING_P50),
    (0.90, &LATENCY_P90, &PROCESSING_P90),
    (0.95, &LATENCY_P95, &PROCESSING_P95),
    (0.99, &LATENCY_P99, &PROCESSING_P99),
];

/// The means of the parts of latencies, in the order of [`CallParts::NAMES`].
static PARTS: [&Metric; CallParts::NAMES.len()] = [
    &NETWORK_THERE,
    &BROKER,
    &WORKER_QUEUE,
    &MEMORY_QUEUE,
    &START,
    &PROCESSOR,
    &NETWORK_BACK,
];

analysis::metrics! {
    /// All metrics of a simulated scenario, in the order of reports.
    pub METRICS + [EFFECTIVE, UNFINISHED, GROWTH, DRIFT, UNSETTLED, CORRELATION, OFFERED_LOAD,
        instances::COLD_SHARE,
        instances::COLD_CAUSED_SHARE,
        instances::DELAYED_SHARE,
        instances::CALLS_WARM,
        instances::CALLS_CAUSED,
        instances::CALLS_JOINED,
        instances::CALLS_QUEUED,
        instances::CALLS_BEHIND,
        instances::CALLS_REJECTED,
        instances::START_WAIT,
        instances::CREATED,
        instances::EXPIRED,
        instances::EVICTED,
        instances::SCALED_DOWN,
        instances::PREWARMED,
        instances::PREWARM_HITS,
        instances::PREWARM_WASTED,
        instances::ALIVE,
        instances::STARTING,
        instances::BUSY,
        instances::IDLE,
        instances::PEAK,
        instances::LIFE,
        instances::MEMORY,
        instances::WASTE,
    ];

    SENT = "calls_sent", Count, "calls sent", Neither, 0,
        "Calls issued after the warm-up";
    COMPLETED = "calls_completed", Count, "calls completed", Higher, 0,
        "Of these, calls that were executed and answered";
    LOST = "calls_lost", Count, "calls lost", Lower, 5,
        "Of these, calls that no computer executed: they got an error or no response";
    IN_PROGRESS = "calls_in_progress", Count, "calls in progress", Lower, 0,
        "Of these, calls still in progress when the run ended";
    THROUGHPUT = "throughput", PerSecond, "throughput", Higher, 4,
        "Completed calls per second of simulated time after the warm-up";
    UNDER_WAY = "calls_under_way", Count, "calls under way", Lower, 0,
        "Mean number of calls in progress over time, after the warm-up";
    LATENCY_MEAN = "latency_mean", Nanoseconds, "mean latency", Lower, 1,
        "Mean time from issue to answer, of completed calls";
    LATENCY_P50 = "latency_p50", Nanoseconds, "median latency", Lower, 0,
        "Median of the time from issue to answer; type 7, of more than 256 calls from a histogram with an error of at most 0.4 %";
    LATENCY_P90 = "latency_p90", Nanoseconds, "90th percentile of latency", Lower, 0,
        "90th percentile of the time from issue to answer; type 7, of more than 256 calls from a histogram with an error of at most 0.4 %";
    LATENCY_P95 = "latency_p95", Nanoseconds, "95th percentile of latency", Lower, 2,
        "95th percentile of the time from issue to answer; type 7, of more than 256 calls from a histogram with an error of at most 0.4 %";
    LATENCY_P99 = "latency_p99", Nanoseconds, "99th percentile of latency", Lower, 3,
        "99th percentile of the time from issue to answer; type 7, of more than 256 calls from a histogram with an error of at most 0.4 %";
    PROCESSING_MEAN = "processing_mean", Nanoseconds, "mean processing time", Lower, 0,
        "Mean time at the computer, including waiting, of completed calls";
    PROCESSING_P50 = "processing_p50", Nanoseconds, "median processing time", Lower, 0,
        "Median of the time at the computer; type 7, of more than 256 calls from a histogram with an error of at most 0.4 %";
    PROCESSING_P90 = "processing_p90", Nanoseconds, "90th percentile of processing time", Lower, 0,
        "90th percentile of the time at the computer; type 7, of more than 256 calls from a histogram with an error of at most 0.4 %";
    PROCESSING_P95 = "processing_p95", Nanoseconds, "95th percentile of processing time", Lower, 0,
        "95th percentile of the time at the computer; type 7, of more than 256 calls from a histogram with an error of at most 0.4 %";
    PROCESSING_P99 = "processing_p99", Nanoseconds, "99th percentile of processing time", Lower, 0,
        "99th percentile of the time at the computer; type 7, of more than 256 calls from a histogram with an error of at most 0.4 %";
    NETWORK_THERE = "network_there_mean", Nanoseconds, "network there", Lower, 0,
        "Mean time of completed calls on the way from client to computer (calls of single functions)";
    BROKER = "broker_mean", Nanoseconds, "broker", Lower, 0,
        "Mean time of completed calls at brokers: their delay, estimates, failed attempts; and waiting for a controller";
    WORKER_QUEUE = "worker_queue_mean", Nanoseconds, "worker queue", Lower, 0,
        "Mean time of completed calls at the computer until a worker was free";
    MEMORY_QUEUE = "memory_queue_mean", Nanoseconds, "memory queue", Lower, 0,
        "Mean time of completed calls from then until memory was free";
    START = "start_mean", Nanoseconds, "start", Lower, 0,
        "Mean time of completed calls until their container was ready: cold starts";
    PROCESSOR = "processor_mean", Nanoseconds, "processor", Lower, 0,
        "Mean time of completed calls on the processor, which other calls may share";
    NETWORK_BACK = "network_back_mean", Nanoseconds, "network back", Lower, 0,
        "Mean time of completed calls on the way back; these seven add up to the mean latency";
    OVER_SLO = "calls_over_slo", Ratio, "calls over the objective", Lower, 0,
        "Share of the calls, completed or lost, that were lost or took longer than the objective of the run (only with run.slo)";
    FAIRNESS = "fairness", Ratio, "fairness of shares", Neither, 0,
        "Jain's index of the computers' shares of completed calls: 1 if all are equal, 1/n if one of n has all (Jain, Chiu, Hawe, 1984)";
    SHARE = "share", Ratio, "share of calls", Neither, 0,
        "Share of the completed calls that this computer executed";
    TRAFFIC = "traffic", Bytes, "traffic", Lower, 0,
        "Bytes sent between different nodes after the warm-up, including headers (only with \
         workflows)";
    TRAFFIC_PER_CALL = "traffic_per_call", Bytes, "traffic per call", Lower, 0,
        "The same per completed call (only with workflows)";
    UTILIZATION = "utilization", Ratio, "utilization", Neither, 6,
        "Mean share of the cores of this processor in use, after the warm-up";
}

/// One value of one replication. Missing values equal each other.
#[derive(Clone, Debug)]
pub struct MetricValue {
    /// What was measured.
    pub metric: &'static Metric,
    /// Whose: [`ALL`], a function, a computer, or `computer/processor`.
    pub entity: String,
    /// The value, in the unit of the metric; NaN if missing.
    pub value: f64,
}

impl PartialEq for MetricValue {
    fn eq(&self, other: &Self) -> bool {
        let same = self.value == other.value || (self.value.is_nan() && other.value.is_nan());
        same && self.metric == other.metric && self.entity == other.entity
    }
}

/// The result of one replication.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplicationResult {
    /// Its number, from 0.
    pub replication: u32,
    /// What it reports.
    pub metrics: Vec<MetricValue>,
    /// The forwarding tables of each broker at the end, by name, in the format of
    /// the original.
    pub tables: Vec<(String, String)>,
    /// Events executed.
    pub events: u64,
    /// A digest of which events were executed, when, in which order.
    pub fingerprint: u64,
    /// When it ended.
    pub end: SimTime,
}

/// The mean utilization of each processor of a computer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ComputerUsage {
    /// The name of the computer.
    pub computer: String,
    /// Its processors by name, and the mean share of their cores in use since the
    /// end of the warm-up; not a number if unknown.
    pub processors: Vec<(String, f64)>,
}

/// Whose metric it is, as it stands in the model.
#[derive(Clone, Copy, Debug)]
pub enum Entity<'a> {
    /// [`ALL`], a function or a computer.
    Named(&'a str),
    /// A processor of a computer.
    Processor(&'a str, &'a str),
}

impl Entity<'_> {
    /// Whether this is how it is written.
    pub fn is(self, text: &str) -> bool {
        match self {
            Self::Named(name) => text == name,
            Self::Processor(computer, processor) => text
                .strip_prefix(computer)
                .and_then(|rest| rest.strip_prefix('/'))
                .is_some_and(|rest| rest == processor),
        }
    }
}

impl fmt::Display for Entity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::Processor(computer, processor) => write!(f, "{computer}/{processor}"),
        }
    }
}

/// Reports the metrics of a simulated run so far, counted from the end of the warm-up.
pub(super) fn report_metrics(
    shared: &mut Shared<'_>,
    computers: &mut Computers,
    warm_up: SimTime,
    now: SimTime,
    mut report: impl FnMut(&'static Metric, Entity<'_>, f64),
) {
    let functions = shared.functions.iter().map(|(_, name)| name);
    let completed = report_calls(&mut shared.recorder, functions, warm_up, now, &mut report);
    report_fairness(&shared.recorder, &mut report);
    for (computer, executed) in computers.iter_mut().zip(shared.recorder.executed_by()) {
        let share = *executed as f64 / completed;
        report(&SHARE, Entity::Named(computer.name()), share);
        let processors = computer.processors().len();
        for number in 0..processors {
            let utilization = computer.utilization(number, warm_up, now);
            let offered = computer.offered_load(number, warm_up, now);
            if let Some(processor) = computer.processors().nth(number) {
                let entity = Entity::Processor(computer.name(), processor);
                report(&UTILIZATION, entity, utilization);
                report(&OFFERED_LOAD, entity, offered);
            }
        }
    }
    if let Some(traffic) = shared.wire.traffic() {
        let all = Entity::Named(ALL);
        let traffic = after_warm_up(traffic as f64, warm_up, now);
        report(&TRAFFIC, all, traffic);
        report(&TRAFFIC_PER_CALL, all, traffic / completed);
    }
    let machines = computers.iter_mut().map(ComputerSide::instances);
    instances::report(machines, &shared.functions, warm_up, now, &mut report);
}

/// The metrics of what was recorded, counted from the end of the warm-up.
pub(super) fn metrics(
    recorder: &mut Recorder<'_>,
    functions: &[&str],
    computers: &[ComputerUsage],
    warm_up: SimTime,
    now: SimTime,
) -> Vec<MetricValue> {
    let mut values = Vec::new();
    let mut report = into(&mut values);
    let functions = functions.iter().copied();
    let completed = report_calls(recorder, functions, warm_up, now, &mut report);
    report_fairness(recorder, &mut report);
    for (usage, executed) in computers.iter().zip(recorder.executed_by()) {
        let share = *executed as f64 / completed;
        report(&SHARE, Entity::Named(&usage.computer), share);
        for (processor, utilization) in &usage.processors {
            let entity = Entity::Processor(&usage.computer, processor);
            let utilization = after_warm_up(*utilization, warm_up, now);
            report(&UTILIZATION, entity, utilization);
        }
    }
    drop(report);
    values
}

/// Reports Jain's index of the shares of all computers; nothing with a single one.
fn report_fairness(
    recorder: &Recorder<'_>,
    report: &mut impl FnMut(&'static Metric, Entity<'_>, f64),
) {
    let counts = recorder.executed_by();
    if counts.len() > 1 {
        let counts = counts.iter().map(|count| *count as f64);
        let (sum, squares) = counts.fold((0.0, 0.0), |(sum, squares), count| {
            (sum + count, squares + count * count)
        });
        let computers = recorder.executed_by().len() as f64;
        report(
            &FAIRNESS,
            Entity::Named(ALL),
            sum * sum / (computers * squares),
        );
    }
}

/// A statistic of the time from the end of the warm-up until `now`; not a number if the
/// run ended before, so that there is no such time.
fn after_warm_up(value: f64, warm_up: SimTime, now: SimTime) -> f64 {
    match now > warm_up {
        true => value,
        false => f64::NAN,
    }
}

/// Collects what is reported.
pub(super) fn into(values: &mut Vec<MetricValue>) -> impl FnMut(&'static Metric, Entity<'_>, f64) {
    |metric, entity, value| {
        values.push(MetricValue {
            metric,
            entity: entity.to_string(),
            value,
        });
    }
}

/// Reports the metrics of calls, and returns how many were completed.
fn report_calls<'n>(
    recorder: &mut Recorder<'_>,
    functions: impl Iterator<Item = &'n str>,
    warm_up: SimTime,
    now: SimTime,
    report: &mut impl FnMut(&'static Metric, Entity<'_>, f64),
) -> f64 {
    let all = recorder.overall();
    let observed = now.since(warm_up).as_secs_f64();
    let slo = recorder.has_slo();
    report_statistics(ALL, (&all, slo), observed, report);
    let under_way = after_warm_up(recorder.mean_under_way(now), warm_up, now);
    report(&UNDER_WAY, Entity::Named(ALL), under_way);
    let calls = (all.sent, all.completed, all.in_progress());
    recorder
        .evidence()
        .report(calls, warm_up, now, |metric, value| {
            report(metric, Entity::Named(ALL), value);
        });
    let by_function = recorder.by_function();
    if by_function.iter().filter(|calls| calls.sent > 0).count() > 1 {
        for (name, calls) in functions.zip(by_function) {
            if calls.sent > 0 {
                report_statistics(name, (calls, slo), observed, report);
            }
        }
    }
    all.completed as f64
}

fn report_statistics(
    name: &str,
    (calls, slo): (&CallStatistics, bool),
    observed: f64,
    report: &mut impl FnMut(&'static Metric, Entity<'_>, f64),
) {
    let mut report = |metric, value| report(metric, Entity::Named(name), value);
    report(&SENT, calls.sent as f64);
    report(&COMPLETED, calls.completed as f64);
    report(&LOST, calls.lost as f64);
    report(&IN_PROGRESS, calls.in_progress() as f64);
    report(&THROUGHPUT, calls.completed as f64 / observed);
    report(&LATENCY_MEAN, calls.latency.mean());
    report(&PROCESSING_MEAN, calls.processing.mean());
    for (q, latency, processing) in QUANTILES {
        report(latency, calls.latency.quantile(q));
        report(processing, calls.processing.quantile(q));
    }
    if slo {
        let missed = (calls.over_slo + calls.lost) as f64;
        report(&OVER_SLO, missed / (calls.completed + calls.lost) as f64);
    }
    // Nothing is said of functions whose parts are not known: workflows, and live runs.
    if calls.parts.count() > 0 || calls.completed == 0 {
        for (metric, mean) in PARTS.iter().zip(calls.parts.means()) {
            report(metric, mean);
        }
    }
}
