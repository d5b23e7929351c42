//! The network between nodes: how long a message takes from one to another.
//!
//! Every pair of different nodes is connected by a [`Link`] with a latency and a
//! rate. A message of n bytes arrives after `latency + 8 (n + header) / rate`.
//! Messages do not queue behind each other. A route of several store-and-forward hops
//! is also one link: latencies add up, and so do the inverse rates ([`Link::then`]).
//! Messages between entities on the same node take no time.
//!
//! The most specific rule decides which link connects two nodes: the pair itself,
//! then the classes of the two nodes, then the default.

use std::collections::BTreeMap;

use sim_core::SimDuration;

use crate::names::{Id, Names, NodeId};
use crate::units::{BitsPerSecond, Bytes};

/// What joins two nodes, in one direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// Propagation time.
    pub latency: SimDuration,
    /// Transmission rate; `None` is unlimited.
    pub rate: Option<BitsPerSecond>,
}

impl Link {
    /// No latency, unlimited rate: what joins entities on the same node.
    pub const LOCAL: Self = Self {
        latency: SimDuration::ZERO,
        rate: None,
    };

    /// How long a message of `bytes` takes.
    pub fn transfer(&self, bytes: Bytes) -> SimDuration {
        let transmission = self.rate.map(|rate| rate.transmission(bytes));
        self.latency + transmission.unwrap_or(SimDuration::ZERO)
    }

    /// This link and then `next`, with a node in between that stores and
    /// forwards.
    pub fn then(&self, next: &Self) -> Self {
        let rate = match (self.rate, next.rate) {
            (Some(a), Some(b)) => Some(BitsPerSecond(1.0 / (1.0 / a.0 + 1.0 / b.0))),
            (one, other) => one.or(other),
        };
        Self {
            latency: self.latency + next.latency,
            rate,
        }
    }
}

/// All nodes and the links between them.
///
/// ```
/// use sim_core::SimDuration;
/// use soe_model::network::{Link, Network};
/// use soe_model::units::{BitsPerSecond, Bytes};
///
/// let lan = Link { latency: SimDuration::from_millis(1), rate: Some(BitsPerSecond(1e8)) };
/// let wan = Link { latency: SimDuration::from_millis(20), rate: Some(BitsPerSecond(1e7)) };
/// let mut network = Network::new(lan);
/// let phone = network.add_node("phone", "devices");
/// let edge = network.add_node("edge", "servers");
/// let cloud = network.add_node("cloud", "servers");
/// network.join_classes("devices", "servers", lan);
/// network.join_nodes(edge, cloud, wan);
///
/// let size = Bytes(12_500);
/// assert_eq!(network.transfer(phone, edge, size), SimDuration::from_millis(2));
/// assert_eq!(network.transfer(edge, cloud, size), SimDuration::from_millis(30));
/// assert_eq!(network.transfer(edge, edge, size), SimDuration::ZERO);
/// ```
#[derive(Clone, Debug)]
pub struct Network {
    nodes: Names<NodeId>,
    classes: Names<ClassId>,
    class_of: Vec<ClassId>,
    default: Link,
    between_classes: BTreeMap<(ClassId, ClassId), Link>,
    between_nodes: BTreeMap<(NodeId, NodeId), Link>,
    header: Bytes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ClassId(u32);

impl Id for ClassId {
    fn from_index(index: u32) -> Self {
        Self(index)
    }

    fn index(self) -> usize {
        self.0 as usize
    }
}

impl Network {
    /// A network without nodes, in which `default` joins every pair for which
    /// nothing else is said.
    pub fn new(default: Link) -> Self {
        Self {
            nodes: Names::default(),
            classes: Names::default(),
            class_of: Vec::new(),
            default,
            between_classes: BTreeMap::new(),
            between_nodes: BTreeMap::new(),
            header: Bytes(0),
        }
    }

    /// Adds `header` bytes to every message.
    pub fn set_header(&mut self, header: Bytes) {
        self.header = header;
    }

    /// Bytes added to every message.
    pub fn header(&self) -> Bytes {
        self.header
    }

