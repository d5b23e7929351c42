//! Time series: periodic samples of entities.

use std::collections::BTreeMap;

use analysis::{Metric, Unit};
use sim_core::{SimDuration, SimTime};
use soe_model::computer::CoreTime;
use soe_model::names::ALL;

use super::broker_side::Brokers;
use super::computer_side::Computers;
use super::instances;
use super::mec::Contexts;
use super::recorder::Recorder;
use super::shared::Shared;

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
    "Calls issued and not yet completed or lost",
);
static CONTEXTS: Metric = Metric::new(
    "contexts",
    Unit::Count,
    "Contexts of clients (ETSI MEC) that refer to the computer",
);

/// The quantities of time series.
pub static SAMPLED: &[&Metric] = &[
    &UNDER_WAY,
    &RUNNING,
    &QUEUED,
    &UTILIZATION,
    &WEIGHT,
    &CONTEXTS,
    &instances::ALIVE_NOW,
    &instances::STARTING_NOW,
    &instances::IDLE_NOW,
    &instances::MEMORY_NOW,
];

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

    /// The simulated time between samples.
    pub fn period(&self) -> SimDuration {
        self.period
    }

    /// Samples all entities; `under_way` calls are not over.
    pub fn sample(
        &mut self,
        now: SimTime,
        under_way: u64,
        computers: &mut Computers,
        brokers: &Brokers,
        contexts: &Contexts,
        shared: &mut Shared<'_>,
    ) {
        let recorder = &mut shared.recorder;
        recorder.sample(now, ALL, &UNDER_WAY, under_way as f64);
        self.sample_computers(now, computers, recorder);
        for (entity, weight) in brokers.weights(&shared.functions, &shared.endpoints) {
            recorder.sample(now, &entity, &WEIGHT, f64::from(weight));
        }
        if contexts.is_used() {
            sample_contexts(now, computers, contexts, &mut shared.recorder);
        }
        self.last = now;
    }

    fn sample_computers(
        &mut self,
        now: SimTime,
        computers: &mut Computers,
        recorder: &mut Recorder<'_>,
    ) {
        let mut processors = 0;
        for computer in computers.iter_mut() {
            let machine = computer.machine();
            let name = machine.name().to_owned();
            let (running, queued) = (machine.running(), machine.queued());
            let names: Vec<_> = machine.processors().map(str::to_owned).collect();
            recorder.sample(now, &name, &RUNNING, running as f64);
            recorder.sample(now, &name, &QUEUED, queued as f64);
            instances::sample(computer.instances().0, now, recorder);
            for (processor, processor_name) in names.iter().enumerate() {
                let usage = computer.usage(now, processor);
                if self.busy.len() == processors {
                    self.busy.push(CoreTime::ZERO);
                }
                let before = std::mem::replace(&mut self.busy[processors], usage.busy);
                processors += 1;
                // The first sample is at the start, before which nothing was in use.
                let utilization = match now > self.last {
                    true => usage.utilization_since(self.last, before, now),
                    false => 0.0,
                };
                let entity = format!("{name}/{processor_name}");
                recorder.sample(now, &entity, &UTILIZATION, utilization);
            }
        }
    }
}

fn sample_contexts(
    now: SimTime,
    computers: &Computers,
    contexts: &Contexts,
    recorder: &mut Recorder<'_>,
) {
    let mut counts = BTreeMap::<&str, u32>::new();
    for reference in contexts.references() {
        *counts.entry(reference).or_default() += 1;
    }
    for computer in computers.iter() {
        let name = computer.machine().name();
        let count = counts.get(name).copied().unwrap_or(0);
        recorder.sample(now, name, &CONTEXTS, f64::from(count));
    }
}
