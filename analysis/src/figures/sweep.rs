//! Figures of the points of a sweep.

use super::{AxisLook, Figure, FigureError, FigureKind, FigureOptions, parts};
use crate::chart::{Axis, Chart, HeatMap, Point, Series};
use crate::results::{PointAxis, Points, ResultSet};
use crate::statistics::Interval;
use crate::text::short_numbers;
use crate::unit::Unit;
use std::collections::BTreeSet;
use std::rc::Rc;

/// Metrics that are shown where none is asked for and none is declared to be telling.
const METRICS: usize = 6;
/// Entities of one metric that are shown where none is asked for.
const ENTITIES: usize = 6;
/// Figures of one metric and entity, at most.
const FACETS: usize = 24;

/// What a figure of a sweep is about.
struct Subject<'a> {
    results: &'a ResultSet,
    options: &'a FigureOptions,
    metric: &'a str,
    entity: &'a str,
    unit: Unit,
    /// The points that are not steady.
    unsteady: Rc<BTreeSet<u32>>,
}

pub(super) fn figures(
    results: &ResultSet,
    options: &FigureOptions,
) -> Result<Vec<Figure>, FigureError> {
    let points = &results.points;
    let varying: Vec<usize> = (0..points.axes.len())
        .filter(|&axis| points.axes[axis].distinct().len() > 1)
        .collect();
    let find = |key: &Option<String>| match key {
        None => Ok(None),
        Some(key) => points.axis(key).map(Some).ok_or_else(|| {
            let known: Vec<&str> = points.axes.iter().map(|axis| axis.key.as_str()).collect();
            FigureError::Axis(format!(
                "{}: no axis `{key}`; there are {}",
                results.path.display(),
                known.join(", ")
            ))
        }),
    };
    let numeric = |axis: usize| points.axes[axis].numbers().is_some();
    let by = find(&options.by)?;
    let x = find(&options.x)?;
    if let (Some(x), true) = (x, x == by) {
        let others = (0..points.axes.len()).filter(|axis| *axis != x);
        let others: Vec<&str> = others.map(|axis| points.axes[axis].key.as_str()).collect();
        return Err(FigureError::Axis(format!(
            "{}: axis `{}` cannot be both horizontal and that of the series; other axes: {}",
            results.path.display(),
            points.axes[x].key,
            match others.is_empty() {
                true => "none".to_owned(),
                false => others.join(", "),
            }
        )));
    }
    let x = x.or_else(|| {
        let mut rest = varying.iter().copied().filter(|axis| Some(*axis) != by);
        let first = rest.clone().next();
        rest.find(|axis| numeric(*axis)).or(first)
    });
    let Some(x) = x else { return Ok(Vec::new()) };
    let by = by.or_else(|| {
        let mut rest = varying.iter().copied().filter(|axis| *axis != x);
        let first = rest.clone().next();
        rest.find(|axis| !numeric(*axis)).or(first)
    });

    let mut figures = Vec::new();
    for subject in subjects(results, options) {
        let lines = if numeric(x) {
            FigureKind::Lines
        } else {
            FigureKind::Bars
        };
        for facet in facets(points, &varying, x, by) {
            if options.wants(lines) {
                figures.push(subject.over(x, by, &facet));
            }
            let Some(by) = by else { continue };
            let both = numeric(x) && numeric(by);
            if options.asks_for(FigureKind::Heat) || (options.wants(FigureKind::Heat) && both) {
                figures.push(subject.heat(x, by, &facet));
            }
        }
    }
    figures.extend(parts::figure(results, options));
    Ok(figures)
}

/// What to show: what is asked for, or what tells most.
fn subjects<'a>(results: &'a ResultSet, options: &'a FigureOptions) -> Vec<Subject<'a>> {
    let all = results.metric_names();
    let asked = !options.selection.metrics.is_empty();
    let telling = options.metrics.telling();
    let rank = |name: &str| telling.iter().position(|metric| metric.name == name);
    let mut chosen: Vec<(&str, Unit)> = all
        .iter()
        .copied()
        .filter(|(name, _)| match asked {
            true => options.selection.metrics.iter().any(|it| it == name),
            false => rank(name).is_some(),
        })
        .collect();
    if !asked {
        chosen.sort_by_key(|(name, _)| rank(name));
    }
    if chosen.is_empty() && !asked {
        chosen = all.into_iter().take(METRICS).collect();
    }
    let judged = results.verdicts().into_iter();
    let unsteady = judged.filter(|it| !it.verdict.is_steady());
    let unsteady: Rc<BTreeSet<u32>> = Rc::new(unsteady.map(|it| it.point).collect());
    let mut subjects = Vec::new();
    for (metric, unit) in chosen {
        let entities = results.entities(metric);
        let named = !options.selection.entities.is_empty();
        let shown = entities.iter().copied().filter(|entity| match named {
            true => options.selection.holds(metric, entity),
            // A metric of everything replaces those of its parts; metrics that are always 0 are not shown.
            false if results.is_always_zero(metric, entity) => false,
            false => *entity == "all" || !entities.contains(&"all"),
        });
        let most = if named { usize::MAX } else { ENTITIES };
        subjects.extend(shown.take(most).map(|entity| Subject {
            results,
            options,
            metric,
            entity,
            unit,
            unsteady: Rc::clone(&unsteady),
        }));
    }
    subjects
}

