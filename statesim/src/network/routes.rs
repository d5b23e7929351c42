//! The cost of sending data from one processing node to another.
//!
//! Of the many routes to a node, only a few differ in cost: those that cross links of
//! the same rates and latencies in the same order have the same cost. The routes to a
//! node are stored as the list of these *classes* and, for every other node, the class
//! to which it belongs. They are computed at first use and read without a lock.
//!
//! Nodes in equivalent places of the network, such as nodes behind equal links at one
//! switch, share their routes.

mod inbound;
mod reader;
mod twins;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use soe_model::topology::{
    Cost, Orientation, RouteSearch, Topology, VertexId, VertexKind, single_rate,
};

use super::{Network, NodeId};
use crate::model::Corrections;
use inbound::{Class, Inbound, NOWHERE, Row};
pub(crate) use inbound::{Leg, OwnedLeg};
pub(crate) use reader::{RouteReader, View};

/// How many bytes of routes and client views are kept. Beyond that, the routes to a
/// node are computed anew whenever they are not among the few that were used last.
const CACHE_BYTES: usize = 640 << 20;

/// Routes between all processing nodes, to a destination when it is first needed.
#[derive(Debug)]
pub(crate) struct Routes {
    corrections: Corrections,
    /// For each node, a representative of all nodes at the same place in the network.
    twin_of: Vec<NodeId>,
    /// The kind of each link by vertex; `NOT_A_LINK` for other vertices.
    kind_of: Vec<u32>,
    kinds: Vec<LinkKind>,
    to: Vec<OnceLock<Row>>,
    limit: usize,
    bytes: AtomicUsize,
    numbers: Mutex<HashMap<Box<[u32]>, u32>>,
}

const NOT_A_LINK: u32 = u32::MAX;

/// What links with the same cost have in common.
#[derive(Clone, Copy, Debug)]
struct LinkKind {
    rate_mbps: f64,
    latency: f64,
}

impl Routes {
    pub(super) fn new(topology: &Topology, corrections: Corrections) -> Self {
        let mut numbers = HashMap::new();
        let mut kinds = Vec::new();
        let vertices = topology.graph().node_weights();
        let kind_of = vertices.map(|vertex| {
            let VertexKind::Link(link) = vertex.kind else {
                return NOT_A_LINK;
            };
            let latency = if corrections.latency {
                link.latency.as_secs_f64()
            } else {
                0.0
            };
            let kind = LinkKind {
                rate_mbps: link.rate_mbps,
                latency,
            };
            *numbers
                .entry((kind.rate_mbps.to_bits(), kind.latency.to_bits()))
                .or_insert_with(|| {
                    kinds.push(kind);
                    kinds.len() as u32 - 1
                })
        });
        let kind_of: Vec<u32> = kind_of.collect();
        let size = topology.processing().len();
        Self {
            corrections,
            twin_of: twins::find(topology, &kind_of),
            kind_of,
            kinds,
            to: (0..size).map(|_| OnceLock::new()).collect(),
            limit: CACHE_BYTES,
            bytes: AtomicUsize::new(0),
            numbers: Mutex::new(HashMap::new()),
        }
    }

