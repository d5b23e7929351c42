//! The expected findings of a study.

use scenarios::reader::diagnostic::{Report, hint, quote};
use scenarios::reader::record::Record;
use scenarios::reader::section::{Default, Form, Key, Section, When};

use super::axis::{self, Axis};
use super::filter::{self, Filter};
use super::selector::Selector;

/// A table `[[finding]]`.
pub(super) static SECTION: Section = Section {
    path: "finding",
    help: "A claim about two values of an axis, checked at every combination of values of the \
           other axes. The test uses the ratio of the means of a metric, paired by replication, \
           with its 95 % interval.",
    keys: &[
        Key {
            name: "name",
            form: Form::Text("a name"),
            default: Default::Mandatory,
            when: When::Always,
            help: "A short name.",
        },
        Key {
            name: "claim",
            form: Form::Text("a text"),
            default: Default::Mandatory,
            when: When::Always,
            help: "The claim in words.",
        },
        Key {
            name: "metric",
            form: Form::Text("a metric of an entity such as latency_mean@all"),
            default: Default::Mandatory,
            when: When::Always,
            help: "The metric of one entity that is compared.",
        },
        Key {
            name: "axis",
            form: Form::Name("axis"),
            default: Default::Mandatory,
            when: When::Always,
            help: "The axis whose two values are compared.",
        },
        Key {
            name: "value",
            form: Form::Text("a value of the axis"),
            default: Default::Mandatory,
            when: When::Always,
            help: "The label of the first value.",
        },
        Key {
            name: "than",
            form: Form::Text("a value of the axis"),
            default: Default::Mandatory,
            when: When::Always,
            help: "The label of the second value, the reference.",
        },
        Key {
            name: "is",
            form: Form::Word(&["less", "not-more", "depends"]),
            default: Default::Value("less"),
            when: When::Always,
            help: "The claim: significantly less at every combination, nowhere significantly more, \
                   or significantly less at some combinations and more at others.",
        },
        Key {
            name: "along",
            form: Form::Name("axis"),
            default: Default::Unused,
            when: When::Always,
            help: "Another axis: the claim is then about the change of the ratio from its first to \
                   its last value.",
        },
        Key {
            name: "where",
            form: filter::CONDITIONS,
            default: Default::Unused,
            when: When::Always,
            help: "Conditions on the points, as in `filter`.",
        },
    ],
};

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
    /// The axis whose two values are compared.
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

/// The findings of a study.
pub(super) fn resolve(study: &Record, axes: &[Axis], report: &mut Report<'_>) -> Vec<FindingSpec> {
    let findings = study.records("finding").iter();
    findings
        .filter_map(|(_, record)| finding(record, axes, report))
        .collect()
}

fn finding(record: &Record, axes: &[Axis], report: &mut Report<'_>) -> Option<FindingSpec> {
    let axis = axis::named(record, "axis", axes, report);
    let value = item(record, "value", axes, axis, report);
    let than = item(record, "than", axes, axis, report);
    let along = axis::named(record, "along", axes, report);
    let filters = filter::list(record, "where", axes, report);
    let word = record.word("is");
    let claimed = CLAIMS.iter().find(|(known, _)| *known == word);
    let metric = Selector::parse(record.text("metric")?, record.at("metric"));
    if metric.entity.is_none() {
        let message = format!("`{metric}` needs an entity, such as {metric}@all");
        record.wrong("metric", message, report);
        return None;
    }
    if along.is_some() && along == axis {
        let message = "this is the axis that is compared";
        record.wrong("along", message, report);
    }
    Some(FindingSpec {
        name: record.text("name")?.to_owned(),
        claim: record.text("claim")?.to_owned(),
        metric,
        axis: axis?,
        value: value?,
        than: than?,
        claimed: claimed?.1,
        along,
        filters,
    })
}

fn item(
    record: &Record,
    key: &str,
    axes: &[Axis],
    axis: Option<usize>,
    report: &mut Report<'_>,
) -> Option<usize> {
    let label = record.text(key)?;
    let items = &axes[axis?].items;
    let position = items.iter().position(|item| item.label == label);
    if position.is_none() {
        let hint = hint(label, items.iter().map(|item| item.label.as_str()));
        let message = format!("the axis has no value `{}`{hint}", quote(label));
        record.wrong(key, message, report);
    }
    position
}
