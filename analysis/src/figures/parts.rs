//! Where the latency of calls goes: the means of its parts, on top of each other.

use super::{Figure, FigureKind, FigureOptions};
use crate::chart::{Axis, Chart, Series};
use crate::results::ResultSet;
use crate::statistics::mean;
use crate::table::CallParts;
use crate::unit::Unit;

/// The maximum number of bars.
const BARS: usize = 24;

/// The parts of one bar, in nanoseconds.
struct Bar {
    name: String,
    parts: [f64; CallParts::METRICS.len()],
}

impl Bar {
    /// The means of a point and an entity, if they are known.
    fn of(results: &ResultSet, point: u32, entity: &str, name: String) -> Option<Self> {
        let mut parts = [0.0; CallParts::METRICS.len()];
        for (part, metric) in parts.iter_mut().zip(CallParts::METRICS) {
            *part = mean(&results.find(point, metric, entity)?.finite())?;
        }
        Some(Self { name, parts })
    }
}

/// All calls and those of each function of a run; all calls of each point of a sweep.
pub(super) fn figure(results: &ResultSet, options: &FigureOptions) -> Option<Figure> {
    if !options.wants(FigureKind::Parts) || !options.selection.metrics.is_empty() {
        return None;
    }
    let points = &results.points;
    let bars: Vec<Bar> = if points.are_many() {
        let bar = |number: &u32| {
            let label = points.label(*number, |_| false);
            // With one axis, its name is the same everywhere.
            let name = match label.split_once('=') {
                Some((_, value)) if !label.contains(", ") => value.to_owned(),
                _ => label,
            };
            Bar::of(results, *number, "all", name)
        };
        points.numbers.iter().filter_map(bar).take(BARS).collect()
    } else {
        let entities = results.entities(CallParts::METRICS[0]).into_iter();
        let shown =
            entities.filter(|entity| options.selection.holds(CallParts::METRICS[0], entity));
        let bar = |entity: &str| Bar::of(results, 0, entity, entity.to_owned());
        shown.filter_map(bar).take(BARS).collect()
    };
    let total = |bar: &Bar| bar.parts.iter().sum::<f64>();
    let largest = bars.iter().map(total).fold(0.0, f64::max);
    if largest == 0.0 {
        return None;
    }
    let (factor, symbol) = Unit::Nanoseconds.axis_scale(largest);
    let places: Vec<f64> = (0..bars.len()).map(|place| place as f64).collect();
    let layers: Vec<(&str, Vec<f64>)> = CallParts::NAMES
        .into_iter()
        .enumerate()
        .map(|(part, name)| {
            (
                name,
                bars.iter().map(|bar| bar.parts[part] / factor).collect(),
            )
        })
        .filter(|(_, values): &(_, Vec<f64>)| values.iter().any(|value| *value > 0.0))
        .collect();
    let (width, height) = options.size;
    let names = Axis::names("", bars.iter().map(|bar| bar.name.as_str()));
    let chart =
        Chart::new(names, Axis::linear("mean latency", symbol).from_zero()).size(width, height);
    let chart = Series::pile(&places, &layers)
        .into_iter()
        .fold(chart, Chart::series);
    let caption = format!(
        "Where the latency of completed calls goes: means over {} replications; the parts add up to the mean latency{}.",
        results.replications(),
        match points.numbers.len() > BARS {
            true => format!(". The first {BARS} points"),
            false => String::new(),
        }
    );
    Some(Figure::chart("latency parts", caption, chart))
}
