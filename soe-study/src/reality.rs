//! Reality: a simulation against live runs of the same scenario.
//!
//! The live system runs a scenario on one machine, several times with the same arrivals and
//! sizes. What a message costs there is [measured](Overhead) in a short probe with little
//! load, and takes the place of the scenario's network, which the live system does not have.
//! The scenario is then simulated as often as feedback needs (routers that measure latencies
//! amplify microseconds), each time with a slightly different cost from what was measured, and
//! [compared](Comparison): metric by metric with what the live runs differ among themselves,
//! and call by call.

mod comparison;
mod overhead;
mod pairs;
mod report;

pub use comparison::{Comparison, Level, MetricComparison, Outcome};
pub use overhead::{Overhead, on_one_machine, probe};
pub use pairs::{CallPairs, PairedCall};
pub use report::RealityReport;

use std::collections::BTreeMap;
use std::convert::Infallible;

use analysis::{CallRecord, Names, SampleRecord};
use soe_model::deployment::Deployment;
use soe_sim::{MetricValue, ObservedRun, Observer, Progress, Recording, Results, RunOptions, run};

/// One run, live or simulated: its metrics, and its calls by client and number.
#[derive(Clone, Debug, Default)]
pub struct Trial {
    /// Its metrics.
    pub metrics: Vec<MetricValue>,
    /// Its calls, in the order of clients, and of each in that of sending.
    pub calls: Vec<PairedCall>,
}

impl Trial {
    /// A live run.
    ///
    /// # Errors
    /// If a temporary file cannot be written.
    pub fn live(deployment: &Deployment, seen: ObservedRun) -> std::io::Result<Self> {
        let mut calls: Vec<_> = seen.calls.iter().map(PairedCall::of_observed).collect();
        let warm_up = deployment.run.warm_up.as_nanos();
        arrange(&mut calls, warm_up);
        let results = Results::of_observed(deployment, Recording::default(), vec![seen])?;
        let mut replications = results.replications.into_iter();
        let metrics = replications.next().map(|it| it.metrics);
        Ok(Self {
            metrics: metrics.unwrap_or_default(),
            calls,
        })
    }

    /// The same replication, simulated with each of these deployments.
    ///
    /// # Errors
    /// If a deployment cannot be run; the message says why.
    pub fn simulated(
        deployments: &[Deployment],
        threads: Option<usize>,
        progress: &Progress,
    ) -> Result<Vec<Self>, String> {
        let mut trials = Vec::with_capacity(deployments.len());
        for deployment in deployments {
            let observe = |_| Ok::<_, Infallible>(Some(Log::new(deployment)));
            let options = RunOptions {
                threads,
                sample_period: None,
            };
            let runs = run(deployment, &options, progress, observe);
            for (result, log) in runs.map_err(|error| error.to_string())? {
                let mut calls = log.map_or_else(Vec::new, |log| log.calls);
                arrange(&mut calls, deployment.run.warm_up.as_nanos());
                let metrics = result.metrics;
                trials.push(Self { metrics, calls });
            }
        }
        Ok(trials)
    }

    /// A metric of an entity; not a number if there is none.
    pub fn metric(&self, name: &str, entity: &str) -> f64 {
        let mut values = self.metrics.iter();
        let found = values.find(|value| value.metric.name == name && value.entity == entity);
        found.map_or(f64::NAN, |found| found.value)
    }
}

/// Numbers the calls of each client, and drops those of the warm-up.
fn arrange(calls: &mut Vec<PairedCall>, warm_up: u64) {
    calls.sort_by_key(|call| (call.client, call.sent_ns));
    // Numbered before the warm-up is cut, whose end may fall between a call and its like.
    let (mut client, mut number) = (0, 0);
    for call in calls.iter_mut() {
        if call.client != client {
            (client, number) = (call.client, 0);
        }
        call.number = number;
        number += 1;
    }
    calls.retain(|call| call.sent_ns >= warm_up);
}

/// Keeps all calls.
struct Log {
    clients: BTreeMap<String, u32>,
    computers: BTreeMap<String, u32>,
    calls: Vec<PairedCall>,
}

impl Log {
    fn new(deployment: &Deployment) -> Self {
        fn numbered<'a>(names: impl Iterator<Item = &'a String>) -> BTreeMap<String, u32> {
            names.cloned().zip(0..).collect()
        }
        Self {
            clients: numbered(deployment.clients.iter().map(|client| &client.name)),
            computers: numbered(deployment.computers.iter().map(|computer| &computer.name)),
            calls: Vec::new(),
        }
    }
}

impl Observer for Log {
    fn call(&mut self, call: &CallRecord, names: &Names) {
        let client = self.clients.get(names.resolve(call.client));
        let computer = call.computer.map(|name| names.resolve(name));
        self.calls.push(PairedCall {
            client: client.copied().unwrap_or_default(),
            number: 0,
            sent_ns: call.sent_ns,
            latency_ns: call.latency_ns.filter(|_| computer.is_some()),
            computer: computer.and_then(|name| self.computers.get(name).copied()),
        });
    }

    fn sample(&mut self, _: &SampleRecord, _: &Names) {}
}
