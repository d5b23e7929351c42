//! The number of replications of each point.

use scenarios::reader::diagnostic::Report;
use scenarios::reader::record::{Datum, Record};
use scenarios::reader::section::{Default, Form, Key, Section, When};

use super::selector::{self, Selector};

/// The maximum number of replications of a point.
pub(super) const MOST: u64 = 1_000_000;
/// How many there are where nothing says otherwise.
pub(super) const DEFAULT: &str = "10";

const COUNT: Form = Form::Count {
    min: 1,
    max: MOST,
    or: None,
};

/// The table `replications`.
pub(super) static SECTION: Section = Section {
    path: "replications",
    help: "The precision to reach: each point is repeated until the half-width of the 95 % \
           interval is small enough for every metric listed.",
    keys: &[
        Key {
            name: "min",
            form: COUNT,
            default: Default::Value("5"),
            when: When::Always,
            help: "The minimum number of replications of a point, at least 2.",
        },
        Key {
            name: "max",
            form: COUNT,
            default: Default::Mandatory,
            when: When::Always,
            help: "The maximum number of replications of a point.",
        },
        Key {
            name: "precision",
            form: Form::Number { min: 0.0, max: 1.0 },
            default: Default::Mandatory,
            when: When::Always,
            help: "The half-width of the 95 % interval relative to the mean, more than 0.",
        },
        Key {
            name: "metrics",
            form: Form::Texts("the name of a metric that must be precise"),
            default: Default::Mandatory,
            when: When::Always,
            help: "The metrics that must be precise.",
        },
    ],
};

/// How often each point is repeated: a fixed number, or until precise.
#[derive(Clone, Debug, PartialEq)]
pub struct Replications {
    /// No fewer than this.
    pub min: u32,
    /// No more than this.
    pub max: u32,
    /// Stop when the half-width of the 95 % interval is at most this part of the mean,
    /// for all metrics in [`of`](Self::of).
    pub precision: Option<f64>,
    /// The metrics that must be precise.
    pub of: Vec<Selector>,
}

impl Replications {
    /// A fixed number.
    pub fn fixed(number: u32) -> Self {
        Self {
            min: number,
            max: number,
            precision: None,
            of: Vec::new(),
        }
    }

    /// The number of replications after which precision is checked again, once `done` were
    /// not enough: a quarter more, so that few are run in vain.
    pub(crate) fn next(&self, done: u32) -> u32 {
        (done + done.div_ceil(4).max(1)).min(self.max)
    }
}

/// The key `replications` of a study; without it, as many as the scenario around says, or 10.
pub(super) fn resolve(
    study: &Record,
    of_scenario: Option<u64>,
    report: &mut Report<'_>,
) -> Option<Replications> {
    match study.get("replications") {
        Some(Datum::Count(number)) => Some(Replications::fixed(*number as u32)),
        Some(Datum::Records(tables)) => until_precise(&tables.first()?.1, report),
        Some(_) => None,
        None if study.is_wrong("replications") => None,
        None => {
            let number = of_scenario.filter(|number| (1..=MOST).contains(number));
            let number = number.or_else(|| DEFAULT.parse().ok())?;
            Some(Replications::fixed(number as u32))
        }
    }
}

fn until_precise(record: &Record, report: &mut Report<'_>) -> Option<Replications> {
    let (min, max) = (record.maybe_count("min"), record.maybe_count("max"));
    let precision = record.maybe_number("precision");
    let of = selector::list(record, "metrics", report);
    if precision == Some(0.0) {
        record.wrong("precision", "must be more than 0", report);
    }
    if of.as_ref().is_some_and(Vec::is_empty) {
        record.wrong("metrics", "the list is empty", report);
    }
    if min == Some(1) {
        let message = "found 1, expected at least 2: a single replication has no interval";
        record.wrong("min", message, report);
    }
    let (min, max) = (min?, max?);
    if min > max {
        let message = format!("{max} is less than the minimum, {min}");
        record.wrong("max", message, report);
    }
    Some(Replications {
        min: min as u32,
        max: max as u32,
        precision: Some(precision?),
        of: of?,
    })
}
