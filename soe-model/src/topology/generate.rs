//! Generates topologies of a given size with the structure of published ones.
//!
//! There are two kinds, after the industrial and the urban scenario of *ether*
//! (Rausch et al., HotEdge 2020) that the StateSim studies use:
//!
//! * [`Iiot`]: factory premises, each with its own sensors, gateways and cloudlet;
//! * [`UrbanSensing`]: cells of a city with sensors and cameras, and one cloudlet for all.
//!
//! The same parameters and seed give the same topology.

mod iiot;
mod urban_sensing;

use std::collections::HashMap;
use std::ops::RangeInclusive;

use sim_core::SimDuration;

use super::{Builder, Device, Link, LinkClass, Processor, Topology, VertexKind};

pub use iiot::Iiot;
pub use urban_sensing::UrbanSensing;

/// Rate and latency of one kind of link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinkSpec {
    /// Rate in megabits per second; more than 0.
    pub rate_mbps: f64,
    /// Propagation latency.
    pub latency: SimDuration,
}

impl LinkSpec {
    /// A link of that rate without latency.
    pub const fn new(rate_mbps: f64) -> Self {
        Self {
            rate_mbps,
            latency: SimDuration::ZERO,
        }
    }
}

/// Why a topology cannot be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{parameter} is {found}, expected {allowed}")]
pub struct GenerateError {
    /// The name of the parameter.
    parameter: &'static str,
    found: String,
    allowed: String,
}

/// The largest number that each size may have: sizes multiply, so that this is plenty.
const SIZES: RangeInclusive<usize> = 0..=100_000;
const AT_LEAST_ONE: RangeInclusive<usize> = 1..=100_000;
/// The largest number of processing nodes of a generated topology.
const MAX_NODES: usize = 1_000_000;

fn check_size(
    parameter: &'static str,
    found: usize,
    allowed: &RangeInclusive<usize>,
) -> Result<(), GenerateError> {
    if allowed.contains(&found) {
        return Ok(());
    }
    Err(GenerateError {
        parameter,
        found: found.to_string(),
        allowed: format!("{} to {}", allowed.start(), allowed.end()),
    })
}

fn check_rate(parameter: &'static str, link: &LinkSpec) -> Result<(), GenerateError> {
    if link.rate_mbps.is_finite() && link.rate_mbps > 0.0 {
        return Ok(());
    }
    Err(GenerateError {
        parameter,
        found: format!("{} Mb/s", link.rate_mbps),
        allowed: "more than 0".into(),
    })
}

/// A topology in the making: vertices get names with a number, by kind.
#[derive(Default)]
struct Draft {
    counters: HashMap<&'static str, usize>,
    nodes: Vec<(String, Processor)>,
    links: Vec<(String, Link)>,
    edges: Vec<(String, String)>,
}

impl Draft {
    /// `prefix_0`, `prefix_1`, ...
    fn name(&mut self, prefix: &'static str) -> String {
        let counter = self.counters.entry(prefix).or_default();
        *counter += 1;
        format!("{prefix}_{}", *counter - 1)
    }

    fn link(&mut self, name: &str, class: LinkClass, spec: LinkSpec) {
        let link = Link {
            rate_mbps: spec.rate_mbps,
            latency: spec.latency,
            class,
        };
        self.links.push((name.to_owned(), link));
    }

    fn edge(&mut self, from: &str, to: &str) {
        self.edges.push((from.to_owned(), to.to_owned()));
    }

    fn join(&mut self, one: &str, other: &str) {
        self.edge(one, other);
        self.edge(other, one);
    }

    /// A device behind its own link.
    fn node(&mut self, device: Device, spec: LinkSpec, switch: &str) {
        let name = self.name(match device {
            Device::Server => "server",
            Device::Nuc => "nuc",
            Device::JetsonTx2 => "tx2",
            Device::RaspberryPi3 => "rpi3",
        });
        let link = format!("link_{name}");
        self.link(&link, LinkClass::Node, spec);
        self.join(&name, &link);
        self.join(&link, switch);
        self.nodes.push((name, device.typical()));
    }

    /// An access line: what `inside` sends takes the uplink, what it gets the downlink.
    fn line(&mut self, name: &str, inside: &str, outside: &str, up: LinkSpec, down: LinkSpec) {
        let uplink = format!("up_{name}");
        self.link(&uplink, LinkClass::Uplink, up);
        self.edge(inside, &uplink);
        self.edge(&uplink, outside);
        let downlink = format!("down_{name}");
        self.link(&downlink, LinkClass::Downlink, down);
        self.edge(outside, &downlink);
        self.edge(&downlink, inside);
    }

