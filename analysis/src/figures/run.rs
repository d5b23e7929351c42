//! Figures of a single run.

use super::calls::OfCalls;
use super::{Figure, FigureError, FigureKind, FigureOptions, parts};
use crate::calls::CallStudy;
use crate::chart::{Axis, Chart, Series};
use crate::results::{MetricValues, ResultSet};
use crate::samples::{SampleStudy, TimeSeries};
use crate::statistics::{Interval, mean};
use crate::table::Metric;
use crate::unit::Unit;

/// The maximum number of entities side by side.
const BARS: usize = 24;
/// Most steps of a line over time; a figure cannot show more.
const STEPS: usize = 120;
/// Most lines of one figure.
const LINES: usize = 7;

/// The figures, and what is known of the calls, if the folder has them; how they depend on each other only if that is
/// to be `judged`.
pub(super) fn figures(
    results: &ResultSet,
    options: &FigureOptions,
    judged: bool,
) -> Result<(Vec<Figure>, Option<CallStudy>), FigureError> {
    let mut figures = Vec::new();
    if options.wants(FigureKind::Bars) {
        figures.extend(bars(results, options));
    }
    figures.extend(parts::figure(results, options));
    let mut study = None;
    if results.has_calls() {
        let of_calls = OfCalls::read(results, options, judged)?;
        figures.extend(of_calls.figures);
        study = Some(of_calls.study);
    }
    let over_time = options.wants(FigureKind::Series) || options.wants(FigureKind::Stacked);
    if results.has_samples() && over_time {
        // Nothing is kept of what no figure shows.
        let samples = SampleStudy::of_rows(results, |row| {
            row.replication == options.replication
                && options.selection.holds(row.metric, row.entity)
        })?;
        if options.wants(FigureKind::Stacked) {
            let stacking = options.metrics.stacking();
            figures.extend(stacking.filter_map(|metric| stacked(&samples, metric, options)));
        }
        if options.wants(FigureKind::Series) {
            figures.extend(series(&samples, options));
        }
    }
    Ok((figures, study))
}

/// Metrics that several entities have, side by side.
fn bars(results: &ResultSet, options: &FigureOptions) -> Vec<Figure> {
    let mut figures = Vec::new();
    for (metric, unit) in results.metric_names() {
        let values: Vec<&MetricValues> = results
            .metrics
            .iter()
            .filter(|it| it.metric == metric && it.entity != "all")
            .filter(|it| options.selection.holds(metric, &it.entity))
            .take(BARS)
            .collect();
        if values.len() < 2 {
            continue;
        }
        let intervals: Vec<Option<Interval>> = values.iter().map(|it| it.interval()).collect();
        let means = intervals.iter().flatten().map(|it| it.mean.abs());
        let (factor, symbol) = unit.axis_scale(means.fold(0.0, f64::max));
        let points = (0..).zip(&intervals).filter_map(|(place, it)| {
            let it = (*it)?;
            let half_width = it.half_width.map(|half| half / factor);
            let mean = it.mean / factor;
            Some((
                f64::from(place),
                Interval {
                    mean,
                    half_width,
                    ..it
                },
            ))
        });
        let names = values.iter().map(|it| it.entity.as_str());
        let (width, height) = options.size;
        let y_axis = Axis::linear(&options.metrics.words(metric), symbol).from_zero();
        let chart = Chart::new(Axis::names("", names), y_axis)
            .size(width, height)
            .series(Series::bars("", points));
        let caption = format!(
            "{}. Mean with 95 % interval over {} replications.",
            capitalized(&options.metrics.words(metric)),
            results.replications()
        );
        figures.push(Figure::chart(metric, caption, chart));
    }
    figures
}

/// A series averaged over parts of equal number, as many as a figure can show.
fn thinned(series: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let part = series.len().div_ceil(STEPS).max(1);
    let average = |part: &[(f64, f64)]| {
        let values: Vec<f64> = part.iter().map(|it| it.1).collect();
        (part[0].0, mean(&values).unwrap_or(f64::NAN))
    };
    series.chunks(part).map(average).collect()
}

