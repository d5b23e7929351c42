//! What a deployment is offered, before it runs.
//!
//! The work that clients bring per second is known where their rate does not depend on
//! how long calls take (open arrivals) and the mean size of their input is known. The
//! capacity is that of the computers that their calls can reach. Policies decide how the
//! work is divided, often by what they measure, so that the load of a single computer
//! cannot be known. That of a group of computers is known, whatever the policy: no group
//! can do more than all of its cores.

use std::collections::{BTreeMap, BTreeSet};

use super::Deployment;
use crate::broker::BrokerSpec;
use crate::client::ClientSpec;
use crate::computer::ComputerSpec;
use crate::function::Requirements;
use crate::units::Bytes;

/// What a group of computers is offered.
#[derive(Clone, Debug, PartialEq)]
pub struct OfferedLoad {
    /// The functions that are called.
    pub functions: Vec<String>,
    /// The computers that the calls can reach.
    pub computers: Vec<String>,
    /// Work per second over what the computers can do per second: above 1, calls wait
    /// ever longer.
    pub ratio: f64,
    /// Whether some clients are left out, because their rate or sizes are not known before
    /// the run: the ratio is then a lower bound.
    pub is_lower_bound: bool,
}

/// The demand of clients that call the same function through the same computers.
#[derive(Debug)]
struct Demand {
    functions: BTreeSet<String>,
    computers: BTreeSet<usize>,
    // Operations per second.
    operations: f64,
    is_lower_bound: bool,
}

impl Deployment {
    /// What the computers are offered: one entry for each group of computers that share
    /// calls, in the order of their first computer. Groups without open arrivals are left
    /// out, and so are workflows.
    ///
    /// ```
    /// # use soe_model::deployment::Deployment;
    /// fn warn(deployment: &Deployment) {
    ///     for load in deployment.offered_loads().iter().filter(|load| load.ratio > 1.0) {
    ///         eprintln!("{load}");
    ///     }
    /// }
    /// ```
    pub fn offered_loads(&self) -> Vec<OfferedLoad> {
        let mut groups: Vec<Demand> = Vec::new();
        for client in &self.clients {
            let Some(mut demand) = self.demand(client) else {
                continue;
            };
            let shared = |group: &Demand| !group.computers.is_disjoint(&demand.computers);
            let (joined, others) = groups.into_iter().partition(shared);
            groups = others;
            for group in joined {
                demand.absorb(group);
            }
            groups.push(demand);
        }
        let mut loads: Vec<(usize, OfferedLoad)> = groups
            .into_iter()
            .filter(|group| group.operations > 0.0)
            .filter_map(|group| Some((*group.computers.first()?, self.offered(group))))
            .collect();
        loads.sort_by_key(|(first, _)| *first);
        loads.into_iter().map(|(_, load)| load).collect()
    }

    /// A client that would issue calls for ever without time passing: each is answered at
    /// the instant of its issue. Its name, if there is one for which this is certain.
    pub fn spinning_client(&self) -> Option<&str> {
        let spins = |client: &&ClientSpec| {
            let unlimited = client.max_calls.is_none() && self.run.calls.is_none();
            let arrivals = (client.arrivals.kind.build)(&client.arrivals.arguments);
            if !unlimited || !arrivals.is_ok_and(|arrivals| arrivals.may_spin()) {
                return false;
            }
            let [destination] = client.destinations.as_slice() else {
                return false;
            };
            let named = |computer: &&ComputerSpec| computer.name == *destination;
            let Some(computer) = self.computers.iter().find(named) else {
                return false;
            };
            let Some(requirements) = requirements(computer, &client.function) else {
                return false;
            };
            // Without operations, with or without input.
            let work = [Bytes(0), Bytes(1 << 30)].map(|input| requirements.of(input).operations.0);
            let nodes = self.network.nodes();
            let (from, to) = (nodes.find(&client.node), nodes.find(&computer.node));
            let is_free = from.zip(to).is_some_and(|(from, to)| {
                let there = self.network.transfer(from, to, Bytes(1 << 30));
                let back = self.network.transfer(to, from, Bytes(1 << 30));
                from == to || (there.is_zero() && back.is_zero())
            });
            work == [0, 0] && is_free
        };
        self.clients
            .iter()
            .find(spins)
            .map(|client| client.name.as_str())
    }

