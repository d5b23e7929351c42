//! A small network and trace that are part of the program.
//!
//! They were made with the generators of this project: `soe topology generate
//! urban-sensing --cells 3 --neighbourhoods 3 --seed 1` and `soe workload generate
//! --jobs 400 --seed 1`.

use soe_model::topology::{Source, Topology, TopologyError};

use crate::jobs::Jobs;
use crate::trace::{self, Layout, TraceError};

const NODES: &str = include_str!("../example/example.nodes");
const LINKS: &str = include_str!("../example/example.links");
const EDGES: &str = include_str!("../example/example.edges");
const TASKS: &str = include_str!("../example/tasks.csv");

/// The network: three cells of a city and a cloudlet.
///
/// # Errors
/// None, as far as the shipped files are read as they were written.
pub fn topology() -> Result<Topology, TopologyError> {
    Topology::parse(
        Source::new("example.nodes", NODES),
        Source::new("example.links", LINKS),
        Source::new("example.edges", EDGES),
    )
}

/// The jobs: 400, about 120 of them with states.
///
/// # Errors
/// None, as far as the shipped files are read as they were written.
pub fn jobs() -> Result<Jobs, TraceError> {
    trace::parse("example tasks", TASKS.as_bytes(), Layout::Spar)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload;
    use soe_model::topology::generate::UrbanSensing;

    #[test]
    fn the_example_is_what_the_generators_make() {
        let parameters = UrbanSensing {
            cells: 3,
            neighbourhoods: 3.0,
            ..UrbanSensing::default()
        };
        let files = parameters.generate(1).unwrap().to_files();
        assert!(files == [NODES, LINKS, EDGES].map(str::to_owned));
        assert!(workload::generate(400, 1) == TASKS);
    }
}