    /// Makes room in the cache for that many bytes; whether there was any.
    pub(crate) fn reserve(&self, bytes: usize) -> bool {
        let before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let has_room = before + bytes <= self.limit;
        if !has_room {
            self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
        has_room
    }

    fn compute(&self, network: &Network, destination: NodeId) -> Inbound {
        let topology = network.topology();
        let destination = network.nodes[usize::from(destination)].vertex;
        let orientation = match self.corrections.direction {
            true => Orientation::AsDirected,
            false => Orientation::Swapped,
        };
        if self.corrections.precision || self.corrections.latency {
            // The quickest way for 100 kB; half of a link's cost on either side.
            let mut search = RouteSearch::new(topology, orientation, |kind| match kind {
                VertexKind::Link(link) => {
                    let latency = match self.corrections.latency {
                        true => link.latency.as_secs_f64(),
                        false => 0.0,
                    };
                    (latency + 8e5 / link.rate().0) / 2.0
                }
                _ => 0.0,
            });
            search.next_hops_to(destination);
            self.classify(network, destination, &search)
        } else {
            let mut search = RouteSearch::in_single_precision(topology, orientation);
            search.next_hops_to(destination);
            self.classify(network, destination, &search)
        }
    }

    fn classify<C: Cost>(
        &self,
        network: &Network,
        destination: VertexId,
        search: &RouteSearch<'_, C>,
    ) -> Inbound {
        let mut inbound = Classifier {
            routes: self,
            class_of_links: HashMap::new(),
            classes: Vec::new(),
            rates: Vec::new(),
        };
        let mut links = Vec::new();
        let class_of = network.nodes.iter().map(|node| {
            links.clear();
            let mut at = node.vertex;
            while at != destination {
                match search.next_hop(at) {
                    Some(next) => at = next,
                    None => return inbound.unreachable(),
                }
                if self.kind_of[at.index()] != NOT_A_LINK {
                    links.push(self.kind_of[at.index()]);
                }
            }
            inbound.class(&links)
        });
        Inbound {
            class_of: class_of.collect(),
            classes: inbound.classes.into(),
            rates: inbound.rates.into(),
            has_ties: search.has_ties(),
        }
    }

    fn number(&self, links: &[u32]) -> u32 {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        match numbers.get(links) {
            Some(&number) => number,
            None => {
                let number = numbers.len() as u32;
                numbers.insert(links.into(), number);
                number
            }
        }
    }
}

struct Classifier<'a> {
    routes: &'a Routes,
    /// Classes by the kinds of their links.
    class_of_links: HashMap<Box<[u32]>, u16>,
    classes: Vec<Class>,
    rates: Vec<f32>,
}

/// Stands for the links of a route that does not exist.
const NO_ROUTE: [u32; 1] = [NOT_A_LINK];

