//! Study files: axes, replications, metrics and figures.
//!
//! Every key is declared once, beside what reads it; the messages for mistakes and the
//! [`reference`] documentation follow from these declarations, as those of scenarios do.

mod axis;
mod check;
mod figure;
mod filter;
mod finding;
mod grid;
mod keys;
mod parameters;
mod placement;
mod plan;
mod point;
mod print;
mod replications;
mod scale;
mod selector;
mod subject;

use std::path::Path;

use scenarios::format::{STUDY, SWEEP};
use scenarios::reader::diagnostic::{Diagnostics, Place, Report};
use scenarios::reader::document::Document;
use scenarios::reader::read::Reader;
use scenarios::reader::record::Record;
use scenarios::reader::section::Section;
use scenarios::reader::set;
use scenarios::reader::tree::{Node, Raw, Table};

pub use axis::{Axis, Item};
pub use figure::{FigureSpec, X};
pub use finding::{Claimed, FindingSpec};
pub use keys::{reference, schema};
pub(crate) use parameters::Parameters;
pub(crate) use placement::{Load, Placement};
pub use plan::Plan;
pub use replications::Replications;
pub use selector::Selector;
pub use subject::{LambdamuSubject, ScenarioSubject, StatesimSubject, Subject};
pub(crate) use subject::{NetworkSource, TraceSource};

/// The most replications of all points together.
const MOST_RUNS: u64 = 100_000_000;

/// A study as written, possibly with changes from the command line.
///
/// ```
/// use soe_study::Study;
///
/// let study = Study::parse(
///     r#"
///         version = 1
///         kind = "statesim"
///         replications = 20
///
///         [[axis]]
///         key = "jobs"
///         from = 10
///         to = 50
///         steps = 3
///     "#,
///     "example.toml",
/// )?;
/// let plan = study.resolve()?;
/// assert_eq!(plan.points.len(), 3);
/// assert_eq!(plan.axes[0].items[1].label, "30");
/// # Ok::<(), scenarios::reader::Diagnostics>(())
/// ```
#[derive(Clone, Debug)]
pub struct Study {
    document: Document,
    /// The scenario whose section `sweep` it is, and where that section is.
    around: Option<(Table, Place)>,
}

