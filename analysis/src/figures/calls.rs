//! Figures of the calls of a run: distributions of their latency, its warm-up, and the first calls over time.
//!
//! The table of calls may have many millions of rows. It is read once, and only the data that the figures show is kept:
//! the latencies of the groups that have distributions, eight bytes each, and means of few calls for the warm-up.

use super::{Figure, FigureKind, FigureOptions};
use crate::calls::{CallStudy, Course, GroupBy, Latencies, Part, Transient, visit_replications};
use crate::chart::{Axis, Chart, Reference, Series};
use crate::results::{CallRow, ReadError, ResultSet};
use crate::statistics::{Sorted, mean};
use crate::unit::Unit;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most boxes of one figure.
const BOXES: usize = 24;
/// Most distribution functions of one figure.
const LINES: usize = 7;
/// Steps of the figure of the warm-up; a figure cannot show more.
const STEPS: usize = 250;

/// The figures of the calls, and what else is known of them.
pub(super) struct OfCalls {
    pub(super) figures: Vec<Figure>,
    pub(super) study: CallStudy,
}

impl OfCalls {
    /// Reads the calls once; twice if a second function appears only late. The study, without groups, is of use only if
    /// it is `judged` how the calls of each replication depend on each other.
    pub(super) fn read(
        results: &ResultSet,
        options: &FigureOptions,
        judged: bool,
    ) -> Result<Self, ReadError> {
        let cut_ns = results.warm_up_ns;
        let wants = |kind| options.wants(kind);
        let distributions = wants(FigureKind::Cdf) || wants(FigureKind::Box);
        let mut latencies = distributions.then(|| Latencies::new(options.group, BOXES));
        let mut course = (judged || wants(FigureKind::WarmUp)).then(Course::settling);
        if judged {
            course = course.map(|course| course.and_dependence(cut_ns));
        }
        let mut first = wants(FigureKind::Timeline).then(|| FirstCalls::new(options));
        if latencies.is_some() || course.is_some() || first.is_some() {
            visit_replications(results, |part| match part {
                Part::Call(row) => {
                    if let Some(course) = &mut course {
                        course.add(row);
                    }
                    if row.sent_ns < cut_ns {
                        return;
                    }
                    if let Some(latencies) = &mut latencies {
                        latencies.add(row);
                    }
                    if let Some(first) = &mut first {
                        first.add(row);
                    }
                }
                Part::End => course.iter_mut().for_each(Course::end),
            })?;
        }
        if latencies.as_ref().is_some_and(Latencies::is_late) {
            let mut again = Latencies::new(Some(GroupBy::Function), BOXES);
            visit_replications(results, |part| match part {
                Part::Call(row) if row.sent_ns >= cut_ns => again.add(row),
                Part::Call(_) | Part::End => {}
            })?;
            latencies = Some(again);
        }
        let mut figures = Vec::new();
        if let Some(latencies) = latencies {
            let distributions = Distributions::of(latencies);
            if wants(FigureKind::Cdf) {
                figures.push(distributions.cdf(options));
            }
            if wants(FigureKind::Box) {
                figures.push(distributions.boxes(options));
            }
        }
        let (transient, dependence) = course.unwrap_or_else(Course::unsettled).found();
        if let Some(transient) = transient.as_ref().filter(|_| wants(FigureKind::WarmUp)) {
            figures.push(settling(transient, cut_ns, options));
            figures.push(rule(transient, options));
        }
        figures.extend(first.and_then(|first| first.timeline(options)));
        let study = CallStudy {
            groups: Vec::new(),
            ungrouped: 0,
            cut_ns,
            transient,
            correlation: dependence.correlation(),
            batch_means: dependence.batch_means,
        };
        Ok(Self { figures, study })
    }
}

/// The completed calls of each group, all replications together.
struct Distributions {
    groups: Vec<(String, Arc<Sorted>)>,
    /// How many groups there are with those that are not shown.
    all: usize,
    unit: &'static str,
}

