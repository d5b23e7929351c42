//! Edge networks: nodes, the links between them, and the routes of data.
//!
//! A topology is a directed graph of three kinds of vertices, as in the files
//! that the *ether* generator of edge topologies writes (Rausch et al., "Synthesizing
//! plausible infrastructure configurations for evaluating edge computing systems",
//! HotEdge 2020) and that StateSim reads:
//!
//! * **processing nodes** run functions; some of them may also be clients;
//! * **links** have a rate and, optionally, a latency. A link is a vertex, not an
//!   edge of the graph: a medium shared by several nodes is one link with many
//!   neighbours, and an asymmetric access line is two links, one per direction;
//! * **networking vertices** (switches, exchange points) cost nothing to cross.
//!
//! ```
//! use soe_model::topology::{Orientation, Source, Topology};
//! use soe_model::units::Bytes;
//!
//! let topology = Topology::parse(
//!     Source::new("nodes", "0;sensor;1000000000;4000;arm32;sbc;rpi3b+\n\
//!                           1;rack;188000000000;88000;x86;server;server\n"),
//!     Source::new("links", "0;10;wifi;shared;2\n1;1000;fibre;node\n"),
//!     Source::new("edges", "sensor wifi\nwifi sensor switch\nswitch wifi fibre\n\
//!                           fibre switch rack\nrack fibre\n"),
//! )?;
//! let sensor = topology.id("sensor").unwrap();
//! let rack = topology.id("rack").unwrap();
//! let path = topology.path(sensor, rack, Orientation::AsDirected).unwrap();
//! assert_eq!(path.hops(), 2);
//! // 2 ms of latency, 0.8 ms at 10 Mb/s, 0.008 ms at 1 Gb/s.
//! assert_eq!(path.transfer_time(Bytes(1000)).to_string(), "2.808 ms");
//! # Ok::<(), soe_model::topology::TopologyError>(())
//! ```

mod draw;
pub mod generate;
mod inventory;
mod read;
mod route;
mod write;

use std::collections::HashMap;

use petgraph::graph::DiGraph;
use sim_core::SimDuration;

use crate::units::{BitsPerSecond, OpsPerSecond};

pub use inventory::Inventory;
pub use read::{Source, TopologyError};
pub use route::{Cost, Orientation, Path, RouteSearch};

/// The place of a vertex in [`Topology::graph`].
pub type VertexId = petgraph::graph::NodeIndex<u32>;

/// An edge network. See the [module documentation](self).
///
/// Vertices are numbered as the files list them: processing nodes, then links,
/// then networking vertices in the order in which the edges first name them.
#[derive(Clone, Debug)]
pub struct Topology {
    graph: DiGraph<Vertex, ()>,
    by_name: HashMap<String, VertexId>,
    processing: Vec<VertexId>,
    links: Vec<VertexId>,
}

/// A named vertex of the graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Vertex {
    /// Unique in the topology.
    pub name: String,
    /// Its kind.
    pub kind: VertexKind,
}

/// The three kinds of vertices.
#[derive(Clone, Debug, PartialEq)]
pub enum VertexKind {
    /// Runs functions.
    Processing(Processor),
    /// Carries data at a limited rate.
    Link(Link),
    /// Joins links at no cost.
    Networking,
}

/// What a processing node is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Processor {
    /// Which device it is.
    pub device: Device,
    /// Memory, in bytes.
    pub memory: u64,
    /// Speed as the files write it: millions of operations per second; more than 0.
    pub speed_mips: f64,
}

impl Processor {
    /// Speed of the node.
    pub fn speed(&self) -> OpsPerSecond {
        OpsPerSecond(self.speed_mips * 1e6)
    }

    /// Speed in operations per second, rounded as in the original's simulators.
    pub fn single_speed(&self) -> f32 {
        (f64::from(self.speed_mips as f32) * 1e6) as f32
    }
}

/// What a link is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// Rate as the files write it: megabits per second; more than 0.
    pub rate_mbps: f64,
    /// Propagation latency, zero unless the file gives one.
    pub latency: SimDuration,
    /// What it joins; for people and pictures only.
    pub class: LinkClass,
}

impl Link {
    /// Transmission rate of the link.
    pub fn rate(&self) -> BitsPerSecond {
        BitsPerSecond(self.rate_mbps * 1e6)
    }

    /// Transmission rate in bit/s, rounded as in the original's simulators.
    pub fn single_rate(&self) -> f32 {
        single_rate(self.rate_mbps)
    }
}

/// The devices known to the file format, by their `model` field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Device {
    /// A rack server.
    Server,
    /// A small computer in a cabinet (Intel NUC).
    Nuc,
    /// A board with a GPU (NVIDIA Jetson TX2), which may be a client.
    JetsonTx2,
    /// A single-board computer (Raspberry Pi 3B+), which may be a client.
    RaspberryPi3,
}

impl Device {
    /// Every device.
    pub const ALL: [Self; 4] = [Self::Server, Self::Nuc, Self::JetsonTx2, Self::RaspberryPi3];