impl Study {
    /// Reads a study file, or a scenario file with a section `sweep`.
    ///
    /// # Errors
    /// If it cannot be read or is not TOML.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Diagnostics> {
        Document::load(path.as_ref()).map(Self::of)
    }

    /// Reads a study from a text. `origin` is the path by which messages call it
    /// and against whose folder the paths in it are relative.
    ///
    /// # Errors
    /// If the text is not TOML.
    pub fn parse(text: &str, origin: &str) -> Result<Self, Diagnostics> {
        Document::parse(text, origin).map(Self::of)
    }

    fn of(document: Document) -> Self {
        let is_study = document.root.get("kind").is_some();
        let inside = (!is_study).then(|| Self::inside(&document)).flatten();
        inside.unwrap_or(Self {
            document,
            around: None,
        })
    }

    /// The study that is the section `sweep` of a scenario, if that has one.
    pub(crate) fn inside(scenario: &Document) -> Option<Self> {
        let section = scenario.root.get(SWEEP)?;
        let Raw::Table(own) = &section.raw else {
            return None;
        };
        let around = scenario.root.clone().without(SWEEP);
        Some(Self {
            document: Document {
                root: own.clone(),
                ..scenario.clone()
            },
            around: Some((around, section.place)),
        })
    }

    /// Changes a value, such as `replications=20` or `parameters.jobs=100`; items of lists
    /// are numbered from 1.
    ///
    /// # Errors
    /// If there is no such key, or no network or item of that name or number.
    pub fn set(&mut self, assignment: &str) -> Result<(), Diagnostics> {
        let number = self.document.sets.len();
        let section = self.section_of_keys();
        let root = &mut self.document.root;
        let key = set::set(root, section, assignment, number, "replications=20")?;
        self.document.sets.push(key);
        Ok(())
    }

    fn section_of_keys(&self) -> &'static Section {
        match self.around {
            Some(_) => &keys::SECTION,
            None => &keys::STUDY,
        }
    }

    /// Takes the files `PREFIX.nodes`, `PREFIX.links` and `PREFIX.edges` for a network
    /// of a study of StateSim or LambdaMuSim; the path is relative to the current folder.
    ///
    /// # Errors
    /// If the study has something else in this place, or the current folder is
    /// unknown.
    pub fn give_network(&mut self, name: &str, prefix: &Path) -> Result<(), Diagnostics> {
        let key = format!("network.{name}.files");
        let files = self.file("files", prefix)?;
        let empty = Node {
            place: files.place,
            raw: Raw::Table(Table::default()),
        };
        let networks = self.document.root.get_or_insert("network", empty);
        let Raw::Table(networks) = &mut networks.raw else {
            let message = format!("found {}, expected tables with names", networks.found());
            return Err(Diagnostics::one("network", &message));
        };
        networks.insert(name, files);
        self.document.sets.push(key);
        Ok(())
    }

    /// Takes a file as the trace of a study of StateSim or LambdaMuSim; the path is relative to the
    /// current folder.
    ///
    /// # Errors
    /// If the current folder is unknown.
    pub fn give_trace(&mut self, file: &Path) -> Result<(), Diagnostics> {
        let trace = self.file("file", file)?;
        self.document.root.insert("trace", trace);
        self.document.sets.push("trace.file".to_owned());
        Ok(())
    }

    /// A table with the path of a file, relative to the current folder, as the next change.
    fn file(&self, name: &str, path: &Path) -> Result<Node, Diagnostics> {
        let place = Place::Set(self.document.sets.len());
        let path = absolute(path)?;
        let mut table = Table::default();
        table.insert(
            name,
            Node {
                place,
                raw: Raw::Text(path),
            },
        );
        Ok(Node {
            place,
            raw: Raw::Table(table),
        })
    }

    /// Everything that is to be run, checked.
    ///
    /// # Errors
    /// All mistakes that were found, one line each.
    pub fn resolve(&self) -> Result<Plan, Diagnostics> {
        let mut report = self.document.report();
        let plan = self.read(&mut report);
        match plan {
            Some(plan) if report.is_clean() => Ok(plan),
            _ => Err(report.finish()),
        }
    }

    /// The study as TOML, with all ranges written out and all defaults filled in; it
    /// reads back as the same plan.
    ///
    /// # Errors
    /// As [`Study::resolve`].
    pub fn check(&self) -> Result<String, Diagnostics> {
        self.resolve().map(|plan| plan.to_toml())
    }

    /// The path by which messages call the study.
    pub fn origin(&self) -> &str {
        &self.document.origin
    }

    /// The text of the study as it was read, without changes from outside.
    pub fn text(&self) -> &str {
        &self.document.text
    }

    fn read(&self, report: &mut Report<'_>) -> Option<Plan> {
        let record = self.record(report)?;
        let folder = &self.document.folder;
        let subject = match &self.around {
            Some((scenario, _)) => Some(subject::around(&record, folder, scenario, report)),
            None => match record.maybe_word("kind") {
                Some("scenario") => subject::scenario(&record, folder, report),
                Some("lambdamu") => {
                    subject::statesim::lambdamu(&record, folder, report).map(Subject::Lambdamu)
                }
                Some(_) => {
                    subject::statesim::statesim(&record, folder, report).map(Subject::Statesim)
                }
                None => None,
            },
        };
        let seed = record
            .maybe_count("seed")
            .filter(|_| record.given("seed").is_some());
        let of_scenario = self.of_scenario("replications");
        let replications = replications::resolve(&record, of_scenario, report);
        let metrics = selector::list(&record, "metrics", report).unwrap_or_default();
        // What refers to axes makes no sense without them.
        let axes = axis::resolve(&record, report)?;
        let filters = filter::list(&record, "filter", &axes, report);
        let figures = figure::resolve(&record, &axes, report);
        let findings = finding::resolve(&record, &axes, report);
        let points = grid::points(&axes, &filters, report)?;
        let replications = replications?;
        let runs = points.len() as u64 * u64::from(replications.max);
        if runs > MOST_RUNS {
            let message = format!(
                "{} points with up to {} replications are {runs} runs, at most {MOST_RUNS} are possible",
                points.len(),
                replications.max
            );
            report.wrong(record.place, message);
            return None;
        }
        let plan = Plan {
            title: record.text("title").unwrap_or_default().to_owned(),
            seed: seed.unwrap_or(self.default_seed()),
            replications,
            subject: subject?,
            axes,
            points,
            filters: filters.into_iter().map(|filter| filter.text).collect(),
            metrics,
            figures,
            findings,
        };
        check::check(&plan, report);
        Some(plan)
    }

    /// The values of its keys; `None` if it is not a study, or one of another version.
    fn record(&self, report: &mut Report<'_>) -> Option<Record> {
        let root = &self.document.root;
        let section = self.section_of_keys();
        let place = match &self.around {
            Some((_, place)) => *place,
            None => Place::File(0),
        };
        if self.around.is_none() && root.get("kind").is_none() {
            let wrong = match (root.get(SWEEP), root.get("client")) {
                (Some(node), _) => {
                    let (found, expected) = (node.found(), STUDY.describe());
                    let message = format!("{SWEEP}: found {found}, expected {expected}");
                    Some((node.place, message))
                }
                (None, Some(_)) => Some((
                    Place::File(0),
                    "this is a scenario without a section `sweep`, which defines a study"
                        .to_owned(),
                )),
                (None, None) => None,
            };
            if let Some((place, message)) = wrong {
                report.wrong(place, message);
                return None;
            }
        }
        // Nothing is known of the keys of another version.
        let version = section.key("version");
        if let (Some(key), Some(node)) = (version, root.get("version"))
            && let Err((place, message)) = key.form.read(node)
        {
            report.wrong(place, format!("version: {message}"));
            return None;
        }
        let mut reader = Reader {
            report,
            folder: &self.document.folder,
        };
        Some(reader.record(section, root, "", place))
    }
}

impl Study {
    /// Its content, as a section of a scenario, with its seed written out.
    pub(crate) fn section(&self) -> Table {
        let mut section = self.document.root.clone();
        if section.get("seed").is_none() {
            let seed = Node {
                place: Place::Default,
                raw: Raw::Integer(self.default_seed().into()),
            };
            section.insert("seed", seed);
        }
        section
    }

    fn default_seed(&self) -> u64 {
        self.of_scenario("seed").unwrap_or(1)
    }

    /// A whole number from the section `run` of the scenario around it.
    fn of_scenario(&self, key: &str) -> Option<u64> {
        let (scenario, _) = self.around.as_ref()?;
        let Raw::Table(run) = &scenario.get("run")?.raw else {
            return None;
        };
        match run.get(key)?.raw {
            Raw::Integer(number) => u64::try_from(number).ok(),
            _ => None,
        }
    }
}

fn absolute(path: &Path) -> Result<String, Diagnostics> {
    let shown = path.display().to_string();
    let absolute = std::path::absolute(path)
        .map_err(|error| Diagnostics::one(&shown, &format!("cannot be found: {error}")))?;
    let text = absolute.to_str().map(str::to_owned);
    text.ok_or_else(|| Diagnostics::one(&shown, "the path is not Unicode"))
}
