//! Routes of data: shortest paths by the algorithm of Dijkstra (1959).
//!
//! A search finds the routes from all vertices to one destination. Among routes of
//! equal cost, the order of the edges file and a stable 4-ary heap determine the
//! choice, so that the same files give the same routes on every platform.

use std::ops::Add;

use petgraph::Direction;
use sim_core::SimDuration;
use sim_core::indexed_heap::{IndexedHeap, Place};

use super::{Topology, VertexId, VertexKind};
use crate::units::{BitsPerSecond, Bytes};

/// The transfer for which [`Topology::path`] finds the quickest way.
const REFERENCE_TRANSFER: Bytes = Bytes(100_000);

/// In which direction the edges are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Orientation {
    /// Data flows along the edges.
    #[default]
    AsDirected,
    /// Data from a to b takes the way from b to a backwards, as in the original
    /// StateSim: a site that sends crosses its own downlink.
    Swapped,
}

/// What a path costs: a sum of positive numbers.
pub trait Cost: Copy + PartialOrd + Add<Output = Self> + Default {}

impl<T: Copy + PartialOrd + Add<Output = T> + Default> Cost for T {}

/// Finds the next hop from every vertex to one destination, again and again.
///
/// The cost of an edge is the sum of the costs of the vertices at its ends, the
/// cost of a path the sum over its edges from the destination outwards.
#[derive(Debug)]
pub struct RouteSearch<'a, C> {
    topology: &'a Topology,
    direction: Direction,
    costs: Vec<C>,
    distance: Vec<C>,
    next_hop: Vec<Option<VertexId>>,
    has_ties: bool,
    heap: IndexedHeap<C>,
}

impl<'a, C: Cost> RouteSearch<'a, C> {
    /// A search where crossing a vertex costs what `cost` says.
    pub fn new(
        topology: &'a Topology,
        orientation: Orientation,
        cost: impl Fn(&VertexKind) -> C,
    ) -> Self {
        let graph = topology.graph();
        let size = graph.node_count();
        Self {
            topology,
            direction: match orientation {
                Orientation::AsDirected => Direction::Incoming,
                Orientation::Swapped => Direction::Outgoing,
            },
            costs: graph
                .node_weights()
                .map(|vertex| cost(&vertex.kind))
                .collect(),
            distance: vec![C::default(); size],
            next_hop: vec![None; size],
            has_ties: false,
            heap: IndexedHeap::new(size),
        }
    }

    /// For every vertex its neighbour on the way to `destination`; `None` for the
    /// destination itself and where there is no way.
    pub fn next_hops_to(&mut self, destination: VertexId) -> &[Option<VertexId>] {
        self.next_hop.fill(None);
        self.has_ties = false;
        self.heap.clear();
        self.distance[destination.index()] = C::default();
        self.heap.push(destination.index(), C::default());
        let graph = self.topology.graph();
        while let Some((so_far, near)) = self.heap.pop() {
            let near = VertexId::new(near);
            for far in graph.neighbors_directed(near, self.direction) {
                let distance = so_far + (self.costs[near.index()] + self.costs[far.index()]);
                let known = self.distance[far.index()];
                match self.heap.place(far.index()) {
                    Place::Unseen => {
                        self.reach(far, near, distance);
                        self.heap.push(far.index(), distance);
                    }
                    Place::Waiting(_) if distance < known => {
                        self.reach(far, near, distance);
                        self.heap.decrease(far.index(), distance);
                    }
                    _ => {
                        let is_back = self.next_hop[near.index()] == Some(far) || near == far;
                        self.has_ties |= distance == known && !is_back;
                    }
                }
            }
        }
        &self.next_hop
    }

    fn reach(&mut self, far: VertexId, near: VertexId, distance: C) {
        self.distance[far.index()] = distance;
        self.next_hop[far.index()] = Some(near);
    }

    /// Whether some vertex has several ways of equal cost to the last destination, so
    /// that which one is taken depends on the order of the edges.
    pub fn has_ties(&self) -> bool {
        self.has_ties
    }

    /// The neighbour of `vertex` on the way to the last destination, as
    /// [`next_hops_to`](Self::next_hops_to) gave it.
    pub fn next_hop(&self, vertex: VertexId) -> Option<VertexId> {
        self.next_hop[vertex.index()]
    }

    /// What the way to the last destination costs from `vertex`, if there is one.
    pub fn distance_from(&self, vertex: VertexId) -> Option<C> {
        (self.heap.place(vertex.index()) == Place::Settled).then(|| self.distance[vertex.index()])
    }

    /// How many links are crossed on the way from `vertex` to the last destination, if
    /// there is one.
    pub fn hops_from(&self, vertex: VertexId) -> Option<u32> {
        self.distance_from(vertex)?;
        let mut hops = 0;
        let mut at = vertex;
        while let Some(next) = self.next_hop(at) {
            at = next;
            hops += u32::from(self.topology.link(at).is_some());
        }
        Some(hops)
    }
}

impl<'a> RouteSearch<'a, f32> {
    /// The search of the original's simulators: in single precision, by the sum of
    /// 4 / rate over the links.
    pub fn in_single_precision(topology: &'a Topology, orientation: Orientation) -> Self {
        Self::new(topology, orientation, |kind| match kind {
            VertexKind::Link(link) => 2.0 / link.single_rate(),
            _ => 0.0,
        })
    }
}