impl Classifier<'_> {
    fn class(&mut self, links: &[u32]) -> u16 {
        if let Some(&class) = self.class_of_links.get(links) {
            return class;
        }
        let kinds = || links.iter().map(|&kind| self.routes.kinds[kind as usize]);
        let class = Class {
            first: self.rates.len() as u32,
            hops: links.len() as u32,
            seconds_per_bit: kinds().map(|kind| 1e-6 / kind.rate_mbps).sum(),
            latency: kinds().map(|kind| kind.latency).sum(),
            double: self.routes.corrections.precision,
            reachable: true,
            number: self.routes.number(links),
        };
        let rates: Vec<f32> = kinds().map(|kind| single_rate(kind.rate_mbps)).collect();
        self.rates.extend(rates);
        self.add(links, class)
    }

    fn unreachable(&mut self) -> u16 {
        if let Some(&class) = self.class_of_links.get(&NO_ROUTE[..]) {
            return class;
        }
        let class = Class {
            reachable: false,
            number: self.routes.number(&NO_ROUTE),
            ..NOWHERE
        };
        self.add(&NO_ROUTE, class)
    }

    fn add(&mut self, links: &[u32], class: Class) -> u16 {
        // There are fewer processing nodes, and so classes, than fit in 16 bits.
        let index = self.classes.len() as u16;
        self.classes.push(class);
        self.class_of_links.insert(links.into(), index);
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use soe_model::topology::Source;

    /// A network of switches at random, with twins: some switches have several nodes
    /// behind equal links. Rates are few, so that many ways cost the same.
    fn topology(
        switches: usize,
        joints: &[(usize, usize, u32)],
        nodes: &[(usize, u32)],
    ) -> Topology {
        let (mut node_text, mut link_text, mut edge_text) = Default::default();
        let add = |text: &mut String, line: String| text.push_str(&(line + "\n"));
        for (i, &(switch, rate)) in nodes.iter().enumerate() {
            let switch = switch % switches;
            add(
                &mut node_text,
                format!("{i};n{i};1000;4000;arm32;sbc;rpi3b+"),
            );
            add(&mut link_text, format!("{i};{rate};l{i};node"));
            add(
                &mut edge_text,
                format!("n{i} l{i}\nl{i} n{i} s{switch}\ns{switch} l{i}"),
            );
        }
        for (i, &(from, to, rate)) in joints.iter().enumerate() {
            let (from, to) = (from % switches, to % switches);
            add(&mut link_text, format!("{i};{rate};j{i};shared"));
            add(&mut edge_text, format!("s{from} j{i}\nj{i} s{to}"));
        }
        let texts = [
            ("nodes", &node_text),
            ("links", &link_text),
            ("edges", &edge_text),
        ];
        let [nodes, links, edges] = texts.map(|(name, text): (_, &String)| Source::new(name, text));
        Topology::parse(nodes, links, edges).unwrap()
    }

    #[test]
    fn a_full_cache_changes_no_route() {
        let joints: Vec<_> = (0..300).map(|i| (i, 7 * i + 1, 1 + i as u32 % 5)).collect();
        let nodes: Vec<_> = (0..100).map(|i| (i, 1 + i as u32 % 3)).collect();
        let costs = |limit| {
            let topology = topology(60, &joints, &nodes);
            let mut network = Network::new(topology, Corrections::NONE).unwrap();
            network.routes.limit = limit;
            let mut view = View::default();
            let mut reader = RouteReader::new(&network, &mut view);
            let mut costs = Vec::new();
            for from in 0..100 {
                for to in 0..100 {
                    costs.push(reader.leg(from, to).seconds(1000).to_bits());
                }
                let mut seconds = Vec::new();
                reader.reach(from).exchange_seconds(500, 2000, &mut seconds);
                costs.extend(seconds.into_iter().map(f64::to_bits));
            }
            assert!(network.routes.bytes.load(Ordering::Relaxed) <= limit);
            costs
        };
        let expected = costs(CACHE_BYTES);
        assert_eq!(costs(0), expected);
        assert_eq!(costs(10_000), expected);
    }

    proptest! {
        #[test]
        fn shared_and_classified_routes_are_those_that_a_search_finds(
            switches in 1usize..8,
            joints in prop::collection::vec((0usize..8, 0usize..8, 1u32..3), 0..20),
            nodes in prop::collection::vec((0usize..8, 1u32..3), 1..12),
            direction: bool,
        ) {
            let topology = topology(switches, &joints, &nodes);
            let corrections = Corrections { direction, ..Corrections::NONE };
            let network = Network::new(topology, corrections).unwrap();
            let topology = network.topology();
            let orientation = match direction {
                true => Orientation::AsDirected,
                false => Orientation::Swapped,
            };
            let mut search = RouteSearch::new(topology, orientation, |kind| match kind {
                VertexKind::Link(link) => 2.0 / single_rate(link.rate_mbps),
                _ => 0.0f32,
            });
            let mut view = View::default();
            let mut reader = RouteReader::new(&network, &mut view);
            for (to, destination) in (0..).zip(network.nodes()) {
                search.next_hops_to(destination.vertex);
                for (from, source) in (0..).zip(network.nodes()) {
                    let mut expected = Some(0.0);
                    let mut hops = 0;
                    let mut at = source.vertex;
                    while at != destination.vertex {
                        let Some(next) = search.next_hop(at) else {
                            expected = None;
                            break;
                        };
                        at = next;
                        if let Some(link) = topology.link(at) {
                            let bits = 8000.0f32;
                            hops += 1;
                            expected = expected
                                .map(|sum| sum + f64::from(bits / single_rate(link.rate_mbps)));
                        }
                    }
                    let leg = reader.leg(from, to);
                    prop_assert_eq!(leg.seconds(1000), expected.unwrap_or(f64::INFINITY));
                    if expected.is_some() {
                        prop_assert_eq!(leg.hops(), hops);
                    }
                }
            }
        }
    }
}
