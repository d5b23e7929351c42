//! The section `[network]`: delays of messages between nodes.

use std::collections::BTreeMap;

use sim_core::SimDuration;
use soe_model::controller::Distances;
use soe_model::names::NodeId;
use soe_model::network::{Link, Network};
use soe_model::topology::{Orientation, RouteSearch, Source, Topology, TopologyError, VertexKind};
use soe_model::units::Bytes;

use super::entity::{Budget, Directory};
use crate::reader::diagnostic::{Place, Report, hint, quote};
use crate::reader::files;
use crate::reader::read::Reader;
use crate::reader::record::{Name, Record};
use crate::reader::section::{Default, Form, Key, Section, When};

const RATE: Form = Form::Rate {
    or: Some("unlimited"),
};

pub(crate) static SECTION: Section = Section {
    path: "network",
    help: "The network. A message of n bytes takes latency + 8 · (n + header) / rate; between \
           entities on the same node it takes no time. For two nodes, the most specific rule \
           applies: a link between the nodes, then the route through the topology, then a link \
           between their classes, then the latency and rate given here.",
    keys: &[
        Key {
            name: "latency",
            form: Form::Duration { or: None },
            default: Default::Value("0 s"),
            when: When::Always,
            help: "The latency between nodes; by default 0, so that the network costs only what \
                   the scenario states.",
        },
        Key {
            name: "rate",
            form: RATE,
            default: Default::Value("unlimited"),
            when: When::Always,
            help: "The transmission rate between nodes.",
        },
        Key {
            name: "header",
            form: Form::Bytes { or: None },
            default: Default::Value("0 B"),
            when: When::Always,
            help: "The bytes added to every message on the wire.",
        },
        Key {
            name: "topology",
            form: Form::Table(&TOPOLOGY),
            default: Default::Absent("every pair of nodes is connected directly"),
            when: When::Always,
            help: "A network of links, whose routes apply.",
        },
        Key {
            name: "link",
            form: Form::Tables(&LINK),
            default: Default::Value("[]"),
            when: When::Always,
            help: "Links between particular nodes or classes of nodes.",
        },
    ],
};

pub(crate) static TOPOLOGY: Section = Section {
    path: "network.topology",
    help: "The files of a topology, in the format of StateSim. Every entity is then on one of its \
           processing nodes. Messages take the route that is fastest for 100 kB and are stored and \
           forwarded at each link.",
    keys: &[
        Key {
            name: "nodes",
            form: Form::Path { or: None },
            default: Default::Mandatory,
            when: When::Always,
            help: "The file of processing nodes: index;name;memory;speed;arch;class;model.",
        },
        Key {
            name: "links",
            form: Form::Path { or: None },
            default: Default::Mandatory,
            when: When::Always,
            help: "The file of links: index;rate in Mb/s;name;type and optionally ;latency in ms.",
        },
        Key {
            name: "edges",
            form: Form::Path { or: None },
            default: Default::Mandatory,
            when: When::Always,
            help: "The file of edges: a name and the names of its successors.",
        },
    ],
};

pub(crate) static LINK: Section = Section {
    path: "network.link",
    help: "A link. An end is the name of a node, of an entity with `count` (all its nodes), or of \
           a class, looked up in this order.",
    keys: &[
        Key {
            name: "between",
            form: Form::Names("node or class"),
            default: Default::Unused,
            when: When::Without(&["from", "to"]),
            help: "The two ends of a link in both directions.",
        },
        Key {
            name: "from",
            form: Form::Name("node or class"),
            default: Default::Unused,
            when: When::Always,
            help: "The source of a link in one direction.",
        },
        Key {
            name: "to",
            form: Form::Name("node or class"),
            default: Default::Unused,
            when: When::Always,
            help: "The destination of a link in one direction.",
        },
        Key {
            name: "latency",
            form: Form::Duration { or: None },
            default: Default::Absent("that of [network]"),
            when: When::Always,
            help: "Its latency.",
        },
        Key {
            name: "rate",
            form: RATE,
            default: Default::Absent("that of [network]"),
            when: When::Always,
            help: "Its rate.",
        },
    ],
};

/// The most pairs of nodes for which links are stored one by one.
const MOST_PAIRS: u64 = 4_000_000;
/// The message whose time in the network serves as distance.
const DISTANCE_MESSAGE: Bytes = Bytes(1000);

/// The nodes on which entities stand, in order, each with its class.
#[derive(Debug, std::default::Default)]
pub(crate) struct Nodes {
    order: Vec<String>,
    classes: BTreeMap<String, Class>,
}

#[derive(Debug)]
struct Class {
    name: String,
    // Where it was given, if it was, and where its first entity is.
    given: Option<Place>,
    used: Place,
}

