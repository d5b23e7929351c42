//! Axes: the varied parameters and their values.

use super::fields::{Fields, tables};
use super::figure::WITHIN;
use scenarios::reader::diagnostic::{Place, quote};
use scenarios::reader::tree::{Node, Raw, Table};
use scenarios::reader::value::{Datum, Form};

/// The most values of an axis.
const MOST_ITEMS: u64 = 100_000;

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

/// One thing that is varied.
#[derive(Clone, Debug)]
pub struct Axis {
    /// By what the tables and filters call it.
    pub name: String,
    /// What figures write beside it.
    pub label: String,
    /// The unit of its numbers; empty if they have none, or are no numbers.
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

/// Reads the list `axis`; nothing if something is wrong with one of them.
pub(super) fn read(fields: &mut Fields<'_, '_, '_>) -> Option<Vec<Axis>> {
    let mut axes: Vec<Axis> = Vec::new();
    let mut complete = true;
    for (table, path, place) in tables(fields, "axis") {
        let mut inner = Fields::new(table, &path, place, fields.report);
        let axis = axis(&mut inner);
        inner.finish();
        let Some(axis) = axis else {
            complete = false;
            continue;
        };
        if axes.iter().any(|known| known.name == axis.name) {
            let message = format!(
                "two axes are called `{}`, give one of them another `name`",
                quote(&axis.name)
            );
            fields.report.wrong(place, message);
        }
        if let Some((key, other)) = axes.iter().find_map(|known| axis.meets(known)) {
            let (key, other) = (quote(key), quote(other));
            let message = match key == other {
                true => format!("two axes change `{key}`"),
                false => format!("two axes change the same: `{other}` and `{key}`"),
            };
            fields.report.wrong(axis.place, message);
        }
        axes.push(axis);
    }
    complete.then_some(axes)
}

fn axis(fields: &mut Fields<'_, '_, '_>) -> Option<Axis> {
    let name = fields.text("name", "a name");
    let label = fields.text("label", "a text");
    let key = fields.text("key", "a key such as client.NAME.arrivals.rate");
    let keys = fields.texts("keys", "a key such as client.NAME.arrivals.rate");
    let labels = fields.texts("labels", "a text");
    let scale = fields.read("scale", Form::Word(&["linear", "logarithmic"]));
    let keys: Vec<String> = match (key, keys) {
        (Some(_), Some(_)) => {
            fields.wrong("keys", "`keys` does not go with `key`");
            fields.know(&["values", "from", "to", "steps", "spacing", "unit", "whole"]);
            return None;
        }
        (Some(key), None) => vec![key],
        (None, Some(keys)) => {
            for (number, (key, place)) in keys.iter().enumerate() {
                if keys[..number].iter().any(|(known, _)| known == key) {
                    let message = format!("keys: `{}` is there twice", quote(key));
                    fields.report.wrong(*place, message);
                }
            }
            keys.into_iter().map(|(key, _)| key).collect()
        }
        (None, None) if fields.has("key") || fields.has("keys") => {
            fields.know(&["values", "from", "to", "steps", "spacing", "unit", "whole"]);
            return None;
        }
        (None, None) => Vec::new(),
    };
    let values = match fields.node("values") {
        Some(node) => {
            for key in ["from", "to", "steps", "spacing", "unit", "whole"] {
                if fields.node(key).is_some() {
                    fields.wrong(key, format!("`{key}` does not go with `values`"));
                }
            }
            list(fields, node)?
        }
        None => range(fields)?,
    };
    let logarithmic = match scale {
        Some(Datum::Word(word)) => word == "logarithmic",
        _ => values.logarithmic,
    };
    let mut items = Vec::new();
    for node in &values.nodes {
        items.push(item(fields, &keys, node)?);
    }
    if let Some(labels) = labels {
        if labels.len() != items.len() {
            let number = |count: usize, what: &str| match count {
                1 => format!("1 {what}"),
                count => format!("{count} {what}s"),
            };
            let (labels, values) = (number(labels.len(), "label"), number(items.len(), "value"));
            let message = format!("found {labels} for {values}");
            fields.wrong("labels", message);
            return None;
        }
        for (item, (label, _)) in items.iter_mut().zip(labels) {
            item.label = label;
        }
    }
    let unit = measure(&mut items);
    for (number, item) in items.iter().enumerate() {
        if items[..number]
            .iter()
            .any(|known| known.label == item.label || is_same_number(known, item))
        {
            let message = format!("the value `{}` is there twice", quote(&item.label));
            fields.report.wrong(item.place, message);
        }
    }
    let name = match name.or_else(|| keys.first().map(|key| last_part(key))) {
        Some(name) if !name.is_empty() => name,
        _ => {
            let message = format!("{} needs `name`, a name", fields.path);
            fields.report.wrong(fields.place, message);
            return None;
        }
    };
    let is_taken = RESERVED.contains(&name.as_str());
    if is_taken || name.contains(char::is_control) {
        let why = match is_taken {
            true => "tables and figures have that already, give it another `name`",
            false => "a name is one line",
        };
        let message = format!("an axis cannot be called `{}`: {why}", quote(&name));
        fields.report.wrong(fields.place, message);
    }
    Some(Axis {
        label: label.unwrap_or_else(|| name.clone()),
        name,
        unit,
        logarithmic,
        items,
        place: match fields.has("keys") {
            true => fields.at("keys"),
            false => fields.at("key"),
        },
    })
}

/// Whether two values are the same number written in two ways, such as 1 and 1.0.
fn is_same_number(one: &Item, other: &Item) -> bool {
    one.number.is_some() && one.number == other.number
}

/// The values of an axis before they are given to keys.
struct Values {
    nodes: Vec<Node>,
    logarithmic: bool,
}

fn list(fields: &mut Fields<'_, '_, '_>, node: &Node) -> Option<Values> {
    let Raw::List(items) = &node.raw else {
        fields.wrong(
            "values",
            format!("values: found {}, expected a list", node.found()),
        );
        return None;
    };
    if items.is_empty() {
        fields.wrong("values", "values: the list is empty");
        return None;
    }
    Some(Values {
        nodes: items.clone(),
        logarithmic: false,
    })
}

fn range(fields: &mut Fields<'_, '_, '_>) -> Option<Values> {
    let (from, to) = (fields.number("from"), fields.number("to"));
    let steps = fields.read(
        "steps",
        Form::Count {
            min: 2,
            max: MOST_ITEMS,
            or: None,
        },
    );
    let spacing = fields.read("spacing", Form::Word(&["linear", "logarithmic"]));
    let unit = fields.text("unit", "a unit such as \"ms\"");
    let whole = fields.read("whole", Form::Flag);
    if !["from", "to", "steps"].iter().all(|key| fields.has(key)) {
        let message = format!(
            "{} needs `values`, or `from`, `to` and `steps`",
            fields.path
        );
        fields.report.wrong(fields.place, message);
        return None;
    }
    let (from, to, Datum::Count(steps)) = (from?, to?, steps?) else {
        return None;
    };
    let logarithmic = matches!(spacing, Some(Datum::Word("logarithmic")));
    if logarithmic && !(from > 0.0 && to > 0.0) {
        fields.wrong("spacing", "spacing: logarithmic needs ends of more than 0");
        return None;
    }
    if from == to {
        fields.wrong("to", "to: must differ from `from`");
        return None;
    }
    let whole = matches!(whole, Some(Datum::Flag(true)));
    let place = fields.place;
    let node = |step: u64| {
        let part = step as f64 / (steps - 1) as f64;
        let number = match step {
            0 => from,
            step if step == steps - 1 => to,
            _ if logarithmic => tidy(from * libm::pow(to / from, part)),
            _ => tidy(from + (to - from) * part),
        };
        let number = if whole { number.round() } else { number };
        let raw = match &unit {
            Some(unit) => Raw::Text(format!("{number} {unit}")),
            None if number.fract() == 0.0 && number.abs() < 1e15 => Raw::Integer(number as i128),
            None => Raw::Float(number),
        };
        Node { place, raw }
    };
    Some(Values {
        nodes: (0..steps).map(node).collect(),
        logarithmic,
    })
}

/// Without the last digits, which are errors of rounding.
fn tidy(number: f64) -> f64 {
    format!("{number:.11e}").parse().unwrap_or(number)
}

fn item(fields: &mut Fields<'_, '_, '_>, keys: &[String], node: &Node) -> Option<Item> {
    let place = node.place;
    let label = |node: &Node| match &node.raw {
        Raw::Text(text) => text.clone(),
        raw => raw.toml(),
    };
    let changes = match (keys, &node.raw) {
        ([], Raw::Table(table)) => return case(fields, table, place),
        ([], _) => {
            let message = format!(
                "{} needs `key`, `keys`, or values with `label` and `set`",
                fields.path
            );
            fields.report.wrong(fields.place, message);
            return None;
        }
        ([key], _) => vec![(key.clone(), node.clone())],
        (keys, Raw::List(items)) if items.len() == keys.len() => {
            keys.iter().cloned().zip(items.iter().cloned()).collect()
        }
        (keys, Raw::List(items)) => {
            let message = format!("there are {} values for {} keys", items.len(), keys.len());
            fields.report.wrong(place, message);
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

/// A value that sets keys of its own.
fn case(fields: &mut Fields<'_, '_, '_>, table: &Table, place: Place) -> Option<Item> {
    let path = format!("{}.values", fields.path);
    let mut inner = Fields::new(table, &path, place, fields.report);
    let label = inner.text("label", "a text");
    let set = inner.node("set");
    if label.is_none() && !inner.has("label") {
        inner.wrong("label", format!("{path} needs `label`, a text"));
    }
    let changes = match set.map(|node| &node.raw) {
        Some(Raw::Table(table)) => Some(changes(table)),
        _ => {
            inner.wrong(
                "set",
                format!("{path} needs `set`, a table of keys and their values"),
            );
            None
        }
    };
    inner.finish();
    Some(Item {
        label: label?,
        number: None,
        changes: changes?,
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
