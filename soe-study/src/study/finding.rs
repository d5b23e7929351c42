//! The expected findings of a study.

use super::axis::Axis;
use super::fields::{Fields, tables};
use super::filter::{self, Filter};
use super::selector::Selector;
use scenarios::reader::diagnostic::{hint, quote};
use scenarios::reader::value::{Datum, Form};

/// A claim about a metric: how one value of an axis compares with another, at every
/// combination of the other axes.
#[derive(Clone, Debug)]
pub struct FindingSpec {
    /// A short name.
    pub name: String,
    /// The claim in words.
    pub claim: String,
    /// What is compared; the entity must be given.
    pub metric: Selector,
    /// The axis whose values are compared.
    pub axis: usize,
    /// The value that is compared.
    pub value: usize,
    /// The value it is compared with.
    pub than: usize,
    /// What is claimed.
    pub claimed: Claimed,
    /// With another axis, the claim is about how the ratio of both changes from the
    /// first value of that axis to the last.
    pub along: Option<usize>,
    pub(crate) filters: Vec<Filter>,
}

/// What a finding claims about the metric at one value over that at the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// Less, everywhere.
    Less,
    /// Not more, anywhere.
    NotMore,
    /// Less in some places and more in others.
    Depends,
}

const CLAIMS: [(&str, Claimed); 3] = [
    ("less", Claimed::Less),
    ("not-more", Claimed::NotMore),
    ("depends", Claimed::Depends),
];

impl Claimed {
    pub(super) fn word(self) -> &'static str {
        let mut claims = CLAIMS.iter();
        claims
            .find(|(_, claimed)| *claimed == self)
            .map_or("", |(word, _)| word)
    }
}

/// Reads the list `finding`.
pub(super) fn read(fields: &mut Fields<'_, '_, '_>, axes: &[Axis]) -> Vec<FindingSpec> {
    let mut findings = Vec::new();
    for (table, path, place) in tables(fields, "finding") {
        let mut inner = Fields::new(table, &path, place, fields.report);
        let finding = finding(&mut inner, axes);
        inner.finish();
        findings.extend(finding);
    }
    findings
}

fn finding(fields: &mut Fields<'_, '_, '_>, axes: &[Axis]) -> Option<FindingSpec> {
    for key in ["name", "claim", "metric", "axis", "value", "than"] {
        if !fields.has(key) {
            let message = format!("{} needs `{key}`", fields.path);
            fields.report.wrong(fields.place, message);
        }
    }
    let name = fields.text("name", "a name");
    let claim = fields.text("claim", "a text");
    let metric = fields.text("metric", "a metric of an entity such as latency_mean@all");
    let axis = axis(fields, "axis", axes);
    let value = item(fields, "value", axes, axis);
    let than = item(fields, "than", axes, axis);
    let along = self::axis(fields, "along", axes);
    let is = fields.read("is", Form::Word(&["less", "not-more", "depends"]));
    let filters = filter::list(fields, "where", axes);
    let claimed = match is {
        Some(Datum::Word(word)) => {
            let mut claims = CLAIMS.iter();
            claims.find(|(known, _)| *known == word).map(|(_, it)| *it)
        }
        _ => Some(Claimed::Less),
    };
    let metric = Selector::parse(&metric?, fields.at("metric"));
    if metric.entity.is_none() {
        let message = format!("metric: `{metric}` needs an entity, such as {metric}@all");
        fields.wrong("metric", message);
        return None;
    }
    if along.is_some() && along == axis {
        fields.wrong("along", "along: this axis is the one that is compared");
    }
    Some(FindingSpec {
        name: name?,
        claim: claim?,
        metric,
        axis: axis?,
        value: value?,
        than: than?,
        claimed: claimed?,
        along,
        filters,
    })
}

fn axis(fields: &mut Fields<'_, '_, '_>, key: &'static str, axes: &[Axis]) -> Option<usize> {
    let name = fields.text(key, "the name of an axis")?;
    let position = axes.iter().position(|axis| axis.name == name);
    if position.is_none() {
        let hint = hint(&name, axes.iter().map(|axis| axis.name.as_str()));
        let message = format!("{key}: no axis is called `{}`{hint}", quote(&name));
        fields.wrong(key, message);
    }
    position
}

fn item(
    fields: &mut Fields<'_, '_, '_>,
    key: &'static str,
    axes: &[Axis],
    axis: Option<usize>,
) -> Option<usize> {
    let label = fields.text(key, "a value of the axis")?;
    let items = &axes[axis?].items;
    let position = items.iter().position(|item| item.label == label);
    if position.is_none() {
        let hint = hint(&label, items.iter().map(|item| item.label.as_str()));
        let message = format!("{key}: the axis has no value `{}`{hint}", quote(&label));
        fields.wrong(key, message);
    }
    position
}