impl Nodes {
    /// Takes down that an entity of a class stands on a node.
    pub(crate) fn add(
        &mut self,
        node: &str,
        usual: &'static str,
        given: Option<&Name>,
        used: Place,
        report: &mut Report<'_>,
    ) {
        let name = given.map_or(usual, |name| name.text.as_str());
        let Some(class) = self.classes.get_mut(node) else {
            self.order.push(node.to_owned());
            let class = Class {
                name: name.to_owned(),
                given: given.map(|name| name.place),
                used,
            };
            self.classes.insert(node.to_owned(), class);
            return;
        };
        if let Some(given) = given {
            if class.given.is_some() && class.name != given.text {
                let message = format!(
                    "class `{}` for node `{}`, which already has class `{}`",
                    quote(&given.text),
                    quote(node),
                    quote(&class.name)
                );
                report.wrong(given.place, message);
            }
            class.name.clone_from(&given.text);
            class.given = Some(given.place);
        }
    }

    fn is_class(&self, name: &str) -> bool {
        self.classes.values().any(|class| class.name == name)
    }
}

/// Makes the network.
pub(crate) fn resolve(
    record: &Record,
    nodes: &Nodes,
    names: &Directory,
    reader: &mut Reader<'_, '_>,
    budget: &mut Budget,
) -> Network {
    let usual = Link {
        latency: record.duration("latency"),
        rate: record.rate("rate"),
    };
    let mut network = Network::new(usual);
    network.set_header(record.bytes("header"));
    for node in &nodes.order {
        network.add_node(node, &nodes.classes[node].name);
    }
    for (_, files) in record.records("topology") {
        if let Some(topology) = topology(files, reader) {
            routes(&mut network, &topology, nodes, files.place, reader.report);
        }
    }
    for (number, link) in record.records("link") {
        let path = format!("network.link.{}", number.text);
        let ends = Ends {
            nodes,
            names,
            path: &path,
        };
        ends.join(&mut network, link, usual, budget, reader.report);
    }
    network
}

fn topology(record: &Record, reader: &mut Reader<'_, '_>) -> Option<Topology> {
    let mut texts = Vec::new();
    for key in ["nodes", "links", "edges"] {
        let file = record.text(key)?;
        match reader.report.read(reader.folder, file) {
            Ok(text) => texts.push((files::shown(reader.folder, file), text)),
            Err(message) => {
                let message = format!("network.topology.{key}: {message}");
                reader.report.wrong(record.at(key), message);
            }
        }
    }
    let [nodes, links, edges] = texts.as_slice() else {
        return None;
    };
    fn source((name, text): &(String, String)) -> Source<'_> {
        Source::new(name, text)
    }
    match Topology::parse(source(nodes), source(links), source(edges)) {
        Ok(topology) => Some(topology),
        Err(TopologyError::Malformed {
            file,
            line,
            message,
        }) => {
            let place = format!("{file}:{line}");
            reader.report.wrong_in(record.place, &place, message);
            None
        }
        Err(error) => {
            reader.report.wrong(record.place, error);
            None
        }
    }
}

/// Joins every pair of nodes by its route through the topology.
fn routes(
    network: &mut Network,
    topology: &Topology,
    nodes: &Nodes,
    place: Place,
    report: &mut Report<'_>,
) {
    let mut vertices = Vec::new();
    for node in &nodes.order {
        let used = nodes.classes[node].used;
        match topology.id(node) {
            Some(vertex) if topology.processor(vertex).is_some() => vertices.push((node, vertex)),
            Some(_) => {
                let message = format!(
                    "node `{}` is no processing node of the topology",
                    quote(node)
                );
                report.wrong(used, message);
            }
            None => {
                let known = topology
                    .processing()
                    .iter()
                    .map(|&vertex| topology.name(vertex));
                let hint = hint(node, known);
                let message = format!("no node of the topology is called `{}`{hint}", quote(node));
                report.wrong(used, message);
            }
        }
    }
    let pairs = (vertices.len() as u64).saturating_mul(vertices.len() as u64);
    if pairs > MOST_PAIRS {
        let message = "a topology can have entities on at most 2000 nodes";
        report.wrong(place, message);
        return;
    }
    let mut search = RouteSearch::new(topology, Orientation::AsDirected, |kind| match kind {
        // The quickest way for 100 kB; half of the cost at each side of a link.
        VertexKind::Link(link) => {
            (link.latency.as_secs_f64() + link.rate().transmission(Bytes(100_000)).as_secs_f64())
                / 2.0
        }
        _ => 0.0,
    });
    for &(to, destination) in &vertices {
        let next_hops = search.next_hops_to(destination);
        for &(from, source) in &vertices {
            if from == to {
                continue;
            }
            let mut route = Link::LOCAL;
            let mut at = source;
            while at != destination {
                let Some(next) = next_hops[at.index()] else {
                    let message = format!(
                        "the topology has no route from node `{}` to node `{}`",
                        quote(from),
                        quote(to)
                    );
                    report.wrong(place, message);
                    return;
                };
                at = next;
                if let Some(link) = topology.link(at) {
                    let hop = Link {
                        latency: link.latency,
                        rate: Some(link.rate()),
                    };
                    route = route.then(&hop);
                }
            }
            if let (Some(from), Some(to)) = (network.nodes().find(from), network.nodes().find(to)) {
                network.set_link(from, to, route);
            }
        }
    }
}

