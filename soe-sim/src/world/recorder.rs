//! What a run remembers: statistics in constant memory, and every call for an
//! observer.

use analysis::{CallParts, CallRecord, Metric, NameId, Names, Outcome, SampleRecord};
use sim_core::monitor::{QuantileSketch, interpolate};
use sim_core::{SimDuration, SimTime};
use soe_model::deployment::RunControl;
use soe_model::units::Bytes;
use soe_model::workflow::{Sizes, States};

use super::evidence::Evidence;

/// Sees every call and every sample of a replication, in order of time.
pub trait Observer: Send {
    /// A call has ended, or was in progress when the run ended.
    fn call(&mut self, call: &CallRecord, names: &Names);

    /// A quantity was sampled.
    fn sample(&mut self, sample: &SampleRecord, names: &Names);

    /// A function begins to be executed as a step of a workflow.
    fn step(&mut self, _step: &StepRecord<'_>) {}
}

/// One step of a workflow, when its execution begins.
#[derive(Clone, Copy, Debug)]
pub struct StepRecord<'a> {
    /// The number of the run among all calls of the replication; `None` if it is
    /// over already.
    pub call: Option<u64>,
    /// When it begins.
    pub at: SimTime,
    /// Where.
    pub computer: &'a str,
    /// The function.
    pub function: &'a str,
    /// The size of what it receives.
    pub argument: Bytes,
    /// The states that came along; those that it needs are here by now.
    pub states: &'a States<Sizes>,
    /// Nodes passed, this one included.
    pub hops: u32,
}

/// Statistics of one duration in constant memory: mean, extremes and quantiles.
///
/// Quantiles are of type 7 of Hyndman and Fan (1996), as everywhere in this project where
/// calls are kept: linear interpolation between the order statistics around `(n - 1) q`. Up
/// to [`Self::EXACT`] observations they are exact, beyond that they come from a histogram
/// with a relative error of at most 0.4 %.
#[derive(Clone, Debug, Default)]
pub struct Distribution {
    /// In nanoseconds, exact.
    sum: u128,
    few: Vec<SimDuration>,
    sketch: QuantileSketch,
}

impl Distribution {
    /// The number of observations up to which quantiles are exact.
    pub const EXACT: usize = 256;

    /// Adds one observation.
    #[inline]
    pub fn record(&mut self, value: SimDuration) {
        self.sum += u128::from(value.as_nanos());
        self.sketch.record(value);
        if self.few.len() < Self::EXACT {
            self.few.push(value);
        }
    }

    /// The number of observations.
    pub fn count(&self) -> u64 {
        self.sketch.count()
    }

    /// The mean in nanoseconds; not a number without observations.
    pub fn mean(&self) -> f64 {
        self.sum as f64 / self.count() as f64
    }

    /// The sum of all observations in nanoseconds.
    pub fn sum(&self) -> u128 {
        self.sum
    }

    /// The `q` quantile in nanoseconds (type 7); not a number without observations.
    pub fn quantile(&self, q: f64) -> f64 {
        let count = self.few.len();
        let value = if count > 0 && count as u64 == self.count() {
            let mut few = self.few.clone();
            few.sort_unstable();
            let value = |index| few.get(index as usize).map(|value| value.as_nanos() as f64);
            interpolate(count as u64 - 1, q, value)
        } else {
            self.sketch.interpolated(q)
        };
        value.unwrap_or(f64::NAN)
    }

    /// Adds the observations of another.
    pub fn merge(&mut self, other: &Self) {
        self.sum += other.sum;
        self.sketch.merge(&other.sketch);
        let room = Self::EXACT - self.few.len();
        self.few.extend(other.few.iter().take(room));
    }
}

/// Calls of one function, or of all.
#[derive(Clone, Debug, Default)]
pub struct CallStatistics {
    /// Issued.
    pub sent: u64,
    /// Executed and answered.
    pub completed: u64,
    /// Lost, because no computer executed them.
    pub lost: u64,
    /// Completed, but later than the objective of the run; 0 without one.
    pub over_slo: u64,
    /// From issue to answer, of completed calls.
    pub latency: Distribution,
    /// On the computer, of completed calls.
    pub processing: Distribution,
    /// Where their time went, of those completed calls of which that is known.
    pub parts: MeanParts,
}

