//! A radial picture: the exchange points in the middle, the devices at the rim.

use std::collections::VecDeque;
use std::f64::consts::TAU;
use std::fmt::Write;

use super::colour;
use crate::topology::{Device, LinkClass, Topology, VertexId, VertexKind};

/// Distance between two rings.
const RING: f64 = 70.0;
/// Least distance between two leaves at the rim.
const LEAF: f64 = 11.0;
const MARGIN: f64 = 40.0;
/// Room for the legend at the left.
const LEGEND: f64 = 190.0;

impl Topology {
    /// The topology as a picture in SVG. Names and rates show when the pointer rests
    /// on a vertex.
    pub fn to_svg(&self) -> String {
        let layout = Layout::of(self);
        let size = 2.0 * (layout.radius + MARGIN);
        let (width, height) = (size + LEGEND, size.max(320.0));
        let (x0, y0) = (LEGEND + size / 2.0, height / 2.0);
        let at = |vertex: VertexId| {
            let (x, y) = layout.place[vertex.index()];
            (x0 + x, y0 + y)
        };
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"sans-serif\" font-size=\"12\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n<g stroke=\"#999999\">\n"
        );
        // Writing to a string cannot fail.
        for edge in self.graph.edge_indices() {
            let Some((from, to)) = self.graph.edge_endpoints(edge) else {
                continue;
            };
            // Of two opposite edges one is enough.
            if from > to && self.graph.contains_edge(to, from) {
                continue;
            }
            let ((x1, y1), (x2, y2)) = (at(from), at(to));
            let _ = writeln!(
                text,
                "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
            );
        }
        text.push_str("</g>\n");
        for vertex in self.graph.node_indices() {
            let (x, y) = at(vertex);
            let kind = &self.graph[vertex].kind;
            symbol(&mut text, kind, x, y, &self.title(vertex));
        }
        legend(&mut text);
        text.push_str("</svg>\n");
        text
    }

    fn title(&self, vertex: VertexId) -> String {
        let name = self.name(vertex);
        let about = match &self.graph[vertex].kind {
            VertexKind::Processing(processor) => {
                format!(
                    "{name}: {}, {}",
                    processor.device.model(),
                    processor.speed()
                )
            }
            VertexKind::Link(link) if link.latency.is_zero() => {
                format!("{name}: {}, {}", link.class.name(), link.rate())
            }
            VertexKind::Link(link) => {
                let (class, rate, latency) = (link.class.name(), link.rate(), link.latency);
                format!("{name}: {class}, {rate}, {latency}")
            }
            VertexKind::Networking => name.to_owned(),
        };
        about
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
    }
}

fn symbol(text: &mut String, kind: &VertexKind, x: f64, y: f64, title: &str) {
    let colour = colour(kind);
    let side = match kind {
        VertexKind::Link(link) if link.class == LinkClass::Node => 4.0,
        _ => 8.0,
    };
    let (left, top) = (x - side / 2.0, y - side / 2.0);
    let _ = match kind {
        VertexKind::Link(_) => writeln!(
            text,
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{side}\" height=\"{side}\" \
             fill=\"{colour}\" stroke=\"#555555\" stroke-width=\"0.5\"><title>{title}</title></rect>"
        ),
        _ => writeln!(
            text,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{:.1}\" fill=\"{colour}\"><title>{title}</title></circle>",
            if *kind == VertexKind::Networking {
                3.0
            } else {
                4.5
            }
        ),
    };
}

fn legend(text: &mut String) {
    let devices =
        Device::ALL.map(|device| (VertexKind::Processing(device.typical()), device.model()));
    let links = LinkClass::ALL.map(|class| {
        let link = crate::topology::Link {
            rate_mbps: 1.0,
            latency: sim_core::SimDuration::ZERO,
            class,
        };
        (VertexKind::Link(link), class.name())
    });
    let networking = [(VertexKind::Networking, "switch or exchange point")];
    for (i, (kind, name)) in devices
        .into_iter()
        .chain(links)
        .chain(networking)
        .enumerate()
    {
        let y = MARGIN + 22.0 * i as f64;
        symbol(text, &kind, 20.0, y, name);
        let is_link = match &kind {
            VertexKind::Link(link) if !link.class.name().ends_with("link") => " link",
            _ => "",
        };
        let _ = writeln!(
            text,
            "<text x=\"34\" y=\"{:.1}\">{name}{is_link}</text>",
            y + 4.0
        );
    }
}

/// Where the vertices go, around the origin.
struct Layout {
    place: Vec<(f64, f64)>,
    radius: f64,
}