impl Distributions {
    fn of(latencies: Latencies) -> Self {
        let (groups, all) = latencies.found();
        let middle = |sample: &Sorted| sample.values().get(sample.len() / 2).copied();
        let middles = groups.iter().filter_map(|(_, sample)| middle(sample));
        let (factor, unit) = Unit::Nanoseconds.axis_scale(middles.fold(0.0, f64::max));
        let scaled = |(name, sample): (String, Sorted)| (name, Arc::new(sample.divided(factor)));
        Self {
            groups: groups.into_iter().map(scaled).collect(),
            all,
            unit,
        }
    }

    fn axis(&self, logarithmic: bool) -> Axis {
        match logarithmic {
            true => Axis::logarithmic("latency", self.unit),
            false => Axis::linear("latency", self.unit),
        }
    }

    fn cdf(&self, options: &FigureOptions) -> Figure {
        let (width, height) = options.size;
        let y_axis = Axis::linear("share of calls", "");
        let mut chart = Chart::new(self.axis(options.log_x), y_axis).size(width, height);
        for (name, sample) in self.groups.iter().take(LINES) {
            let name = match self.groups.len() {
                1 => "",
                _ => name,
            };
            chart = chart.series(Series::distribution(name, sample.clone()));
        }
        let more = match self.all {
            all if all > LINES => format!("; {LINES} of {all} groups"),
            _ => String::new(),
        };
        let caption = format!(
            "Distribution of the latency of completed calls, all replications together{more}."
        );
        Figure::chart("latency cdf", caption, chart)
    }

    fn boxes(&self, options: &FigureOptions) -> Figure {
        let (width, height) = options.size;
        let names = self.groups.iter().map(|(name, _)| name);
        let samples = self.groups.iter().map(|(_, sample)| sample.clone());
        let chart = Chart::new(Axis::names("", names), self.axis(options.log_y))
            .size(width, height)
            .series(Series::box_plot("", (0..).map(f64::from).zip(samples)));
        Figure::chart(
            "latency box",
            "Latency of completed calls: median, quartiles, whiskers up to 1.5 times the height of the box, and calls \
             beyond; all replications together.",
            chart,
        )
    }
}

/// How the latency settles.
fn settling(transient: &Transient, cut_ns: u64, options: &FigureOptions) -> Figure {
    let batches = &transient.batches;
    let end = batches.last().map_or(0.0, |it| it.0);
    let (time, time_symbol) = Unit::Nanoseconds.axis_scale(end);
    let largest = batches.iter().map(|it| it.1).fold(0.0, f64::max);
    let (factor, symbol) = Unit::Nanoseconds.axis_scale(largest);
    // Averaged as much as a figure of this size can show: whole batches, each from when its first call was sent.
    let each = (batches.len() / STEPS).max(1);
    let average = |part: &[(f64, f64)]| {
        let latencies: Vec<f64> = part.iter().map(|it| it.1).collect();
        mean(&latencies).unwrap_or(f64::NAN) / factor
    };
    let parts = batches.chunks(each);
    let mut line: Vec<(f64, f64)> = parts
        .map(|part| (part[0].0 / time, average(part)))
        .collect();
    let last = line.last().map(|it| (end / time, it.1));
    line.extend(last);
    let (width, height) = options.size;
    let y_axis = Axis::linear("latency", symbol).from_zero();
    let mut chart = Chart::new(Axis::linear("time", time_symbol), y_axis)
        .size(width, height)
        .series(Series::steps("", line))
        .reference(Reference::vertical(
            &format!("MSER-5: {}", shown_time(transient.ends_ns)),
            transient.ends_ns as f64 / time,
        ));
    if cut_ns > 0 {
        chart = chart.reference(Reference::vertical(
            &format!("cut by the run: {}", shown_time(cut_ns)),
            cut_ns as f64 / time,
        ));
    }
    let calls = each * crate::WarmUp::BATCH;
    let caption = format!(
        "Latency over the run: means of the n-th calls over all replications, {calls} calls per step, and the end of the warm-up by the rule MSER-5."
    );
    Figure::chart("warm-up", caption, chart)
}

