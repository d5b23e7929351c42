//! The figures of a study.

use super::axis::Axis;
use super::fields::{Fields, tables};
use super::filter::{self, Filter};
use super::selector::Selector;
use scenarios::reader::diagnostic::{hint, quote};
use scenarios::reader::tree::Raw;
use scenarios::reader::value::{Datum, Form};

/// A figure: a metric over an axis, with a line for each entity and for each value of
/// the axis `series`, once for each combination of all other axes.
#[derive(Clone, Debug)]
pub struct FigureSpec {
    /// The stem of its files.
    pub name: String,
    /// What is written above it.
    pub title: String,
    /// What is shown.
    pub metric: Selector,
    /// Over what.
    pub x: X,
    /// The axis whose values are lines of their own.
    pub series: Option<usize>,
    /// Only these entities; all if there is none.
    pub entities: Vec<String>,
    /// Show the ratio of the first entity to the second instead, for each pair.
    pub ratios: Vec<(String, String)>,
    /// Whether the vertical axis is logarithmic.
    pub logarithmic: bool,
    pub(crate) filters: Vec<Filter>,
}

/// The horizontal axis of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum X {
    /// An axis of the study.
    Axis(usize),
    /// The place at which the metric has values of its own, such as the length of chains.
    Within,
}

/// The word for [`X::Within`].
pub(super) const WITHIN: &str = "within";

/// Reads the list `figure`.
pub(super) fn read(fields: &mut Fields<'_, '_, '_>, axes: &[Axis]) -> Vec<FigureSpec> {
    let mut figures: Vec<FigureSpec> = Vec::new();
    for (table, path, place) in tables(fields, "figure") {
        let mut inner = Fields::new(table, &path, place, fields.report);
        let figure = figure(&mut inner, axes);
        inner.finish();
        let Some(figure) = figure else { continue };
        if figures.iter().any(|known| known.name == figure.name) {
            let message = format!("two figures are called `{}`", quote(&figure.name));
            fields.report.wrong(place, message);
        }
        figures.push(figure);
    }
    figures
}

fn figure(fields: &mut Fields<'_, '_, '_>, axes: &[Axis]) -> Option<FigureSpec> {
    let name = fields.text("name", "a name");
    let title = fields.text("title", "a text").unwrap_or_default();
    let metric = fields.text("metric", "the name of a metric");
    for key in ["name", "metric", "x"] {
        if !fields.has(key) {
            let message = format!("{} needs `{key}`", fields.path);
            fields.report.wrong(fields.place, message);
        }
    }
    let x = axis(fields, "x", axes, true);
    let series = axis(fields, "series", axes, false);
    let entities = fields
        .texts("entities", "the name of an entity")
        .unwrap_or_default();
    let ratios = ratios(fields);
    let scale = fields.read("scale", Form::Word(&["linear", "logarithmic"]));
    let filters = filter::list(fields, "where", axes);
    let name = name?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        let message = format!(
            "name: found `{}`, expected letters, digits, - and _",
            quote(&name)
        );
        fields.wrong("name", message);
        return None;
    }
    let series = match series {
        Some(X::Axis(axis)) => Some(axis),
        _ => None,
    };
    if series.is_some() && x == series.map(X::Axis) {
        fields.wrong("series", "series: this axis is the horizontal one already");
    }
    Some(FigureSpec {
        name,
        title,
        metric: Selector::parse(&metric?, fields.at("metric")),
        x: x?,
        series,
        entities: entities.into_iter().map(|(text, _)| text).collect(),
        ratios,
        logarithmic: matches!(scale, Some(Datum::Word("logarithmic"))),
        filters,
    })
}

fn axis(
    fields: &mut Fields<'_, '_, '_>,
    key: &'static str,
    axes: &[Axis],
    within: bool,
) -> Option<X> {
    let name = fields.text(key, "the name of an axis")?;
    if within && name == WITHIN {
        return Some(X::Within);
    }
    let position = axes.iter().position(|axis| axis.name == name);
    if position.is_none() {
        let mut known: Vec<_> = axes.iter().map(|axis| axis.name.as_str()).collect();
        known.extend(within.then_some(WITHIN));
        let hint = hint(&name, known);
        fields.wrong(
            key,
            format!("{key}: no axis is called `{}`{hint}", quote(&name)),
        );
    }
    position.map(X::Axis)
}

fn ratios(fields: &mut Fields<'_, '_, '_>) -> Vec<(String, String)> {
    let Some(node) = fields.node("ratio") else {
        return Vec::new();
    };
    let expected = "a list of pairs of entities such as [[\"a\", \"b\"]]";
    let Raw::List(items) = &node.raw else {
        fields.wrong(
            "ratio",
            format!("ratio: found {}, expected {expected}", node.found()),
        );
        return Vec::new();
    };
    let mut ratios = Vec::new();
    for item in items {
        let pair = match &item.raw {
            Raw::List(pair) => match pair.as_slice() {
                [left, right] => match (&left.raw, &right.raw) {
                    (Raw::Text(left), Raw::Text(right)) => Some((left.clone(), right.clone())),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        };
        match pair {
            Some(pair) => ratios.push(pair),
            None => {
                let message = format!("ratio: found {}, expected {expected}", item.found());
                fields.report.wrong(item.place, message);
            }
        }
    }
    ratios
}
