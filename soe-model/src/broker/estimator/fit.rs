//! A straight line through the last measurements, by least squares.

use std::collections::VecDeque;

use sim_core::{SimDuration, SimTime};

use crate::broker::Compatibility;

/// The last points `(x, y)` that are not stale, and the line through them.
#[derive(Clone, Debug)]
pub(super) struct LinearFit {
    window: usize,
    /// How long a point counts; `None` for ever.
    stale_after: Option<SimDuration>,
    compatibility: Compatibility,
    points: VecDeque<Point>,
    line: Line,
    outdated: bool,
}

#[derive(Clone, Copy, Debug)]
struct Point {
    x: f64,
    y: f64,
    at: SimTime,
}

#[derive(Clone, Copy, Debug, Default)]
struct Line {
    intercept: f64,
    slope: f64,
}

impl LinearFit {
    /// An empty window of `window` points.
    pub(super) fn new(
        window: usize,
        stale_after: Option<SimDuration>,
        compatibility: Compatibility,
    ) -> Self {
        Self {
            window: window.max(1),
            stale_after,
            compatibility,
            points: VecDeque::new(),
            line: Line::default(),
            outdated: false,
        }
    }

    /// Adds a point and drops the oldest one if the window is full.
    pub(super) fn add(&mut self, now: SimTime, x: f64, y: f64) {
        if self.points.len() == self.window {
            self.points.pop_front();
        }
        self.points.push_back(Point { x, y, at: now });
        self.outdated = true;
    }

    /// The line at `x`; `None` without points.
    pub(super) fn at(&mut self, now: SimTime, x: f64) -> Option<f64> {
        self.purge(now);
        if self.points.is_empty() {
            return None;
        }
        if self.outdated {
            self.line = fit(&self.points);
            self.outdated = false;
        }
        Some(self.line.intercept + self.line.slope * x)
    }

    fn purge(&mut self, now: SimTime) {
        let Some(stale_after) = self.stale_after else {
            return;
        };
        let is_stale = |point: &Point| now.since(point.at) > stale_after;
        if !self.points.front().is_some_and(is_stale) {
            return;
        }
        let stale = self
            .points
            .iter()
            .take_while(|point| is_stale(point))
            .count();
        let dropped = match self.compatibility {
            Compatibility::Corrected => stale,
            Compatibility::Original => stale.div_ceil(2),
        };
        self.points.drain(..dropped);
        self.outdated = true;
    }
}

fn fit(points: &VecDeque<Point>) -> Line {
    let count = points.len() as f64;
    let sum_y: f64 = points.iter().map(|point| point.y).sum();
    let flat = Line {
        intercept: sum_y / count,
        slope: 0.0,
    };
    if points.iter().all(|point| point.x == points[0].x) {
        return flat;
    }
    let sum_x: f64 = points.iter().map(|point| point.x).sum();
    let mean_x = sum_x / count;
    let deviations = points.iter().map(|point| (point.x - mean_x, point.y));
    let (covariance, variance) = deviations.fold((0.0, 0.0), |(covariance, variance), (dx, y)| {
        (covariance + dx * y, variance + dx * dx)
    });
    let slope = covariance / variance;
    Line {
        intercept: (sum_y - slope * sum_x) / count,
        slope,
    }
}
