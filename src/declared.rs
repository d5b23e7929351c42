//! The figures that the study of a sweep declares.

use std::path::Path;

use analysis::{AxisLook, FigureKind, FigureOptions, KnownMetrics, ResultSet, Selection};
use soe_sim::{METRICS, SAMPLED};
use soe_study::{LAMBDAMU_METRICS, STATESIM_METRICS};
use toml::{Table, Value};

use crate::failure::Failure;

/// What the study beside the results declares; nothing if there is no study.
#[derive(Default)]
pub struct Declared {
    /// What the study is about.
    pub title: Option<String>,
    /// What is declared of the metrics that results can hold.
    pub metrics: KnownMetrics,
    /// How its axes are shown.
    pub axes: Vec<AxisLook>,
    /// Its figures.
    figures: Vec<Table>,
}

impl Declared {
    /// Reads what is declared.
    ///
    /// # Errors
    /// If the study cannot be read.
    pub fn of(results: &ResultSet) -> Result<Self, Failure> {
        let path = results.path.join("study.toml");
        if !path.is_file() {
            return Ok(Self {
                metrics: of_scenarios(),
                ..Self::default()
            });
        }
        let wrong = |error: &dyn std::fmt::Display| {
            let error = error.to_string();
            let line = error.lines().next().unwrap_or_default();
            Failure::input(format!("{}: cannot be read: {line}", path.display()))
        };
        let text = std::fs::read_to_string(&path).map_err(|error| wrong(&error))?;
        let study: Table = text.parse().map_err(|error| wrong(&error))?;
        let tables = |key: &str| {
            let list = study.get(key).and_then(Value::as_array);
            let tables = list.into_iter().flatten();
            tables.filter_map(|table| table.as_table().cloned())
        };
        let title = study.get("title").and_then(Value::as_str);
        Ok(Self {
            metrics: match study.get("kind").and_then(Value::as_str) {
                Some("statesim") => STATESIM_METRICS.iter().copied().collect(),
                Some("lambdamu") => LAMBDAMU_METRICS.iter().copied().collect(),
                _ => of_scenarios(),
            },
            title: title.filter(|it| !it.is_empty()).map(str::to_owned),
            axes: tables("axis").filter_map(|axis| look(&axis)).collect(),
            figures: match results.points.are_many() {
                true => tables("figure").collect(),
                // With a single point there is no axis to draw over.
                false => Vec::new(),
            },
        })
    }

    /// The figures as the sweep drew them, by name and in the order of the study.
    ///
    /// # Errors
    /// If one cannot be read.
    pub fn drawn(&self, results: &ResultSet) -> Result<Vec<(String, String)>, Failure> {
        let folder = results.path.join("figures");
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let failed = |path: &Path, error: std::io::Error| {
            Failure::input(format!("{}: cannot be read: {error}", path.display()))
        };
        let mut drawn = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(|error| failed(&folder, error))? {
            let path = entry.map_err(|error| failed(&folder, error))?.path();
            if path.extension().is_none_or(|ending| ending != "svg") {
                continue;
            }
            let svg = std::fs::read_to_string(&path).map_err(|error| failed(&path, error))?;
            let stem = path.file_stem().unwrap_or_default();
            drawn.push((stem.to_string_lossy().into_owned(), svg));
        }
        // A figure with values of further axes in its name belongs to the longest declared one.
        let rank = |name: &str| {
            let names = self.figures.iter().enumerate();
            let fitting = names.filter_map(|(number, figure)| {
                let declared = figure.get("name")?.as_str()?;
                name.starts_with(declared)
                    .then_some((declared.len(), number))
            });
            fitting.max().map(|(_, number)| number)
        };
        drawn.sort_by_cached_key(|(name, _)| (rank(name).unwrap_or(usize::MAX), name.clone()));
        Ok(drawn)
    }

    /// What was asked for, completed by what is declared: how axes are shown, and all figures
    /// of the study if nothing was; otherwise the axes of its first figure, or of the first one
    /// of that metric.
    pub fn complete(&self, mut asked: FigureOptions) -> Vec<FigureOptions> {
        asked.axes.clone_from(&self.axes);
        if asks_for_nothing(&asked) {
            let all: Vec<_> = self
                .figures
                .iter()
                .filter_map(|figure| as_options(figure, &asked))
                .collect();
            return if all.is_empty() { vec![asked] } else { all };
        }
        vec![self.with_axes(asked)]
    }

    /// The same with the axes of the first figure, or of the first one of a metric that is
    /// asked for, unless axes are asked for; shown as is declared.
    pub fn with_axes(&self, mut asked: FigureOptions) -> FigureOptions {
        asked.axes.clone_from(&self.axes);
        if asked.x.is_some() || asked.by.is_some() {
            return asked;
        }
        let metric = |figure: &&Table| {
            let metric = figure.get("metric").and_then(Value::as_str);
            let metric = metric.map(|metric| metric.split('@').next().unwrap_or_default());
            asked
                .selection
                .metrics
                .iter()
                .any(|it| Some(it.as_str()) == metric)
        };
        let figure = self.figures.iter().find(metric).or(self.figures.first());
        let axes = figure.and_then(|figure| as_options(figure, &asked));
        let (x, by) = axes.map_or((None, None), |axes| (axes.x, axes.by));
        FigureOptions { x, by, ..asked }
    }
}

/// The metrics and time series of simulated scenarios and of the live system.
fn of_scenarios() -> KnownMetrics {
    METRICS.iter().chain(SAMPLED).copied().collect()
}

/// How an axis of the study is shown.
fn look(axis: &Table) -> Option<AxisLook> {
    let text = |key: &str| axis.get(key).and_then(Value::as_str);
    let of_key = || text("key")?.rsplit('.').next();
    let key = text("name").or_else(of_key)?;
    Some(AxisLook {
        key: key.to_owned(),
        label: text("label").unwrap_or(key).to_owned(),
        logarithmic: text("scale") == Some("logarithmic"),
    })
}

/// A declared figure in the words of the drawing library; nothing if it shows what the table of
/// metrics does not hold (values along an axis of the metric's own, ratios).
fn as_options(figure: &Table, asked: &FigureOptions) -> Option<FigureOptions> {
    let text = |key: &str| figure.get(key)?.as_str().map(str::to_owned);
    let (metric, x) = (text("metric")?, text("x")?);
    if x == "within" || figure.contains_key("ratio") {
        return None;
    }
    let mut options = asked.clone();
    let (name, entity) = match metric.split_once('@') {
        Some((name, entity)) => (name, Some(entity.to_owned())),
        None => (metric.as_str(), None),
    };
    options.selection.metrics = vec![name.to_owned()];
    let entities = figure.get("entities").and_then(Value::as_array);
    let entities = entities.into_iter().flatten();
    let entities = entities.filter_map(|entity| entity.as_str().map(str::to_owned));
    options.selection.entities = entities.chain(entity).collect();
    options.x = Some(x);
    options.by = text("series");
    options.kinds = vec![FigureKind::Lines, FigureKind::Bars];
    options.log_y |= text("scale").as_deref() == Some("logarithmic");
    Some(options)
}

/// Whether it is left open what is shown.
pub fn asks_for_nothing(options: &FigureOptions) -> bool {
    let Selection { metrics, entities } = &options.selection;
    options.kinds.is_empty()
        && metrics.is_empty()
        && entities.is_empty()
        && options.x.is_none()
        && options.by.is_none()
        && options.group.is_none()
}
