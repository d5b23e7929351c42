//! Figures of a result folder, selected by its content.
//!
//! A sweep is shown as lines with confidence bands over its first numeric axis (or bars, if no axis is numeric) and
//! heat maps over pairs of numeric axes. A run is shown as bars of the utilization of its computers, distributions and
//! a timeline of its calls, its time series, and the warm-up. [`FigureOptions`] restrict the selection or change axes.

mod calls;
mod parts;
mod run;
mod sweep;

use crate::calls::{CallStudy, Cut, GroupBy};
use crate::chart::{Chart, HeatMap};
use crate::comparison::Selection;
use crate::results::{ReadError, ResultSet};
use crate::table::KnownMetrics;

/// A kind of figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FigureKind {
    /// Metrics over a numeric axis of a sweep, with confidence bands.
    Lines,
    /// Metrics over an axis of names, or over the entities of a run, with confidence intervals.
    Bars,
    /// Metrics over two axes of a sweep, as colours.
    Heat,
    /// Distribution functions of the latency of calls.
    Cdf,
    /// Box plots of the latency of calls.
    Box,
    /// Calls as bars over time.
    Timeline,
    /// Time series.
    Series,
    /// Utilization of all processors, on top of each other.
    Stacked,
    /// Where the latency of calls goes, part on part.
    Parts,
    /// Where the warm-up ends, and how the rule found it.
    WarmUp,
}

/// How figures show an axis of a sweep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AxisLook {
    /// The key of the axis in the table of points.
    pub key: String,
    /// What is written beside it.
    pub label: String,
    /// Whether it is logarithmic where it is horizontal.
    pub logarithmic: bool,
}

/// Which figures to draw, and how.
#[derive(Clone, Debug)]
pub struct FigureOptions {
    /// Only figures of these kinds; all that make sense if none is named.
    pub kinds: Vec<FigureKind>,
    /// Only these metrics and entities; a few that matter most if none is named.
    pub selection: Selection,
    /// The horizontal axis of figures of a sweep.
    pub x: Option<String>,
    /// The axis whose values become the series of figures of a sweep.
    pub by: Option<String>,
    /// How axes of a sweep are shown; those that are not here, by the end of their key.
    pub axes: Vec<AxisLook>,
    /// What distributions group calls by; what tells most if not given.
    pub group: Option<GroupBy>,
    /// Logarithmic horizontal axis.
    pub log_x: bool,
    /// Logarithmic vertical axis.
    pub log_y: bool,
    /// Width and height, in points.
    pub size: (f64, f64),
    /// The replication shown where only one can be.
    pub replication: u32,
    /// Most calls of a timeline.
    pub calls: usize,
    /// What is declared of the metrics in the results.
    pub metrics: KnownMetrics,
}

impl Default for FigureOptions {
    fn default() -> Self {
        Self {
            kinds: Vec::new(),
            selection: Selection::default(),
            x: None,
            by: None,
            axes: Vec::new(),
            group: None,
            log_x: false,
            log_y: false,
            size: (252.0, 166.0),
            replication: 0,
            calls: 40,
            metrics: KnownMetrics::default(),
        }
    }
}

impl FigureOptions {
    fn wants(&self, kind: FigureKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }

    /// Whether the figures of a kind were asked for by name.
    fn asks_for(&self, kind: FigureKind) -> bool {
        self.kinds.contains(&kind)
    }
}

/// A figure with a name for its file and a caption.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Stem of its file.
    pub name: String,
    /// What it shows, one or two sentences.
    pub caption: String,
    graphic: Graphic,
}

#[derive(Clone, Debug)]
enum Graphic {
    Chart(Chart),
    Heat(HeatMap),
}

impl Figure {
    fn chart(name: impl Into<String>, caption: impl Into<String>, chart: Chart) -> Self {
        Self {
            name: file_name(&name.into()),
            caption: caption.into(),
            graphic: Graphic::Chart(chart),
        }
    }

    fn heat(name: impl Into<String>, caption: impl Into<String>, map: HeatMap) -> Self {
        Self {
            name: file_name(&name.into()),
            caption: caption.into(),
            graphic: Graphic::Heat(map),
        }
    }

    /// The figure as an SVG document.
    pub fn to_svg(&self) -> String {
        match &self.graphic {
            Graphic::Chart(chart) => chart.to_svg(),
            Graphic::Heat(map) => map.to_svg(),
        }
    }

    pub(crate) fn to_live_svg(&self) -> String {
        match &self.graphic {
            Graphic::Chart(chart) => chart.to_live_svg(),
            Graphic::Heat(map) => map.to_svg(),
        }
    }
}

/// The figures of a result folder.
///
/// # Errors
/// If a table cannot be read, or an option names an axis that there is not; no figure at all is not an error.
pub fn figures(results: &ResultSet, options: &FigureOptions) -> Result<Vec<Figure>, FigureError> {
    if results.points.are_many() {
        return sweep::figures(results, options);
    }
    Ok(run_figures(results, options, false)?.0)
}

/// The figures of a result folder, and a study of its calls, if it has them, without their groups. The calls are read
/// once for both.
pub(crate) fn figures_and_calls(
    results: &ResultSet,
    options: &FigureOptions,
) -> Result<(Vec<Figure>, Option<CallStudy>), FigureError> {
    if !results.points.are_many() {
        return run_figures(results, options, true);
    }
    let figures = sweep::figures(results, options)?;
    let calls = match results.has_calls() {
        true => Some(CallStudy::measure(results, GroupBy::All, Cut::AsRun, &[])?.0),
        false => None,
    };
    Ok((figures, calls))
}

fn run_figures(
    results: &ResultSet,
    options: &FigureOptions,
    judged: bool,
) -> Result<(Vec<Figure>, Option<CallStudy>), FigureError> {
    if let Some(axis) = options.x.as_ref().or(options.by.as_ref()) {
        return Err(FigureError::Axis(format!(
            "{}: no axis `{axis}`: these are not results of a sweep",
            results.path.display()
        )));
    }
    run::figures(results, options, judged)
}

/// Why figures cannot be drawn.
#[derive(Debug, thiserror::Error)]
pub enum FigureError {
    /// A table cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An axis does not exist, or cannot be used in that way.
    #[error("{0}")]
    Axis(String),
}

/// A name that every file system takes.
fn file_name(text: &str) -> String {
    let mut name = String::new();
    for character in text.chars() {
        let keep = character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '=');
        match keep {
            true => name.push(character),
            false if !name.ends_with('-') => name.push('-'),
            false => {}
        }
    }
    name.trim_matches(['-', '.']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_tame() {
        assert_eq!(file_name("a/b: ../c µ"), "a-b-..-c");
        assert_eq!(
            file_name("latency_p95 policy=random"),
            "latency_p95-policy=random"
        );
    }
}
