//! The content of a chart: series of points, and reference lines.

use crate::statistics::{Interval, QuantileRule, Sorted};
use std::ops::Range;
use std::sync::Arc;

/// A point of a series, with the interval around it if it has one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Horizontal place.
    pub x: f64,
    /// Vertical place.
    pub y: f64,
    /// Lower and upper end of the interval around `y`.
    pub interval: Option<(f64, f64)>,
}

impl From<(f64, f64)> for Point {
    fn from((x, y): (f64, f64)) -> Self {
        Self {
            x,
            y,
            interval: None,
        }
    }
}

impl From<(f64, Interval)> for Point {
    fn from((x, interval): (f64, Interval)) -> Self {
        Self {
            x,
            y: interval.mean,
            interval: interval.low().zip(interval.high()),
        }
    }
}

/// A named series of a chart. A series without a label is not in the legend.
#[derive(Clone, Debug)]
pub struct Series {
    pub(super) label: String,
    pub(super) mark: Mark,
    /// The points of all but distributions, whose number may be that of the calls of a run: those are read off the
    /// sample.
    places: Vec<(f64, f64)>,
    /// The intervals of the first points; none of those beyond.
    intervals: Vec<Option<(f64, f64)>>,
    /// What a distribution is of.
    sample: Arc<Sorted>,
    /// What boxes show; as many as points.
    pub(super) boxes: Vec<BoxShape>,
    /// Where spans end; as many as points.
    pub(super) ends: Vec<f64>,
    /// Positions of points whose markers are hollow, ascending.
    hollow: Vec<usize>,
}

/// A box of a box plot.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct BoxShape {
    /// First and third quartile.
    pub(super) quartiles: (f64, f64),
    /// The values farthest from the box that are within 1.5 times its height.
    pub(super) whiskers: (f64, f64),
    sample: Arc<Sorted>,
    /// Where the values that are not beyond the whiskers stand in the sample.
    within: Range<usize>,
}

impl BoxShape {
    /// The values beyond the whiskers.
    pub(super) fn outliers(&self) -> impl Iterator<Item = f64> + '_ {
        let values = self.sample.values();
        let (low, high) = (&values[..self.within.start], &values[self.within.end..]);
        low.iter().chain(high).copied()
    }
}

/// How far whiskers reach, in heights of the box (Tukey, 1977).
const WHISKERS: f64 = 1.5;

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mark {
    Line,
    Steps,
    Distribution,
    Bars,
    /// Bars between the ends of the interval of each point.
    Piles,
    /// Bars from the `x` of a point to that of the next; the last point only ends the last bar.
    Histogram,
    Boxes,
    /// Areas between the ends of the interval of each point, which hold until the next.
    Areas,
    /// Horizontal bars from the `x` of a point to its end.
    Spans,
}

impl Mark {
    /// Whether it fills a surface, whose hatch tells series apart.
    pub(super) fn is_filled(self) -> bool {
        !matches!(self, Mark::Line | Mark::Steps | Mark::Distribution)
    }

    /// Whether markers tell series apart, beside dashes. Those of a value over time would look like events.
    pub(super) fn has_markers(self) -> bool {
        matches!(self, Mark::Line | Mark::Distribution)
    }
}

impl Series {
    /// Points joined by lines, with markers, and a band where the points have intervals. A point that is not finite
    /// leaves a gap.
    pub fn line<P: Into<Point>>(label: &str, points: impl IntoIterator<Item = P>) -> Self {
        Self::new(label, Mark::Line, points)
    }

    /// Values that hold from their point to the next, such as a queue length over time.
    pub fn steps<P: Into<Point>>(label: &str, points: impl IntoIterator<Item = P>) -> Self {
        Self::new(label, Mark::Steps, points)
    }

    /// The empirical distribution function of a sample.
    pub fn cdf(label: &str, sample: &Sorted) -> Self {
        Self::distribution(label, Arc::new(sample.clone()))
    }

    /// The same of a sample that is shared, not copied.
    pub(crate) fn distribution(label: &str, sample: Arc<Sorted>) -> Self {
        Self {
            sample,
            ..Self::new(label, Mark::Distribution, std::iter::empty::<Point>())
        }
    }

