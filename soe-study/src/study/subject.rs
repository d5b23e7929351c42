//! The subject of a study: a scenario, or StateSim.

mod statesim;

use std::collections::BTreeSet;
use std::path::Path;

use soe_model::deployment::Deployment;

use super::Plan;
use super::axis::changes;
use super::fields::Fields;
use scenarios::format::Scenario;
use scenarios::reader::diagnostic::{Diagnostics, Place, Report, hint, quote};
use scenarios::reader::tree::{Entry, Node, Raw, Table};
use soe_sim::ALL;

pub use statesim::StatesimSubject;
pub(super) use statesim::statesim;
pub(crate) use statesim::{NetworkSource, Parameters, TraceSource};

/// What is varied.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A scenario, simulated.
    Scenario(ScenarioSubject),
    /// StateSim.
    Statesim(StatesimSubject),
}

/// A scenario and what the study changes in it.
#[derive(Clone, Debug)]
pub struct ScenarioSubject {
    pub(crate) base: Scenario,
    /// As the study names the base; it may stand inside the study instead.
    pub(crate) path: Option<String>,
    pub(crate) inline: Option<Table>,
    pub(crate) set: Vec<(String, Node)>,
}

/// Keys of a scenario in whose place a study has its own.
const OF_STUDY: [(&str, &str); 2] = [("run.seed", "seed"), ("run.replications", "replications")];

/// Reads what a study of a scenario starts from.
pub(super) fn scenario(fields: &mut Fields<'_, '_, '_>, folder: &Path) -> Option<Subject> {
    let path = fields.text("base", "the path of a scenario file");
    let inline = fields.node("scenario");
    let set = set(fields);
    let (base, inline) = match (&path, inline) {
        (Some(_), Some(node)) => {
            fields
                .report
                .wrong(node.place, "`scenario` does not go with `base`");
            return None;
        }
        (Some(path), None) => match Scenario::load(folder.join(path)) {
            Ok(base) => (base.without_study(), None),
            Err(Diagnostics(wrong)) => {
                for wrong in wrong {
                    let message = format!("base: {}: {}", wrong.place, wrong.message);
                    fields.wrong("base", message);
                }
                return None;
            }
        },
        (None, Some(node)) => {
            let Raw::Table(table) = &node.raw else {
                let message = format!("scenario: found {}, expected a table", node.found());
                fields.report.wrong(node.place, message);
                return None;
            };
            let mut table = table.clone();
            if table.get("version").is_none() {
                let version = Node {
                    place: node.place,
                    raw: Raw::Integer(1),
                };
                table.entries.insert(
                    0,
                    Entry {
                        key: "version".to_owned(),
                        key_place: node.place,
                        node: version,
                    },
                );
            }
            let (origin, text) = fields.report.source();
            (
                Scenario::within(origin, folder, text, table.clone()),
                Some(table),
            )
        }
        (None, None) => {
            let message =
                "the study needs `base`, the path of a scenario file, or `scenario`, a scenario";
            if !fields.has("base") {
                fields.report.wrong(fields.place, message);
            }
            return None;
        }
    };
    Some(Subject::Scenario(ScenarioSubject {
        base,
        path,
        inline,
        set,
    }))
}

/// The subject of a study that is a section of the file of this scenario.
pub(super) fn around(
    fields: &mut Fields<'_, '_, '_>,
    folder: &Path,
    scenario: &Table,
) -> Option<Subject> {
    let set = set(fields);
    let (origin, text) = fields.report.source();
    Some(Subject::Scenario(ScenarioSubject {
        base: Scenario::within(origin, folder, text, scenario.clone()),
        path: None,
        inline: Some(scenario.clone()),
        set,
    }))
}

/// What changes at every point.
fn set(fields: &mut Fields<'_, '_, '_>) -> Vec<(String, Node)> {
    match fields.node("set") {
        None => Vec::new(),
        Some(Node {
            raw: Raw::Table(table),
            ..
        }) => changes(table),
        Some(node) => {
            let message = format!("set: found {}, expected a table of keys", node.found());
            fields.wrong("set", message);
            Vec::new()
        }
    }
}

