//! Inputs that tests share.

use std::path::{Path, PathBuf};

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

/// The topology in the files `name.nodes`, `name.links` and `name.edges` of a folder.
pub fn topology(folder: &Path, name: &str) -> Topology {
    let file = |kind: &str| folder.join(format!("{name}.{kind}"));
    Topology::read(file("nodes"), file("links"), file("edges")).unwrap()
}