    /// Adds a node of a class, or moves the existing node of that name to it.
    pub fn add_node(&mut self, name: &str, class: &str) -> NodeId {
        let node = self.nodes.intern(name);
        let class = self.classes.intern(class);
        match self.class_of.get_mut(node.index()) {
            Some(slot) => *slot = class,
            None => self.class_of.push(class),
        }
        node
    }

    /// The names of all nodes.
    pub fn nodes(&self) -> &Names<NodeId> {
        &self.nodes
    }

    /// The class of a node.
    pub fn class_of(&self, node: NodeId) -> &str {
        self.classes.name(self.class_of[node.index()])
    }

    /// Sets the link from `from` to `to`, in that direction only.
    pub fn set_link(&mut self, from: NodeId, to: NodeId, link: Link) {
        self.between_nodes.insert((from, to), link);
    }

    /// Sets the link between two nodes, in both directions.
    pub fn join_nodes(&mut self, a: NodeId, b: NodeId, link: Link) {
        self.set_link(a, b, link);
        self.set_link(b, a, link);
    }

    /// Sets the link from every node of class `from` to every node of class
    /// `to`, in that direction only.
    pub fn set_class_link(&mut self, from: &str, to: &str, link: Link) {
        let pair = (self.classes.intern(from), self.classes.intern(to));
        self.between_classes.insert(pair, link);
    }

    /// Sets the link between every node of one class and every node of another
    /// (or the same) class, in both directions.
    pub fn join_classes(&mut self, a: &str, b: &str, link: Link) {
        self.set_class_link(a, b, link);
        self.set_class_link(b, a, link);
    }

    /// What joins `from` to `to`.
    pub fn link(&self, from: NodeId, to: NodeId) -> Link {
        if from == to {
            return Link::LOCAL;
        }
        if !self.between_nodes.is_empty()
            && let Some(link) = self.between_nodes.get(&(from, to))
        {
            return *link;
        }
        if !self.between_classes.is_empty() {
            let pair = (self.class_of[from.index()], self.class_of[to.index()]);
            if let Some(link) = self.between_classes.get(&pair) {
                return *link;
            }
        }
        self.default
    }

    /// How long a message with `bytes` of payload takes from `from` to `to`.
    pub fn transfer(&self, from: NodeId, to: NodeId, bytes: Bytes) -> SimDuration {
        if from == to {
            return SimDuration::ZERO;
        }
        let size = Bytes(bytes.0.saturating_add(self.header.0));
        self.link(from, to).transfer(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(millis: u64) -> Link {
        Link {
            latency: SimDuration::from_millis(millis),
            rate: None,
        }
    }

    #[test]
    fn the_most_specific_rule_decides() {
        let mut network = Network::new(link(1));
        let a = network.add_node("a", "edge");
        let b = network.add_node("b", "edge");
        let c = network.add_node("c", "cloud");
        network.join_classes("edge", "cloud", link(2));
        network.set_link(a, c, link(3));
        assert_eq!(network.link(a, b), link(1));
        assert_eq!(network.link(b, c), link(2));
        assert_eq!(network.link(a, c), link(3));
        assert_eq!(network.link(c, a), link(2));
        assert_eq!(network.link(a, a), Link::LOCAL);
    }

    #[test]
    fn a_route_takes_the_sum_of_its_hops() {
        let hop = |millis, rate| Link {
            latency: SimDuration::from_millis(millis),
            rate: Some(BitsPerSecond(rate)),
        };
        let (first, second) = (hop(1, 1e6), hop(2, 4e6));
        let route = first.then(&second);
        let size = Bytes(1000);
        assert_eq!(
            route.transfer(size),
            first.transfer(size) + second.transfer(size)
        );
        assert_eq!(first.then(&Link::LOCAL), first);
    }

    #[test]
    fn headers_count_on_the_wire_only() {
        let mut network = Network::new(Link {
            latency: SimDuration::ZERO,
            rate: Some(BitsPerSecond(8e3)),
        });
        network.set_header(Bytes(10));
        let a = network.add_node("a", "x");
        let b = network.add_node("b", "x");
        assert_eq!(
            network.transfer(a, b, Bytes(90)),
            SimDuration::from_millis(100)
        );
        assert_eq!(network.transfer(a, a, Bytes(90)), SimDuration::ZERO);
    }
}
