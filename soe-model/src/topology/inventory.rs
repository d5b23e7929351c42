//! Counts the parts of a topology.

use std::collections::BTreeMap;
use std::fmt;

use super::{Device, LinkClass, Topology, VertexKind};
use crate::units::{BitsPerSecond, OpsPerSecond};

/// What a topology is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Inventory {
    /// Number and total speed, in operations per second, by device.
    devices: BTreeMap<Device, (usize, f64)>,
    clients: usize,
    /// Number by class and rate; rates as bits, which order like positive numbers.
    links: BTreeMap<(LinkClass, u64), usize>,
    networking: usize,
    edges: usize,
    has_latency: bool,
}

impl Inventory {
    /// Counts a topology.
    pub fn of(topology: &Topology) -> Self {
        let mut inventory = Self {
            devices: BTreeMap::new(),
            clients: topology.clients().count(),
            links: BTreeMap::new(),
            networking: 0,
            edges: topology.graph.edge_count(),
            has_latency: topology.has_latency(),
        };
        for vertex in topology.graph.node_weights() {
            match &vertex.kind {
                VertexKind::Processing(processor) => {
                    let (count, speed) = inventory.devices.entry(processor.device).or_default();
                    *count += 1;
                    *speed += processor.speed().0;
                }
                VertexKind::Link(link) => {
                    let key = (link.class, link.rate().0.to_bits());
                    *inventory.links.entry(key).or_default() += 1;
                }
                VertexKind::Networking => inventory.networking += 1,
            }
        }
        inventory
    }

    /// Number of processing nodes.
    pub fn processing(&self) -> usize {
        self.devices.values().map(|(count, _)| count).sum()
    }

    /// Number of processing nodes that are such a device.
    pub fn devices(&self, device: Device) -> usize {
        self.devices.get(&device).map_or(0, |(count, _)| *count)
    }

    /// Number of processing nodes that may be clients.
    pub fn clients(&self) -> usize {
        self.clients
    }

    /// Number of links.
    pub fn links(&self) -> usize {
        self.links.values().sum()
    }

    /// Number of networking vertices.
    pub fn networking(&self) -> usize {
        self.networking
    }
}

impl fmt::Display for Inventory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} processing nodes, {} of them clients",
            self.processing(),
            self.clients
        )?;
        for (device, (count, speed)) in &self.devices {
            let speed = OpsPerSecond(*speed);
            writeln!(f, "  {count:>6} {:<18} {speed} in all", device.model())?;
        }
        let latency = if self.has_latency { "with" } else { "without" };
        writeln!(f, "{} links, {latency} latency", self.links())?;
        for ((class, rate), count) in &self.links {
            let rate = BitsPerSecond(f64::from_bits(*rate));
            writeln!(f, "  {count:>6} {:<18} {rate}", class.name())?;
        }
        writeln!(
            f,
            "{} switches and exchange points, {} directed edges",
            self.networking, self.edges
        )
    }
}
