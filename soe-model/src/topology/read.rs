//! Reads the nodes, links and edges files.
//!
//! Common rules: one record per line; empty lines and lines that start with `#`
//! are skipped; fields that are empty because delimiters follow each other are
//! dropped. A last line without a line feed is read like any other.

use std::path::Path;

use sim_core::SimDuration;

use crate::text;

use super::{Builder, Device, Link, LinkClass, Processor, Topology, VertexKind};

/// The text of an input file and the name to use for it in messages.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    name: &'a str,
    text: &'a str,
}

impl<'a> Source<'a> {
    /// A text under the given name.
    pub const fn new(name: &'a str, text: &'a str) -> Self {
        Self { name, text }
    }
}

/// Why a topology could not be read.
#[derive(Debug, thiserror::Error)]
pub enum TopologyError {
    /// A file could not be opened or is not text.
    #[error("cannot read `{file}`: {cause}")]
    Unreadable {
        /// Which file.
        file: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// A line makes no sense.
    #[error("{file}:{line}: {message}")]
    Malformed {
        /// Which file.
        file: String,
        /// Which line, from 1.
        line: usize,
        /// What was found and what is allowed.
        message: String,
    },
}

impl Topology {
    /// Reads a topology from its three files.
    ///
    /// # Errors
    /// If a file cannot be read or one of its lines is malformed.
    pub fn read(
        nodes: impl AsRef<Path>,
        links: impl AsRef<Path>,
        edges: impl AsRef<Path>,
    ) -> Result<Self, TopologyError> {
        let [nodes, links, edges] = [nodes.as_ref(), links.as_ref(), edges.as_ref()].map(|path| {
            let name = path.display().to_string();
            match text::read(path) {
                Ok(text) => Ok((name, text)),
                Err(cause) => Err(TopologyError::Unreadable { file: name, cause }),
            }
        });
        let (nodes, links, edges) = (nodes?, links?, edges?);
        Self::parse(
            Source::new(&nodes.0, &nodes.1),
            Source::new(&links.0, &links.1),
            Source::new(&edges.0, &edges.1),
        )
    }

    /// Makes a topology of three texts in the format of the files.
    ///
    /// * nodes: `index;name;memory in bytes;speed in millions of operations per
    ///   second;arch;class;model`, where model is one of [`Device::model`];
    /// * links: `index;rate in Mb/s;name;type`, where type is one of
    ///   [`LinkClass::name`], optionally followed by `;latency in milliseconds`;
    /// * edges: names separated by spaces, a vertex and those that can be reached
    ///   from it. Names that are neither nodes nor links are networking vertices.
    ///
    /// # Errors
    /// If a line is malformed; the message names file and line.
    pub fn parse(
        nodes: Source<'_>,
        links: Source<'_>,
        edges: Source<'_>,
    ) -> Result<Self, TopologyError> {
        let mut builder = Builder::default();
        for record in records(nodes, ';') {
            add_node(&mut builder, &record)?;
        }
        for record in records(links, ';') {
            add_link(&mut builder, &record)?;
        }
        for record in records(edges, ' ') {
            add_edges(&mut builder, &record)?;
        }
        Ok(builder.build())
    }
}

fn add_node(builder: &mut Builder, record: &Record<'_>) -> Result<(), TopologyError> {
    let [_, name, memory, speed, _, _, model] = record.fields[..] else {
        return Err(record.wrong_number_of_fields("7: index;name;memory;speed;arch;class;model"));
    };
    let memory = memory
        .parse()
        .map_err(|_| record.unexpected("memory", memory, "a whole number of bytes"))?;
    let speed_mips = positive(speed).ok_or_else(|| {
        let allowed = "a positive number of millions of operations per second";
        record.unexpected("speed", speed, allowed)
    })?;
    let device = Device::ALL
        .into_iter()
        .find(|device| device.model() == model);
    let device = device.ok_or_else(|| {
        record.unexpected("model", model, &one_of(Device::ALL.map(Device::model)))
    })?;
    let processor = Processor {
        device,
        memory,
        speed_mips,
    };
    match builder.vertex(name, VertexKind::Processing(processor)) {
        Some(_) => Ok(()),
        None => Err(record.taken(name)),
    }
}

fn add_link(builder: &mut Builder, record: &Record<'_>) -> Result<(), TopologyError> {
    let (rate, name, class, latency) = match record.fields[..] {
        [_, rate, name, class] => (rate, name, class, "0"),
        [_, rate, name, class, latency] => (rate, name, class, latency),
        _ => {
            let allowed = "4 or 5: index;rate;name;type and optionally ;latency";
            return Err(record.wrong_number_of_fields(allowed));
        }
    };
    let rate_mbps = positive(rate)
        .ok_or_else(|| record.unexpected("rate", rate, "a positive number of Mb/s"))?;
    let known = LinkClass::ALL
        .into_iter()
        .find(|known| known.name() == class);
    let class = known.ok_or_else(|| {
        record.unexpected("type", class, &one_of(LinkClass::ALL.map(LinkClass::name)))
    })?;
    let milliseconds = latency.parse::<f64>().ok();
    let latency = milliseconds
        .and_then(|milliseconds| SimDuration::try_from_secs_f64(milliseconds / 1e3))
        .ok_or_else(|| record.unexpected("latency", latency, "milliseconds, 0 or more"))?;
    let link = Link {
        rate_mbps,
        latency,
        class,
    };
    match builder.vertex(name, VertexKind::Link(link)) {
        Some(_) => Ok(()),
        None => Err(record.taken(name)),
    }
}

fn add_edges(builder: &mut Builder, record: &Record<'_>) -> Result<(), TopologyError> {
    let [from, ref successors @ ..] = record.fields[..] else {
        return Ok(());
    };
    if successors.is_empty() {
        return Err(record.malformed(format!(
            "found only `{from}`, expected a vertex and its successors"
        )));
    }
    let from = builder.vertex_or_networking(from);
    for to in successors {
        let to = builder.vertex_or_networking(to);
        builder.edge(from, to);
    }
    Ok(())
}

fn positive(text: &str) -> Option<f64> {
    let number: f64 = text.parse().ok()?;
    (number.is_finite() && number > 0.0).then_some(number)
}

fn one_of<const N: usize>(names: [&str; N]) -> String {
    format!("one of {}", names.join(", "))
}

/// A line of a file, split into fields.
struct Record<'a> {
    file: &'a str,
    line: usize,
    fields: Vec<&'a str>,
}

