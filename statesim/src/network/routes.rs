//! What it costs to send data from one processing node to another.
//!
//! Of the many routes to a node only a few differ in what they cost: those that cross
//! links of the same rates and latencies in the same order. The routes to a node are
//! kept as the list of these *classes* and, for every other node, the class it belongs
//! to. They are computed at first use; reading them takes no lock.
//!
//! Nodes whose place in the network is the same, such as those behind equal links at
//! one switch, share their routes.

mod twins;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use soe_model::topology::{Orientation, RouteSearch, Topology, VertexId, VertexKind};

use super::{Network, NodeId, Reach};
use crate::model::Corrections;

/// How many bytes of routes and client views are kept. Beyond that, the routes to a
/// node are computed anew whenever they are not among the few that were used last.
const CACHE_BYTES: usize = 640 << 20;

/// How many routes a reader remembers once the cache is full.
const OVERFLOW: usize = 64;

/// Routes between all processing nodes, to a destination when it is first needed.
#[derive(Debug)]
pub(crate) struct Routes {
    corrections: Corrections,
    /// For each node one that stands for all whose place in the network is the same.
    twin_of: Vec<NodeId>,
    /// The kind of each link by vertex; `NOT_A_LINK` for other vertices.
    kind_of: Vec<u32>,
    kinds: Vec<LinkKind>,
    to: Vec<OnceLock<Row>>,
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

/// The routes to one node, which may be those to its twin.
#[derive(Clone, Debug)]
struct Row {
    inbound: Arc<Inbound>,
    /// The node to which `inbound` leads.
    of: NodeId,
}

/// The routes to one node, for every other the class that its route belongs to.
#[derive(Debug)]
struct Inbound {
    class_of: Box<[u16]>,
    classes: Box<[Class]>,
    rates: Box<[f32]>,
    has_ties: bool,
}

/// Routes that cost the same.
#[derive(Clone, Copy, Debug)]
struct Class {
    /// Where their links are in `rates`.
    first: u32,
    hops: u32,
    seconds_per_bit: f64,
    latency: f64,
    double: bool,
    reachable: bool,
    /// Equal for equal classes to other nodes.
    number: u32,
}

/// The way from one node to another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leg<'a> {
    class: Class,
    /// Rates of the links in bit/s, in the order in which they are crossed.
    rates: &'a [f32],
}

const NOWHERE: Class = Class {
    first: 0,
    hops: 0,
    seconds_per_bit: 0.0,
    latency: 0.0,
    double: false,
    reachable: true,
    number: u32::MAX,
};

impl Leg<'_> {
    /// The way from a node to itself.
    const STAY: Self = Leg {
        class: NOWHERE,
        rates: &[],
    };

    /// How long a transfer takes; infinitely long if there is no way.
    #[inline]
    pub(crate) fn seconds(&self, bytes: u64) -> f64 {
        if bytes == 0 {
            0.0
        } else if !self.class.reachable {
            f64::INFINITY
        } else if self.class.double {
            self.class.latency + bytes as f64 * 8.0 * self.class.seconds_per_bit
        } else {
            let bits = bytes.saturating_mul(8) as f32;
            let mut seconds = 0.0;
            for &rate in self.rates {
                seconds += f64::from(bits / rate);
            }
            seconds + self.class.latency
        }
    }

    /// How many links are crossed.
    pub(crate) fn hops(&self) -> u64 {
        u64::from(self.class.hops)
    }

    /// The same for legs that cost the same.
    pub(crate) fn number(&self) -> u32 {
        self.class.number
    }
}

/// A leg that outlives the routes that it was read from.
#[derive(Clone, Debug)]
pub(crate) struct OwnedLeg {
    class: Class,
    rates: Box<[f32]>,
}

impl Leg<'_> {
    pub(super) fn to_owned(self) -> OwnedLeg {
        OwnedLeg {
            class: self.class,
            rates: self.rates.into(),
        }
    }
}

impl<'a> From<&'a OwnedLeg> for Leg<'a> {
    fn from(leg: &'a OwnedLeg) -> Self {
        Self {
            class: leg.class,
            rates: &leg.rates,
        }
    }
}