    /// The demand of a client; `None` if it reaches no computer.
    fn demand(&self, client: &ClientSpec) -> Option<Demand> {
        let mut computers = BTreeSet::new();
        // A second destination gets copies, which are left out.
        self.reach(
            client.destinations.first()?,
            &client.function,
            &mut computers,
            0,
        );
        let needed = computers
            .iter()
            .filter_map(|&number| requirements(&self.computers[number], &client.function));
        let arrivals = (client.arrivals.kind.build)(&client.arrivals.arguments).ok()?;
        let sizes = (client.sizes.kind.build)(&client.sizes.arguments).ok()?;
        let known = arrivals.rate().zip(sizes.mean());
        let stops = client.max_calls.is_some() || client.stop.is_some();
        let operations = known.filter(|_| !stops).and_then(|(rate, size)| {
            let work = |needed: Requirements| {
                let each = f64::from(needed.op_coeff) * size + f64::from(needed.op_offset);
                rate * each.max(0.0)
            };
            needed.map(work).reduce(f64::min)
        });
        (!computers.is_empty()).then(|| Demand {
            functions: BTreeSet::from([client.function.clone()]),
            computers,
            operations: operations.unwrap_or(0.0),
            is_lower_bound: operations.is_none() || client.destinations.len() > 1,
        })
    }

    /// The computers that calls of `function` can reach through a destination.
    fn reach(&self, destination: &str, function: &str, found: &mut BTreeSet<usize>, depth: usize) {
        let is_offered = |computer: &ComputerSpec| requirements(computer, function).is_some();
        for (number, computer) in self.computers.iter().enumerate() {
            if computer.name == destination && is_offered(computer) {
                found.insert(number);
            }
        }
        // No path of a call is longer than there are brokers.
        let Some(broker) = self
            .broker(destination)
            .filter(|_| depth < self.brokers.len())
        else {
            return;
        };
        for entry in broker
            .table
            .iter()
            .filter(|entry| entry.function == function)
        {
            self.reach(&entry.destination, function, found, depth + 1);
        }
        let Some(controller) = &broker.controller else {
            return;
        };
        for (number, computer) in self.computers.iter().enumerate() {
            if computer.controller.as_ref() == Some(controller) && is_offered(computer) {
                found.insert(number);
            }
        }
    }

    fn broker(&self, name: &str) -> Option<&BrokerSpec> {
        self.brokers.iter().find(|broker| broker.name == name)
    }

    fn offered(&self, group: Demand) -> OfferedLoad {
        let capacity: f64 = group
            .computers
            .iter()
            .map(|&number| capacity(&self.computers[number], &group.functions))
            .sum();
        OfferedLoad {
            functions: group.functions.into_iter().collect(),
            computers: group
                .computers
                .iter()
                .map(|&number| self.computers[number].name.clone())
                .collect(),
            ratio: group.operations / capacity,
            is_lower_bound: group.is_lower_bound,
        }
    }
}

impl Demand {
    fn absorb(&mut self, other: Self) {
        self.functions.extend(other.functions);
        self.computers.extend(other.computers);
        self.operations += other.operations;
        self.is_lower_bound |= other.is_lower_bound;
    }
}

impl std::fmt::Display for OfferedLoad {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plural = if self.functions.len() == 1 { "" } else { "s" };
        let at_least = if self.is_lower_bound { "at least " } else { "" };
        let computers = match self.computers.as_slice() {
            [one] => one.clone(),
            [first, .., last] => {
                format!("{} computers, {first} to {last},", self.computers.len())
            }
            [] => String::new(),
        };
        write!(
            f,
            "function{plural} {}: offered {at_least}{:.1} % of what {computers} can do",
            self.functions.join(", "),
            self.ratio * 100.0,
        )
    }
}

/// What an invocation of `function` needs on a computer, if that offers it.
fn requirements(computer: &ComputerSpec, function: &str) -> Option<Requirements> {
    let mut containers = computer.containers.iter();
    let container = containers.find(|container| container.function.name == function)?;
    Some(container.function.requirements)
}

/// Operations per second that a computer can do for these functions: each worker uses one
/// core at a time.
fn capacity(computer: &ComputerSpec, functions: &BTreeSet<String>) -> f64 {
    let mut workers: BTreeMap<&str, u64> = BTreeMap::new();
    for container in &computer.containers {
        if functions.contains(&container.function.name) {
            *workers.entry(&container.processor).or_default() += u64::from(container.workers);
        }
    }
    let processors = computer.processors.iter().filter_map(|processor| {
        let workers = *workers.get(processor.name.as_str())?;
        let cores = workers.min(u64::from(processor.cores));
        Some(cores as f64 * processor.speed.0)
    });
    processors.sum()
}