impl Layout {
    /// A tree by breadth-first search from the middle; every subtree gets a sector in
    /// proportion to its leaves.
    fn of(topology: &Topology) -> Self {
        let tree = Tree::of(topology);
        let size = topology.graph.node_count();
        let mut leaves = vec![0usize; size];
        for &vertex in tree.order.iter().rev() {
            if !tree.is_bridge(topology, vertex) {
                leaves[vertex.index()] = leaves[vertex.index()].max(1);
            }
            if let Some(parent) = tree.parent[vertex.index()] {
                leaves[parent.index()] += leaves[vertex.index()];
            }
        }
        let is_root = |vertex: &&VertexId| tree.parent[vertex.index()].is_none();
        let roots = tree.order.iter().filter(is_root);
        let all: usize = roots.clone().map(|root| leaves[root.index()]).sum();
        let depths = tree.order.iter().map(|vertex| tree.depth[vertex.index()]);
        let inner = if roots.count() > 1 { 0.6 } else { 0.0 };
        let rings = depths.max().unwrap_or(0) as f64 + inner;
        let ring = (all as f64 * LEAF / TAU / rings.max(1.0)).max(RING);
        let mut place = vec![(0.0, 0.0); size];
        // Where the sector of the next child of each vertex, or of the next root, starts.
        let mut next_angle = vec![0.0; size];
        let mut next_root_angle = 0.0;
        for &vertex in &tree.order {
            let sector = TAU * leaves[vertex.index()] as f64 / all.max(1) as f64;
            let start = match tree.parent[vertex.index()] {
                Some(parent) => &mut next_angle[parent.index()],
                None => &mut next_root_angle,
            };
            let (first, angle) = (*start, *start + sector / 2.0);
            *start += sector;
            next_angle[vertex.index()] = first;
            let radius = (tree.depth[vertex.index()] as f64 + inner) * ring;
            place[vertex.index()] = (radius * libm::cos(angle), radius * libm::sin(angle));
        }
        for &vertex in &tree.order {
            if let Some([one, other]) = tree.bridge(topology, vertex) {
                place[vertex.index()] = beside(place[one.index()], place[other.index()]);
            }
        }
        Self {
            place,
            radius: rings * ring,
        }
    }
}

/// Half-way between two places, a little to the side.
fn beside(one: (f64, f64), other: (f64, f64)) -> (f64, f64) {
    let (dx, dy) = (other.0 - one.0, other.1 - one.1);
    let length = libm::hypot(dx, dy).max(1.0);
    let (x, y) = ((one.0 + other.0) / 2.0, (one.1 + other.1) / 2.0);
    (x - 14.0 * dy / length, y + 14.0 * dx / length)
}

struct Tree {
    /// Every vertex after its parent.
    order: Vec<VertexId>,
    parent: Vec<Option<VertexId>>,
    depth: Vec<usize>,
}

impl Tree {
    /// The two neighbours of a vertex without children, such as an uplink
    /// beside its downlink: it is drawn between them.
    fn bridge(&self, topology: &Topology, vertex: VertexId) -> Option<[VertexId; 2]> {
        let mut neighbours: Vec<_> = topology.graph.neighbors_undirected(vertex).collect();
        neighbours.sort_unstable();
        neighbours.dedup();
        let is_child = |other: &VertexId| self.parent[other.index()] == Some(vertex);
        match neighbours[..] {
            [one, other] if !neighbours.iter().any(is_child) => Some([one, other]),
            _ => None,
        }
    }

    fn is_bridge(&self, topology: &Topology, vertex: VertexId) -> bool {
        self.bridge(topology, vertex).is_some()
    }

    fn of(topology: &Topology) -> Self {
        let graph = &topology.graph;
        let size = graph.node_count();
        let mut tree = Self {
            order: Vec::with_capacity(size),
            parent: vec![None; size],
            depth: vec![0; size],
        };
        let is_exchange = |&vertex: &VertexId| topology.name(vertex).starts_with("internet");
        let mut roots: Vec<VertexId> = graph.node_indices().filter(is_exchange).collect();
        // Whatever the exchange points do not reach starts from its busiest vertex.
        let mut others: Vec<VertexId> = graph.node_indices().collect();
        others.sort_by_key(|&vertex| std::cmp::Reverse(graph.neighbors_undirected(vertex).count()));
        let mut seen = vec![false; size];
        let exchanges = roots.len();
        roots.extend(others);
        let mut queue = VecDeque::new();
        for (i, root) in roots.into_iter().enumerate() {
            if !seen[root.index()] {
                seen[root.index()] = true;
                queue.push_back(root);
            }
            // All exchange points are in the middle together.
            if i + 1 < exchanges {
                continue;
            }
            while let Some(vertex) = queue.pop_front() {
                tree.order.push(vertex);
                for next in graph.neighbors_undirected(vertex) {
                    if !seen[next.index()] {
                        seen[next.index()] = true;
                        tree.parent[next.index()] = Some(vertex);
                        tree.depth[next.index()] = tree.depth[vertex.index()] + 1;
                        queue.push_back(next);
                    }
                }
            }
        }
        tree
    }
}
