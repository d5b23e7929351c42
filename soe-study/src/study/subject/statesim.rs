//! Studies of StateSim: networks, traces and parameters.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use statesim::allocation::{self, AllocationPolicy};
use statesim::execution::{self, ExecutionPolicy};
use statesim::trace::Layout;
use statesim::{Cloud, Factors, Model};

use super::super::Plan;
use super::super::fields::Fields;
use super::Subject;
use scenarios::reader::diagnostic::{Place, Report, hint, quote};
use scenarios::reader::print;
use scenarios::reader::section::{Default, Key, Reader, Record, Section, When};
use scenarios::reader::tree::{Node, Raw, Table};
use scenarios::reader::value::{Datum, Form};

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

/// Reads the inputs and parameters of StateSim.
pub(in crate::study) fn statesim(
    fields: &mut Fields<'_, '_, '_>,
    folder: &Path,
) -> Option<Subject> {
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
