//! Axes: the varied parameters and their values.

mod values;

use std::path::Path;

use scenarios::reader::diagnostic::{Place, Report, hint, quote};
use scenarios::reader::read::Reader;
use scenarios::reader::record::Record;
use scenarios::reader::section::{Default, Form, Key, Section, When};
use scenarios::reader::tree::{Node, Raw, Table};

use super::scale::{LOGARITHMIC, SCALE};

/// The most values of an axis.
const MOST_ITEMS: u64 = 100_000;

/// The name in figures of a metric's own axis.
pub(super) const WITHIN: &str = "within";

/// Columns of tables beside which axes stand, and what figures call the axis of a metric.
const RESERVED: [&str; 7] = [
    "point",
    "replication",
    "metric",
    "entity",
    "unit",
    "value",
    WITHIN,
];

const KEY: &str = "a key such as client.NAME.arrivals.rate";

/// A table `[[axis]]`.
pub(super) static SECTION: Section = Section {
    path: "axis",
    help: "An axis: a key and its values, as a list or as a range. Without `key` and `keys`, each \
           value has its own table of keys, `set`.",
    keys: &[
        Key {
            name: "name",
            form: Form::Text("a name"),
            default: Default::Absent("the last part of the first key"),
            when: When::Always,
            help: "The name used in tables and filters.",
        },
        Key {
            name: "label",
            form: Form::Text("a text"),
            default: Default::Absent("the name"),
            when: When::Always,
            help: "The label in figures, also those of `soe plot` and `soe report`.",
        },
        Key {
            name: "key",
            form: Form::Text(KEY),
            default: Default::Unused,
            when: When::Always,
            help: "The key that is varied: a key of the scenario or a parameter of StateSim.",
        },
        Key {
            name: "keys",
            form: Form::Texts(KEY),
            default: Default::Unused,
            when: When::Without(&["key"]),
            help: "Several keys that change together: each value is a list with one value for each \
                   key, or a single value for all.",
        },
        Key {
            name: "values",
            form: Form::Values(&CASE),
            default: Default::Absent("a range"),
            when: When::Always,
            help: "The values, written as in a scenario.",
        },
        Key {
            name: "from",
            form: NUMBER,
            default: Default::Unused,
            when: When::Without(&["values"]),
            help: "The first number of a range.",
        },
        Key {
            name: "to",
            form: NUMBER,
            default: Default::Unused,
            when: When::Without(&["values"]),
            help: "The last number of a range.",
        },
        Key {
            name: "steps",
            form: Form::Count {
                min: 2,
                max: MOST_ITEMS,
                or: None,
            },
            default: Default::Unused,
            when: When::Without(&["values"]),
            help: "The number of values in the range, including both ends.",
        },
        Key {
            name: "spacing",
            form: SCALE,
            default: Default::Value("linear"),
            when: When::Without(&["values"]),
            help: "Whether adjacent numbers of the range have the same difference or the same \
                   ratio.",
        },
        Key {
            name: "unit",
            form: Form::Text("a unit such as \"ms\""),
            default: Default::Unused,
            when: When::Without(&["values"]),
            help: "The unit of the numbers of the range.",
        },
        Key {
            name: "whole",
            form: Form::Flag,
            default: Default::Value("false"),
            when: When::Without(&["values"]),
            help: "Whether the numbers of a range are rounded to whole ones.",
        },
        Key {
            name: "labels",
            form: Form::Texts("a text"),
            default: Default::Absent("the values as written"),
            when: When::Always,
            help: "The labels of the values.",
        },
        Key {
            name: "scale",
            form: SCALE,
            default: Default::Absent("that of `spacing`"),
            when: When::Always,
            help: "The scale of the axis in figures.",
        },
    ],
};

const NUMBER: Form = Form::Number {
    min: f64::MIN,
    max: f64::MAX,
};

/// A value of an axis without keys.
static CASE: Section = Section {
    path: "axis.values",
    help: "A value of an axis that has neither `key` nor `keys`. Leave out of the base scenario \
           every key that only some values set.",
    keys: &[
        Key {
            name: "label",
            form: Form::Text("a text"),
            default: Default::Mandatory,
            when: When::Always,
            help: "The label of the value.",
        },
        Key {
            name: "set",
            form: Form::Changes("a table of keys and their values"),
            default: Default::Mandatory,
            when: When::Always,
            help: "Keys of the scenario or parameters of StateSim, and their values.",
        },
    ],
};

/// One thing that is varied.
#[derive(Clone, Debug)]
pub struct Axis {
    /// By what the tables and filters call it.
    pub name: String,
    /// What figures write beside it.
    pub label: String,
    /// The unit of its numbers; empty without unit, or if they are not numbers.
    pub unit: String,
    /// Whether figures show it on a logarithmic scale.
    pub logarithmic: bool,
    /// Its values.
    pub items: Vec<Item>,
    pub(crate) place: Place,
}

