//! What a study varies: a scenario, or StateSim.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use statesim::allocation::{self, AllocationPolicy};
use statesim::execution::{self, ExecutionPolicy};
use statesim::trace::Layout;
use statesim::{Cloud, Factors, Model};

use super::Plan;
use super::axis::changes;
use super::fields::Fields;
use crate::spec::Scenario;
use crate::spec::diagnostic::{Diagnostics, Place, Report, hint, quote};
use crate::spec::print;
use crate::spec::section::{Default, Key, Reader, Record, Section, When};
use crate::spec::tree::{Entry, Node, Raw, Table};
use crate::spec::value::{Datum, Form};

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

/// The inputs and parameters of a StateSim study.
#[derive(Clone, Debug)]
pub struct StatesimSubject {
    pub(crate) parameters: Table,
    pub(crate) networks: Vec<(String, NetworkSource)>,
    pub(crate) trace: TraceSource,
    place: Place,
}

/// Where a network comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NetworkSource {
    Example,
    Generated { kind: &'static str, seed: u64 },
    Files([PathBuf; 3]),
}

/// Where a trace comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TraceSource {
    Example,
    Generated { jobs: u64, seed: u64 },
    File { path: PathBuf, layout: Layout },
}

/// What StateSim evaluates at a point.
#[derive(Clone, Debug)]
pub(crate) struct Parameters {
    pub(crate) model: Model,
    /// Which of the networks of the study.
    pub(crate) network: usize,
    pub(crate) jobs: usize,
    pub(crate) functions: usize,
    pub(crate) factors: Factors,
    pub(crate) cloud: Cloud,
    pub(crate) allocations: Vec<&'static dyn AllocationPolicy>,
    pub(crate) executions: Vec<&'static dyn ExecutionPolicy>,
    /// All of it as TOML.
    pub(crate) text: String,
}

const FACTOR: Form = Form::Number {
    min: 0.0,
    max: f64::MAX,
};

/// The parameters of StateSim; the defaults are those of its published studies.
pub(crate) static PARAMETERS: Section = Section {
    path: "parameters",
    help: "What StateSim evaluates.",
    keys: &[
        key(
            "model",
            Form::Word(&["original", "corrected"]),
            "original",
            "Which model: with the quirks of the original, or with all of them put right.",
        ),
        Key {
            name: "network",
            form: Form::Name("network"),
            default: Default::Absent("the first network"),
            when: When::Always,
            help: "One of the networks of the study.",
        },
        key(
            "jobs",
            Form::Count {
                min: 1,
                max: u32::MAX as u64,
                or: None,
            },
            "250",
            "Jobs in a replication.",
        ),
        key(
            "functions",
            Form::Count {
                min: 1,
                max: 1_000_000,
                or: None,
            },
            "10",
            "Different functions.",
        ),
        key(
            "operations-factor",
            FACTOR,
            "100000",
            "Operations per second of duration on a full core.",
        ),
        key(
            "argument-factor",
            FACTOR,
            "1000000",
            "Bytes of argument per unit of memory.",
        ),
        key(
            "state-factor",
            FACTOR,
            "1000000",
            "Bytes of state per unit of memory.",
        ),
        key(
            "cloud-latency",
            Form::Duration { or: None },
            "60 ms",
            "One-way latency to the cloud.",
        ),
        key(
            "cloud-rate",
            Form::Rate { or: None },
            "50 Mb/s",
            "Rate to and from the cloud.",
        ),
        key(
            "allocation",
            Form::Names("allocation policy"),
            "[\"ProcNet\"]",
            "Allocation policies, each evaluated with each execution policy.",
        ),
        key(
            "execution",
            Form::Names("execution policy"),
            "[\"PureFaaS\", \"StatePropagate\", \"StateLocal\"]",
            "Execution policies.",
        ),
    ],
};

const fn key(name: &'static str, form: Form, default: &'static str, help: &'static str) -> Key {
    Key {
        name,
        form,
        default: Default::Value(default),
        when: When::Always,
        help,
    }
}

