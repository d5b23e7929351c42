//! Distances between the nodes that a hierarchical controller knows.

use std::collections::HashSet;

use soe_model::broker::BrokerSpec;
use soe_model::computer::ComputerSpec;
use soe_model::controller::{ControllerSpec, Distances, InstallerSpec};

use crate::format::network;
use crate::reader::diagnostic::{Place, hint, quote};
use crate::reader::files;

use super::Builder;

impl Builder<'_, '_, '_> {
    pub(super) fn distances(
        &mut self,
        controllers: &mut [ControllerSpec],
        network: &soe_model::network::Network,
        computers: &[ComputerSpec],
        brokers: &[BrokerSpec],
    ) {
        for (spec, (name, record)) in controllers.iter_mut().zip(self.root.records("controller")) {
            let InstallerSpec::Hierarchical { distances, .. } = &mut spec.installer else {
                continue;
            };
            let path = format!("controller.{}.distances", quote(&name.text));
            let announces = |controller: &Option<String>| controller.as_ref() == Some(&spec.name);
            let computers = computers.iter().filter(|spec| announces(&spec.controller));
            let brokers = brokers.iter().filter(|spec| announces(&spec.controller));
            let nodes = computers.map(|spec| spec.node.as_str());
            let nodes: Vec<_> = nodes
                .chain(brokers.map(|spec| spec.node.as_str()))
                .collect();
            let unique: HashSet<_> = nodes.iter().copied().collect();
            let size = unique.len() as u64;
            let place = record.at("distances");
            match record.text("distances") {
                Some(file) => {
                    if let Some(found) = self.distances_file(file, &path, place) {
                        *distances = found;
                    }
                    let mut missing: Vec<_> = unique.into_iter().collect();
                    missing.retain(|node| !distances.nodes.iter().any(|known| known == node));
                    missing.sort_unstable();
                    if let Some(node) = missing.first()
                        && self.reader.report.is_clean()
                    {
                        let hint = hint(node, distances.nodes.iter().map(String::as_str));
                        let message = format!(
                            "{path}: `{}` has no node `{}`{hint}",
                            quote(file),
                            quote(node)
                        );
                        self.reader.report.wrong(place, message);
                    }
                }
                None if self.budget.take(size, size, place, self.reader.report) => {
                    *distances = network::distances(network, nodes.into_iter());
                }
                None => {}
            }
        }
    }

    fn distances_file(&mut self, file: &str, path: &str, place: Place) -> Option<Distances> {
        let folder = self.reader.folder;
        match self.reader.report.read(folder, file) {
            Ok(text) => match Distances::parse(&text) {
                Ok(distances) => Some(distances),
                Err(error) => {
                    let file = format!("{}:{}", files::shown(folder, file), error.line);
                    self.reader.report.wrong_in(place, &file, error.problem);
                    None
                }
            },
            Err(message) => {
                self.reader
                    .report
                    .wrong(place, format!("{path}: {message}"));
                None
            }
        }
    }
}
