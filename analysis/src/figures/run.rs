//! Figures of a single run.

use super::{Figure, FigureError, FigureKind, FigureOptions, in_words};
use crate::calls::{CallGroup, CallStudy, Cut, GroupBy, Transient};
use crate::chart::{Axis, Chart, Reference, Series};
use crate::results::{MetricValues, ResultSet};
use crate::samples::{SampleStudy, TimeSeries};
use crate::statistics::{Interval, Sorted, mean};
use crate::unit::Unit;
use std::collections::BTreeMap;

/// Most entities side by side.
const BARS: usize = 24;
/// Most steps of a line over time; a figure cannot show more.
const STEPS: usize = 120;
/// Most lines of one figure.
const LINES: usize = 7;

pub(super) fn figures(
    results: &ResultSet,
    options: &FigureOptions,
) -> Result<Vec<Figure>, FigureError> {
    let mut figures = Vec::new();
    if options.wants(FigureKind::Bars) {
        figures.extend(bars(results, options));
    }
    let distributions = options.wants(FigureKind::Cdf) || options.wants(FigureKind::Box);
    if results.has_calls() {
        if distributions || options.wants(FigureKind::WarmUp) {
            let study = calls(results, options.group)?;
            if options.wants(FigureKind::Cdf) {
                figures.push(cdf(&study, options));
            }
            if options.wants(FigureKind::Box) {
                figures.push(boxes(&study, options));
            }
            let transient = study.transient.as_ref();
            if let Some(transient) = transient.filter(|_| options.wants(FigureKind::WarmUp)) {
                figures.extend(warm_up(transient, study.cut_ns, options));
            }
        }
        if options.wants(FigureKind::Timeline) {
            figures.push(timeline(results, options)?);
        }
    }
    let over_time = options.wants(FigureKind::Series) || options.wants(FigureKind::Stacked);
    if results.has_samples() && over_time {
        let study = SampleStudy::of(results)?;
        if options.wants(FigureKind::Stacked) {
            figures.extend(stacked(&study, options));
        }
        if options.wants(FigureKind::Series) {
            figures.extend(series(&study, options));
        }
    }
    Ok(figures)
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
        let y_axis = Axis::linear(&in_words(metric), symbol).from_zero();
        let chart = Chart::new(Axis::names("", names), y_axis)
            .size(width, height)
            .series(Series::bars("", points));
        let caption = format!(
            "{}. Mean with 95 % interval over {} replications.",
            capitalized(&in_words(metric)),
            results.replications()
        );
        figures.push(Figure::chart(metric, caption, chart));
    }
    figures
}

/// The calls, grouped by what tells most unless asked otherwise.
fn calls(results: &ResultSet, group: Option<GroupBy>) -> Result<CallStudy, FigureError> {
    if let Some(group) = group {
        return Ok(CallStudy::of(results, group, Cut::AsRun)?);
    }
    for group in [GroupBy::Function, GroupBy::Computer] {
        let study = CallStudy::of(results, group, Cut::AsRun)?;
        if completed(&study).count() > 1 {
            return Ok(study);
        }
    }
    Ok(CallStudy::of(results, GroupBy::All, Cut::AsRun)?)
}

/// The completed calls of a group, all replications together.
fn pooled(group: &CallGroup, factor: f64) -> Sorted {
    let all = group.latencies.iter().flat_map(Sorted::values);
    all.map(|ns| ns / factor).collect()
}

fn largest_latency(study: &CallStudy) -> f64 {
    let all = study.groups.iter().flat_map(|group| &group.latencies);
    let medians = all.filter_map(|sample| sample.values().get(sample.len() / 2));
    medians.copied().fold(0.0, f64::max)
}

fn latency_axis(symbol: &str, logarithmic: bool) -> Axis {
    match logarithmic {
        true => Axis::logarithmic("latency", symbol),
        false => Axis::linear("latency", symbol),
    }
}

fn cdf(study: &CallStudy, options: &FigureOptions) -> Figure {
    let (factor, symbol) = Unit::Nanoseconds.axis_scale(largest_latency(study));
    let (width, height) = options.size;
    let x_axis = latency_axis(symbol, options.log_x);
    let mut chart = Chart::new(x_axis, Axis::linear("share of calls", "")).size(width, height);
    let shown: Vec<&CallGroup> = completed(study).take(LINES).collect();
    for group in &shown {
        let name = if shown.len() > 1 {
            group.name.as_str()
        } else {
            ""
        };
        chart = chart.series(Series::cdf(name, &pooled(group, factor)));
    }
    Figure::chart(
        "latency cdf",
        format!(
            "Distribution of the latency of completed calls, all replications together{}.",
            of_all(study)
        ),
        chart,
    )
}

/// The groups that have completed calls.
fn completed(study: &CallStudy) -> impl Iterator<Item = &CallGroup> {
    let has_some = |group: &&CallGroup| group.latencies.iter().any(|sample| !sample.is_empty());
    study.groups.iter().filter(has_some)
}

fn of_all(study: &CallStudy) -> String {
    match completed(study).count() {
        shown if shown > LINES => format!("; {LINES} of {shown} groups"),
        _ => String::new(),
    }
}

fn boxes(study: &CallStudy, options: &FigureOptions) -> Figure {
    let (factor, symbol) = Unit::Nanoseconds.axis_scale(largest_latency(study));
    let shown: Vec<&CallGroup> = completed(study).take(BARS).collect();
    let samples: Vec<Sorted> = shown.iter().map(|it| pooled(it, factor)).collect();
    let names = shown.iter().map(|it| it.name.as_str());
    let y_axis = latency_axis(symbol, options.log_y);
    let (width, height) = options.size;
    let chart = Chart::new(Axis::names("", names), y_axis)
        .size(width, height)
        .series(Series::boxes("", (0..).map(f64::from).zip(&samples)));
    Figure::chart(
        "latency box",
        "Latency of completed calls: median, quartiles, whiskers up to 1.5 times the height of the box, and calls \
         beyond; all replications together.",
        chart,
    )
}