/// Reads what a study of a scenario starts from.
pub(super) fn scenario(fields: &mut Fields<'_, '_, '_>, folder: &Path) -> Option<Subject> {
    let path = fields.text("base", "the path of a scenario file");
    let inline = fields.node("scenario");
    let set = match fields.node("set") {
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
    };
    let (base, inline) = match (&path, inline) {
        (Some(_), Some(node)) => {
            fields
                .report
                .wrong(node.place, "`scenario` does not go with `base`");
            return None;
        }
        (Some(path), None) => match Scenario::load(folder.join(path)) {
            Ok(base) => (base, None),
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

/// Reads the inputs and parameters of StateSim.
pub(super) fn statesim(fields: &mut Fields<'_, '_, '_>, folder: &Path) -> Option<Subject> {
    let (parameters, place) = match fields.node("parameters") {
        None => (Table::default(), fields.place),
        Some(Node {
            raw: Raw::Table(table),
            place,
        }) => (table.clone(), *place),
        Some(node) => {
            let message = format!("parameters: found {}, expected a table", node.found());
            fields.wrong("parameters", message);
            return None;
        }
    };
    let mut networks = Vec::new();
    let mut complete = true;
    match fields.node("network") {
        None => networks.push(("example".to_owned(), NetworkSource::Example)),
        Some(Node {
            raw: Raw::Table(table),
            ..
        }) => {
            for entry in &table.entries {
                let path = format!("network.{}", quote(&entry.key));
                let Raw::Table(table) = &entry.node.raw else {
                    let message = format!("{path}: found {}, expected a table", entry.node.found());
                    fields.report.wrong(entry.node.place, message);
                    continue;
                };
                let mut inner = Fields::new(table, &path, entry.key_place, fields.report);
                let source = network(&mut inner, folder);
                inner.finish();
                complete &= source.is_some();
                networks.extend(source.map(|source| (entry.key.clone(), source)));
            }
        }
        Some(node) => {
            let message = format!(
                "network: found {}, expected tables with names",
                node.found()
            );
            fields.wrong("network", message);
            return None;
        }
    }
    let trace = match fields.node("trace") {
        None => Some(TraceSource::Example),
        Some(Node {
            raw: Raw::Table(table),
            place,
        }) => {
            let mut inner = Fields::new(table, "trace", *place, fields.report);
            let trace = trace(&mut inner, folder);
            inner.finish();
            trace
        }
        Some(node) => {
            fields.wrong(
                "trace",
                format!("trace: found {}, expected a table", node.found()),
            );
            None
        }
    };
    complete.then_some(())?;
    Some(Subject::Statesim(StatesimSubject {
        parameters,
        networks,
        trace: trace?,
        place,
    }))
}

const SEED: Form = Form::Count {
    min: 0,
    max: u64::MAX,
    or: None,
};

fn network(fields: &mut Fields<'_, '_, '_>, folder: &Path) -> Option<NetworkSource> {
    let kind = fields.read(
        "generate",
        Form::Word(&["iiot", "urban-sensing", "example"]),
    );
    let seed = fields.read("seed", SEED);
    let files = fields.texts("files", "the path of files");
    if fields.has("generate") == fields.has("files") {
        let message = format!("{} needs either `generate` or `files`", fields.path);
        fields.report.wrong(fields.place, message);
        return None;
    }
    if let Some(files) = files {
        if fields.has("seed") {
            fields.wrong("seed", "seed: goes with `generate` only");
        }
        let files: Vec<_> = files.into_iter().map(|(text, _)| text).collect();
        let files = match files.as_slice() {
            [prefix] => {
                ["nodes", "links", "edges"].map(|kind| folder.join(format!("{prefix}.{kind}")))
            }
            [nodes, links, edges] => [nodes, links, edges].map(|path| folder.join(path)),
            other => {
                let message = format!(
                    "files: found {} paths, expected that before .nodes, .links and .edges, or all three",
                    other.len()
                );
                fields.wrong("files", message);
                return None;
            }
        };
        return Some(NetworkSource::Files(files));
    }
    let seed = match seed {
        Some(Datum::Count(seed)) => seed,
        _ => 1,
    };
    match kind? {
        Datum::Word("example") => Some(NetworkSource::Example),
        Datum::Word(kind) => Some(NetworkSource::Generated { kind, seed }),
        _ => None,
    }
}

fn trace(fields: &mut Fields<'_, '_, '_>, folder: &Path) -> Option<TraceSource> {
    let jobs = fields.read(
        "generate",
        Form::Count {
            min: 1,
            max: 10_000_000,
            or: None,
        },
    );
    let seed = fields.read("seed", SEED);
    let file = fields.text("file", "the path of a file");
    let layout = fields.read("layout", Form::Word(&["spar", "alibaba"]));
    if fields.has("generate") == fields.has("file") {
        let message = "trace needs either `generate`, a number of jobs, or `file`";
        fields.report.wrong(fields.place, message);
        return None;
    }
    if let Some(file) = file {
        if fields.has("seed") {
            fields.wrong("seed", "seed: goes with `generate` only");
        }
        let layout = match layout {
            Some(Datum::Word("alibaba")) => Layout::Alibaba,
            _ => Layout::Spar,
        };
        return Some(TraceSource::File {
            path: folder.join(file),
            layout,
        });
    }
    if fields.has("layout") {
        fields.wrong("layout", "layout: goes with `file` only");
    }
    let seed = match seed {
        Some(Datum::Count(seed)) => seed,
        _ => 1,
    };
    match jobs? {
        Datum::Count(jobs) => Some(TraceSource::Generated { jobs, seed }),
        _ => None,
    }
}

/// Looks at every point; what is wrong is reported at the value of the axis.
pub(super) fn check(plan: &Plan, report: &mut Report<'_>) {
    let before = report.is_clean();
    match &plan.subject {
        Subject::Scenario(subject) => {
            let mut seen = BTreeSet::new();
            for number in 0..plan.points.len() {
                subject.check(plan, number, &mut seen, report);
            }
        }
        Subject::Statesim(subject) => {
            for number in 0..plan.points.len() {
                subject.at(plan, number, report);
            }
        }
    }
    if before && report.is_clean() {
        check_metrics(plan, report);
    }
}

/// Whether the metrics exist that the study names.
fn check_metrics(plan: &Plan, report: &mut Report<'_>) {
    let known = plan.subject.metrics();
    let names = || known.iter().map(|metric| metric.name);
    let exists = |selector: &super::Selector| names().any(|name| name == selector.metric);
    let kept_exist = plan.metrics.iter().all(exists);
    let mut check = |selector: &super::Selector| {
        let place = selector.place;
        if !names().any(|name| name == selector.metric) {
            let hint = hint(&selector.metric, names());
            let message = format!("unknown metric `{}`{hint}", quote(&selector.metric));
            report.wrong(place, message);
        } else if kept_exist
            && !plan.metrics.is_empty()
            && !plan
                .metrics
                .iter()
                .any(|kept| kept.metric == selector.metric)
        {
            let message = format!(
                "metric `{}` is not among `metrics`",
                quote(&selector.metric)
            );
            report.wrong(place, message);
        }
    };
    for selector in plan.metrics.iter().chain(&plan.replications.of) {
        check(selector);
    }
    for figure in &plan.figures {
        check(&figure.metric);
    }
    for finding in &plan.findings {
        check(&finding.metric);
    }
}

impl Subject {
    /// All metrics that it can report.
    pub(crate) fn metrics(&self) -> &'static [&'static analysis::Metric] {
        match self {
            Self::Scenario(_) => crate::world::METRICS,
            Self::Statesim(_) => crate::sweep::statesim::METRICS,
        }
    }
}

impl ScenarioSubject {
    /// The scenario of a point.
    pub(crate) fn at(&self, plan: &Plan, number: usize) -> Result<Scenario, Vec<(Place, String)>> {
        let mut scenario = self.base.clone();
        let mut wrong = Vec::new();
        for (key, node) in self.changes(plan, number) {
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
    ) {
        let wrong = match self.at(plan, number).map(|scenario| scenario.resolve()) {
            Ok(Ok(_)) => return,
            Err(wrong) => {
                for (place, message) in wrong {
                    if seen.insert(message.clone()) {
                        report.wrong(place, message);
                    }
                }
                return;
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
}

impl StatesimSubject {
    /// What is evaluated at a point; `None` if something is wrong, which is reported.
    pub(crate) fn at(
        &self,
        plan: &Plan,
        number: usize,
        report: &mut Report<'_>,
    ) -> Option<Parameters> {
        let mut table = self.parameters.clone();
        for (axis, &item) in plan.axes.iter().zip(&plan.points[number]) {
            for (key, node) in &axis.items[item].changes {
                if PARAMETERS.key(key).is_none() {
                    let hint = hint(key, PARAMETERS.keys.iter().map(|key| key.name));
                    report.wrong(
                        axis.place,
                        format!("unknown parameter `{}`{hint}", quote(key)),
                    );
                    return None;
                }
                table.insert(key, node.clone());
            }
        }
        let mut reader = Reader {
            report,
            folder: Path::new(""),
        };
        let record = reader.record(&PARAMETERS, &table, "parameters", self.place);
        self.parameters(&record, report)
    }

    fn parameters(&self, record: &Record, report: &mut Report<'_>) -> Option<Parameters> {
        let model = match record.maybe_word("model")? {
            "corrected" => Model::Corrected,
            _ => Model::Original,
        };
        let network = match record.names("network") {
            [] => 0,
            names => {
                let name = &names[0];
                let position = self
                    .networks
                    .iter()
                    .position(|(known, _)| *known == name.text);
                if position.is_none() {
                    let hint = hint(
                        &name.text,
                        self.networks.iter().map(|(name, _)| name.as_str()),
                    );
                    let message = format!("no network is called `{}`{hint}", quote(&name.text));
                    report.wrong(name.place, message);
                }
                position?
            }
        };
        let allocations = policies(record, "allocation", report, allocation::by_name, || {
            allocation::ALL.iter().map(|policy| policy.name()).collect()
        });
        let executions = policies(record, "execution", report, execution::by_name, || {
            execution::ALL.iter().map(|policy| policy.name()).collect()
        });
        let mut text = String::new();
        print::body(record, "", &mut text);
        Some(Parameters {
            model,
            network,
            jobs: record.maybe_count("jobs")? as usize,
            functions: record.maybe_count("functions")? as usize,
            factors: Factors {
                operations: record.maybe_number("operations-factor")?,
                argument: record.maybe_number("argument-factor")?,
                state: record.maybe_number("state-factor")?,
            },
            cloud: Cloud {
                latency: record.maybe_duration("cloud-latency")?.as_secs_f64(),
                rate_mbps: record.rate("cloud-rate")?.0 / 1e6,
            },
            allocations: allocations?,
            executions: executions?,
            text,
        })
    }
}

fn policies<P>(
    record: &Record,
    key: &str,
    report: &mut Report<'_>,
    by_name: impl Fn(&str) -> Option<P>,
    known: impl Fn() -> Vec<&'static str>,
) -> Option<Vec<P>> {
    let mut chosen = Vec::new();
    let mut complete = true;
    let mut seen = BTreeSet::new();
    for name in record.names(key) {
        match by_name(&name.text) {
            Some(policy) if seen.insert(&name.text) => chosen.push(policy),
            Some(_) => {}
            None => {
                let hint = hint(&name.text, known());
                let message = format!("{key}: unknown policy `{}`{hint}", quote(&name.text));
                report.wrong(name.place, message);
                complete = false;
            }
        }
    }
    (complete && !chosen.is_empty()).then_some(chosen)
}