    /// The `model` field of the nodes file.
    pub fn model(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Nuc => "nuci5",
            Self::JetsonTx2 => "nvidia_jetson_tx2",
            Self::RaspberryPi3 => "rpi3b+",
        }
    }

    /// The `arch` and `class` fields of the nodes file.
    fn arch_and_class(self) -> (&'static str, &'static str) {
        match self {
            Self::Server => ("x86", "server"),
            Self::Nuc => ("x86", "sffc"),
            Self::JetsonTx2 => ("aarch64", "embai"),
            Self::RaspberryPi3 => ("arm32", "sbc"),
        }
    }

    /// Whether functions that want a GPU run here, and only those.
    pub fn has_gpu(self) -> bool {
        self == Self::JetsonTx2
    }

    /// Whether a device of this kind may be a client.
    pub fn may_be_client(self) -> bool {
        matches!(self, Self::JetsonTx2 | Self::RaspberryPi3)
    }
}

/// A rate of so many megabits per second, in bit/s, as the original's simulators round it.
pub fn single_rate(rate_mbps: f64) -> f32 {
    (1e6 * f64::from(rate_mbps as f32)) as f32
}

/// What a link joins, the `type` field of the links file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkClass {
    /// One node to its switch.
    Node,
    /// A medium that several nodes or switches share.
    Shared,
    /// From the network to a site.
    Downlink,
    /// From a site to the network.
    Uplink,
}

impl LinkClass {
    /// Every class.
    pub const ALL: [Self; 4] = [Self::Node, Self::Shared, Self::Downlink, Self::Uplink];

    /// The `type` field of the links file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Shared => "shared",
            Self::Downlink => "downlink",
            Self::Uplink => "uplink",
        }
    }
}

impl Topology {
    /// The graph itself, for the algorithms of `petgraph`.
    ///
    /// The neighbours of a vertex come in the order of the edges file.
    pub fn graph(&self) -> &DiGraph<Vertex, ()> {
        &self.graph
    }

    /// The vertex of that name.
    pub fn id(&self, name: &str) -> Option<VertexId> {
        self.by_name.get(name).copied()
    }

    /// The name of a vertex of this topology.
    pub fn name(&self, id: VertexId) -> &str {
        &self.graph[id].name
    }

    /// Processing nodes in the byte order of their names.
    pub fn processing(&self) -> &[VertexId] {
        &self.processing
    }

    /// Links in the order of their file.
    pub fn links(&self) -> &[VertexId] {
        &self.links
    }

    /// Processing nodes that may be clients, in the byte order of their names.
    pub fn clients(&self) -> impl Iterator<Item = VertexId> {
        self.processing.iter().copied().filter(|&id| {
            self.processor(id)
                .is_some_and(|processor| processor.device.may_be_client())
        })
    }

    /// What a vertex can process, if it is a processing node.
    pub fn processor(&self, id: VertexId) -> Option<&Processor> {
        match &self.graph[id].kind {
            VertexKind::Processing(processor) => Some(processor),
            _ => None,
        }
    }

    /// The link that a vertex is, if it is one.
    pub fn link(&self, id: VertexId) -> Option<&Link> {
        match &self.graph[id].kind {
            VertexKind::Link(link) => Some(link),
            _ => None,
        }
    }

    /// Whether any link has a latency.
    pub fn has_latency(&self) -> bool {
        let mut links = self.links.iter().filter_map(|&id| self.link(id));
        links.any(|link| !link.latency.is_zero())
    }
}

/// Gathers vertices and edges, then makes a [`Topology`] of them.
#[derive(Debug, Default)]
struct Builder {
    graph: DiGraph<Vertex, ()>,
    by_name: HashMap<String, VertexId>,
    edges: Vec<(VertexId, VertexId)>,
}

impl Builder {
    /// Adds a vertex; `None` if the name is taken.
    fn vertex(&mut self, name: &str, kind: VertexKind) -> Option<VertexId> {
        if self.by_name.contains_key(name) {
            return None;
        }
        let id = self.graph.add_node(Vertex {
            name: name.to_owned(),
            kind,
        });
        self.by_name.insert(name.to_owned(), id);
        Some(id)
    }

    /// The vertex of that name; a new networking vertex if the name is unknown.
    fn vertex_or_networking(&mut self, name: &str) -> VertexId {
        match self.by_name.get(name) {
            Some(&id) => id,
            None => {
                let id = self.graph.add_node(Vertex {
                    name: name.to_owned(),
                    kind: VertexKind::Networking,
                });
                self.by_name.insert(name.to_owned(), id);
                id
            }
        }
    }

    fn edge(&mut self, from: VertexId, to: VertexId) {
        self.edges.push((from, to));
    }

    fn build(mut self) -> Topology {
        // `petgraph` yields the neighbour that was added last first; routes between
        // equals follow the order of the file.
        for &(from, to) in self.edges.iter().rev() {
            self.graph.add_edge(from, to, ());
        }
        let of_kind = |wanted: fn(&VertexKind) -> bool| -> Vec<VertexId> {
            let ids = self.graph.node_indices();
            ids.filter(|&id| wanted(&self.graph[id].kind)).collect()
        };
        let mut processing = of_kind(|kind| matches!(kind, VertexKind::Processing(_)));
        processing.sort_by(|&a, &b| self.graph[a].name.cmp(&self.graph[b].name));
        let links = of_kind(|kind| matches!(kind, VertexKind::Link(_)));
        Topology {
            graph: self.graph,
            by_name: self.by_name,
            processing,
            links,
        }
    }
}