/// The points of each figure: those that agree in all axes but two.
fn facets(points: &Points, varying: &[usize], x: usize, by: Option<usize>) -> Vec<Facet> {
    let shown = |axis: usize| axis == x || Some(axis) == by || !varying.contains(&axis);
    let mut facets: Vec<Facet> = Vec::new();
    for (at, &number) in points.numbers.iter().enumerate() {
        let label = points.label(number, shown);
        match facets.iter_mut().find(|facet| facet.label == label) {
            Some(facet) => facet.points.push(at),
            None => facets.push(Facet {
                label,
                points: vec![at],
            }),
        }
    }
    facets.truncate(FACETS);
    facets
}

/// The points of one figure.
struct Facet {
    /// What they have in common beyond what all points have in common.
    label: String,
    /// Their places in the list of points.
    points: Vec<usize>,
}

impl Subject<'_> {
    fn interval(&self, at: usize) -> Option<Interval> {
        let number = self.results.points.numbers[at];
        self.results
            .find(number, self.metric, self.entity)?
            .interval()
    }

    fn values(&self, at: usize) -> Option<Vec<f64>> {
        let number = self.results.points.numbers[at];
        Some(
            self.results
                .find(number, self.metric, self.entity)?
                .finite(),
        )
    }

    fn name(&self, kind: &str, facet: &Facet) -> String {
        let entity = match self.entity {
            "all" => String::new(),
            entity => format!(" {entity}"),
        };
        format!("{}{entity} {kind} {}", self.metric, facet.label)
    }

    fn caption(&self, facet: &Facet, how: &str) -> String {
        let mut caption = self.options.metrics.words(self.metric);
        if let Some(first) = caption.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        if self.entity != "all" {
            caption += &format!(" of {}", self.entity);
        }
        if !facet.label.is_empty() {
            caption += &format!(", {}", facet.label);
        }
        format!(
            "{caption}. {how}, {} replications.",
            self.results.replications()
        )
    }

    /// How an axis is shown.
    fn look(&self, axis: &PointAxis) -> AxisLook {
        let mut looks = self.options.axes.iter();
        let known = looks.find(|it| it.key == axis.key).cloned();
        known.unwrap_or_else(|| AxisLook {
            key: axis.key.clone(),
            label: self.results.points.name_of(axis).replace('-', " "),
            logarithmic: false,
        })
    }

    /// The metric over an axis, one series per value of another.
    fn over(&self, x: usize, by: Option<usize>, facet: &Facet) -> Figure {
        let points = &self.results.points;
        let axis = &points.axes[x];
        let means = facet.points.iter().filter_map(|&at| self.interval(at));
        let largest = means.map(|it| it.mean.abs()).fold(0.0, f64::max);
        let (factor, symbol) = self.unit.axis_scale(largest);
        let label = self.options.metrics.words(self.metric);
        let mut y_axis = match self.options.log_y {
            true => Axis::logarithmic(&label, symbol),
            false => Axis::linear(&label, symbol),
        };
        if self.unit == Unit::Ratio && !self.options.log_y {
            y_axis = y_axis.from_zero();
        }
        let numbers = axis.numbers();
        let categories = axis.distinct();
        let look = self.look(axis);
        let x_axis = match &numbers {
            Some((_, unit)) if self.options.log_x || look.logarithmic => {
                Axis::logarithmic(&look.label, unit)
            }
            Some((_, unit)) => Axis::linear(&look.label, unit),
            None => Axis::names(&look.label, categories.iter().copied()),
        };
        let place = |at: usize| match &numbers {
            Some((numbers, _)) => numbers[at],
            None => {
                let mut names = categories.iter();
                names.position(|it| *it == axis.values[at]).unwrap_or(0) as f64
            }
        };
        let mut values = facet
            .points
            .iter()
            .filter_map(|&at| self.values(at))
            .flatten();
        let never_negative = values.all(|value| value >= 0.0);
        let (width, height) = self.options.size;
        let mut chart = Chart::new(x_axis, y_axis).size(width, height);
        let by = by.map(|by| &points.axes[by]);
        let mut any_hollow = false;
        for (name, members) in split(by.map(|by| (by, self.look(by))), &facet.points) {
            let mut line: Vec<(Point, bool)> = members
                .iter()
                .filter_map(|&at| {
                    let point = point(place(at), self.interval(at)?, factor, never_negative);
                    Some((point, self.unsteady.contains(&points.numbers[at])))
                })
                .collect();
            line.sort_by(|(a, _), (b, _)| a.x.total_cmp(&b.x));
            let unsteady = line
                .iter()
                .enumerate()
                .filter(|(_, (_, unsteady))| *unsteady);
            let unsteady: Vec<usize> = unsteady.map(|(position, _)| position).collect();
            let line = line.into_iter().map(|(point, _)| point);
            any_hollow |= !unsteady.is_empty();
            chart = chart.series(match numbers {
                Some(_) => Series::line(&name, line).hollow(unsteady),
                None => Series::bars(&name, line),
            });
        }
        let how = match (&numbers, any_hollow) {
            (Some(_), false) => "Mean with 95 % band",
            (Some(_), true) => "Mean with 95 % band, hollow where the run is not steady",
            (None, _) => "Mean with 95 % interval",
        };
        let over = match numbers {
            Some(_) => "over",
            None => "by",
        };
        let kind = format!("{over} {}", points.name_of(axis));
        Figure::chart(self.name(&kind, facet), self.caption(facet, how), chart)
    }

    /// The metric over two axes, as colours.
    fn heat(&self, x: usize, by: usize, facet: &Facet) -> Figure {
        let points = &self.results.points;
        let (x_axis, y_axis) = (&points.axes[x], &points.axes[by]);
        let (columns, rows) = (ordered(x_axis), ordered(y_axis));
        let means = facet.points.iter().filter_map(|&at| self.interval(at));
        let largest = means.map(|it| it.mean.abs()).fold(0.0, f64::max);
        let (factor, symbol) = self.unit.axis_scale(largest);
        let (x_name, y_name) = (points.name_of(x_axis), points.name_of(y_axis));
        let label = self.options.metrics.words(self.metric);
        let mut map = HeatMap::new(
            &self.look(x_axis).label,
            short_numbers(&columns),
            &self.look(y_axis).label,
            short_numbers(&rows),
            &label,
            symbol,
        )
        .width(self.options.size.0);
        for row in &rows {
            let cell = |column: &&str| {
                let mut members = facet.points.iter();
                let at = members
                    .find(|&&at| x_axis.values[at] == *column && y_axis.values[at] == *row)?;
                Some(self.interval(*at)?.mean / factor)
            };
            map = map.row(columns.iter().map(cell));
        }
        let kind = format!("map {x_name} {y_name}");
        Figure::heat(self.name(&kind, facet), self.caption(facet, "Mean"), map)
    }
}

