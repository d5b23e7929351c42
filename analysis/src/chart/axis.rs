//! Axes: their quantity, range and ticks.

use super::scale::{Scale, Ticks, linear_ticks, logarithmic_ticks, name_ticks};
use super::series::{Reference, Series};
use super::svg::Label;
use super::wrap::{fitted, wrapped};

/// Smallest share of the larger end at which a linear axis starts at zero by itself.
const NEAR_ZERO: f64 = 0.35;
/// Least share of the length between a reference line and the edge of the plot.
const BESIDE_LINE: f64 = 0.015;
/// Largest share of the text beside an axis for its unit.
const UNIT: f64 = 0.4;
/// Least distance of names below a horizontal axis, where they are slanted.
const NAMES_APART: f64 = 14.0;
/// What is smaller counts as zero.
const SMALLEST: f64 = 1e-100;

/// An axis of a chart.
#[derive(Clone, Debug)]
pub struct Axis {
    label: String,
    unit: String,
    kind: Kind,
    range: Option<(f64, f64)>,
    zero: bool,
}

#[derive(Clone, Debug)]
enum Kind {
    Linear,
    Logarithmic,
    Names(Vec<String>),
}

impl Axis {
    /// A linear axis. The label reads `label (unit)`, or `label` if there is no unit.
    pub fn linear(label: &str, unit: &str) -> Self {
        Self {
            label: label.to_owned(),
            unit: unit.to_owned(),
            kind: Kind::Linear,
            range: None,
            zero: false,
        }
    }

    /// A logarithmic axis (base 10).
    pub fn logarithmic(label: &str, unit: &str) -> Self {
        Self {
            kind: Kind::Logarithmic,
            ..Self::linear(label, unit)
        }
    }

    /// An axis of names, for bars: the first is at 0, the next at 1 and so on.
    pub fn names<S: Into<String>>(label: &str, names: impl IntoIterator<Item = S>) -> Self {
        let names = names.into_iter().map(Into::into).collect();
        Self {
            kind: Kind::Names(names),
            ..Self::linear(label, "")
        }
    }

    /// Shows exactly this range, whatever the data; ignored if it is empty or impossible for the kind of axis.
    #[must_use]
    pub fn range(mut self, low: f64, high: f64) -> Self {
        let possible = drawable(low) && drawable(high) && !nearly_equal(low, high) && low < high;
        if possible && (low >= SMALLEST || !matches!(self.kind, Kind::Logarithmic)) {
            self.range = Some((low, high));
        }
        self
    }

    /// Includes zero (on a linear axis).
    #[must_use]
    pub fn from_zero(mut self) -> Self {
        self.zero = true;
        self
    }

    pub(super) fn name(&self) -> &str {
        &self.label
    }

    /// The kind of the axis, for a page that draws its ticks.
    pub(super) fn kind(&self) -> &'static str {
        match self.kind {
            Kind::Linear => "linear",
            Kind::Logarithmic => "log",
            Kind::Names(_) => "names",
        }
    }

    /// The text beside the axis, with the power of ten that its tick labels leave out, in as many lines as a space of
    /// this length makes necessary. Beyond `most` lines it is shortened, but never its unit.
    pub(super) fn title(&self, ticks: &Ticks, length: f64, most: usize) -> Vec<Label> {
        if self.label.is_empty() && self.unit.is_empty() {
            return Vec::new();
        }
        let unit = fitted(&self.unit, length * UNIT);
        let end = match (ticks.exponent, unit.is_empty()) {
            (0, true) => Label::plain(""),
            (0, false) => Label::plain(&format!(" ({unit})")),
            (exponent, true) => Label::power(" (10".to_owned(), exponent, ")".to_owned()),
            (exponent, false) => Label::power(" (10".to_owned(), exponent, format!(" {unit})")),
        };
        let lines = wrapped(&self.label, length, most, end.width());
        let mut lines: Vec<Label> = lines.iter().map(|line| Label::plain(line)).collect();
        if let Some(last) = lines.last_mut() {
            let text = last.text.clone() + &end.text;
            *last = Label { text, ..end };
        }
        lines
    }

    /// Ticks of the vertical axis, whose range ends at ticks; `longest` limits the width of names.
    pub(super) fn vertical_ticks(&self, extent: Extent, length: f64, longest: f64) -> Ticks {
        let most = (length / 20.0) as usize;
        let (low, high) = self.data_range(extent);
        match &self.kind {
            Kind::Names(names) => name_ticks(names, longest, names.len()),
            Kind::Linear => linear_ticks(low, high, most, self.range.is_none() && !extent.exact),
            Kind::Logarithmic => logarithmic_ticks(low, high, most, self.range.is_none()),
        }
    }

    /// Ticks of the horizontal axis: as many as their labels leave room for; `longest` limits the width of names.
    pub(super) fn horizontal_ticks(&self, extent: Extent, length: f64, longest: f64) -> Ticks {
        let (mut low, mut high) = self.data_range(extent);
        if let Kind::Names(names) = &self.kind {
            return name_ticks(names, longest, (length / NAMES_APART) as usize);
        }
        let logarithmic = matches!(self.kind, Kind::Logarithmic);
        if self.range.is_none() {
            (low, high) = padded(low, high, extent.padding, logarithmic);
        }
        let ticks = |most| {
            if logarithmic {
                logarithmic_ticks(low, high, most, false)
            } else {
                linear_ticks(low, high, most, false)
            }
        };
        let most = (length / 24.0) as usize;
        let fits =
            |ticks: &Ticks| ticks.closest(&self.scale(ticks.low, ticks.high, 0.0, length)) >= 5.0;
        (2..=most.max(2))
            .rev()
            .map(ticks)
            .find(fits)
            .unwrap_or_else(|| ticks(2))
    }

    /// The scale that puts `low` at the coordinate `start` and `high` at `end`.
    pub(super) fn scale(&self, low: f64, high: f64, start: f64, end: f64) -> Scale {
        Scale::new(
            low,
            high,
            matches!(self.kind, Kind::Logarithmic),
            start,
            end,
        )
    }

    /// The range to be shown, before padding: given, or of the data, never empty.
    fn data_range(&self, extent: Extent) -> (f64, f64) {
        if let Some(range) = self.range {
            return range;
        }
        if matches!(self.kind, Kind::Logarithmic) {
            let (low, high) = extent.positive;
            return match () {
                () if low > high => (1.0, 10.0),
                () if nearly_equal(low, high) => (low / 2.0, high * 2.0),
                () => (low, high),
            };
        }
        let (mut low, mut high) = extent.all;
        if low > high {
            return (0.0, 1.0);
        }
        if self.zero || extent.zero || (low > 0.0 && low < NEAR_ZERO * high && !extent.horizontal) {
            (low, high) = (low.min(0.0), high.max(0.0));
        }
        if nearly_equal(low, high) {
            let pad = low.abs() / 2.0;
            (low, high) = if pad < SMALLEST {
                (0.0, 1.0)
            } else {
                (low - pad, high + pad)
            };
        }
        (low, high)
    }
}