/// Looks at every point; what is wrong is reported at the value of the axis.
pub(super) fn check(plan: &Plan, report: &mut Report<'_>) {
    let before = report.is_clean();
    // Whatever reports metrics at some point.
    let mut entities = BTreeSet::from([ALL.to_owned()]);
    let names_some = named(plan).any(|selector| selector.entity.as_deref().unwrap_or(ALL) != ALL);
    match &plan.subject {
        Subject::Scenario(subject) => {
            let mut seen = BTreeSet::new();
            for number in 0..plan.points.len() {
                let deployment = subject.check(plan, number, &mut seen, report);
                if let Some(deployment) = deployment.filter(|_| names_some) {
                    entities.extend(soe_sim::entities(&deployment));
                }
            }
        }
        Subject::Statesim(subject) => {
            for number in 0..plan.points.len() {
                if let Some(parameters) = subject.at(plan, number, report) {
                    entities.extend(crate::runner::statesim::entities(&parameters));
                }
            }
        }
    }
    if before && report.is_clean() {
        check_metrics(plan, &entities, report);
    }
}

/// Whether the metrics exist that the study names, and the entities.
fn check_metrics(plan: &Plan, entities: &BTreeSet<String>, report: &mut Report<'_>) {
    let known = plan.subject.metrics();
    let names = || known.iter().map(|metric| metric.name);
    let exists = |selector: &super::Selector| names().any(|name| name == selector.metric);
    let kept_exist = plan.metrics.iter().all(exists);
    let check = |selector: &super::Selector| {
        let place = selector.place;
        if !names().any(|name| name == selector.metric) {
            let hint = hint(&selector.metric, names());
            let message = format!("unknown metric `{}`{hint}", quote(&selector.metric));
            report.wrong(place, message);
        } else if let Some(entity) = &selector.entity
            && !entities.contains(entity)
        {
            let hint = hint(entity, entities.iter().map(String::as_str));
            let message = format!(
                "`{}`: nobody is called `{}`{hint}",
                quote(&selector.to_string()),
                quote(entity)
            );
            report.wrong(place, message);
        } else if kept_exist
            && !plan.metrics.is_empty()
            && !plan.metrics.iter().any(|kept| kept.meets(selector))
        {
            let message = format!(
                "metric `{}` is not among `metrics`",
                quote(&selector.to_string())
            );
            report.wrong(place, message);
        }
    };
    named(plan).for_each(check);
}

/// All metrics that the study names.
fn named(plan: &Plan) -> impl Iterator<Item = &super::Selector> {
    let kept = plan.metrics.iter().chain(&plan.replications.of);
    let figures = plan.figures.iter().map(|figure| &figure.metric);
    kept.chain(figures)
        .chain(plan.findings.iter().map(|finding| &finding.metric))
}

impl Subject {
    /// All metrics that it can report.
    pub(crate) fn metrics(&self) -> &'static [&'static analysis::Metric] {
        match self {
            Self::Scenario(_) => soe_sim::METRICS,
            Self::Statesim(_) => crate::runner::statesim::METRICS,
        }
    }
}

impl ScenarioSubject {
    /// The scenario of a point.
    pub(crate) fn at(&self, plan: &Plan, number: usize) -> Result<Scenario, Vec<(Place, String)>> {
        let mut scenario = self.base.clone();
        let mut wrong = Vec::new();
        for (key, node) in self.changes(plan, number) {
            if let Some((_, instead)) = OF_STUDY.iter().find(|(own, _)| key == *own) {
                let message = format!("{key}: the study says it, by its key `{instead}`");
                wrong.push((node.place, message));
                continue;
            }
            let value = format!("{key}={}", node.raw.toml());
            if let Err(Diagnostics(found)) = scenario.set(&value) {
                // That there is no such key is wrong for all values of an axis.
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

    fn changes<'p>(
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

    /// Reports what is wrong at a point, each mistake at the first point that has it.
    fn check(
        &self,
        plan: &Plan,
        number: usize,
        seen: &mut BTreeSet<String>,
        report: &mut Report<'_>,
    ) -> Option<Deployment> {
        let wrong = match self.at(plan, number).map(|scenario| scenario.resolve()) {
            Ok(Ok(deployment)) => return Some(deployment),
            Err(wrong) => {
                for (place, message) in wrong {
                    if seen.insert(message.clone()) {
                        report.wrong(place, message);
                    }
                }
                return None;
            }
            Ok(Err(Diagnostics(wrong))) => wrong,
        };
        for wrong in wrong {
            if !seen.insert(format!("{}: {}", wrong.place, wrong.message)) {
                continue;
            }
            let key = wrong.place.strip_prefix("--set ");
            let known = |(known, _): &(&str, &Node)| key == Some(quote(known).as_str());
            match self.changes(plan, number).filter(known).last() {
                Some((key, node)) => {
                    report.wrong(node.place, format!("{}: {}", quote(key), wrong.message));
                }
                None => {
                    let message = format!("{} (at {})", wrong.message, plan.describe(number));
                    report.wrong_in(Place::File(0), &wrong.place, message);
                }
            }
        }
        None
    }
}
