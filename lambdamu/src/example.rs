//! A city that comes with the program, of the make-up of the original's study 010.

use crate::{Error, Network, NodeSpec};

/// Cells of the city of the original's studies.
pub const CELLS: usize = 10;

const BROKERS_PER_CELL: usize = 16;
const NUC: NodeSpec = NodeSpec {
    containers: 4,
    capacity: 10,
};
const SERVER: NodeSpec = NodeSpec {
    containers: 8,
    capacity: 20,
};
const SERVERS: usize = 3;

/// A city of so many cells, each with 16 brokers and one small computer of 4 containers,
/// and a cloudlet of 3 servers with 8 containers each.
///
/// Half of the brokers of a cell are 2 links from its computer, the others 3; servers are
/// 5 links away, computers of other cells 6, and the cloud `cloud_factor` times 6.
///
/// # Errors
/// If there is no cell, there are too many, or the factor is not more than 0.
pub fn city(cells: usize, cloud_factor: f64) -> Result<Network, Error> {
    let nodes: Vec<NodeSpec> = std::iter::repeat_n(NUC, cells)
        .chain([SERVER; SERVERS])
        .collect();
    let brokers = (0..cells * BROKERS_PER_CELL).map(|broker| {
        let near = if broker % 2 == 0 { 2 } else { 3 };
        let cell = broker / BROKERS_PER_CELL;
        let computers = (0..cells).map(|other| if other == cell { near } else { 6 });
        computers.chain([5; SERVERS]).collect()
    });
    let distances: Vec<Vec<u32>> = brokers.collect();
    Network::new(&nodes, &distances, cloud_factor)
}
