//! Routes of data: shortest paths by the algorithm of Dijkstra (1959).
//!
//! A search finds the routes from all vertices to one destination. Among routes of
//! equal cost, the order of the edges file and a stable 4-ary heap determine the
//! choice, so that the same files give the same routes on every platform.

use std::ops::Add;

use petgraph::Direction;
use sim_core::SimDuration;

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
    heap: Heap<C>,
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
            heap: Heap::new(size),
        }
    }

    /// For every vertex its neighbour on the way to `destination`; `None` for the
    /// destination itself and where there is no way.
    pub fn next_hops_to(&mut self, destination: VertexId) -> &[Option<VertexId>] {
        self.next_hop.fill(None);
        self.has_ties = false;
        self.heap.clear();
        self.distance[destination.index()] = C::default();
        self.heap.push(destination, C::default());
        let graph = self.topology.graph();
        while let Some((so_far, near)) = self.heap.pop() {
            for far in graph.neighbors_directed(near, self.direction) {
                let distance = so_far + (self.costs[near.index()] + self.costs[far.index()]);
                let known = self.distance[far.index()];
                match self.heap.state(far) {
                    State::Unseen => {
                        self.reach(far, near, distance);
                        self.heap.push(far, distance);
                    }
                    State::Waiting(_) if distance < known => {
                        self.reach(far, near, distance);
                        self.heap.moved_closer(far, distance);
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
        (self.heap.state(vertex) == State::Settled).then(|| self.distance[vertex.index()])
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Unseen,
    /// At that place of the heap.
    Waiting(u32),
    Settled,
}

/// A 4-ary heap of vertices by distance that knows where each vertex is.
#[derive(Debug)]
struct Heap<C> {
    items: Vec<(C, VertexId)>,
    state: Vec<State>,
}

const ARITY: usize = 4;

impl<C: Cost> Heap<C> {
    fn new(size: usize) -> Self {
        Self {
            items: Vec::with_capacity(size),
            state: vec![State::Unseen; size],
        }
    }

    fn clear(&mut self) {
        self.items.clear();
        self.state.fill(State::Unseen);
    }

    fn state(&self, vertex: VertexId) -> State {
        self.state[vertex.index()]
    }

    fn put(&mut self, item: (C, VertexId), place: usize) {
        self.items[place] = item;
        self.state[item.1.index()] = State::Waiting(place as u32);
    }

    fn push(&mut self, vertex: VertexId, distance: C) {
        let place = self.items.len();
        self.items.push((distance, vertex));
        self.sift_up(place, (distance, vertex));
    }

    fn moved_closer(&mut self, vertex: VertexId, distance: C) {
        if let State::Waiting(place) = self.state(vertex) {
            self.sift_up(place as usize, (distance, vertex));
        }
    }

    fn pop(&mut self) -> Option<(C, VertexId)> {
        let first = *self.items.first()?;
        let last = self.items.pop()?;
        self.state[first.1.index()] = State::Settled;
        if !self.items.is_empty() {
            self.sift_down(last);
        }
        Some(first)
    }

    /// Moves an item up past parents that are strictly farther.
    fn sift_up(&mut self, mut place: usize, item: (C, VertexId)) {
        while place > 0 {
            let parent = (place - 1) / ARITY;
            if item.0 < self.items[parent].0 {
                self.put(self.items[parent], place);
                place = parent;
            } else {
                break;
            }
        }
        self.put(item, place);
    }

    /// Moves an item down from the root past its nearest child, the first among
    /// equals, while that is strictly nearer.
    fn sift_down(&mut self, item: (C, VertexId)) {
        let mut place = 0;
        loop {
            let first = place * ARITY + 1;
            let children = first..(first + ARITY).min(self.items.len());
            let nearest = children.reduce(|best, child| {
                if self.items[child].0 < self.items[best].0 {
                    child
                } else {
                    best
                }
            });
            match nearest {
                Some(nearest) if self.items[nearest].0 < item.0 => {
                    self.put(self.items[nearest], place);
                    place = nearest;
                }
                _ => break,
            }
        }
        self.put(item, place);
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