/// One end of a link.
enum End {
    Nodes(Vec<NodeId>),
    Class(String),
}

/// Finds the ends of a link.
struct Ends<'a> {
    nodes: &'a Nodes,
    names: &'a Directory,
    path: &'a str,
}

impl Ends<'_> {
    fn join(
        &self,
        network: &mut Network,
        record: &Record,
        usual: Link,
        budget: &mut Budget,
        report: &mut Report<'_>,
    ) {
        let link = Link {
            latency: record.maybe_duration("latency").unwrap_or(usual.latency),
            rate: match record.get("rate") {
                Some(_) => record.rate("rate"),
                None => usual.rate,
            },
        };
        let (between, from, to) = (
            record.names("between"),
            record.names("from"),
            record.names("to"),
        );
        let (a, b, both) = match (between, from.first(), to.first()) {
            ([a, b], None, None) => (a, b, true),
            ([], Some(from), Some(to)) => (from, to, false),
            ([], None, None) if record.given("between").is_none() => {
                let message = format!("{} needs `between`, or `from` and `to`", self.path);
                report.wrong(record.place, message);
                return;
            }
            ([], ..) => {
                if record.given("between").is_none() {
                    let message = format!("{} needs both `from` and `to`", self.path);
                    report.wrong(record.place, message);
                }
                return;
            }
            (found, ..) => {
                let message = format!(
                    "{}.between: expected two names, found {}",
                    self.path,
                    found.len()
                );
                report.wrong(record.at("between"), message);
                return;
            }
        };
        let a_end = self.find(a, network, report);
        let b_end = self.find(b, network, report);
        let (Some(a_end), Some(b_end)) = (a_end, b_end) else {
            return;
        };
        if let (End::Class(a), End::Class(b)) = (&a_end, &b_end) {
            network.set_class_link(a, b, link);
            if both {
                network.set_class_link(b, a, link);
            }
            return;
        }
        let (sources, targets) = (a_end.nodes(network), b_end.nodes(network));
        let (width, height) = (sources.len() as u64, targets.len() as u64);
        if !budget.take(width, height, record.place, report) {
            return;
        }
        for &from in &sources {
            for &to in targets.iter().filter(|&&to| to != from) {
                network.set_link(from, to, link);
                if both {
                    network.set_link(to, from, link);
                }
            }
        }
    }

    fn find(&self, name: &Name, network: &Network, report: &mut Report<'_>) -> Option<End> {
        if let Some(node) = network.nodes().find(&name.text) {
            return Some(End::Nodes(vec![node]));
        }
        if let Some(nodes) = self.names.nodes_of(&name.text) {
            let nodes = nodes.iter().filter_map(|node| network.nodes().find(node));
            return Some(End::Nodes(nodes.collect()));
        }
        if self.nodes.is_class(&name.text) {
            return Some(End::Class(name.text.clone()));
        }
        let classes = self.nodes.classes.values().map(|class| class.name.as_str());
        let classes: std::collections::BTreeSet<_> = classes.collect();
        let known = self.nodes.order.iter().map(String::as_str);
        let hint = hint(&name.text, classes.into_iter().chain(known));
        let message = format!(
            "{}: no node or class is called `{}`{hint}",
            self.path,
            quote(&name.text)
        );
        report.wrong(name.place, message);
        None
    }
}

impl End {
    fn nodes(self, network: &Network) -> Vec<NodeId> {
        match self {
            Self::Nodes(nodes) => nodes,
            Self::Class(class) => {
                let all = network.nodes().iter().map(|(node, _)| node);
                all.filter(|&node| network.class_of(node) == class)
                    .collect()
            }
        }
    }
}

/// Distances between nodes, in milliseconds, as the network gives them.
pub(crate) fn distances<'a>(network: &Network, nodes: impl Iterator<Item = &'a str>) -> Distances {
    let mut distances = Distances::default();
    let mut ids: Vec<NodeId> = Vec::new();
    for node in nodes {
        if let Some(id) = network.nodes().find(node)
            && !ids.contains(&id)
        {
            ids.push(id);
            distances.nodes.push(node.to_owned());
        }
    }
    let distance = |from, to| network.transfer(from, to, DISTANCE_MESSAGE).as_millis_f64();
    let row = |&from: &NodeId| ids.iter().map(|&to| distance(from, to)).collect();
    distances.rows = ids.iter().map(row).collect();
    distances
}

/// What joins two nodes now, in the first direction.
pub(crate) fn link_between(network: &Network, from: &str, to: &str) -> Option<Link> {
    let from = network.nodes().find(from)?;
    let to = network.nodes().find(to)?;
    Some(network.link(from, to))
}

/// A latency of a link that an event leaves as it was.
pub(crate) fn or_latency(given: Option<SimDuration>, link: Link) -> SimDuration {
    given.unwrap_or(link.latency)
}
