//! The distance of the nodes to the rest of the Internet.

use soe_model::topology::{Orientation, RouteSearch, VertexId, VertexKind};

use super::Network;

/// Links between each node and the nearest exchange point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ExitHops {
    pub(crate) up: u32,
    pub(crate) down: u32,
}

impl Network {
    /// For each node the number of links to the nearest vertex that is named
    /// `internet...`, and back; zero where the topology has none.
    pub(super) fn find_exits(&self) -> Vec<ExitHops> {
        let graph = self.topology.graph();
        let exchange_points: Vec<VertexId> = graph
            .node_indices()
            .filter(|&vertex| self.topology.name(vertex).starts_with("internet"))
            .collect();
        let mut exits = vec![None::<ExitHops>; self.nodes.len()];
        for point in exchange_points {
            let up = self.hops_to(point, Orientation::AsDirected);
            let down = self.hops_to(point, Orientation::Swapped);
            for ((exit, up), down) in exits.iter_mut().zip(up).zip(down) {
                let (Some(up), Some(down)) = (up, down) else {
                    continue;
                };
                if exit.is_none_or(|known| up + down < known.up + known.down) {
                    *exit = Some(ExitHops { up, down });
                }
            }
        }
        exits.into_iter().map(Option::unwrap_or_default).collect()
    }

    fn hops_to(&self, point: VertexId, orientation: Orientation) -> Vec<Option<u32>> {
        // Seconds per megabit, half on either side of a link.
        let cost = |kind: &VertexKind| match kind {
            VertexKind::Link(link) => 0.5 / link.rate_mbps,
            _ => 0.0,
        };
        let mut search = RouteSearch::new(&self.topology, orientation, cost);
        search.next_hops_to(point);
        let hops = |node: &super::Node| search.hops_from(node.vertex);
        self.nodes.iter().map(hops).collect()
    }
}