impl OwnedLeg {
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.rates)
    }
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
            bytes: AtomicUsize::new(0),
            numbers: Mutex::new(HashMap::new()),
        }
    }

    /// Makes room in the cache for that many bytes; whether there was any.
    pub(crate) fn reserve(&self, bytes: usize) -> bool {
        let before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        if before + bytes > CACHE_BYTES {
            self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
        before + bytes <= CACHE_BYTES
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
            let inbound = self.classify(network, destination, search.next_hops_to(destination));
            inbound.with_ties(search.has_ties())
        } else {
            let mut search = RouteSearch::new(topology, orientation, |kind| match kind {
                VertexKind::Link(link) => 2.0 / single_rate(link.rate_mbps),
                _ => 0.0f32,
            });
            let inbound = self.classify(network, destination, search.next_hops_to(destination));
            inbound.with_ties(search.has_ties())
        }
    }

    fn classify(
        &self,
        network: &Network,
        destination: VertexId,
        next_hops: &[Option<VertexId>],
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
                match next_hops[at.index()] {
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
            has_ties: false,
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

/// The rate of a link in bit/s, as the original rounds it.
fn single_rate(rate_mbps: f64) -> f32 {
    (1e6 * f64::from(rate_mbps as f32)) as f32
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

impl Row {
    /// The way from `from` to `to`, whose row this is.
    #[inline]
    fn leg(&self, from: NodeId, to: NodeId) -> Leg<'_> {
        // As far from its twin as the twin is from it.
        self.inbound.leg(if from == self.of { to } else { from })
    }
}

impl Inbound {
    fn with_ties(self, has_ties: bool) -> Self {
        Self { has_ties, ..self }
    }

    fn leg(&self, from: NodeId) -> Leg<'_> {
        let class = self.classes[usize::from(self.class_of[usize::from(from)])];
        let first = class.first as usize;
        Leg {
            class,
            rates: &self.rates[first..first + class.hops as usize],
        }
    }

    fn bytes(&self) -> usize {
        size_of_val(&*self.class_of) + size_of_val(&*self.classes) + size_of_val(&*self.rates)
    }
}

/// What one worker remembers of routes that the full cache has no room for.
#[derive(Debug, Default)]
pub(crate) struct View {
    reach: Option<(NodeId, Arc<Reach>)>,
    overflow: Vec<(NodeId, Row)>,
    oldest: usize,
}

/// Reads routes on behalf of one worker.
pub(crate) struct RouteReader<'a> {
    network: &'a Network,
    view: &'a mut View,
}

impl<'a> RouteReader<'a> {
    pub(crate) fn new(network: &'a Network, view: &'a mut View) -> Self {
        Self { network, view }
    }

    pub(crate) fn network(&self) -> &'a Network {
        self.network
    }

    /// The way between two processing nodes.
    #[inline]
    pub(crate) fn leg(&mut self, from: NodeId, to: NodeId) -> Leg<'_> {
        if from == to {
            return Leg::STAY;
        }
        match self.network.routes.to[usize::from(to)].get() {
            Some(row) => row.leg(from, to),
            None => self.row(to).leg(from, to),
        }
    }

    /// How far all nodes are from a client.
    pub(crate) fn reach(&mut self, client: NodeId) -> Arc<Reach> {
        let kept = &self.network.reach[usize::from(client)];
        if let Some(reach) = kept.get() {
            return Arc::clone(reach);
        }
        if let Some((of, reach)) = &self.view.reach
            && *of == client
        {
            return Arc::clone(reach);
        }
        let reach = Arc::new(Reach::new(self, client));
        if self.network.routes.reserve(reach.bytes()) {
            return Arc::clone(kept.get_or_init(|| reach));
        }
        self.view.reach = Some((client, Arc::clone(&reach)));
        reach
    }

    #[cold]
    fn row(&mut self, to: NodeId) -> &Row {
        let routes = &self.network.routes;
        let kept = &routes.to[usize::from(to)];
        if let Some(row) = kept.get() {
            return row;
        }
        if let Some(at) = self.view.overflow.iter().position(|(node, _)| *node == to) {
            return &self.view.overflow[at].1;
        }
        let twin = routes.twin_of[usize::from(to)];
        let shared = match twin == to {
            true => None,
            false => Some(self.row(twin).clone()).filter(|row| !row.inbound.has_ties),
        };
        let (row, has_room) = match shared {
            // It takes no room of its own.
            Some(row) => (row, routes.to[usize::from(twin)].get().is_some()),
            None => {
                let inbound = Arc::new(routes.compute(self.network, to));
                let has_room = routes.reserve(inbound.bytes());
                (Row { inbound, of: to }, has_room)
            }
        };
        if has_room {
            return kept.get_or_init(|| row);
        }
        let at = if self.view.overflow.len() < OVERFLOW {
            self.view.overflow.push((to, row));
            self.view.overflow.len() - 1
        } else {
            self.view.oldest = (self.view.oldest + 1) % OVERFLOW;
            self.view.overflow[self.view.oldest] = (to, row);
            self.view.oldest
        };
        &self.view.overflow[at].1
    }
}
