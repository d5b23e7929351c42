//! Figures of a sweep, as declared by the study.

use std::collections::BTreeSet;

use analysis::verdict::Judgement;
use analysis::{
    Axis, Chart, Interval, KnownMetrics, Metric, Series, Stems, TableColumns, Unit, short_numbers,
};

use super::tables::{AxisColumn, field};
use crate::error::SweepError;
use crate::finished::Finished;
use crate::runner::{lambdamu, statesim};
use crate::study::{FigureSpec, Plan, Selector, X};
use scenarios::reader::diagnostic::Place;

/// A figure, drawn, with its numbers.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    pub(super) name: String,
    pub(super) title: String,
    /// The values of the axes that the figure does not show.
    pub(super) panel: String,
    pub(super) svg: String,
    pub(super) csv: String,
    pub(super) columns: TableColumns,
}

/// A line of a figure.
struct Line {
    entity: String,
    series: String,
    /// The same as tables have it.
    in_table: String,
    /// Place, the same as tables have it, and value, in the unit in which it is drawn.
    points: Vec<(f64, String, Interval)>,
    /// The positions of those of them that are not steady.
    unsteady: Vec<usize>,
}

/// Axes with one of their items each.
type Panel = Vec<(usize, usize)>;

/// Draws all figures; with the names of those that have nothing to show.
///
/// Points that are not steady have hollow markers.
pub(super) fn draw(
    finished: &mut Finished<'_, '_>,
    verdicts: &[Judgement],
) -> Result<(Vec<Picture>, Vec<String>), SweepError> {
    let plan = finished.plan;
    let unsteady = verdicts.iter().filter(|it| !it.verdict.is_steady());
    let unsteady: BTreeSet<u32> = unsteady.map(|it| it.point).collect();
    let chosen;
    let specs = if plan.figures.is_empty() {
        chosen = by_default(plan, finished);
        &chosen
    } else {
        &plan.figures
    };
    let (mut pictures, mut empty) = (Vec::new(), Vec::new());
    for spec in specs {
        let before = pictures.len();
        for (panel, points) in panels(plan, spec) {
            let lines = lines(finished, spec, &points, &unsteady)?;
            if lines.iter().any(|line| !line.points.is_empty()) {
                pictures.push(picture(plan, spec, &panel, lines, finished));
            }
        }
        if pictures.len() == before {
            empty.push(spec.name.clone());
        }
    }
    let mut stems = Stems::default();
    for Picture { name, .. } in &mut pictures {
        *name = stems.take(name);
    }
    Ok((pictures, empty))
}

/// How many metrics are drawn where a study names none.
const BY_DEFAULT: usize = 2;

/// What is declared of the metrics that the subject can report.
fn known(plan: &Plan) -> KnownMetrics {
    plan.metrics_known().iter().copied().collect()
}

/// Without being asked: every metric of interest, or the usual ones, over the first axis of
/// numbers, with lines for the values of the next axis.
fn by_default(plan: &Plan, finished: &Finished<'_, '_>) -> Vec<FigureSpec> {
    let numeric = plan.axes.iter().position(|axis| axis.is_numeric());
    let Some(x) = numeric.or((!plan.axes.is_empty()).then_some(0)) else {
        return Vec::new();
    };
    let series = (0..plan.axes.len()).rev().find(|&axis| axis != x);
    let mut metrics = plan.metrics.clone();
    if metrics.is_empty() {
        let reported = |metric: &&&Metric| {
            let mut estimates = finished.estimates.points.iter().flatten();
            estimates.any(|estimate| estimate.column.metric.name == metric.name)
        };
        let telling = known(plan).telling();
        metrics = telling
            .iter()
            .take(BY_DEFAULT)
            .filter(reported)
            .map(|metric| Selector::parse(metric.name, Place::Default))
            .collect();
    }
    let spec = |metric: &Selector| {
        let entity = metric
            .entity
            .as_deref()
            .map(|entity| format!("-{}", plain(entity)));
        FigureSpec {
            name: metric.metric.replace('_', "-") + &entity.unwrap_or_default(),
            title: String::new(),
            metric: metric.clone(),
            x: X::Axis(x),
            series,
            entities: Vec::new(),
            ratios: Vec::new(),
            logarithmic: false,
            filters: Vec::new(),
        }
    };
    metrics.iter().map(spec).collect()
}

