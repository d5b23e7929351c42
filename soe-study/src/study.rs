//! Study files: what varies, the number of replications, and the metrics of interest.

mod assign;
mod axis;
mod fields;
mod figure;
mod filter;
mod finding;
mod print;
mod replications;
mod selector;
mod subject;

use std::path::Path;

use scenarios::format::SWEEP;
use scenarios::reader::diagnostic::{Diagnostics, Place, Report, quote};
use scenarios::reader::document::Document;
use scenarios::reader::set;
use scenarios::reader::tree::{Node, Raw, Table};
use scenarios::reader::value::{Datum, Form};

pub use axis::{Axis, Item};
pub use figure::{FigureSpec, X};
pub use finding::{Claimed, FindingSpec};
pub use replications::Replications;
pub use selector::Selector;
pub(crate) use subject::{NetworkSource, Parameters, TraceSource};
pub use subject::{ScenarioSubject, StatesimSubject, Subject};

use fields::Fields;

/// The version of the format.
const VERSION: u64 = 1;
/// The most points of a grid.
const MOST_POINTS: usize = 100_000;
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

/// A study, checked and complete.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What it is about, in one line.
    pub title: String,
    /// The root of all random draws: replication `i` of every point draws from the
    /// streams of this seed and `i`.
    pub seed: u64,
    /// How often each point is repeated.
    pub replications: Replications,
    /// What is varied.
    pub subject: Subject,
    /// The axes of the grid.
    pub axes: Vec<Axis>,
    /// The points of the grid that no filter drops: one item of each axis, the last
    /// axis varying fastest.
    pub points: Vec<Vec<usize>>,
    /// The filters, as they were written.
    pub filters: Vec<String>,
    /// Which metrics are kept; all if there is none.
    pub metrics: Vec<Selector>,
    /// The figures to draw.
    pub figures: Vec<FigureSpec>,
    /// What it is expected to show.
    pub findings: Vec<FindingSpec>,
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

    /// Changes a value, such as `replications=20` or
    /// `parameters.jobs=100`; items of lists are addressed by their number, from 1.
    ///
    /// # Errors
    /// If the key leads nowhere.
    pub fn set(&mut self, assignment: &str) -> Result<(), Diagnostics> {
        let wrong =
            |key: &str, message: &str| Diagnostics::one(&format!("--set {}", quote(key)), message);
        let (key, value) = set::split(assignment)
            .ok_or_else(|| wrong(assignment, "expected key=value, such as replications=20"))?;
        let segments = set::segments(key)
            .ok_or_else(|| wrong(key, "this is no key, expected one such as replications"))?;
        let node = Node::parse(value, Place::Set(self.document.sets.len()));
        assign::assign(&mut self.document.root, &segments, node)
            .map_err(|message| wrong(key, &message))?;
        self.document.sets.push(key.to_owned());
        Ok(())
    }

    /// Puts a value that is no text to be read, such as a path, at a key.
    pub(crate) fn put(&mut self, segments: &[&str], value: &str) -> Result<(), Diagnostics> {
        let key = segments.join(".");
        let node = Node {
            place: Place::Set(self.document.sets.len()),
            raw: Raw::Text(value.to_owned()),
        };
        let segments: Vec<_> = segments.iter().map(|&part| part.to_owned()).collect();
        assign::assign(&mut self.document.root, &segments, node)
            .map_err(|message| Diagnostics::one(&key, &message))?;
        self.document.sets.push(key);
        Ok(())
    }

    /// Takes the files `PREFIX.nodes`, `PREFIX.links` and `PREFIX.edges` for a network
    /// of a StateSim study; the path is relative to the current folder.
    ///
    /// # Errors
    /// If the study has something else in this place, or the current folder is
    /// unknown.
    pub fn give_network(&mut self, name: &str, prefix: &Path) -> Result<(), Diagnostics> {
        let path = absolute(prefix)?;
        self.remove(&["network", name]);
        self.put(&["network", name, "files"], &path)
    }

    /// Takes a file as the trace of a StateSim study; the path is relative to the
    /// current folder.
    ///
    /// # Errors
    /// If the study has something else in this place, or the current folder is
    /// unknown.
    pub fn give_trace(&mut self, file: &Path) -> Result<(), Diagnostics> {
        let path = absolute(file)?;
        self.remove(&["trace"]);
        self.put(&["trace", "file"], &path)
    }

    fn remove(&mut self, segments: &[&str]) {
        let Some((last, parents)) = segments.split_last() else {
            return;
        };
        let mut table = &mut self.document.root;
        for parent in parents {
            match table.get_mut(parent).map(|node| &mut node.raw) {
                Some(Raw::Table(inner)) => table = inner,
                _ => return,
            }
        }
        table.entries.retain(|entry| entry.key != *last);
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
        let root = &self.document.root;
        let (path, place) = match &self.around {
            Some((_, place)) => (SWEEP, *place),
            None => ("the study", Place::File(0)),
        };
        if self.around.is_none() && root.get("kind").is_none() {
            let wrong = match (root.get(SWEEP), root.get("client")) {
                (Some(node), _) => Some((
                    node.place,
                    format!(
                        "sweep: found {}, expected {}",
                        node.found(),
                        Form::Study.describe()
                    ),
                )),
                (None, Some(_)) => Some((
                    Place::File(0),
                    "this is a scenario without a section `sweep`, which would say what is varied"
                        .to_owned(),
                )),
                (None, None) => None,
            };
            if let Some((place, message)) = wrong {
                report.wrong(place, message);
                return None;
            }
        }
        let mut fields = Fields::new(root, path, place, report);
        let kind = match self.around {
            Some(_) => Some("scenario"),
            None => {
                // Nothing is known of another version.
                let version = Form::Count {
                    min: VERSION,
                    max: VERSION,
                    or: None,
                };
                fields.need("version", version)?;
                match fields.need("kind", Form::Word(&["scenario", "statesim"])) {
                    Some(Datum::Word(kind)) => Some(kind),
                    _ => None,
                }
            }
        };
        let title = fields.text("title", "a text").unwrap_or_default();
        let seed = Form::Count {
            min: 0,
            max: u64::MAX,
            or: None,
        };
        let seed = match fields.read("seed", seed) {
            Some(Datum::Count(seed)) => seed,
            _ => self.default_seed(),
        };
        let replications = replications::read(&mut fields, self.of_scenario("replications"));
        let metrics = selector::list(&mut fields, "metrics").unwrap_or_default();
        let axes = axis::read(&mut fields);
        // What refers to axes makes no sense without them.
        let (filters, figures, findings) = match &axes {
            Some(axes) => (
                filter::read(&mut fields, axes),
                figure::read(&mut fields, axes),
                finding::read(&mut fields, axes),
            ),
            None => {
                fields.know(&["filter", "figure", "finding"]);
                Default::default()
            }
        };
        let folder = &self.document.folder;
        let subject = match (kind, &self.around) {
            (_, Some((scenario, _))) => subject::around(&mut fields, folder, scenario),
            (Some("scenario"), None) => subject::scenario(&mut fields, folder),
            (Some("statesim"), None) => subject::statesim(&mut fields, folder),
            // So that their keys are not called unknown.
            _ => {
                fields.know(&["base", "scenario", "set", "parameters", "network", "trace"]);
                None
            }
        };
        fields.finish();
        let axes = axes?;
        let points = points(&axes, &filters, report)?;
        let replications = replications?;
        let runs = points.len() as u64 * u64::from(replications.max);
        if runs > MOST_RUNS {
            let message = format!(
                "{} points with up to {} replications are {runs} runs, at most {MOST_RUNS} are possible",
                points.len(),
                replications.max
            );
            report.wrong(place, message);
            return None;
        }
        let plan = Plan {
            title,
            seed,
            replications,
            subject: subject?,
            axes,
            points,
            filters: filters.into_iter().map(|filter| filter.text).collect(),
            metrics,
            figures,
            findings,
        };
        subject::check(&plan, report);
        Some(plan)
    }
}

