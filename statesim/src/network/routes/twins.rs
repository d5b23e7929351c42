//! Finds nodes in equivalent places of the network.
//!
//! Two nodes are twins if exchanging them, together with their links, leaves the
//! network unchanged. The cost to reach one is then the cost to reach the other,
//! provided that no route was a choice between equal costs, which the order of the
//! edges decides.

use std::collections::HashMap;

use petgraph::Direction;
use soe_model::topology::{Topology, VertexId};

use super::NOT_A_LINK;
use crate::network::NodeId;

/// For each processing node the first of its twins, which may be itself.
pub(super) fn find(topology: &Topology, kind_of: &[u32]) -> Vec<NodeId> {
    let mut first = HashMap::new();
    (0..)
        .zip(topology.processing())
        .map(
            |(node, &vertex): (NodeId, _)| match place(topology, kind_of, vertex) {
                Some(place) => *first.entry(place).or_insert(node),
                None => node,
            },
        )
        .collect()
}

/// What twins have in common: the kind of their link, and where it leads and comes from.
type Place = (u32, Vec<VertexId>, Vec<VertexId>);

/// The position of a node that has a single link; `None` for others.
fn place(topology: &Topology, kind_of: &[u32], node: VertexId) -> Option<Place> {
    let graph = topology.graph();
    let only = |direction| {
        let mut neighbours = graph.neighbors_directed(node, direction);
        neighbours.next().filter(|_| neighbours.next().is_none())
    };
    let link = only(Direction::Outgoing)?;
    let kind = kind_of[link.index()];
    if only(Direction::Incoming)? != link || kind == NOT_A_LINK {
        return None;
    }
    let others = |direction| {
        let mut others = Vec::new();
        let mut own = 0;
        for neighbour in graph.neighbors_directed(link, direction) {
            if neighbour == node {
                own += 1;
            } else {
                others.push(neighbour);
            }
        }
        others.sort_unstable();
        (own == 1 && !others.contains(&link)).then_some(others)
    };
    Some((
        kind,
        others(Direction::Outgoing)?,
        others(Direction::Incoming)?,
    ))
}
