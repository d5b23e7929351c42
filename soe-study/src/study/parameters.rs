//! The parameters of StateSim.

use std::collections::BTreeSet;

use scenarios::reader::diagnostic::{Report, hint, quote};
use scenarios::reader::print;
use scenarios::reader::record::Record;
use scenarios::reader::section::{Default, Form, Key, Section, When};
use statesim::allocation::{self, AllocationPolicy};
use statesim::execution::{self, ExecutionPolicy};
use statesim::{Cloud, Factors, Model};

use super::subject::statesim::position;

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
pub(super) static PARAMETERS: Section = Section {
    path: "parameters",
    help: "The parameters of StateSim.",
    keys: &[
        key(
            "model",
            Form::Word(&["original", "corrected"]),
            "original",
            "The model: with the defects of the original, or with all of them corrected.",
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
            "The number of jobs in a replication.",
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
            "Operations for each second of duration on a full core.",
        ),
        key(
            "argument-factor",
            FACTOR,
            "1000000",
            "Bytes of argument for each unit of memory.",
        ),
        key(
            "state-factor",
            FACTOR,
            "1000000",
            "Bytes of state for each unit of memory.",
        ),
        key(
            "cloud-latency",
            Form::Duration { or: None },
            "60 ms",
            "The one-way latency to the cloud.",
        ),
        key(
            "cloud-rate",
            Form::Rate { or: None },
            "50 Mb/s",
            "The rate to and from the cloud.",
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

impl Parameters {
    /// Whatever reports metrics: the names of all pairs of policies, in the order in which they
    /// are evaluated.
    pub(crate) fn entities(&self) -> Vec<String> {
        let allocations = self.allocations.iter();
        let pairs = allocations.flat_map(|allocation| {
            let executions = self.executions.iter();
            executions.map(move |execution| format!("{}/{}", allocation.name(), execution.name()))
        });
        pairs.collect()
    }
}

/// What a record of parameters says, for the networks of these names; `None` if something is
/// wrong, which is reported.
pub(super) fn resolve(
    record: &Record,
    networks: &[&str],
    report: &mut Report<'_>,
) -> Option<Parameters> {
    let model = match record.maybe_word("model")? {
        "corrected" => Model::Corrected,
        _ => Model::Original,
    };
    let network = position(record, networks, report)?;
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