/// The points by their value of an axis; without an axis, one group without a name.
fn split(axis: Option<(&PointAxis, AxisLook)>, members: &[usize]) -> Vec<(String, Vec<usize>)> {
    let Some((axis, look)) = axis else {
        return vec![(String::new(), members.to_vec())];
    };
    let of = |value: &str| {
        let members = members.iter().copied();
        members.filter(|&at| axis.values[at] == value).collect()
    };
    let is_numeric = axis.numbers().is_some();
    let values = axis.distinct();
    let shown = short_numbers(&values);
    let all = values.into_iter().zip(shown).map(|(value, shown)| {
        let label = match is_numeric {
            // A number alone says little.
            true => format!("{} = {shown}", look.label),
            false => shown,
        };
        (label, of(value))
    });
    all.filter(|(_, members): &(String, Vec<usize>)| !members.is_empty())
        .collect()
}

/// The values of an axis, ascending if they are numbers.
fn ordered(axis: &PointAxis) -> Vec<&str> {
    let mut values = axis.distinct();
    if let Some((numbers, _)) = axis.numbers() {
        let number = |value: &str| {
            let place = axis.values.iter().position(|it| it == value);
            place.map_or(0.0, |place| numbers[place])
        };
        values.sort_by(|a, b| number(a).total_cmp(&number(b)));
    }
    values
}

/// A mean with its interval at a place, in another unit. An interval by Student's t may reach below zero; that of a
/// quantity that never does is cut there.
fn point(x: f64, interval: Interval, factor: f64, never_negative: bool) -> Point {
    let floor = if never_negative {
        0.0
    } else {
        f64::NEG_INFINITY
    };
    let ends = interval.low().zip(interval.high());
    Point {
        x,
        y: interval.mean / factor,
        interval: ends.map(|(low, high)| (low.max(floor) / factor, high / factor)),
    }
}
