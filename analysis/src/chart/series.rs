//! What a chart shows: series of points, and reference lines.

use crate::statistics::{Interval, Sorted};

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
    pub(super) points: Vec<Point>,
}

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mark {
    Line,
    Steps,
    Distribution,
    Bars,
    /// Bars from the `x` of a point to that of the next; the last point only ends the last bar.
    Histogram,
}

impl Mark {
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
        let start = sample.values().first().map(|&first| (first, 0.0));
        Self::new(
            label,
            Mark::Distribution,
            start.into_iter().chain(sample.cdf()),
        )
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

    fn new<P: Into<Point>>(label: &str, mark: Mark, points: impl IntoIterator<Item = P>) -> Self {
        Self {
            label: label.to_owned(),
            mark,
            points: points.into_iter().map(Into::into).collect(),
        }
    }

    pub(super) fn xs(&self) -> impl Iterator<Item = f64> + '_ {
        self.points.iter().map(|point| point.x)
    }

    pub(super) fn ys(&self) -> impl Iterator<Item = f64> + '_ {
        let values = |point: &Point| {
            let (low, high) = point.interval.unwrap_or((point.y, point.y));
            [point.y, low, high]
        };
        self.points.iter().flat_map(values)
    }

    pub(super) fn is_distribution(&self) -> bool {
        self.mark == Mark::Distribution
    }

    pub(super) fn starts_at_zero(&self) -> bool {
        matches!(self.mark, Mark::Bars | Mark::Histogram | Mark::Distribution)
    }

    /// Share of the horizontal axis to leave free at both ends, so that markers and bars are whole.
    pub(super) fn padding(&self) -> f64 {
        match self.mark {
            Mark::Line => 0.03,
            Mark::Steps | Mark::Distribution => 0.0,
            Mark::Histogram => 0.02,
            Mark::Bars => 0.6 / self.points.len().saturating_sub(1).max(1) as f64,
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