/// The means of the parts of latencies.
#[derive(Clone, Debug, Default)]
pub struct MeanParts {
    count: u64,
    /// In nanoseconds, exact.
    sums: [u128; CallParts::NAMES.len()],
}

impl MeanParts {
    #[inline]
    fn record(&mut self, parts: &CallParts) {
        self.count += 1;
        let sums = self.sums.iter_mut().zip(parts.values());
        sums.for_each(|(sum, part)| *sum += u128::from(part));
    }

    /// Of how many calls the parts are known.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The mean of each part in nanoseconds, in the order of [`CallParts::NAMES`]; not a
    /// number of no calls.
    pub fn means(&self) -> [f64; CallParts::NAMES.len()] {
        self.sums.map(|sum| sum as f64 / self.count as f64)
    }

    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        let sums = self.sums.iter_mut().zip(other.sums);
        sums.for_each(|(sum, more)| *sum += more);
    }
}

impl CallStatistics {
    /// Issued, and not over when the run ended.
    pub fn in_progress(&self) -> u64 {
        self.sent - self.completed - self.lost
    }

    fn merge(&mut self, other: &Self) {
        self.sent += other.sent;
        self.completed += other.completed;
        self.lost += other.lost;
        self.over_slo += other.over_slo;
        self.latency.merge(&other.latency);
        self.processing.merge(&other.processing);
        self.parts.merge(&other.parts);
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    pub call: u64,
    pub client: u32,
    pub function: u32,
    pub issued: SimTime,
    pub input: u64,
    pub result: Ending,
    pub path: Option<NameId>,
    pub hops: u32,
    /// Where its time went, if it was executed and that is known.
    pub parts: Option<CallParts>,
}

/// Whether a call was executed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ending {
    Completed {
        computer: u32,
        processing: SimDuration,
        load1: u8,
        output: u64,
    },
    Lost(Outcome),
    InProgress,
}

/// Statistics of one replication.
///
/// Calls that were issued before the warm-up ended leave no trace.
pub(super) struct Recorder<'o> {
    replication: u32,
    warm_up: SimTime,
    slo: Option<SimDuration>,
    functions: Vec<CallStatistics>,
    evidence: Evidence,
    executed_by: Vec<u64>,
    observer: Option<&'o mut dyn Observer>,
    names: Names,
    client_names: Vec<NameId>,
    function_names: Vec<NameId>,
    computer_names: Vec<NameId>,
    issued: u64,
}

impl<'o> Recorder<'o> {
    pub fn new(
        replication: u32,
        control: &RunControl,
        clients: &[String],
        functions: &[String],
        computers: &[String],
        observer: Option<&'o mut dyn Observer>,
    ) -> Self {
        let mut names = Names::new();
        let mut intern = |texts: &[String]| texts.iter().map(|text| names.intern(text)).collect();
        Self {
            replication,
            warm_up: SimTime::ZERO + control.warm_up,
            slo: control.slo,
            functions: vec![CallStatistics::default(); functions.len()],
            evidence: Evidence::default(),
            executed_by: vec![0; computers.len()],
            client_names: intern(clients),
            function_names: intern(functions),
            computer_names: intern(computers),
            names,
            observer,
            issued: 0,
        }
    }

    /// The warm-up ends: averages over time start here.
    pub fn warmed_up(&mut self, now: SimTime) {
        self.evidence.warmed_up(now);
    }

    /// A client issues a call; returns its number, in order of issue.
    #[inline]
    pub fn issued(&mut self, now: SimTime, function: u32) -> u64 {
        self.evidence.issued(now);
        if now >= self.warm_up {
            self.functions[function as usize].sent += 1;
        }
        self.issued += 1;
        self.issued - 1
    }

    /// How many calls were issued, those of the warm-up included.
    pub fn calls_issued(&self) -> u64 {
        self.issued
    }