/// One value of an axis.
#[derive(Clone, Debug)]
pub struct Item {
    /// How tables and figures call it.
    pub label: String,
    /// As a number, if all values of the axis are numbers of the same unit.
    pub number: Option<f64>,
    /// Keys and what they are set to.
    pub(crate) changes: Vec<(String, Node)>,
    pub(crate) place: Place,
}

impl Axis {
    /// Whether it changes a key.
    pub(crate) fn changes(&self, key: &str) -> bool {
        let mut changes = self.items.iter().flat_map(|item| &item.changes);
        changes.any(|(known, _)| known == key)
    }

    /// A key that it changes and one of the other, if one lies within the other: which of
    /// the two would hold?
    fn meets<'a>(&'a self, other: &'a Self) -> Option<(&'a str, &'a str)> {
        let keys = |axis: &'a Self| {
            let changes = axis.items.iter().flat_map(|item| &item.changes);
            changes.map(|(key, _)| key.as_str())
        };
        keys(self).find_map(|own| {
            let known = keys(other).find(|known| is_within(own, known) || is_within(known, own));
            known.map(|known| (own, known))
        })
    }

    /// Whether all values are numbers.
    pub fn is_numeric(&self) -> bool {
        self.items.iter().all(|item| item.number.is_some())
    }
}

/// Whether a key is the other, or one inside it.
fn is_within(key: &str, outer: &str) -> bool {
    let rest = key.strip_prefix(outer);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The axes of a study; `None` if something is wrong with one of them.
pub(super) fn resolve(study: &Record, report: &mut Report<'_>) -> Option<Vec<Axis>> {
    let mut axes: Vec<Axis> = Vec::new();
    let mut complete = !study.is_wrong("axis");
    for (_, record) in study.records("axis") {
        let Some(axis) = axis(record, report) else {
            complete = false;
            continue;
        };
        if axes.iter().any(|known| known.name == axis.name) {
            let message = format!(
                "two axes are called `{}`, set a different `name`",
                quote(&axis.name)
            );
            report.wrong(record.place, message);
        }
        if let Some((key, other)) = axes.iter().find_map(|known| axis.meets(known)) {
            let (key, other) = (quote(key), quote(other));
            let message = match key == other {
                true => format!("two axes change `{key}`"),
                false => format!("two axes change overlapping keys: `{other}` and `{key}`"),
            };
            report.wrong(axis.place, message);
        }
        axes.push(axis);
    }
    complete.then_some(axes)
}

/// Which axis a key names, if it was given and there is one of that name.
pub(super) fn named(
    record: &Record,
    key: &str,
    axes: &[Axis],
    report: &mut Report<'_>,
) -> Option<usize> {
    let [name] = record.names(key) else {
        return None;
    };
    let position = axes.iter().position(|axis| axis.name == name.text);
    if position.is_none() {
        let hint = hint(&name.text, axes.iter().map(|axis| axis.name.as_str()));
        let message = format!("no axis is called `{}`{hint}", quote(&name.text));
        record.wrong(key, message, report);
    }
    position
}

fn axis(record: &Record, report: &mut Report<'_>) -> Option<Axis> {
    let keys = keys(record, report)?;
    let values = values::resolve(record, report)?;
    let mut items = Vec::new();
    for node in &values.nodes {
        items.push(item(record, &keys, node, report)?);
    }
    if let Some(labels) = record.maybe_names("labels") {
        if labels.len() != items.len() {
            let number = |count: usize, what: &str| match count {
                1 => format!("1 {what}"),
                count => format!("{count} {what}s"),
            };
            let (labels, values) = (number(labels.len(), "label"), number(items.len(), "value"));
            report.wrong(record.at("labels"), format!("found {labels} for {values}"));
            return None;
        }
        for (item, label) in items.iter_mut().zip(labels) {
            item.label.clone_from(&label.text);
        }
    }
    let unit = measure(&mut items);
    for (number, item) in items.iter().enumerate() {
        if items[..number]
            .iter()
            .any(|known| known.label == item.label || is_same_number(known, item))
        {
            let message = format!("the value `{}` appears twice", quote(&item.label));
            report.wrong(item.place, message);
        }
    }
    let name = name(record, &keys, report)?;
    Some(Axis {
        label: record.text("label").unwrap_or(&name).to_owned(),
        name,
        unit,
        logarithmic: match record.maybe_word("scale") {
            Some(scale) => scale == LOGARITHMIC,
            None => values.logarithmic,
        },
        items,
        place: match record.given("keys") {
            Some(place) => place,
            None => record.at("key"),
        },
    })
}

/// Whether two values are the same number written in two ways, such as 1 and 1.0.
fn is_same_number(one: &Item, other: &Item) -> bool {
    one.number.is_some() && one.number == other.number
}

/// The keys that it changes, if its values do not say that themselves.
fn keys(record: &Record, report: &mut Report<'_>) -> Option<Vec<String>> {
    if record.is_wrong("key") || record.is_wrong("keys") {
        return None;
    }
    if let Some(key) = record.text("key") {
        return Some(vec![key.to_owned()]);
    }
    let keys = record.names("keys");
    for (number, key) in keys.iter().enumerate() {
        if keys[..number].iter().any(|known| known.text == key.text) {
            let (path, text) = (record.path_of("keys"), quote(&key.text));
            report.wrong(key.place, format!("{path}: `{text}` appears twice"));
        }
    }
    Some(keys.iter().map(|key| key.text.clone()).collect())
}

fn name(record: &Record, keys: &[String], report: &mut Report<'_>) -> Option<String> {
    let of_key = || keys.first().map(|key| last_part(key));
    let name = record.text("name").map(str::to_owned).or_else(of_key);
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        let message = format!("{} needs `name`, a name", record.called());
        report.wrong(record.place, message);
        return None;
    };
    let is_taken = RESERVED.contains(&name.as_str());
    if is_taken || name.contains(char::is_control) {
        let why = match is_taken {
            true => "tables and figures use this name; set a different `name`",
            false => "a name is one line",
        };
        let message = format!("an axis cannot be called `{}`: {why}", quote(&name));
        report.wrong(record.place, message);
    }
    Some(name)
}

