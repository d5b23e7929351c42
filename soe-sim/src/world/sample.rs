//! Time series: periodic samples of entities.

use analysis::{Metric, NameId, SampleRecord, Unit};
use sim_core::{SimDuration, SimTime};
use soe_model::computer::CoreTime;

use super::{Cx, Event, World};

static RUNNING: Metric = Metric::new(
    "tasks_running",
    Unit::Count,
    "Invocations that the computer executes",
);
static QUEUED: Metric = Metric::new(
    "tasks_queued",
    Unit::Count,
    "Invocations that wait at the computer for a worker or for memory",
);
static UTILIZATION: Metric = Metric::new(
    "utilization",
    Unit::Ratio,
    "Share of the cores of the processor in use since the last sample",
)
.words("utilization")
.stacks("processors in use");
static WEIGHT: Metric = Metric::new(
    "weight",
    Unit::Count,
    "Weight of a destination in the overall table of a router",
);
static UNDER_WAY: Metric = Metric::new(
    "calls_under_way",
    Unit::Count,
    "Calls issued and not yet over",
);

/// The quantities of time series.
pub static SAMPLED: &[&Metric] = &[&UNDER_WAY, &RUNNING, &QUEUED, &UTILIZATION, &WEIGHT];

/// Samples all entities once per period.
#[derive(Debug)]
pub(super) struct Sampler {
    period: SimDuration,
    last: SimTime,
    /// Busy time of every processor at the last sample.
    busy: Vec<CoreTime>,
}

impl Sampler {
    pub fn new(period: SimDuration) -> Self {
        Self {
            period,
            last: SimTime::ZERO,
            busy: Vec::new(),
        }
    }
}

impl World<'_> {
    pub(super) fn sample(&mut self, cx: &mut Cx<'_>) {
        let Some(mut sampler) = self.sampler.take() else {
            return;
        };
        let now = cx.now();
        self.sample_value(now, super::ALL, &UNDER_WAY, self.under_way as f64);
        self.sample_computers(&mut sampler, now);
        self.sample_weights(now);
        sampler.last = now;
        cx.schedule_in(sampler.period, Event::Sample);
        self.sampler = Some(sampler);
    }

    fn sample_computers(&mut self, sampler: &mut Sampler, now: SimTime) {
        let mut processors = 0;
        for number in 0..self.computers.len() {
            let machine = &mut self.computers[number].machine;
            let name = machine.name().to_owned();
            let (running, queued) = (machine.running(), machine.queued());
            let names: Vec<_> = machine.processors().map(str::to_owned).collect();
            self.sample_value(now, &name, &RUNNING, running as f64);
            self.sample_value(now, &name, &QUEUED, queued as f64);
            for (processor, processor_name) in names.iter().enumerate() {
                let usage = self.computers[number].machine.usage(now, processor);
                if sampler.busy.len() == processors {
                    sampler.busy.push(CoreTime::ZERO);
                }
                let before = std::mem::replace(&mut sampler.busy[processors], usage.busy);
                processors += 1;
                // The first sample is at the start, before which nothing was in use.
                let utilization = match now > sampler.last {
                    true => usage.utilization_since(sampler.last, before, now),
                    false => 0.0,
                };
                let entity = format!("{name}/{processor_name}");
                self.sample_value(now, &entity, &UTILIZATION, utilization);
            }
        }
    }

    fn sample_weights(&mut self, now: SimTime) {
        for broker in 0..self.brokers.len() {
            for (entity, weight) in self.brokers[broker].weights(&self.functions, &self.endpoints) {
                self.sample_value(now, &entity, &WEIGHT, f64::from(weight));
            }
        }
    }

    fn sample_value(&mut self, now: SimTime, entity: &str, metric: &'static Metric, value: f64) {
        let entity: NameId = self.recorder.names.intern(entity);
        let sample = SampleRecord {
            replication: self.recorder.replication(),
            time_ns: now.as_nanos(),
            entity,
            metric,
            value,
        };
        if let Some(observer) = self.recorder.observer.as_deref_mut() {
            observer.sample(&sample, &self.recorder.names);
        }
    }
}