    /// Bars from zero, with whiskers where the points have intervals. The bars of several series stand side by side.
    pub fn bars<P: Into<Point>>(label: &str, points: impl IntoIterator<Item = P>) -> Self {
        Self::new(label, Mark::Bars, points)
    }

    /// Bars from each edge to the next; one more edge than heights.
    pub fn histogram(label: &str, edges: &[f64], heights: &[f64]) -> Self {
        let end = edges.get(heights.len()).map(|&edge| (edge, f64::NAN));
        Self::new(
            label,
            Mark::Histogram,
            edges
                .iter()
                .copied()
                .zip(heights.iter().copied())
                .chain(end),
        )
    }

    /// Boxes at places of the horizontal axis, one per sample: median, quartiles, whiskers up to 1.5 times the height of
    /// the box, and what lies beyond (Tukey, 1977). The boxes of several series stand side by side; empty samples are
    /// left out.
    pub fn boxes<'a>(label: &str, samples: impl IntoIterator<Item = (f64, &'a Sorted)>) -> Self {
        let samples = samples.into_iter();
        Self::box_plot(
            label,
            samples.map(|(x, sample)| (x, Arc::new(sample.clone()))),
        )
    }

    /// The same of samples that are shared, not copied.
    pub(crate) fn box_plot(
        label: &str,
        samples: impl IntoIterator<Item = (f64, Arc<Sorted>)>,
    ) -> Self {
        let (mut points, mut boxes): (Vec<Point>, Vec<BoxShape>) = (Vec::new(), Vec::new());
        for (x, sample) in samples {
            let quantile = |q| sample.quantile(q, QuantileRule::Interpolated);
            let (Some(low), Some(median), Some(high)) =
                (quantile(0.25), quantile(0.5), quantile(0.75))
            else {
                continue;
            };
            let reach = WHISKERS * (high - low);
            let values = sample.values();
            let within = values.partition_point(|value| *value < low - reach)
                ..values.partition_point(|value| *value <= high + reach);
            let inside = values.get(within.clone()).unwrap_or_default();
            let whiskers = (
                inside.first().copied().unwrap_or(low),
                inside.last().copied().unwrap_or(high),
            );
            let ends = values.first().zip(values.last());
            points.push(Point {
                x,
                y: median,
                interval: ends.map(|(first, last)| (*first, *last)),
            });
            boxes.push(BoxShape {
                quartiles: (low, high),
                whiskers,
                sample,
                within,
            });
        }
        Self {
            boxes,
            ..Self::new(label, Mark::Boxes, points)
        }
    }

    /// Quantities over time that add up, each drawn on top of those before: places of the horizontal axis, and for
    /// each label a value per place, which holds until the next place.
    pub fn stack<S: AsRef<str>>(places: &[f64], layers: &[(S, Vec<f64>)]) -> Vec<Self> {
        let mut base = vec![0.0; places.len()];
        let mut stacked = Vec::with_capacity(layers.len());
        for (label, values) in layers {
            let points = places
                .iter()
                .zip(&mut base)
                .zip(values)
                .map(|((&x, base), value)| {
                    let low = *base;
                    // What is not known counts as nothing, or all that is above could not be drawn.
                    *base += if value.is_finite() { *value } else { 0.0 };
                    Point {
                        x,
                        y: *base,
                        interval: Some((low, *base)),
                    }
                });
            stacked.push(Self::new(label.as_ref(), Mark::Areas, points));
        }
        stacked
    }

    /// Quantities side by side that add up, each drawn on top of those before: places of the horizontal axis, and for
    /// each label a value per place.
    ///
    /// ```
    /// use analysis::{Axis, Chart, Series};
    ///
    /// let parts = [("queue", vec![1.0, 3.0]), ("processor", vec![2.0, 2.0])];
    /// let chart = Chart::new(Axis::names("", ["a", "b"]), Axis::linear("latency", "ms").from_zero());
    /// let chart = Series::pile(&[0.0, 1.0], &parts).into_iter().fold(chart, Chart::series);
    /// assert!(chart.to_svg().contains("processor"));
    /// ```
    pub fn pile<S: AsRef<str>>(places: &[f64], layers: &[(S, Vec<f64>)]) -> Vec<Self> {
        let stacked = Self::stack(places, layers).into_iter();
        let piled = stacked.map(|series| Self {
            mark: Mark::Piles,
            ..series
        });
        piled.collect()
    }

    /// Horizontal bars, such as calls over time: start, end, and the place of the vertical axis.
    pub fn spans(label: &str, spans: impl IntoIterator<Item = (f64, f64, f64)>) -> Self {
        let spans = spans.into_iter();
        let (points, ends): (Vec<(f64, f64)>, Vec<f64>) =
            spans.map(|(start, end, row)| ((start, row), end)).unzip();
        Self {
            ends,
            ..Self::new(label, Mark::Spans, points)
        }
    }

    fn new<P: Into<Point>>(label: &str, mark: Mark, points: impl IntoIterator<Item = P>) -> Self {
        let points = points.into_iter();
        let mut places = Vec::with_capacity(points.size_hint().0);
        let mut intervals = Vec::new();
        for Point { x, y, interval } in points.map(Into::into) {
            if interval.is_some() {
                intervals.resize(places.len(), None);
                intervals.push(interval);
            }
            places.push((x, y));
        }
        Self {
            label: label.to_owned(),
            mark,
            places,
            intervals,
            sample: Arc::default(),
            boxes: Vec::new(),
            ends: Vec::new(),
            hollow: Vec::new(),
        }
    }

    /// The same with hollow markers at some of its points, by their position: those that mean less than the others.
    pub fn hollow(self, positions: impl IntoIterator<Item = usize>) -> Self {
        let mut hollow: Vec<usize> = positions.into_iter().collect();
        hollow.sort_unstable();
        Self { hollow, ..self }
    }

    pub(super) fn is_hollow(&self, position: usize) -> bool {
        self.hollow.binary_search(&position).is_ok()
    }

    /// The points, in order; those of a distribution begin with the first value at zero.
    pub(super) fn points(&self) -> impl Iterator<Item = Point> + '_ {
        let intervals = self.intervals.iter().copied();
        let points = self
            .places
            .iter()
            .zip(intervals.chain(std::iter::repeat(None)));
        let points = points.map(|(&(x, y), interval)| Point { x, y, interval });
        let start = self.sample.values().first().map(|&first| (first, 0.0));
        points.chain(start.into_iter().chain(self.sample.cdf()).map(Point::from))
    }

    pub(super) fn xs(&self) -> impl Iterator<Item = f64> + '_ {
        let starts = self.points().map(|point| point.x);
        starts.chain(self.ends.iter().copied())
    }

    pub(super) fn ys(&self) -> impl Iterator<Item = f64> + '_ {
        let values = |point: Point| {
            let (low, high) = point.interval.unwrap_or((point.y, point.y));
            [point.y, low, high]
        };
        self.points().flat_map(values)
    }

    pub(super) fn is_distribution(&self) -> bool {
        self.mark == Mark::Distribution
    }

    pub(super) fn starts_at_zero(&self) -> bool {
        matches!(
            self.mark,
            Mark::Bars | Mark::Piles | Mark::Histogram | Mark::Distribution | Mark::Areas
        )
    }

    /// Share of the horizontal axis to leave free at both ends, so that markers and bars are whole.
    pub(super) fn padding(&self) -> f64 {
        match self.mark {
            Mark::Line => 0.03,
            Mark::Steps | Mark::Distribution | Mark::Areas => 0.0,
            Mark::Histogram | Mark::Spans => 0.02,
            Mark::Bars | Mark::Piles | Mark::Boxes => {
                0.6 / self.places.len().saturating_sub(1).max(1) as f64
            }
        }
    }
}

/// A straight line across the plot that data are to be compared with: a bound, a deadline, parity.
#[derive(Clone, Debug)]
pub struct Reference {
    pub(super) label: String,
    pub(super) value: f64,
    pub(super) vertical: bool,
}

impl Reference {
    /// A line at one value of the vertical axis.
    pub fn horizontal(label: &str, y: f64) -> Self {
        Self {
            label: label.to_owned(),
            value: y,
            vertical: false,
        }
    }

    /// A line at one value of the horizontal axis.
    pub fn vertical(label: &str, x: f64) -> Self {
        Self {
            label: label.to_owned(),
            value: x,
            vertical: true,
        }
    }
}