impl Study {
    /// What it says, as a section of a scenario that spells out its own seed.
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

    /// A whole number that the scenario around it says of its runs.
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

impl Plan {
    /// A point in words: `jobs = 50, network = iiot`.
    pub fn describe(&self, point: usize) -> String {
        let items = self.axes.iter().zip(&self.points[point]);
        let items: Vec<_> = items
            .map(|(axis, &item)| format!("{} = {}", axis.name, axis.items[item].label))
            .collect();
        if items.is_empty() {
            "the only point".to_owned()
        } else {
            items.join(", ")
        }
    }

    /// The study as TOML, with all ranges written out and all defaults filled in; it
    /// reads back as the same plan.
    pub fn to_toml(&self) -> String {
        print::study(self, false)
    }

    /// The same with the scenario from which it starts written out, which may stand in a
    /// file of its own. Paths in that are written as they are.
    pub fn to_whole_toml(&self) -> String {
        print::study(self, true)
    }
}

/// All combinations that no filter drops.
fn points(
    axes: &[Axis],
    filters: &[filter::Filter],
    report: &mut Report<'_>,
) -> Option<Vec<Vec<usize>>> {
    let sizes: Vec<usize> = axes.iter().map(|axis| axis.items.len()).collect();
    let count = sizes
        .iter()
        .try_fold(1_usize, |count, &size| count.checked_mul(size));
    let Some(count) = count.filter(|&count| count <= 100 * MOST_POINTS) else {
        let place = axes.last().map_or(Place::File(0), |axis| axis.place);
        report.wrong(
            place,
            format!("the axes have more than {MOST_POINTS} combinations"),
        );
        return None;
    };
    let point = |mut number: usize| {
        let mut point = vec![0; sizes.len()];
        for (item, &size) in point.iter_mut().zip(&sizes).rev() {
            (*item, number) = (number % size, number / size);
        }
        point
    };
    let kept = |point: &Vec<usize>| filters.iter().all(|filter| filter.keeps(axes, point));
    let points: Vec<_> = (0..count).map(point).filter(kept).collect();
    if points.is_empty() && count > 0 {
        let place = filters.last().map_or(Place::File(0), |filter| filter.place);
        report.wrong(place, "the filters leave no point");
    }
    if points.len() > MOST_POINTS {
        let place = axes.last().map_or(Place::File(0), |axis| axis.place);
        report.wrong(
            place,
            format!(
                "there are {} points, at most {MOST_POINTS} are possible",
                points.len()
            ),
        );
        return None;
    }
    Some(points)
}

fn absolute(path: &Path) -> Result<String, Diagnostics> {
    let shown = path.display().to_string();
    let absolute = std::path::absolute(path)
        .map_err(|error| Diagnostics::one(&shown, &format!("cannot be found: {error}")))?;
    let text = absolute.to_str().map(str::to_owned);
    text.ok_or_else(|| Diagnostics::one(&shown, "the path is not Unicode"))
}