fn warm_up(transient: &Transient, cut_ns: u64, options: &FigureOptions) -> Vec<Figure> {
    let longest = transient.series.last().map_or(0.0, |it| it.0);
    let (time, time_symbol) = Unit::Nanoseconds.axis_scale(longest);
    let latencies = transient.series.iter().map(|it| it.1);
    let (factor, symbol) = Unit::Nanoseconds.axis_scale(latencies.fold(0.0, f64::max));
    // Averaged as much as a figure of this size can show.
    let batch = (transient.series.len() / 250).max(5);
    let line = transient.series.chunks(batch).map(|part| {
        let (times, values): (Vec<f64>, Vec<f64>) = part.iter().copied().unzip();
        let mean = |values: &[f64]| mean(values).unwrap_or(f64::NAN);
        (mean(&times) / time, mean(&values) / factor)
    });
    let (width, height) = options.size;
    let y_axis = Axis::linear("latency", symbol).from_zero();
    let mut settling = Chart::new(Axis::linear("time", time_symbol), y_axis)
        .size(width, height)
        .series(Series::steps("", line))
        .reference(Reference::vertical(
            &format!("MSER-5: {}", shown_time(transient.ends_ns)),
            transient.ends_ns as f64 / time,
        ));
    if cut_ns > 0 {
        settling = settling.reference(Reference::vertical(
            &format!("cut by the run: {}", shown_time(cut_ns)),
            cut_ns as f64 / time,
        ));
    }
    let errors = transient.warm_up.errors.iter();
    let curve = errors.map(|(cut, error)| (*cut as f64, error.sqrt() / factor));
    let rule = Chart::new(
        Axis::linear("calls cut", ""),
        Axis::linear("standard error of the rest", symbol),
    )
    .size(width, height)
    .series(Series::steps("", curve))
    .reference(Reference::vertical("MSER-5", transient.warm_up.cut as f64));
    vec![
        Figure::chart(
            "warm-up",
            format!(
                "Latency from the start: the n-th calls of all replications, averaged, {batch} calls a step, and where \
                 the rule MSER-5 has the warm-up end."
            ),
            settling,
        ),
        Figure::chart(
            "warm-up rule",
            "What the rule MSER-5 minimizes: the standard error of the mean of what is left after cutting so many calls.",
            rule,
        ),
    ]
}

fn shown_time(ns: u64) -> String {
    match ns {
        0 => "0 s".to_owned(),
        ns => Unit::Nanoseconds.format(ns as f64),
    }
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

/// The first calls of a replication as bars over time.
fn timeline(results: &ResultSet, options: &FigureOptions) -> Result<Figure, FigureError> {
    let mut first: BTreeMap<u64, (u64, u64, String)> = BTreeMap::new();
    results.visit_calls(|call| {
        let counted = call.replication == options.replication && call.sent_ns >= results.warm_up_ns;
        let early = first.len() < options.calls
            || first
                .last_key_value()
                .is_some_and(|(last, _)| call.call < *last);
        let Some(latency) = call.latency_ns.filter(|_| counted && early) else {
            return;
        };
        let place = match call.computer {
            "" => call.outcome,
            computer => computer,
        };
        first.insert(call.call, (call.sent_ns, latency, place.to_owned()));
        if first.len() > options.calls {
            first.pop_last();
        }
    })?;
    let start = first.values().map(|it| it.0).min().unwrap_or(0);
    let end = first.values().map(|it| it.0 + it.1).max().unwrap_or(0);
    let (factor, symbol) = Unit::Nanoseconds.axis_scale((end - start) as f64);
    let mut computers: Vec<&str> = first.values().map(|it| it.2.as_str()).collect();
    computers.sort_unstable();
    computers.dedup();
    let (width, height) = options.size;
    let since = match start {
        0 => "time".to_owned(),
        start => format!("time since {}", Unit::Nanoseconds.format(start as f64)),
    };
    let y_axis = Axis::linear("call", "").range(-1.0, first.len().max(1) as f64);
    let mut chart = Chart::new(Axis::linear(&since, symbol), y_axis).size(width, height);
    for computer in computers {
        let rows = first
            .values()
            .enumerate()
            .filter(|(_, it)| it.2 == computer);
        let spans = rows.map(|(row, (sent, latency, _))| {
            let from = (sent - start) as f64;
            (from / factor, (from + *latency as f64) / factor, row as f64)
        });
        chart = chart.series(Series::spans(computer, spans));
    }
    let caption = format!(
        "The first {} calls of replication {} after the warm-up, from sending to answer, by computer.",
        first.len(),
        options.replication
    );
    Ok(Figure::chart("timeline", caption, chart))
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

/// Utilization of all processors on top of each other.
fn stacked(study: &SampleStudy, options: &FigureOptions) -> Option<Figure> {
    let found = of_replication(study, "utilization", options);
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
    let y_axis = Axis::linear("processors in use", "").from_zero();
    let mut chart = Chart::new(Axis::linear("time", symbol), y_axis).size(width, height);
    for layer in Series::stack(&places, &layers) {
        chart = chart.series(layer);
    }
    let caption = format!(
        "Utilization of the processors, added up, in replication {}; 1 is one processor with all its cores in use.",
        options.replication
    );
    Some(Figure::chart("utilization stacked", caption, chart))
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
            true => Axis::logarithmic(&in_words(metric), symbol),
            false => Axis::linear(&in_words(metric), symbol).from_zero(),
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
            capitalized(&in_words(metric)),
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
