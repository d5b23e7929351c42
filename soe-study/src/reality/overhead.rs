//! What a message costs on one machine.

use analysis::{QuantileRule, Sorted};
use sim_core::{SimDuration, SimTime};
use soe_model::catalogue::Value;
use soe_model::client::arrival::ARRIVALS;
use soe_model::computer::Computer;
use soe_model::deployment::Deployment;
use soe_model::names::Names;
use soe_model::network::{Link, Network};
use soe_sim::{ObservedCall, ObservedEnd, ObservedRun};

/// Calls per second of a probe, over all clients.
const PROBE_RATE: f64 = 10.0;
/// Length of a probe, and of its warm-up.
const PROBE: (SimDuration, SimDuration) = (SimDuration::from_secs(8), SimDuration::from_secs(1));
/// Calls that a probe needs at least.
const LEAST_CALLS: usize = 20;

/// The same deployment with so little load that no call waits for another.
///
/// # Errors
/// If the arrivals of its clients cannot be replaced; the message says why.
pub fn probe(deployment: &Deployment) -> Result<Deployment, String> {
    let mut probe = deployment.clone();
    let rate = PROBE_RATE / probe.clients.len().max(1) as f64;
    let rate = vec![("rate".to_owned(), Value::Number(rate))];
    let arrivals = ARRIVALS.configure("poisson", rate);
    let arrivals = arrivals.map_err(|error| error.to_string())?;
    for client in &mut probe.clients {
        client.arrivals = arrivals.clone();
        client.start = SimTime::ZERO;
        client.stop = None;
    }
    probe.events.clear();
    probe.run.calls = None;
    probe.run.duration = Some(PROBE.0);
    probe.run.warm_up = PROBE.1;
    Ok(probe)
}

/// The cost of a message between two processes of one machine, in nanoseconds, as a probe has
/// measured it.
#[derive(Clone, Debug)]
pub struct Overhead(Sorted);

impl Overhead {
    /// Of the calls of a run of the [probe](fn@probe) that were alone. The time that an idle computer takes, and that brokers
    /// are said to take, does not count; the rest is shared by the messages of a call.
    ///
    /// # Errors
    /// If too few calls were executed.
    pub fn of(deployment: &Deployment, seen: &ObservedRun) -> Result<Self, String> {
        let mut functions = Names::default();
        let mut computers = Vec::new();
        for spec in &deployment.computers {
            let computer = Computer::new(spec, &mut functions);
            computers.push(computer.map_err(|error| error.to_string())?);
        }
        let forwarding = deployment.brokers.iter().map(|broker| {
            let time = broker.forwarding_time;
            (time.min + time.max).as_nanos() as f64 / 2.0
        });
        let brokers = deployment.brokers.len().max(1) as f64;
        let forwarding = forwarding.sum::<f64>() / brokers;
        let mut costs = Vec::new();
        for call in alone(seen) {
            let Some((at, ObservedEnd::Completed { computer, hops, .. })) = &call.ended else {
                continue;
            };
            let client = deployment.clients.get(call.client as usize);
            let machine = computers.get_mut(*computer as usize);
            let Some((client, machine)) = client.zip(machine) else {
                continue;
            };
            let function = functions.intern(&client.function);
            let Ok((work, _)) = machine.estimate(SimTime::ZERO, function, call.input) else {
                continue;
            };
            let hops = f64::from((*hops).max(1));
            let latency = at.since(call.sent).as_nanos() as f64;
            let rest = latency - work.as_nanos() as f64 - forwarding * (hops - 1.0);
            costs.push((rest / (2.0 * hops)).max(0.0));
        }
        match costs.len() < LEAST_CALLS {
            true => Err(format!(
                "only {} calls of the probe were executed without another under way, too few to \
                 measure what a message costs",
                costs.len()
            )),
            false => Ok(Self(Sorted::new(costs))),
        }
    }

    /// A quantile; 0.5 is the median.
    pub fn quantile(&self, q: f64) -> SimDuration {
        let value = self.0.quantile(q, QuantileRule::Interpolated);
        SimDuration::from_nanos(value.unwrap_or(0.0) as u64)
    }

    /// How many calls it rests on.
    pub fn count(&self) -> usize {
        self.0.values().len()
    }

    /// `count` costs from the middle half of what was measured, in equal steps.
    pub fn spread(&self, count: u32) -> Vec<SimDuration> {
        let at = |step: u32| 0.25 + 0.5 * (f64::from(step) + 0.5) / f64::from(count);
        (0..count).map(|step| self.quantile(at(step))).collect()
    }
}

/// Calls during which no other was under way.
fn alone(seen: &ObservedRun) -> Vec<&ObservedCall> {
    let mut calls: Vec<_> = seen.calls.iter().collect();
    calls.sort_by_key(|call| call.sent);
    let end = |call: &ObservedCall| call.ended.as_ref().map_or(SimTime::MAX, |(at, _)| *at);
    let mut latest = SimTime::ZERO;
    let mut found = Vec::new();
    for (place, call) in calls.iter().enumerate() {
        let next = calls.get(place + 1).map_or(SimTime::MAX, |next| next.sent);
        if call.sent >= latest && end(call) <= next {
            found.push(*call);
        }
        latest = latest.max(end(call));
    }
    found
}

/// The same deployment on one machine, where every message takes `cost`: its links are those
/// of the live system.
pub fn on_one_machine(deployment: &Deployment, cost: SimDuration) -> Deployment {
    let mut deployment = deployment.clone();
    let link = Link {
        latency: cost,
        rate: None,
    };
    let mut network = Network::new(link);
    let mut place = |node: &mut String, name: &str| {
        name.clone_into(node);
        network.add_node(name, "");
    };
    for it in &mut deployment.computers {
        place(&mut it.node, &it.name);
    }
    for it in &mut deployment.brokers {
        place(&mut it.node, &it.name);
    }
    for it in &mut deployment.controllers {
        place(&mut it.node, &it.name);
    }
    for it in &mut deployment.clients {
        place(&mut it.node, &it.name);
    }
    deployment.network = network;
    deployment
}