/// The points of each combination of the axes that the figure does not show, with the
/// values of those of these axes that have more than one.
fn panels(plan: &Plan, spec: &FigureSpec) -> Vec<(Panel, Vec<usize>)> {
    let shown = |axis: usize| spec.x == X::Axis(axis) || spec.series == Some(axis);
    let mut panels: Vec<(Panel, Vec<usize>)> = Vec::new();
    for (number, point) in plan.points.iter().enumerate() {
        if !spec
            .filters
            .iter()
            .all(|filter| filter.keeps(&plan.axes, point))
        {
            continue;
        }
        let others = point.iter().copied().enumerate();
        let key: Vec<_> = others.filter(|&(axis, _)| !shown(axis)).collect();
        match panels.iter_mut().find(|(known, _)| *known == key) {
            Some((_, points)) => points.push(number),
            None => panels.push((key, vec![number])),
        }
    }
    let keys: Vec<_> = panels.iter().map(|(key, _)| key.clone()).collect();
    for (key, _) in &mut panels {
        key.retain(|(axis, item)| {
            let differs = |other: &Panel| {
                other
                    .iter()
                    .any(|(known, value)| known == axis && value != item)
            };
            keys.iter().any(differs)
        });
    }
    panels
}

fn lines(
    finished: &mut Finished<'_, '_>,
    spec: &FigureSpec,
    points: &[usize],
    unsteady: &BTreeSet<u32>,
) -> Result<Vec<Line>, SweepError> {
    let plan = finished.plan;
    let written = |axis: usize| AxisColumn::of(&plan.axes[axis]).values;
    let in_series = spec.series.map(written).unwrap_or_default();
    let in_x = match spec.x {
        X::Axis(axis) => written(axis),
        X::Within => Vec::new(),
    };
    let mut lines: Vec<Line> = Vec::new();
    for &point in points {
        let item = |axis: usize| &plan.axes[axis].items[plan.points[point][axis]];
        let series = spec
            .series
            .map_or(String::new(), |axis| item(axis).label.clone());
        let in_table = spec.series.map_or(String::new(), |axis| {
            in_series[plan.points[point][axis]].clone()
        });
        let is_unsteady = unsteady.contains(&(point as u32));
        let mut add = |entity: &str, x: f64, label: String, interval: Interval| {
            let known = |line: &&mut Line| line.entity == entity && line.series == series;
            let line = lines.iter_mut().find(known);
            let place = (x, label, interval);
            match line {
                Some(line) => {
                    line.unsteady
                        .extend(is_unsteady.then_some(line.points.len()));
                    line.points.push(place);
                }
                None => lines.push(Line {
                    entity: entity.to_owned(),
                    series: series.clone(),
                    in_table: in_table.clone(),
                    points: vec![place],
                    unsteady: is_unsteady.then_some(0).into_iter().collect(),
                }),
            }
        };
        let x = match spec.x {
            X::Axis(axis) => {
                let number = match plan.axes[axis].is_numeric() {
                    true => item(axis).number,
                    false => None,
                };
                let x = number.unwrap_or(plan.points[point][axis] as f64);
                Some((x, in_x[plan.points[point][axis]].clone()))
            }
            X::Within => None,
        };
        if let (false, Some((x, label))) = (spec.ratios.is_empty(), &x) {
            for (over, under) in &spec.ratios {
                let ratio = finished.ratio(point, &spec.metric.metric, (over, under))?;
                if let Some(ratio) = ratio {
                    add(
                        &format!("{} / {}", last(over), last(under)),
                        *x,
                        label.clone(),
                        ratio,
                    );
                }
            }
            continue;
        }
        for estimate in &finished.estimates.points[point] {
            let column = &estimate.column;
            let wanted = spec.metric.selects(column.metric.name, &column.entity)
                && (spec.entities.is_empty() || spec.entities.contains(&column.entity));
            let (true, Some(interval)) = (wanted, estimate.moments.interval()) else {
                continue;
            };
            match (&x, column.at) {
                (Some((x, label)), None) => add(&column.entity, *x, label.clone(), interval),
                // As in the original's scripts: no mean of one or two.
                (None, Some(at)) if !column.pooled || interval.n > 2 => {
                    add(&column.entity, at, at.to_string(), interval);
                }
                _ => {}
            }
        }
    }
    for line in &mut lines {
        line.points.sort_by(|a, b| a.0.total_cmp(&b.0));
        // Nothing beyond the longest chain, or after everything has arrived.
        if spec.x == X::Within {
            let last = line
                .points
                .iter()
                .rposition(|(_, _, interval)| interval.mean != 0.0 && interval.mean != 1.0);
            line.points
                .truncate(last.map_or(line.points.len(), |last| last + 2));
        }
    }
    Ok(lines)
}

