//! An edge network for StateSim: the cost of processing and transfers.

mod exit;
mod reach;
mod routes;

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use soe_model::topology::{Topology, VertexId};

use crate::Error;
use crate::model::Corrections;
pub(crate) use exit::ExitHops;
pub(crate) use reach::Reach;
use routes::Routes;
pub(crate) use routes::{Leg, RouteReader, View};

/// A processing node: its place in the byte order of names.
pub(crate) type NodeId = u16;

/// The kind of processor that a function needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Affinity {
    Cpu,
    Gpu,
}

impl Affinity {
    pub(crate) const ALL: [Self; 2] = [Self::Cpu, Self::Gpu];
}

/// An edge network with the routes between its processing nodes.
///
/// Routes are computed when they are first needed and then shared by all threads.
#[derive(Debug)]
pub struct Network {
    topology: Topology,
    corrections: Corrections,
    nodes: Vec<Node>,
    clients: Vec<NodeId>,
    routes: Routes,
    /// Nodes by affinity, and within one by name.
    candidates: Vec<NodeId>,
    cpus: usize,
    reach: Vec<OnceLock<Arc<Reach>>>,
    central: OnceLock<Option<NodeId>>,
    exits: OnceLock<Vec<ExitHops>>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    pub(crate) vertex: VertexId,
    pub(crate) affinity: Affinity,
    /// Operations per second, in single precision unless that is corrected.
    pub(crate) speed: f64,
}

/// The size of the transfers by which the central node is found.
const CENTRAL_TRANSFER: u64 = 1000;

impl Network {
    /// Prepares a topology for evaluation.
    ///
    /// # Errors
    /// If the network has no client, or has no or more than 65 535 processing nodes.
    pub fn new(topology: Topology, corrections: Corrections) -> Result<Self, Error> {
        let vertices = topology.processing();
        if vertices.is_empty() {
            return Err(Error::Network("the network has no processing node".into()));
        }
        if vertices.len() > usize::from(NodeId::MAX) {
            return Err(Error::Network(format!(
                "there are {} processing nodes, at most {} are supported",
                vertices.len(),
                NodeId::MAX
            )));
        }
        let node = |&vertex: &VertexId| {
            let processor = topology.processor(vertex)?;
            let speed = if corrections.precision {
                processor.speed_mips * 1e6
            } else {
                f64::from(processor.single_speed())
            };
            let affinity = match processor.device.has_gpu() {
                true => Affinity::Gpu,
                false => Affinity::Cpu,
            };
            Some(Node {
                vertex,
                affinity,
                speed,
            })
        };
        let nodes: Vec<Node> = vertices.iter().filter_map(node).collect();
        let is_client = |vertex: VertexId| {
            let processor = topology.processor(vertex);
            processor.is_some_and(|processor| processor.device.may_be_client())
        };
        let clients: Vec<NodeId> = (0..)
            .zip(&nodes)
            .filter(|(_, node)| is_client(node.vertex))
            .map(|(id, _)| id)
            .collect();
        if clients.is_empty() {
            return Err(Error::Network(
                "the network has no client (a node of model rpi3b+ or nvidia_jetson_tx2)".into(),
            ));
        }
        let of = |wanted| {
            let nodes = (0..)
                .zip(&nodes)
                .filter(move |(_, node)| node.affinity == wanted);
            nodes.map(|(id, _)| id)
        };
        let mut candidates: Vec<NodeId> = of(Affinity::Cpu).collect();
        let cpus = candidates.len();
        candidates.extend(of(Affinity::Gpu));
        Ok(Self {
            candidates,
            cpus,
            reach: nodes.iter().map(|_| OnceLock::new()).collect(),
            exits: OnceLock::new(),
            routes: Routes::new(&topology, corrections),
            topology,
            corrections,
            nodes,
            clients,
            central: OnceLock::new(),
        })
    }

    /// The topology.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// What of the original model is corrected.
    pub fn corrections(&self) -> Corrections {
        self.corrections
    }

    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(crate) fn clients(&self) -> &[NodeId] {
        &self.clients
    }

    /// All nodes, those of one affinity beside each other.
    pub(crate) fn candidates(&self) -> &[NodeId] {
        &self.candidates
    }

    /// Where the nodes of an affinity are among the candidates.
    pub(crate) fn range(&self, affinity: Affinity) -> Range<usize> {
        match affinity {
            Affinity::Cpu => 0..self.cpus,
            Affinity::Gpu => self.cpus..self.candidates.len(),
        }
    }

    /// Links between a node and the rest of the Internet.
    pub(crate) fn exit(&self, node: NodeId) -> ExitHops {
        self.exits.get_or_init(|| self.find_exits())[usize::from(node)]
    }

    pub(crate) fn name(&self, node: NodeId) -> &str {
        self.topology.name(self.nodes[usize::from(node)].vertex)
    }

    /// Which kind of processor each function needs: functions are divided in
    /// proportion to the speed of all CPU and of all GPU nodes.
    pub(crate) fn affinities(&self, functions: usize) -> Vec<Affinity> {
        let weight = |affinity| -> f64 {
            let speeds = self.nodes.iter().filter(|node| node.affinity == affinity);
            speeds.map(|node| node.speed).sum()
        };
        let weights = Affinity::ALL.map(weight);
        let all: f64 = weights.iter().sum();
        let mut affinities = Vec::with_capacity(functions);
        for (affinity, weight) in Affinity::ALL.into_iter().zip(weights) {
            let share = (functions as f64 * weight / all).round() as usize;
            let until = functions.min(affinities.len() + share);
            affinities.resize(until, affinity);
        }
        // The shares can only fall short by rounding errors of the weights.
        let last = affinities.last().copied().unwrap_or(Affinity::Cpu);
        affinities.resize(functions, last);
        affinities
    }

    /// The node from and to which the farthest other is nearest, the first among
    /// equals; `None` if no node can reach and be reached by all others.
    pub(crate) fn central(&self) -> Option<NodeId> {
        *self.central.get_or_init(|| {
            let mut view = View::default();
            let mut reader = RouteReader::new(self, &mut view);
            let all = 0..self.nodes.len() as NodeId;
            let (mut central, mut nearest) = (None, f64::INFINITY);
            for candidate in all.clone() {
                let mut farthest: f64 = 0.0;
                for other in all.clone() {
                    let to = reader.leg(candidate, other).seconds(CENTRAL_TRANSFER);
                    let from = reader.leg(other, candidate).seconds(CENTRAL_TRANSFER);
                    farthest = farthest.max(to.max(from));
                    if farthest >= nearest {
                        break;
                    }
                }
                if farthest < nearest {
                    (central, nearest) = (Some(candidate), farthest);
                }
            }
            central
        })
    }
}
