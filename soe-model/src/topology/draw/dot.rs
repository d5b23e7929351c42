//! The graph in the language of GraphViz.

use std::fmt::Write;

use super::colour;
use crate::topology::{Topology, VertexKind};

impl Topology {
    /// The topology as a directed graph for GraphViz (`dot`, `neato`, `sfdp`).
    pub fn to_dot(&self) -> String {
        let mut text =
            String::from("digraph topology {\n  overlap=false;\n  node [style=filled];\n");
        for vertex in self.graph.node_indices() {
            let (name, kind) = (&self.graph[vertex].name, &self.graph[vertex].kind);
            let (shape, label) = match kind {
                VertexKind::Processing(_) => ("ellipse", String::new()),
                VertexKind::Link(link) => ("box", format!("\\n{}", link.rate())),
                VertexKind::Networking => ("point", String::new()),
            };
            let (name, colour) = (quoted(name), colour(kind));
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "  \"{name}\" [shape={shape}, fillcolor=\"{colour}\", label=\"{name}{label}\"];"
            );
        }
        for edge in self.graph.edge_indices().rev() {
            if let Some((from, to)) = self.graph.edge_endpoints(edge) {
                let (from, to) = (quoted(self.name(from)), quoted(self.name(to)));
                let _ = writeln!(text, "  \"{from}\" -> \"{to}\";");
            }
        }
        text.push_str("}\n");
        text
    }
}

fn quoted(name: &str) -> String {
    name.replace('\\', "\\\\").replace('"', "\\\"")
}