fn item(record: &Record, keys: &[String], node: &Node, report: &mut Report<'_>) -> Option<Item> {
    let place = node.place;
    let label = |node: &Node| match &node.raw {
        Raw::Text(text) => text.clone(),
        raw => raw.toml(),
    };
    let changes = match (keys, &node.raw) {
        ([], Raw::Table(table)) => return case(record, table, place, report),
        ([], _) => {
            let message = format!(
                "{} needs `key`, `keys`, or values with `label` and `set`",
                record.called()
            );
            report.wrong(record.place, message);
            return None;
        }
        ([key], _) => vec![(key.clone(), node.clone())],
        (keys, Raw::List(items)) if items.len() == keys.len() => {
            keys.iter().cloned().zip(items.iter().cloned()).collect()
        }
        (keys, Raw::List(items)) => {
            let message = format!("found {} values for {} keys", items.len(), keys.len());
            report.wrong(place, message);
            return None;
        }
        (keys, _) => keys.iter().map(|key| (key.clone(), node.clone())).collect(),
    };
    let label = match &node.raw {
        Raw::List(items) if keys.len() > 1 => {
            items.iter().map(label).collect::<Vec<_>>().join(", ")
        }
        _ => label(node),
    };
    Some(Item {
        label,
        number: None,
        changes,
        place,
    })
}

/// A value with its own keys.
fn case(axis: &Record, table: &Table, place: Place, report: &mut Report<'_>) -> Option<Item> {
    let mut reader = Reader {
        report,
        folder: Path::new(""),
    };
    let record = reader.record(&CASE, table, &axis.path_of("values"), place);
    Some(Item {
        label: record.text("label")?.to_owned(),
        number: None,
        changes: changes(record.table("set")?),
        place,
    })
}

/// The keys of a table, those of inner tables written with points; keys in quotes may
/// have points themselves.
pub(super) fn changes(table: &Table) -> Vec<(String, Node)> {
    let entries = table.entries.iter();
    entries
        .map(|entry| (entry.key.clone(), entry.node.clone()))
        .collect()
}

fn last_part(key: &str) -> String {
    let part = key.rsplit('.').next().unwrap_or(key);
    part.trim_matches(['"', '\'']).to_owned()
}

/// Reads the labels as numbers, if all are, with the same unit, which is returned.
fn measure(items: &mut [Item]) -> String {
    let parts = |label: &str| {
        let label = label.trim();
        let end = label.find(|c: char| !(c.is_ascii_digit() || "+-.eE_".contains(c)));
        let (number, unit) = label.split_at(end.unwrap_or(label.len()));
        let number: f64 = number.trim().replace('_', "").parse().ok()?;
        number.is_finite().then(|| (number, unit.trim().to_owned()))
    };
    let measured: Option<Vec<_>> = items.iter().map(|item| parts(&item.label)).collect();
    let Some(measured) = measured else {
        return String::new();
    };
    let unit = measured
        .first()
        .map(|(_, unit)| unit.clone())
        .unwrap_or_default();
    if measured.iter().any(|(_, other)| *other != unit) {
        return String::new();
    }
    for (item, (number, _)) in items.iter_mut().zip(measured) {
        item.number = Some(number);
    }
    unit
}