    /// A call has ended.
    #[inline]
    pub fn ended(&mut self, now: SimTime, call: Ended) {
        self.evidence.ended(now);
        if let Ending::Completed { .. } = call.result {
            self.evidence.completed(now, now.since(call.issued));
        }
        if call.issued >= self.warm_up {
            let statistics = &mut self.functions[call.function as usize];
            match call.result {
                Ending::Completed {
                    computer,
                    processing,
                    ..
                } => {
                    statistics.completed += 1;
                    let latency = now.since(call.issued);
                    let is_over = self.slo.is_some_and(|slo| latency > slo);
                    statistics.over_slo += u64::from(is_over);
                    statistics.latency.record(latency);
                    statistics.processing.record(processing);
                    if let Some(parts) = &call.parts {
                        statistics.parts.record(parts);
                    }
                    self.executed_by[computer as usize] += 1;
                }
                Ending::Lost(_) | Ending::InProgress => statistics.lost += 1,
            }
        }
        if self.observer.is_some() {
            self.observe(call, Some(now));
        }
    }

    /// A call is still in progress at the end of the run.
    pub fn left_over(&mut self, call: Ended) {
        if self.observer.is_some() {
            self.observe(call, None);
        }
    }

    #[cold]
    fn observe(&mut self, call: Ended, ended: Option<SimTime>) {
        let mut record = CallRecord {
            replication: self.replication,
            call: call.call,
            client: self.client_names[call.client as usize],
            function: self.function_names[call.function as usize],
            path: call.path,
            computer: None,
            input_bytes: call.input,
            output_bytes: None,
            sent_ns: call.issued.as_nanos(),
            latency_ns: ended.map(|ended| ended.since(call.issued).as_nanos()),
            processing_ns: None,
            load1_percent: None,
            hops: call.hops,
            outcome: Outcome::InProgress,
            parts: call.parts,
        };
        match call.result {
            Ending::Completed {
                computer,
                processing,
                load1,
                output,
            } => {
                record.computer = Some(self.computer_names[computer as usize]);
                record.output_bytes = Some(output);
                record.processing_ns = Some(processing.as_nanos());
                record.load1_percent = Some(u32::from(load1));
                record.outcome = Outcome::Ok;
            }
            Ending::Lost(outcome) => record.outcome = outcome,
            Ending::InProgress => {}
        }
        if let Some(observer) = self.observer.as_deref_mut() {
            observer.call(&record, &self.names);
        }
    }

    /// A function begins to be executed as a step of a workflow.
    pub fn step<'a>(&mut self, step: impl FnOnce() -> StepRecord<'a>) {
        if let Some(observer) = self.observer.as_deref_mut() {
            observer.step(&step());
        }
    }

    /// A quantity was sampled.
    pub fn sample(&mut self, now: SimTime, entity: &str, metric: &'static Metric, value: f64) {
        let sample = SampleRecord {
            replication: self.replication,
            time_ns: now.as_nanos(),
            entity: self.names.intern(entity),
            metric,
            value,
        };
        if let Some(observer) = self.observer.as_deref_mut() {
            observer.sample(&sample, &self.names);
        }
    }

    /// Whether there is an observer.
    #[inline]
    pub fn is_observed(&self) -> bool {
        self.observer.is_some()
    }

    /// Stands for a text, such as that of an error, in what is recorded.
    pub fn intern(&mut self, text: &str) -> NameId {
        self.names.intern(text)
    }

    /// The text for which a name stands.
    pub fn text(&self, name: NameId) -> &str {
        self.names.resolve(name)
    }

    /// The path of a response that passes `broker` after `path`.
    pub fn extend_path(&mut self, broker: &str, path: Option<NameId>) -> NameId {
        match path {
            None => self.names.intern(broker),
            Some(path) => {
                let path = format!("{broker}>{}", self.names.resolve(path));
                self.names.intern(&path)
            }
        }
    }

    /// The mean number of calls in progress since the end of the warm-up.
    pub fn mean_under_way(&self, now: SimTime) -> f64 {
        self.evidence.mean_under_way(now)
    }

    /// What the replication tells about itself.
    pub fn evidence(&mut self) -> &mut Evidence {
        &mut self.evidence
    }

    /// Whether calls have an objective.
    pub fn has_slo(&self) -> bool {
        self.slo.is_some()
    }

    /// Statistics by function.
    pub fn by_function(&self) -> &[CallStatistics] {
        &self.functions
    }

    /// Statistics of all calls together.
    pub fn overall(&self) -> CallStatistics {
        let mut all = CallStatistics::default();
        self.functions
            .iter()
            .for_each(|function| all.merge(function));
        all
    }

    /// Completed calls by the computer that executed them.
    pub fn executed_by(&self) -> &[u64] {
        &self.executed_by
    }
}
