//! The hierarchical installer.

use std::collections::{BTreeMap, BTreeSet};

use sim_core::Stream;

use super::{Broker, Computer, Distances, INITIAL_WEIGHT, Objective, Pushes};
use crate::broker::Command;
use crate::names::{EndpointId, FunctionId};

/// Who is at home where, and which brokers are advertised for what.
#[derive(Debug)]
pub(super) struct Hierarchy {
    distances: Distances,
    objective: Objective,
    chance: Stream,
    /// The home of each computer that has one.
    homes: BTreeMap<EndpointId, EndpointId>,
    /// Functions for which a home broker is known to the others.
    advertised: BTreeSet<(EndpointId, FunctionId)>,
}

impl Hierarchy {
    pub(super) fn new(distances: Distances, objective: Objective, chance: Stream) -> Self {
        Self {
            distances,
            objective,
            chance,
            homes: BTreeMap::new(),
            advertised: BTreeSet::new(),
        }
    }

    pub(super) fn distances(&self) -> &Distances {
        &self.distances
    }

    /// Tells the home broker of a computer about it, and the others about the
    /// home broker.
    pub(super) fn add(
        &mut self,
        computer: &Computer,
        brokers: &BTreeMap<String, Broker>,
        pushes: &mut Pushes,
    ) {
        let Some(home) = self.home(computer.node, brokers) else {
            return;
        };
        self.homes.insert(computer.endpoint, home);
        pushes.extend(home, computer.installed());
        let new: Vec<_> = computer
            .functions()
            .filter(|&function| self.advertised.insert((home, function)))
            .collect();
        for broker in others(brokers, home) {
            let advertisements = new.iter().map(|&function| Command::Change {
                function,
                destination: home,
                weight: INITIAL_WEIGHT,
                is_final: false,
            });
            pushes.extend(broker, advertisements);
        }
    }

    /// Removes a computer from its home broker, and the home broker from the other
    /// brokers for functions that no other computer offers there.
    pub(super) fn remove(
        &mut self,
        computer: &Computer,
        computers: &BTreeMap<String, Computer>,
        brokers: &BTreeMap<String, Broker>,
        pushes: &mut Pushes,
    ) {
        let Some(home) = self.homes.remove(&computer.endpoint) else {
            return;
        };
        pushes.extend(home, computer.removed());
        for function in computer.functions() {
            let mut neighbours = computers
                .values()
                .filter(|other| self.homes.get(&other.endpoint) == Some(&home));
            if neighbours.any(|other| other.offers(function)) {
                continue;
            }
            self.advertised.remove(&(home, function));
            for broker in others(brokers, home) {
                let withdrawal = Command::Remove {
                    function,
                    destination: home,
                };
                pushes.extend(broker, std::iter::once(withdrawal));
            }
        }
    }

    /// Starts over because the brokers have changed.
    pub(super) fn reinstall(
        &mut self,
        computers: &BTreeMap<String, Computer>,
        brokers: &BTreeMap<String, Broker>,
        pushes: &mut Pushes,
    ) {
        self.homes.clear();
        self.advertised.clear();
        for broker in brokers.values() {
            pushes.extend(broker.endpoint, std::iter::once(Command::Flush));
        }
        for computer in computers.values() {
            self.add(computer, brokers, pushes);
        }
    }

    /// The broker that is home to computers on `node`: one on the node with the
    /// best score, the first in the order of the names of nodes on ties.
    ///
    /// With `n` nodes, the score combines the worst distance `w` from any broker
    /// through that node and the sum `s` of all of them, `(1 + 2 n^2) w + s` or
    /// `w + (1 + 2 n^2) s`, so that one decides and the other breaks ties as long
    /// as distances are of the order of 1.
    fn home(&mut self, node: usize, brokers: &BTreeMap<String, Broker>) -> Option<EndpointId> {
        let nodes: BTreeSet<(&str, usize)> = brokers
            .values()
            .map(|broker| (self.distances.nodes[broker.node].as_str(), broker.node))
            .collect();
        let count = self.distances.nodes.len() as f64;
        let emphasis = 1.0 + 2.0 * count * count;
        let score = |candidate: usize| {
            let detour = self.distances.rows[candidate][node];
            let legs = nodes
                .iter()
                .map(|&(_, broker)| self.distances.rows[candidate][broker]);
            let worst = detour + legs.clone().fold(0.0, f64::max);
            let sum = count * detour + legs.sum::<f64>();
            match self.objective {
                Objective::MinMax => emphasis * worst + sum,
                Objective::MinAvg => worst + emphasis * sum,
            }
        };
        let mut best: Option<(f64, usize)> = None;
        for &(_, candidate) in &nodes {
            let score = score(candidate);
            if best.is_none_or(|(least, _)| score < least) {
                best = Some((score, candidate));
            }
        }
        let (_, best) = best?;
        let there: Vec<_> = brokers
            .values()
            .filter(|broker| broker.node == best)
            .map(|broker| broker.endpoint)
            .collect();
        let pick = match there.len() {
            1 => 0,
            count => (self.chance.uniform() * count as f64) as usize,
        };
        there.get(pick).copied()
    }
}

fn others(
    brokers: &BTreeMap<String, Broker>,
    home: EndpointId,
) -> impl Iterator<Item = EndpointId> {
    let endpoints = brokers.values().map(|broker| broker.endpoint);
    endpoints.filter(move |&broker| broker != home)
}
