//! The figures of a study.

use scenarios::reader::diagnostic::{Report, hint, quote};
use scenarios::reader::record::Record;
use scenarios::reader::section::{Default, Form, Key, Section, When};

use super::axis::{self, Axis, WITHIN};
use super::filter::{self, Filter};
use super::scale::{LOGARITHMIC, SCALE};
use super::selector::Selector;

const NAME: &str = "a name of letters, digits, - and _";

/// A table `[[figure]]`.
pub(super) static SECTION: Section = Section {
    path: "figure",
    help: "A figure. It is drawn once for each combination of values of the axes that it does not \
           show. Bands are 95 % intervals over replications.",
    keys: &[
        Key {
            name: "name",
            form: Form::Text(NAME),
            default: Default::Mandatory,
            when: When::Always,
            help: "The stem of the file names; values of axes that the figure does not show are \
                   appended.",
        },
        Key {
            name: "title",
            form: Form::Text("a text"),
            default: Default::Unused,
            when: When::Always,
            help: "The title.",
        },
        Key {
            name: "metric",
            form: Form::Text("the name of a metric"),
            default: Default::Mandatory,
            when: When::Always,
            help: "The metric on the vertical axis, such as `latency_mean@all`.",
        },
        Key {
            name: "x",
            form: Form::Name("axis"),
            default: Default::Mandatory,
            when: When::Always,
            help: "The horizontal axis: an axis of the study, or `within` for metrics that have \
                   their own axis.",
        },
        Key {
            name: "series",
            form: Form::Name("axis"),
            default: Default::Unused,
            when: When::Always,
            help: "An axis with a line for each of its values; each entity always has its own \
                   line.",
        },
        Key {
            name: "entities",
            form: Form::Texts("the name of an entity"),
            default: Default::Absent("all"),
            when: When::Always,
            help: "Only these entities.",
        },
        Key {
            name: "ratio",
            form: Form::Pairs("a list of pairs of entities such as [[\"a\", \"b\"]]"),
            default: Default::Unused,
            when: When::Always,
            help: "Pairs of entities whose ratio is shown instead; its interval is computed with \
                   the delta method, paired by replication.",
        },
        Key {
            name: "where",
            form: filter::CONDITIONS,
            default: Default::Unused,
            when: When::Always,
            help: "Conditions on the points, as in `filter`.",
        },
        Key {
            name: "scale",
            form: SCALE,
            default: Default::Value("linear"),
            when: When::Always,
            help: "The scale of the vertical axis.",
        },
    ],
};

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
    /// The axis with a line for each value.
    pub series: Option<usize>,
    /// The entities; all if empty.
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
    /// The position on the metric's own axis, such as the length of chains.
    Within,
}

/// The figures of a study.
pub(super) fn resolve(study: &Record, axes: &[Axis], report: &mut Report<'_>) -> Vec<FigureSpec> {
    let mut figures: Vec<FigureSpec> = Vec::new();
    for (_, record) in study.records("figure") {
        let Some(figure) = figure(record, axes, report) else {
            continue;
        };
        if figures.iter().any(|known| known.name == figure.name) {
            let message = format!("two figures are called `{}`", quote(&figure.name));
            report.wrong(record.place, message);
        }
        figures.push(figure);
    }
    figures
}

fn figure(record: &Record, axes: &[Axis], report: &mut Report<'_>) -> Option<FigureSpec> {
    let x = x(record, axes, report);
    let series = axis::named(record, "series", axes, report);
    let filters = filter::list(record, "where", axes, report);
    let name = record.text("name")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        let message = format!("found `{}`, expected {NAME}", quote(name));
        record.wrong("name", message, report);
        return None;
    }
    if series.is_some() && x == series.map(X::Axis) {
        record.wrong("series", "this axis is already the horizontal one", report);
    }
    let entities = record.names("entities").iter();
    Some(FigureSpec {
        name: name.to_owned(),
        title: record.text("title").unwrap_or_default().to_owned(),
        metric: Selector::parse(record.text("metric")?, record.at("metric")),
        x: x?,
        series,
        entities: entities.map(|name| name.text.clone()).collect(),
        ratios: record.maybe_pairs("ratio").cloned().unwrap_or_default(),
        logarithmic: record.word("scale") == LOGARITHMIC,
        filters,
    })
}

fn x(record: &Record, axes: &[Axis], report: &mut Report<'_>) -> Option<X> {
    let [name] = record.names("x") else {
        return None;
    };
    if name.text == WITHIN {
        return Some(X::Within);
    }
    let position = axes.iter().position(|axis| axis.name == name.text);
    if position.is_none() {
        let known = axes.iter().map(|axis| axis.name.as_str());
        let hint = hint(&name.text, known.chain([WITHIN]));
        let message = format!("no axis is called `{}`{hint}", quote(&name.text));
        record.wrong("x", message, report);
    }
    position.map(X::Axis)
}
