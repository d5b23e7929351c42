//! The inputs of StateSim and LambdaMuSim: networks and a trace.

use std::path::{Path, PathBuf};

use scenarios::reader::diagnostic::{Place, Report, hint, quote};
use scenarios::reader::record::Record;
use scenarios::reader::section::{Default, Form, Key, Section, When};
use scenarios::reader::tree::Table;
use statesim::trace::Layout;

/// The inputs and parameters of a StateSim study.
#[derive(Clone, Debug)]
pub struct StatesimSubject {
    pub(crate) parameters: Table,
    pub(crate) networks: Vec<(String, NetworkSource)>,
    pub(crate) trace: TraceSource,
    pub(in crate::study) place: Place,
}

/// The inputs and parameters of a LambdaMuSim study.
#[derive(Clone, Debug)]
pub struct LambdamuSubject {
    pub(crate) parameters: Table,
    pub(crate) networks: Vec<(String, NetworkSource)>,
    pub(crate) trace: TraceSource,
    pub(in crate::study) place: Place,
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

const SEED: Key = Key {
    name: "seed",
    form: Form::Count {
        min: 0,
        max: u64::MAX,
        or: None,
    },
    default: Default::Value("1"),
    when: When::With("generate"),
    help: "The seed of the generator.",
};

/// A table `[network.NAME]`.
pub(in crate::study) static NETWORK: Section = Section {
    path: "network.NAME",
    help: "A network, generated or from files.",
    keys: &[
        Key {
            name: "generate",
            form: Form::Word(&["iiot", "urban-sensing", EXAMPLE]),
            default: Default::Absent("`files` instead"),
            when: When::Always,
            help: "The network to generate; the example is always the same, a small city for StateSim \
                   and a city of ten cells for LambdaMuSim.",
        },
        SEED,
        Key {
            name: "files",
            form: Form::Texts("the path of files"),
            default: Default::Absent("`generate` instead"),
            when: When::Without(&["generate"]),
            help: "The common prefix of the three files, to which .nodes, .links and .edges are \
                   appended, or the three paths in this order.",
        },
    ],
};

/// The table `[trace]`.
pub(in crate::study) static TRACE: Section = Section {
    path: "trace",
    help: "The jobs of StateSim or the applications of LambdaMuSim, generated or from a file.",
    keys: &[
        Key {
            name: "generate",
            form: Form::Count {
                min: 1,
                max: 10_000_000,
                or: None,
            },
            default: Default::Absent("`file` instead"),
            when: When::Always,
            help: "The number of jobs or applications to generate.",
        },
        SEED,
        Key {
            name: "file",
            form: Form::Text("the path of a file"),
            default: Default::Absent("`generate` instead"),
            when: When::Without(&["generate"]),
            help: "A trace of tasks, or the accesses of applications as `soe trace blob convert` writes \
                   them.",
        },
        Key {
            name: "layout",
            form: Form::Word(&["spar", "alibaba"]),
            default: Default::Value("spar"),
            when: When::With("file"),
            help: "The layout of a trace of tasks: that of Spar, or that of the published trace.",
        },
    ],
};

/// The word for the network that is always the same.
const EXAMPLE: &str = "example";

/// The inputs and parameters of StateSim that a study names.
pub(in crate::study) fn statesim(
    study: &Record,
    folder: &Path,
    report: &mut Report<'_>,
) -> Option<StatesimSubject> {
    let (networks, trace) = inputs(study, folder, report)?;
    Some(StatesimSubject {
        parameters: study.table("parameters")?.clone(),
        networks,
        trace,
        place: study.at("parameters"),
    })
}

/// The inputs and parameters of LambdaMuSim that a study names.
pub(in crate::study) fn lambdamu(
    study: &Record,
    folder: &Path,
    report: &mut Report<'_>,
) -> Option<LambdamuSubject> {
    let (networks, trace) = inputs(study, folder, report)?;
    Some(LambdamuSubject {
        parameters: study.table("placement")?.clone(),
        networks,
        trace,
        place: study.at("placement"),
    })
}

type Networks = Vec<(String, NetworkSource)>;

fn inputs(
    study: &Record,
    folder: &Path,
    report: &mut Report<'_>,
) -> Option<(Networks, TraceSource)> {
    let mut networks = Vec::new();
    let mut complete = !study.is_wrong("network") && !study.is_wrong("trace");
    if study.given("network").is_none() {
        networks.push((EXAMPLE.to_owned(), NetworkSource::Example));
    }
    for (name, record) in study.records("network") {
        let source = network(record, folder, report);
        complete &= source.is_some();
        networks.extend(source.map(|source| (name.text.clone(), source)));
    }
    let trace = match study.records("trace").first() {
        None => Some(TraceSource::Example),
        Some((_, record)) => trace(record, folder, report),
    };
    complete.then_some(())?;
    Some((networks, trace?))
}

fn network(record: &Record, folder: &Path, report: &mut Report<'_>) -> Option<NetworkSource> {
    if record.given("generate").is_some() {
        return match record.maybe_word("generate")? {
            EXAMPLE => Some(NetworkSource::Example),
            kind => Some(NetworkSource::Generated {
                kind,
                seed: record.maybe_count("seed")?,
            }),
        };
    }
    if record.given("files").is_none() {
        let message = format!("{} needs either `generate` or `files`", record.called());
        report.wrong(record.place, message);
        return None;
    }
    let paths: Vec<_> = record.maybe_names("files")?.iter().collect();
    let files = match paths.as_slice() {
        [prefix] => {
            ["nodes", "links", "edges"].map(|kind| folder.join(format!("{}.{kind}", prefix.text)))
        }
        [nodes, links, edges] => [nodes, links, edges].map(|path| folder.join(&path.text)),
        other => {
            let message = format!(
                "found {} paths, expected one prefix, or three paths for .nodes, .links and .edges",
                other.len()
            );
            record.wrong("files", message, report);
            return None;
        }
    };
    Some(NetworkSource::Files(files))
}

/// Which of the networks of the study a record of parameters names; the first if it names
/// none. `None` if there is no such network, which is reported.
pub(in crate::study) fn position(
    record: &Record,
    networks: &[&str],
    report: &mut Report<'_>,
) -> Option<usize> {
    let Some(name) = record.names("network").first() else {
        return Some(0);
    };
    let position = networks.iter().position(|known| *known == name.text);
    if position.is_none() {
        let hint = hint(&name.text, networks.iter().copied());
        let message = format!("no network is called `{}`{hint}", quote(&name.text));
        report.wrong(name.place, message);
    }
    position
}

fn trace(record: &Record, folder: &Path, report: &mut Report<'_>) -> Option<TraceSource> {
    if record.given("generate").is_some() {
        return Some(TraceSource::Generated {
            jobs: record.maybe_count("generate")?,
            seed: record.maybe_count("seed")?,
        });
    }
    if record.given("file").is_none() {
        let called = record.called();
        let message = format!("{called} needs either `generate`, a number of jobs, or `file`");
        report.wrong(record.place, message);
        return None;
    }
    Some(TraceSource::File {
        path: folder.join(record.text("file")?),
        layout: match record.word("layout") {
            "alibaba" => Layout::Alibaba,
            _ => Layout::Spar,
        },
    })
}
