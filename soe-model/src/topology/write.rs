//! Writes the nodes, links and edges files.

use std::fmt::Write;

use super::{Topology, VertexKind};

impl Topology {
    /// The texts of the nodes, links and edges files, in this order.
    ///
    /// Links get the optional field for their latency only if any link has one, so
    /// that the original reads the files where it can.
    pub fn to_files(&self) -> [String; 3] {
        let [mut nodes, mut links, mut edges] = [const { String::new() }; 3];
        let (mut node, mut link) = (0, 0);
        let has_latency = self.has_latency();
        for vertex in self.graph.node_indices() {
            let name = self.name(vertex);
            // Writing to a string cannot fail.
            let _ = match &self.graph[vertex].kind {
                VertexKind::Processing(processor) => {
                    let (memory, speed) = (processor.memory, processor.speed_mips);
                    let (arch, class) = processor.device.arch_and_class();
                    let model = processor.device.model();
                    node += 1;
                    let index = node - 1;
                    writeln!(
                        nodes,
                        "{index};{name};{memory};{speed};{arch};{class};{model}"
                    )
                }
                VertexKind::Link(known) => {
                    let (rate, class) = (known.rate_mbps, known.class.name());
                    link += 1;
                    let index = link - 1;
                    let _ = write!(links, "{index};{rate};{name};{class}");
                    match has_latency {
                        true => writeln!(links, ";{}", known.latency.as_secs_f64() * 1e3),
                        false => writeln!(links),
                    }
                }
                VertexKind::Networking => Ok(()),
            };
            let mut successors = self.graph.neighbors(vertex).peekable();
            if successors.peek().is_some() {
                edges.push_str(name);
                for successor in successors {
                    edges.push(' ');
                    edges.push_str(self.name(successor));
                }
                edges.push('\n');
            }
        }
        [nodes, links, edges]
    }
}