/// The series of one replication: name, and time with value.
fn of_replication<'a>(
    study: &'a SampleStudy,
    metric: &'a str,
    options: &'a FigureOptions,
) -> Vec<(&'a TimeSeries, Vec<(f64, f64)>)> {
    let all = study.of_metric(metric);
    let wanted = all.filter(|it| options.selection.holds(metric, &it.entity));
    let found =
        wanted.filter_map(|it| Some((it, thinned(it.replications.get(&options.replication)?))));
    found.collect()
}

fn time_scale(series: &[(&TimeSeries, Vec<(f64, f64)>)]) -> (f64, &'static str) {
    let ends = series.iter().filter_map(|it| it.1.last());
    Unit::Nanoseconds.axis_scale(ends.map(|it| it.0).fold(0.0, f64::max))
}

/// The values of all entities on top of each other, of a metric whose sum means something.
fn stacked(study: &SampleStudy, metric: &Metric, options: &FigureOptions) -> Option<Figure> {
    let sum = metric.stacks?;
    let found = of_replication(study, metric.name, options);
    let (time, symbol) = time_scale(&found);
    let times: Vec<f64> = found.first()?.1.iter().map(|it| it.0).collect();
    let at = |series: &[(f64, f64)], time: f64| {
        let place = series.binary_search_by(|it| it.0.total_cmp(&time));
        place.ok().map_or(0.0, |place| series[place].1)
    };
    let mut layers: Vec<(String, Vec<f64>)> = Vec::new();
    let shown = if found.len() > LINES {
        LINES - 1
    } else {
        found.len()
    };
    for (number, (series, values)) in found.iter().enumerate() {
        let values: Vec<f64> = times.iter().map(|time| at(values, *time)).collect();
        match layers.get_mut(shown) {
            Some((_, others)) => others
                .iter_mut()
                .zip(values)
                .for_each(|(sum, it)| *sum += it),
            None if number < shown => layers.push((series.entity.clone(), values)),
            None => layers.push((format!("{} others", found.len() - shown), values)),
        }
    }
    let places: Vec<f64> = times.iter().map(|ns| ns / time).collect();
    let (width, height) = options.size;
    let y_axis = Axis::linear(sum, "").from_zero();
    let mut chart = Chart::new(Axis::linear("time", symbol), y_axis).size(width, height);
    for layer in Series::stack(&places, &layers) {
        chart = chart.series(layer);
    }
    let caption = format!(
        "{}, added up: {sum}, in replication {}.",
        capitalized(&options.metrics.words(metric.name)),
        options.replication
    );
    Some(Figure::chart(
        format!("{} stacked", metric.name),
        caption,
        chart,
    ))
}

/// Time series of each metric.
fn series(study: &SampleStudy, options: &FigureOptions) -> Vec<Figure> {
    let mut metrics: Vec<(&str, Unit)> = Vec::new();
    for it in &study.series {
        if !metrics.iter().any(|(metric, _)| *metric == it.metric) {
            metrics.push((&it.metric, it.unit));
        }
    }
    let mut figures = Vec::new();
    for (metric, unit) in metrics {
        let found = of_replication(study, metric, options);
        let values = found.iter().flat_map(|it| &it.1).map(|it| it.1.abs());
        let largest = values.filter(|it| it.is_finite()).fold(0.0, f64::max);
        if found.is_empty() || largest == 0.0 {
            continue;
        }
        let (factor, symbol) = unit.axis_scale(largest);
        let (time, time_symbol) = time_scale(&found);
        let y_axis = match options.log_y {
            true => Axis::logarithmic(&options.metrics.words(metric), symbol),
            false => Axis::linear(&options.metrics.words(metric), symbol).from_zero(),
        };
        let (width, height) = options.size;
        let mut chart = Chart::new(Axis::linear("time", time_symbol), y_axis).size(width, height);
        for (series, values) in found.iter().take(LINES) {
            let name = if found.len() > 1 {
                series.entity.as_str()
            } else {
                ""
            };
            let line = values.iter().map(|(ns, value)| (ns / time, value / factor));
            chart = chart.series(Series::steps(name, line));
        }
        let more = match found.len() {
            count if count > LINES => format!("; {LINES} of {count}"),
            _ => String::new(),
        };
        let caption = format!(
            "{} over time in replication {}{more}.",
            capitalized(&options.metrics.words(metric)),
            options.replication
        );
        figures.push(Figure::chart(format!("{metric} over time"), caption, chart));
    }
    figures
}

fn capitalized(text: &str) -> String {
    let mut text = text.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}