/// The part of a name after the last slash.
fn last(entity: &str) -> &str {
    entity.rsplit('/').next().unwrap_or(entity)
}

fn picture(
    plan: &Plan,
    spec: &FigureSpec,
    panel: &[(usize, usize)],
    lines: Vec<Line>,
    finished: &Finished<'_, '_>,
) -> Picture {
    let metric = finished
        .estimates
        .points
        .iter()
        .flatten()
        .map(|estimate| estimate.column.metric)
        .find(|metric| metric.name == spec.metric.metric);
    let largest = lines
        .iter()
        .flat_map(|line| &line.points)
        .map(|(_, _, interval)| interval.mean.abs())
        .fold(0.0, f64::max);
    let unit = metric.map_or(Unit::Count, |metric| metric.unit);
    // Distribution functions and ratios of two entities are not in percent.
    let is_plain = !spec.ratios.is_empty() || spec.metric.metric == "delay_cdf";
    let (scale, symbol) = match is_plain {
        true => (1.0, ""),
        false => scale(unit, largest),
    };
    let scaled = |interval: &Interval| Interval {
        mean: interval.mean / scale,
        half_width: interval.half_width.map(|half| half / scale),
        n: interval.n,
    };
    let y_name = match spec.ratios.is_empty() {
        true => known(plan).words(&spec.metric.metric),
        false => format!("ratio of {}", known(plan).words(&spec.metric.metric)),
    };
    let y = match spec.logarithmic {
        true => Axis::logarithmic(&y_name, symbol),
        false if symbol.is_empty() && !spec.ratios.is_empty() => Axis::linear(&y_name, symbol),
        false => Axis::linear(&y_name, symbol).from_zero(),
    };
    let (x, x_scale) = horizontal(plan, spec, metric);
    let same_prefix = {
        let prefix = |line: &Line| {
            line.entity
                .rsplit_once('/')
                .map(|(prefix, _)| prefix.to_owned())
        };
        let first = lines.first().and_then(prefix);
        first.is_some() && lines.iter().all(|line| prefix(line) == first)
    };
    let entities = {
        let mut names: Vec<_> = lines.iter().map(|line| &line.entity).collect();
        names.sort_unstable();
        names.dedup();
        names.len()
    };
    let label = |line: &Line| {
        let entity = if same_prefix {
            last(&line.entity)
        } else {
            &line.entity
        };
        match (line.series.as_str(), entities) {
            ("", 1) if spec.ratios.is_empty() && lines.len() == 1 => String::new(),
            ("", _) => entity.to_owned(),
            (series, 1) => named(plan, spec, series),
            (series, _) => format!("{entity}, {}", named(plan, spec, series)),
        }
    };
    let mut chart = Chart::new(x, y);
    let mut csv = "series,entity,x,mean,low,high,n\n".to_owned();
    let number = |number: Option<f64>| number.map_or(String::new(), |number| number.to_string());
    for line in &lines {
        let points: Vec<_> = line
            .points
            .iter()
            .map(|(x, _, interval)| (x / x_scale, scaled(interval)))
            .collect();
        chart = chart.series(match spec.metric.metric.as_str() {
            "chain_share" => Series::bars(&label(line), points),
            _ => Series::line(&label(line), points).hollow(line.unsteady.iter().copied()),
        });
        for (x, name, interval) in &line.points {
            let x = match spec.x {
                X::Axis(_) => field(name),
                X::Within => x.to_string(),
            };
            csv += &format!(
                "{},{},{x},{},{},{},{}\n",
                field(&line.in_table),
                field(&line.entity),
                interval.mean,
                number(interval.low()),
                number(interval.high()),
                interval.n
            );
        }
    }
    let mut name = spec.name.clone();
    let mut words = Vec::new();
    for &(axis, item) in panel {
        let axis = &plan.axes[axis];
        let value = &axis.items[item].label;
        name += &format!("-{}", plain(value));
        words.push(format!("{} {}", axis.label, short(axis, value)));
    }
    let axis = |axis: usize| AxisColumn::of(&plan.axes[axis]).column;
    let x = match spec.x {
        X::Axis(number) => Some(axis(number)),
        X::Within => None,
    };
    let unit = match spec.ratios.is_empty() {
        true => unit,
        false => Unit::Ratio,
    };
    if lines.iter().any(|line| !line.unsteady.is_empty()) {
        words.push("hollow where the run is not steady".to_owned());
    }
    Picture {
        columns: TableColumns::figure(&name, spec.series.map(axis), x, unit.symbol()),
        name,
        title: match spec.title.as_str() {
            "" => spec.metric.to_string().replace('_', " "),
            title => title.to_owned(),
        },
        panel: words.join(", "),
        svg: chart.to_svg(),
        csv,
    }
}

