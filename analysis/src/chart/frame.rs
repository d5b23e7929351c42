//! The plot area, and what is measured in it.

use super::scale::Scale;
use super::series::{Mark, Series};

/// Movements below this many points cannot be seen and are left out, so that a million values make a small file.
pub(super) const INVISIBLE: f64 = 0.1;
/// Half the width of the end of a whisker.
pub(super) const WHISKER: f64 = 1.6;

/// The plot area: both scales.
pub(super) struct Frame {
    pub(super) x: Scale,
    pub(super) y: Scale,
}

impl Frame {
    pub(super) fn at(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        self.x.at(x).zip(self.y.at(y))
    }

    /// The middle of the plot.
    pub(super) fn middle(&self) -> (f64, f64) {
        (
            (self.x.start + self.x.end) / 2.0,
            (self.y.start + self.y.end) / 2.0,
        )
    }

    /// Whether a place is in the plot (with half a point of tolerance).
    pub(super) fn holds(&self, (x, y): (f64, f64)) -> bool {
        let (left, right, top, bottom) = (self.x.start, self.x.end, self.y.end, self.y.start);
        x >= left - 0.5 && x <= right + 0.5 && y >= top - 0.5 && y <= bottom + 0.5
    }
}

/// Smallest distance between the places of bars or boxes; half the plot if there is only one place.
pub(super) fn group_width(frame: &Frame, series: &[Series], mark: Mark) -> f64 {
    let bars = series.iter().filter(|series| series.mark == mark);
    let mut places: Vec<f64> = bars
        .flat_map(Series::xs)
        .filter_map(|x| frame.x.at(x))
        .collect();
    places.sort_unstable_by(f64::total_cmp);
    let gaps = places
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .filter(|gap| *gap > INVISIBLE);
    gaps.fold((frame.x.end - frame.x.start) / 2.0, f64::min)
}