    /// Racks of servers behind a switch; gives the name of the switch.
    fn cloudlet(&mut self, racks: usize, servers: usize, spec: LinkSpec) -> String {
        let cloudlet = self.name("switch_cloudlet");
        for _ in 0..racks {
            let rack = self.name("switch_lan");
            for _ in 0..servers {
                self.node(Device::Server, spec, &rack);
            }
            self.join(&rack, &cloudlet);
        }
        cloudlet
    }

    fn finish(self) -> Result<Topology, GenerateError> {
        if self.nodes.len() > MAX_NODES {
            return Err(GenerateError {
                parameter: "the number of processing nodes",
                found: self.nodes.len().to_string(),
                allowed: format!("at most {MAX_NODES}"),
            });
        }
        let mut builder = Builder::default();
        for (name, processor) in self.nodes {
            builder.vertex(&name, VertexKind::Processing(processor));
        }
        for (name, link) in self.links {
            builder.vertex(&name, VertexKind::Link(link));
        }
        for (from, to) in self.edges {
            let from = builder.vertex_or_networking(&from);
            let to = builder.vertex_or_networking(&to);
            builder.edge(from, to);
        }
        Ok(builder.build())
    }
}

impl Device {
    /// Memory and speed of such a device in the published topologies.
    pub(super) fn typical(self) -> Processor {
        let (memory, speed_mips) = match self {
            Self::Server => (188_000_000_000, 88_000.0),
            Self::Nuc => (17_179_869_184, 4_000.0),
            Self::JetsonTx2 => (8_240_386_048, 4_000.0),
            Self::RaspberryPi3 => (1_023_012_864, 4_000.0),
        };
        Processor {
            device: self,
            memory,
            speed_mips,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::{Inventory, Orientation, Source};

    fn samples() -> [Topology; 2] {
        [
            Iiot::default().generate(7).unwrap(),
            UrbanSensing::default().generate(7).unwrap(),
        ]
    }

    #[test]
    fn the_default_industrial_network_is_as_large_as_the_published_one() {
        let inventory = Inventory::of(&Iiot::default().generate(1).unwrap());
        let devices = Device::ALL.map(|device| inventory.devices(device));
        assert_eq!(devices, [60, 4, 4, 12]);
        assert_eq!(inventory.links(), 100);
        assert_eq!(inventory.clients(), 16);
    }

    #[test]
    fn every_node_of_a_generated_network_reaches_every_other() {
        for topology in samples() {
            let first = topology.processing()[0];
            for &node in topology.processing() {
                for orientation in [Orientation::AsDirected, Orientation::Swapped] {
                    assert!(topology.path(first, node, orientation).is_some());
                    assert!(topology.path(node, first, orientation).is_some());
                }
            }
        }
    }

    #[test]
    fn a_generated_network_is_read_back_from_its_files() {
        for topology in samples() {
            let [nodes, links, edges] = topology.to_files();
            let read = Topology::parse(
                Source::new("nodes", &nodes),
                Source::new("links", &links),
                Source::new("edges", &edges),
            )
            .unwrap();
            assert_eq!(Inventory::of(&read), Inventory::of(&topology));
            let [nodes_again, links_again, _] = read.to_files();
            assert_eq!((nodes_again, links_again), (nodes, links));
            for vertex in topology.graph().node_indices() {
                let name = topology.name(vertex);
                let names = |topology: &Topology, vertex| -> Vec<String> {
                    let neighbours = topology.graph().neighbors(vertex);
                    neighbours.map(|n| topology.name(n).to_owned()).collect()
                };
                let same = read.id(name).unwrap();
                assert_eq!(names(&read, same), names(&topology, vertex), "{name}");
            }
        }
    }

    #[test]
    fn the_seed_decides_the_network() {
        let urban = UrbanSensing::default();
        let files = |seed| urban.generate(seed).unwrap().to_files();
        assert_eq!(files(1), files(1));
        assert_ne!(files(1), files(2));
    }

    #[test]
    fn senseless_sizes_and_rates_are_refused() {
        let refused = Iiot {
            premises: 0,
            ..Iiot::default()
        }
        .generate(1)
        .unwrap_err();
        assert!(
            refused.to_string().contains("premises is 0, expected 1"),
            "{refused}"
        );
        let shared = LinkSpec::new(0.0);
        let refused = UrbanSensing {
            shared,
            ..UrbanSensing::default()
        }
        .generate(1)
        .unwrap_err();
        assert!(refused.to_string().contains("0 Mb/s"), "{refused}");
        let endless = UrbanSensing {
            cells: 100_000,
            cameras: 1000,
            ..UrbanSensing::default()
        };
        assert!(endless.generate(1).is_err());
    }
}