/// A value of the axis of the lines, with its name if it says nothing alone.
fn named(plan: &Plan, spec: &FigureSpec, value: &str) -> String {
    match spec.series.map(|axis| &plan.axes[axis]) {
        Some(axis) if axis.is_numeric() => format!("{} {}", axis.label, short(axis, value)),
        _ => value.to_owned(),
    }
}

/// A value of an axis, with no more digits than tell it from the others.
fn short(axis: &crate::study::Axis, value: &str) -> String {
    let all = short_numbers(axis.items.iter().map(|item| &item.label));
    let place = axis.items.iter().position(|item| item.label == value);
    place.map_or_else(|| value.to_owned(), |place| all[place].clone())
}

/// The horizontal axis, and how many of the base unit one of its units is.
fn horizontal(plan: &Plan, spec: &FigureSpec, metric: Option<&analysis::Metric>) -> (Axis, f64) {
    match spec.x {
        X::Axis(axis) => {
            let axis = &plan.axes[axis];
            let axis = match (axis.is_numeric(), axis.logarithmic) {
                (true, true) => Axis::logarithmic(&axis.label, &axis.unit),
                (true, false) => Axis::linear(&axis.label, &axis.unit),
                _ => Axis::names(
                    &axis.label,
                    axis.items.iter().map(|item| item.label.clone()),
                ),
            };
            (axis, 1.0)
        }
        X::Within => match metric.and_then(|it| statesim::within(it).or(lambdamu::within(it))) {
            Some((label, unit, scale)) => (Axis::linear(label, unit), scale),
            None => (Axis::linear("", ""), 1.0),
        },
    }
}

/// How many of the base unit one of the unit of the axis is, and its symbol.
fn scale(unit: Unit, largest: f64) -> (f64, &'static str) {
    let fit = |scales: &[(f64, &'static str)]| {
        let found = scales.iter().rev().find(|(scale, _)| largest >= *scale);
        found.or(scales.first()).copied().unwrap_or((1.0, ""))
    };
    match unit {
        // Milliseconds up to ten seconds.
        Unit::Nanoseconds if largest >= 1e10 => (1e9, "s"),
        Unit::Nanoseconds => fit(&[(1.0, "ns"), (1e3, "µs"), (1e6, "ms")]),
        Unit::Bytes => fit(&[
            (1.0, "B"),
            (1e3, "kB"),
            (1e6, "MB"),
            (1e9, "GB"),
            (1e12, "TB"),
        ]),
        Unit::BitsPerSecond => fit(&[(1.0, "b/s"), (1e3, "kb/s"), (1e6, "Mb/s"), (1e9, "Gb/s")]),
        Unit::PerSecond => (1.0, "1/s"),
        Unit::Ratio => (0.01, "%"),
        Unit::Count => (1.0, ""),
    }
}

/// A text as part of the name of a file.
fn plain(text: &str) -> String {
    let keep = |c: char| {
        if c.is_ascii_alphanumeric() || "-_.".contains(c) {
            c
        } else {
            '-'
        }
    };
    text.chars().map(keep).collect()
}