/// What the data ask of an axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// Range of all values; low above high if there are none.
    all: (f64, f64),
    /// Range of the positive values.
    positive: (f64, f64),
    /// Whether the marks start at zero, as bars do.
    zero: bool,
    /// Whether the range ends at the data, as that of a distribution does.
    exact: bool,
    /// Whether this is the horizontal axis, which does not start at zero by itself.
    horizontal: bool,
    /// Share of the length to leave free at both ends.
    padding: f64,
}

impl Extent {
    pub(super) fn of_x(series: &[Series], references: &[Reference]) -> Self {
        let fixed = references
            .iter()
            .filter(|line| line.vertical)
            .map(|line| line.value);
        let padding = series.iter().map(Series::padding).fold(0.0, f64::max);
        let values = series.iter().flat_map(Series::xs).chain(fixed.clone());
        let extent = Self::of(values);
        // A line at the very end would hide on the edge of the plot.
        let (low, high) = extent.all;
        let edge = (high - low) * BESIDE_LINE;
        let mut fixed = fixed.filter(|value| drawable(*value));
        let at_edge = fixed.any(|value| value - low < edge || high - value < edge);
        let padding = match at_edge {
            true => padding.max(BESIDE_LINE),
            false => padding,
        };
        Self {
            exact: true,
            horizontal: true,
            padding,
            ..extent
        }
    }

    pub(super) fn of_y(series: &[Series], references: &[Reference]) -> Self {
        let fixed = references
            .iter()
            .filter(|line| !line.vertical)
            .map(|line| line.value);
        let values = series.iter().flat_map(Series::ys).chain(fixed);
        let exact = !series.is_empty() && series.iter().all(Series::is_distribution);
        Self {
            zero: series.iter().any(Series::starts_at_zero),
            exact,
            ..Self::of(values)
        }
    }

    fn of(values: impl Iterator<Item = f64>) -> Self {
        let empty = (f64::INFINITY, f64::NEG_INFINITY);
        let grown = |(low, high): (f64, f64), value: f64| (low.min(value), high.max(value));
        let mut extent = Self {
            all: empty,
            positive: empty,
            zero: false,
            exact: false,
            horizontal: false,
            padding: 0.0,
        };
        for value in values.filter(|value| drawable(*value)) {
            extent.all = grown(extent.all, value);
            if value >= SMALLEST {
                extent.positive = grown(extent.positive, value);
            }
        }
        extent
    }
}

/// Whether a value can be drawn to scale; beyond that only an overflow can be seen.
fn drawable(value: f64) -> bool {
    value.abs() <= 1.0 / SMALLEST
}

/// Whether two values are too close for ticks between them.
fn nearly_equal(low: f64, high: f64) -> bool {
    high - low <= low.abs().max(high.abs()) * 1e-9 || high - low < SMALLEST
}

/// A range with a share of its length (as drawn) added at both ends.
fn padded(low: f64, high: f64, share: f64, logarithmic: bool) -> (f64, f64) {
    if logarithmic {
        let factor = libm::pow(high / low, share);
        (low / factor, high * factor)
    } else {
        let pad = (high - low) * share;
        (low - pad, high + pad)
    }
}