impl Topology {
    /// The way from one vertex to another that is quickest for 100 kB; `None` if
    /// there is none.
    ///
    /// From a vertex to itself the path is empty.
    pub fn path(&self, from: VertexId, to: VertexId, orientation: Orientation) -> Option<Path> {
        let mut search = RouteSearch::new(self, orientation, |kind| match kind {
            // An edge at each side of the link: half of the cost for each.
            VertexKind::Link(link) => link_seconds(link, REFERENCE_TRANSFER) / 2.0,
            _ => 0.0,
        });
        let next_hops = search.next_hops_to(to);
        let mut links = Vec::new();
        let mut at = from;
        while at != to {
            at = next_hops[at.index()]?;
            if self.link(at).is_some() {
                links.push(at);
            }
        }
        let crossed = || links.iter().filter_map(|&id| self.link(id));
        Some(Path {
            latency: crossed().fold(SimDuration::ZERO, |sum, link| sum + link.latency),
            bottleneck: crossed().map(|link| link.rate().0).reduce(f64::min),
            seconds_per_bit: crossed().map(|link| 1.0 / link.rate().0).sum(),
            links,
        })
    }
}

fn link_seconds(link: &super::Link, transfer: Bytes) -> f64 {
    link.latency.as_secs_f64() + transfer.0 as f64 * 8.0 / link.rate().0
}

/// A way through the network.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    links: Vec<VertexId>,
    latency: SimDuration,
    bottleneck: Option<f64>,
    seconds_per_bit: f64,
}

impl Path {
    /// The links that are crossed, in order.
    pub fn links(&self) -> &[VertexId] {
        &self.links
    }

    /// How many links are crossed.
    pub fn hops(&self) -> usize {
        self.links.len()
    }

    /// The sum of the latencies of the links.
    pub fn latency(&self) -> SimDuration {
        self.latency
    }

    /// The rate of the slowest link; `None` if no link is crossed.
    pub fn bottleneck(&self) -> Option<BitsPerSecond> {
        self.bottleneck.map(BitsPerSecond)
    }

    /// The rate at which one transfer advances when every link passes it on only
    /// when it is complete; `None` if no link is crossed.
    pub fn store_and_forward_rate(&self) -> Option<BitsPerSecond> {
        (self.seconds_per_bit > 0.0).then(|| BitsPerSecond(1.0 / self.seconds_per_bit))
    }

    /// How long `bytes` take from end to end, store and forward, on idle links.
    pub fn transfer_time(&self, bytes: Bytes) -> SimDuration {
        self.latency + SimDuration::from_secs_f64(bytes.0 as f64 * 8.0 * self.seconds_per_bit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::Source;
    use crate::topology::generate::UrbanSensing;

    /// A sensor behind an asymmetric line, and an island.
    fn sample() -> Topology {
        let node = |i: usize, name: &str| format!("{i};{name};1000;4000;arm32;sbc;rpi3b+\n");
        Topology::parse(
            Source::new(
                "nodes",
                &(node(0, "a") + &node(1, "b") + &node(2, "island")),
            ),
            Source::new(
                "links",
                "0;10;up;uplink;1\n1;100;down;downlink;2\n2;1;slow;node\n",
            ),
            Source::new("edges", "a up\nup b\nb down\ndown a\na slow\nslow b\n"),
        )
        .unwrap()
    }

    #[test]
    fn data_flows_along_the_edges_unless_swapped() {
        let topology = sample();
        let [a, b] = ["a", "b"].map(|name| topology.id(name).unwrap());
        let links = |orientation| {
            let path = topology.path(a, b, orientation).unwrap();
            path.links()
                .iter()
                .map(|&link| topology.name(link).to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(links(Orientation::AsDirected), ["up"]);
        assert_eq!(links(Orientation::Swapped), ["down"]);
    }

    #[test]
    fn there_is_no_path_to_an_island_and_an_empty_one_to_oneself() {
        let topology = sample();
        let [a, island] = ["a", "island"].map(|name| topology.id(name).unwrap());
        assert_eq!(topology.path(a, island, Orientation::AsDirected), None);
        let stay = topology.path(a, a, Orientation::AsDirected).unwrap();
        assert_eq!((stay.hops(), stay.bottleneck()), (0, None));
        assert_eq!(stay.transfer_time(Bytes(1000)), SimDuration::ZERO);
    }

    #[test]
    fn a_path_adds_latencies_and_transmissions() {
        let topology = sample();
        let [a, b] = ["a", "b"].map(|name| topology.id(name).unwrap());
        let path = topology.path(b, a, Orientation::AsDirected).unwrap();
        assert_eq!(path.latency(), SimDuration::from_millis(2));
        assert_eq!(path.bottleneck(), Some(BitsPerSecond(1e8)));
        assert_eq!(
            path.transfer_time(Bytes(12_500)),
            SimDuration::from_millis(3)
        );
    }

    #[test]
    fn distances_agree_with_those_of_petgraph() {
        let topology = UrbanSensing::default().generate(3).unwrap();
        let cost = |kind: &VertexKind| match kind {
            VertexKind::Link(link) => 1e3 / link.rate_mbps,
            _ => 0.0,
        };
        let graph = topology.graph();
        for orientation in [Orientation::AsDirected, Orientation::Swapped] {
            let mut search = RouteSearch::new(&topology, orientation, cost);
            for &destination in topology.processing() {
                search.next_hops_to(destination);
                let mut reference = graph.clone();
                if orientation == Orientation::AsDirected {
                    reference.reverse();
                }
                let expected = petgraph::algo::dijkstra(&reference, destination, None, |edge| {
                    use petgraph::visit::EdgeRef;
                    cost(&graph[edge.source()].kind) + cost(&graph[edge.target()].kind)
                });
                for vertex in graph.node_indices() {
                    let found = search.distance_from(vertex);
                    assert!((found.unwrap() - expected[&vertex]).abs() < 1e-9);
                }
            }
        }
    }
}
