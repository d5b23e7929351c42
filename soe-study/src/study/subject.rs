//! The subject of a study: a scenario, StateSim, or LambdaMuSim.

pub(super) mod statesim;

use std::path::Path;

use scenarios::format::Scenario;
use scenarios::reader::diagnostic::{Diagnostics, Report};
use scenarios::reader::record::Record;
use scenarios::reader::tree::{Entry, Node, Raw, Table};

use super::axis::changes;

pub use statesim::{LambdamuSubject, StatesimSubject};
pub(crate) use statesim::{NetworkSource, TraceSource};

/// What is varied.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A scenario, simulated.
    Scenario(ScenarioSubject),
    /// StateSim.
    Statesim(StatesimSubject),
    /// LambdaMuSim.
    Lambdamu(LambdamuSubject),
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

impl Subject {
    /// All metrics that it can report.
    pub(crate) fn metrics(&self) -> &'static [&'static analysis::Metric] {
        match self {
            Self::Scenario(_) => soe_sim::METRICS,
            Self::Statesim(_) => crate::statesim_metrics::METRICS,
            Self::Lambdamu(_) => crate::lambdamu_metrics::METRICS,
        }
    }
}

/// What a study of a scenario starts from.
pub(super) fn scenario(study: &Record, folder: &Path, report: &mut Report<'_>) -> Option<Subject> {
    let (base, path, inline) = match (study.given("base"), study.given("scenario")) {
        (Some(_), Some(place)) => {
            report.wrong(place, "`scenario` cannot be combined with `base`");
            return None;
        }
        (Some(_), None) => {
            let path = study.text("base")?;
            match Scenario::load(folder.join(path)) {
                Ok(base) => (base.without_study(), Some(path.to_owned()), None),
                Err(Diagnostics(wrong)) => {
                    for wrong in wrong {
                        study.wrong(
                            "base",
                            format!("{}: {}", wrong.place, wrong.message),
                            report,
                        );
                    }
                    return None;
                }
            }
        }
        (None, Some(place)) => {
            let mut table = study.table("scenario")?.clone();
            if table.get("version").is_none() {
                let version = Entry {
                    key: "version".to_owned(),
                    key_place: place,
                    node: Node {
                        place,
                        raw: Raw::Integer(1),
                    },
                };
                table.entries.insert(0, version);
            }
            let (origin, text) = report.source();
            let base = Scenario::within(origin, folder, text, table.clone());
            (base, None, Some(table))
        }
        (None, None) => {
            let message =
                "the study needs `base`, the path of a scenario file, or `scenario`, a scenario";
            report.wrong(study.place, message);
            return None;
        }
    };
    Some(Subject::Scenario(ScenarioSubject {
        base,
        path,
        inline,
        set: set(study),
    }))
}

/// The subject of a study that is a section of the file of this scenario.
pub(super) fn around(
    study: &Record,
    folder: &Path,
    scenario: &Table,
    report: &Report<'_>,
) -> Subject {
    let (origin, text) = report.source();
    Subject::Scenario(ScenarioSubject {
        base: Scenario::within(origin, folder, text, scenario.clone()),
        path: None,
        inline: Some(scenario.clone()),
        set: set(study),
    })
}

/// What changes at every point.
fn set(study: &Record) -> Vec<(String, Node)> {
    study.table("set").map_or(Vec::new(), changes)
}