/// What the rule for the warm-up saw.
fn rule(transient: &Transient, options: &FigureOptions) -> Figure {
    let largest = transient.batches.iter().map(|it| it.1).fold(0.0, f64::max);
    let (factor, symbol) = Unit::Nanoseconds.axis_scale(largest);
    let errors = transient.warm_up.errors.iter();
    let curve = errors.map(|(cut, error)| (*cut as f64, error.sqrt() / factor));
    let (width, height) = options.size;
    let y_axis = Axis::linear("standard error of the rest", symbol);
    let chart = Chart::new(Axis::linear("calls cut", ""), y_axis)
        .size(width, height)
        .series(Series::steps("", curve))
        .reference(Reference::vertical("MSER-5", transient.warm_up.cut as f64));
    Figure::chart(
        "warm-up rule",
        "The statistic that the rule MSER-5 minimizes: the standard error of the mean of the remaining calls, by the number of calls cut.",
        chart,
    )
}

fn shown_time(ns: u64) -> String {
    match ns {
        0 => "0 s".to_owned(),
        ns => Unit::Nanoseconds.format(ns as f64),
    }
}

/// The first calls of a replication that have an outcome.
struct FirstCalls {
    replication: u32,
    most: usize,
    /// By number: when each was sent, its latency, and the computer, or the outcome without one.
    calls: BTreeMap<u64, (u64, u64, String)>,
}

impl FirstCalls {
    fn new(options: &FigureOptions) -> Self {
        Self {
            replication: options.replication,
            most: options.calls,
            calls: BTreeMap::new(),
        }
    }

    fn add(&mut self, row: &CallRow<'_>) {
        let last = self.calls.last_key_value();
        let is_early = self.calls.len() < self.most || last.is_some_and(|last| row.call < *last.0);
        let is_shown = row.replication == self.replication && is_early;
        let Some(latency) = row.latency_ns.filter(|_| is_shown) else {
            return;
        };
        let place = match row.computer {
            "" => row.outcome,
            computer => computer,
        };
        let call = (row.sent_ns, latency, place.to_owned());
        self.calls.insert(row.call, call);
        if self.calls.len() > self.most {
            self.calls.pop_last();
        }
    }

    /// The calls as bars over time; nothing if there are none.
    fn timeline(&self, options: &FigureOptions) -> Option<Figure> {
        let calls = || self.calls.values();
        let start = calls().map(|it| it.0).min()?;
        let end = calls()
            .map(|it| it.0.saturating_add(it.1))
            .max()
            .unwrap_or(0);
        let (factor, symbol) = Unit::Nanoseconds.axis_scale((end - start) as f64);
        let mut computers: Vec<&str> = calls().map(|it| it.2.as_str()).collect();
        computers.sort_unstable();
        computers.dedup();
        let (width, height) = options.size;
        let since = match start {
            0 => "time".to_owned(),
            start => format!("time since {}", Unit::Nanoseconds.format(start as f64)),
        };
        let y_axis = Axis::linear("call", "").range(-1.0, self.calls.len().max(1) as f64);
        let mut chart = Chart::new(Axis::linear(&since, symbol), y_axis).size(width, height);
        for computer in computers {
            let rows = calls().enumerate().filter(|(_, it)| it.2 == computer);
            let spans = rows.map(|(row, (sent, latency, _))| {
                let from = (sent - start) as f64;
                (from / factor, (from + *latency as f64) / factor, row as f64)
            });
            chart = chart.series(Series::spans(computer, spans));
        }
        let caption = format!(
            "The first {} calls of replication {} after the warm-up, from sending to answer, by computer.",
            self.calls.len(),
            self.replication
        );
        Some(Figure::chart("timeline", caption, chart))
    }
}
