//! The number of replications of each point.

use super::fields::Fields;
use super::selector::{self, Selector};
use scenarios::reader::tree::Raw;
use scenarios::reader::value::{Datum, Form};

/// The most replications of a point.
const MOST: u64 = 1_000_000;

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

/// Reads the key `replications`; without it, as many as the scenario around says, or 10.
pub(super) fn read(
    fields: &mut Fields<'_, '_, '_>,
    of_scenario: Option<u64>,
) -> Option<Replications> {
    const COUNT: Form = Form::Count {
        min: 1,
        max: MOST,
        or: None,
    };
    let Some(node) = fields.node("replications") else {
        let number = of_scenario.filter(|number| (1..=MOST).contains(number));
        return Some(Replications::fixed(number.unwrap_or(10) as u32));
    };
    let Raw::Table(table) = &node.raw else {
        return match fields.read("replications", COUNT)? {
            Datum::Count(number) => Some(Replications::fixed(number as u32)),
            _ => None,
        };
    };
    let mut inner = Fields::new(table, "replications", node.place, fields.report);
    let count = |datum: Option<Datum>| match datum {
        Some(Datum::Count(count)) => Some(count as u32),
        _ => None,
    };
    let min = inner
        .node("min")
        .is_none()
        .then_some(5)
        .or_else(|| count(inner.read("min", COUNT)));
    let max = count(inner.need("max", COUNT));
    let form = Form::Number { min: 0.0, max: 1.0 };
    let precision = match inner.need("precision", form) {
        Some(Datum::Number(precision)) if precision > 0.0 => Some(precision),
        Some(_) => {
            inner.wrong("precision", "precision: must be more than 0");
            None
        }
        None => None,
    };
    let of = selector::list(&mut inner, "metrics");
    if !inner.has("metrics") {
        inner.wrong(
            "metrics",
            "replications needs `metrics`, those that must be precise",
        );
    }
    if of.as_ref().is_some_and(Vec::is_empty) {
        inner.wrong("metrics", "metrics: the list is empty");
    }
    let (min, max) = (min?, max?);
    if min < 2 {
        inner.wrong(
            "min",
            "min: a single replication has no interval, at least 2 are needed",
        );
    }
    if min > max {
        inner.wrong("max", format!("max: {max} is less than the minimum, {min}"));
    }
    inner.finish();
    Some(Replications {
        min,
        max,
        precision: Some(precision?),
        of: of?,
    })
}
