//! What is run at a point of a study.

use std::path::Path;

use scenarios::format::Scenario;
use scenarios::reader::diagnostic::{Diagnostics, Place, Report, hint, quote};
use scenarios::reader::read::Reader;
use scenarios::reader::section::Section;
use scenarios::reader::tree::{Node, Table};

use super::parameters::{self, PARAMETERS, Parameters};
use super::placement::{self, PLACEMENT, Placement};
use super::plan::Plan;
use super::subject::{LambdamuSubject, ScenarioSubject, StatesimSubject};

/// Keys of a scenario in whose place a study has its own.
const OF_STUDY: [(&str, &str); 2] = [("run.seed", "seed"), ("run.replications", "replications")];

impl ScenarioSubject {
    /// The scenario of a point.
    pub(crate) fn at(&self, plan: &Plan, number: usize) -> Result<Scenario, Vec<(Place, String)>> {
        let mut scenario = self.base.clone();
        let mut wrong = Vec::new();
        for (key, node) in self.changes(plan, number) {
            if let Some((_, instead)) = OF_STUDY.iter().find(|(own, _)| key == *own) {
                let message = format!("{key}: set the key `{instead}` of the study instead");
                wrong.push((node.place, message));
                continue;
            }
            let value = format!("{key}={}", node.raw.toml());
            if let Err(Diagnostics(found)) = scenario.set(&value) {
                // An unknown key is an error of the axis, not of one value.
                let axis = plan.axes.iter().find(|axis| axis.changes(key));
                let place = axis.map_or(node.place, |axis| axis.place);
                for found in found {
                    wrong.push((place, format!("{}: {}", quote(key), found.message)));
                }
            }
        }
        // Not those of the scenario: the study says how often and from which seed.
        for own in [
            format!("run.seed={}", plan.seed),
            "run.replications=1".to_owned(),
        ] {
            if let Err(Diagnostics(found)) = scenario.set(&own) {
                let found = found.into_iter();
                wrong.extend(found.map(|found| (Place::File(0), found.message)));
            }
        }
        if wrong.is_empty() {
            Ok(scenario)
        } else {
            Err(wrong)
        }
    }

    /// What is changed at a point, in order.
    pub(super) fn changes<'p>(
        &'p self,
        plan: &'p Plan,
        number: usize,
    ) -> impl Iterator<Item = (&'p str, &'p Node)> {
        let items = plan.axes.iter().zip(&plan.points[number]);
        let items = items.flat_map(|(axis, &item)| &axis.items[item].changes);
        self.set
            .iter()
            .chain(items)
            .map(|(key, node)| (key.as_str(), node))
    }
}

impl StatesimSubject {
    /// What is evaluated at a point; `None` if something is wrong, which is reported.
    pub(crate) fn at(
        &self,
        plan: &Plan,
        number: usize,
        report: &mut Report<'_>,
    ) -> Option<Parameters> {
        let table = changed(&self.parameters, &PARAMETERS, plan, number, report)?;
        let mut reader = Reader {
            report,
            folder: Path::new(""),
        };
        let record = reader.record(&PARAMETERS, &table, "parameters", self.place);
        let networks = self.networks.iter().map(|(name, _)| name.as_str());
        parameters::resolve(&record, &networks.collect::<Vec<_>>(), report)
    }
}

impl LambdamuSubject {
    /// What is simulated at a point; `None` if something is wrong, which is reported.
    pub(crate) fn at(
        &self,
        plan: &Plan,
        number: usize,
        report: &mut Report<'_>,
    ) -> Option<Placement> {
        let table = changed(&self.parameters, &PLACEMENT, plan, number, report)?;
        let mut reader = Reader {
            report,
            folder: Path::new(""),
        };
        let record = reader.record(&PLACEMENT, &table, "placement", self.place);
        let networks = self.networks.iter().map(|(name, _)| name.as_str());
        placement::resolve(&record, &networks.collect::<Vec<_>>(), report)
    }
}

/// Parameters as the axes change them at a point; `None` if an axis changes what is no
/// parameter, which is reported.
fn changed(
    parameters: &Table,
    section: &Section,
    plan: &Plan,
    number: usize,
    report: &mut Report<'_>,
) -> Option<Table> {
    let mut table = parameters.clone();
    for (axis, &item) in plan.axes.iter().zip(&plan.points[number]) {
        for (key, node) in &axis.items[item].changes {
            if section.key(key).is_none() {
                let hint = hint(key, section.keys.iter().map(|key| key.name));
                report.wrong(
                    axis.place,
                    format!("unknown parameter `{}`{hint}", quote(key)),
                );
                return None;
            }
            table.insert(key, node.clone());
        }
    }
    Some(table)
}