fn records<'a>(source: Source<'a>, delimiter: char) -> impl Iterator<Item = Record<'a>> {
    let lines = source.text.lines().enumerate();
    let lines = lines.filter(|(_, text)| !text.is_empty() && !text.starts_with('#'));
    lines.map(move |(index, text)| Record {
        file: source.name,
        line: index + 1,
        fields: text.split(delimiter).filter(|f| !f.is_empty()).collect(),
    })
}

impl Record<'_> {
    fn malformed(&self, message: String) -> TopologyError {
        TopologyError::Malformed {
            file: self.file.to_owned(),
            line: self.line,
            message,
        }
    }

    fn unexpected(&self, field: &str, found: &str, allowed: &str) -> TopologyError {
        self.malformed(format!("{field} is `{found}`, expected {allowed}"))
    }

    fn wrong_number_of_fields(&self, allowed: &str) -> TopologyError {
        let found = self.fields.len();
        self.malformed(format!("found {found} fields, expected {allowed}"))
    }

    fn taken(&self, name: &str) -> TopologyError {
        self.malformed(format!("the name `{name}` is used twice"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: &str = "0;a;1000;4000;arm32;sbc;rpi3b+\n";
    const LINK: &str = "0;100;wire;node\n";

    fn parse(nodes: &str, links: &str, edges: &str) -> Result<Topology, String> {
        Topology::parse(
            Source::new("nodes", nodes),
            Source::new("links", links),
            Source::new("edges", edges),
        )
        .map_err(|error| error.to_string())
    }

    #[test]
    fn a_last_line_without_line_feed_is_read_once() {
        let topology = parse(NODE.trim_end(), LINK.trim_end(), "a wire").unwrap();
        assert_eq!(topology.processing().len(), 1);
        assert_eq!(topology.links().len(), 1);
        assert_eq!(topology.graph().edge_count(), 1);
    }

    #[test]
    fn comments_empty_lines_and_repeated_delimiters_are_skipped() {
        let topology = parse(
            &format!("# comment\n\n{NODE}"),
            "0;;100;wire;;node\r\n",
            "# adjacency\na   wire\nwire a switch\n",
        )
        .unwrap();
        assert_eq!(topology.graph().node_count(), 3);
        assert_eq!(topology.graph().edge_count(), 3);
    }

    #[test]
    fn malformed_lines_are_named_with_what_is_allowed() {
        for (nodes, links, edges, expected) in [
            ("0;a;1000\n", "", "", "nodes:1: found 3 fields, expected 7"),
            ("#\n0;a;1;0;x;y;server", "", "", "nodes:2: speed is `0`"),
            ("0;a;1.5;4;x;y;server", "", "", "nodes:1: memory is `1.5`"),
            ("0;a;1;4;x;y;cray", "", "", "expected one of server, nuci5"),
            (
                "0;a;1;4;x;y;server\n1;a;1;4;x;y;server",
                "",
                "",
                "nodes:2: the name `a`",
            ),
            (NODE, "0;fast;wire;node", "", "links:1: rate is `fast`"),
            (NODE, "0;inf;wire;node", "", "links:1: rate is `inf`"),
            (
                NODE,
                "0;1;wire;pipe",
                "",
                "one of node, shared, downlink, uplink",
            ),
            (NODE, "0;1;wire;node;-1", "", "links:1: latency is `-1`"),
            (
                NODE,
                "0;1;a;node",
                "",
                "links:1: the name `a` is used twice",
            ),
            (NODE, LINK, "a", "edges:1: found only `a`"),
        ] {
            let message = parse(nodes, links, edges).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn processing_nodes_are_ordered_by_the_bytes_of_their_names() {
        let nodes: String = (0..12)
            .map(|i| format!("{i};n_{i};1000;4000;arm32;sbc;rpi3b+\n"))
            .collect();
        let topology = parse(&nodes, "", "").unwrap();
        let names: Vec<_> = topology
            .processing()
            .iter()
            .map(|&n| topology.name(n))
            .collect();
        assert_eq!(names[..4], ["n_0", "n_1", "n_10", "n_11"]);
    }

    #[test]
    fn an_unreadable_file_is_named() {
        let message = Topology::read("/no/such/nodes", "x", "y")
            .unwrap_err()
            .to_string();
        assert!(message.contains("/no/such/nodes"), "{message}");
    }
}
