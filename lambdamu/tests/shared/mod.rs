//! Inputs that tests share.

use std::path::{Path, PathBuf};

use lambdamu::Network;
use soe_model::topology::Topology;

/// A folder of published inputs, which cannot be part of the project: `SOE_DATA` names
/// the folder that holds it.
pub fn folder(name: &str) -> Option<PathBuf> {
    match std::env::var_os("SOE_DATA") {
        Some(folder) => Some(PathBuf::from(folder).join(name)),
        None => {
            eprintln!("left out: SOE_DATA does not name the folder with the published inputs");
            None
        }
    }
}

/// The network in the files `urban_sensing.0.*` of a folder, with the cloud twice as far
/// as the farthest edge node.
pub fn city(folder: &Path) -> Network {
    let file = |kind: &str| folder.join(format!("urban_sensing.0.{kind}"));
    let topology = Topology::read(file("nodes"), file("links"), file("edges")).unwrap();
    Network::of_topology(&topology, 2.0).unwrap()
}
