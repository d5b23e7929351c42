//! Reading result folders of runs and sweeps.

mod points;
mod quantity;
mod rows;

pub use points::{PointAxis, Points};
pub use rows::{CallRow, SampleRow};

use crate::manifest::Manifest;
use crate::statistics::Interval;
use crate::unit::Unit;
use crate::verdict::{Judgement, is_evidence, judge};
use rows::MetricRow;
pub(crate) use rows::Rows;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Why a result folder cannot be read: one line with file, place, what was found and what is allowed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ReadError(String);

impl ReadError {
    pub(crate) fn of(line: String) -> Self {
        Self(line)
    }
}

/// The values of one metric of one entity at one point, over replications.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricValues {
    /// Point of the parameter grid, from 0; 0 without a grid.
    pub point: u32,
    /// What was measured.
    pub metric: String,
    /// Whose metric it is.
    pub entity: String,
    /// Unit of the values.
    pub unit: Unit,
    /// Replication and value, by replication; not a number where the replication has none.
    pub values: Vec<(u32, f64)>,
}

impl MetricValues {
    /// The values that exist.
    pub fn finite(&self) -> Vec<f64> {
        let values = self.values.iter().map(|(_, value)| *value);
        values.filter(|value| value.is_finite()).collect()
    }

    /// Mean over replications with its 95 % interval; `None` if no replication has a value.
    pub fn interval(&self) -> Option<Interval> {
        Interval::of(&self.finite())
    }

    /// The value of a replication; `None` if it has none.
    pub fn of_replication(&self, replication: u32) -> Option<f64> {
        let place = self.values.binary_search_by_key(&replication, |it| it.0);
        let value = self.values.get(place.ok()?)?.1;
        value.is_finite().then_some(value)
    }
}

/// A result folder, read.
///
/// ```
/// use analysis::{Manifest, ResultFolder, ResultSet};
/// # let parent = tempfile::tempdir()?;
/// # let path = parent.path().join("results");
/// let folder = ResultFolder::create(&path, false)?;
/// folder.write("metrics.csv",
/// b"point,replication,metric,entity,unit,value\n0,0,latency_mean,all,ns,2e6\n0,1,latency_mean,all,ns,4e6\n")?;
/// folder.commit(Manifest { program: "soe".into(), seed: 1, replications: 2, ..Manifest::default() })?;
///
/// let results = ResultSet::read(&path)?;
/// let latency = results.find(0, "latency_mean", "all").unwrap();
/// assert_eq!(latency.interval().unwrap().mean, 3e6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ResultSet {
    /// The folder.
    pub path: PathBuf,
    /// What was run, and how.
    pub manifest: Manifest,
    /// Warm-up that was cut from each replication, nanoseconds; 0 where the folder does not say.
    pub warm_up_ns: u64,
    /// The points of the parameter grid.
    pub points: Points,
    /// Every metric, by point; within a point in the order of the file.
    pub metrics: Vec<MetricValues>,
}

impl ResultSet {
    /// Reads manifest, points and metrics of a folder. Calls and samples, which may be large, stay on disk until they
    /// are [visited](Self::visit_calls).
    ///
    /// # Errors
    /// If a file is missing, cannot be read or is not what it should be.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        let path = path.as_ref();
        if !path.is_dir() {
            let reason = if path.exists() {
                "is not a folder"
            } else {
                "no such folder"
            };
            return Err(ReadError(format!(
                "{}: {reason}; a result folder is needed, as `soe run` or `soe sweep` writes it",
                path.display()
            )));
        }
        let manifest = Manifest::read(path).map_err(|error| ReadError(error.to_string()))?;
        if manifest.table_format != crate::TABLE_FORMAT {
            return Err(ReadError(format!(
                "{}: the tables are of format {}, this version reads format {}",
                path.join(Manifest::FILE).display(),
                manifest.table_format,
                crate::TABLE_FORMAT
            )));
        }
        let metrics = read_metrics(&path.join("metrics.csv"))?;
        let mut numbers: Vec<u32> = metrics.iter().map(|it| it.point).collect();
        numbers.dedup();
        let points = Points::read(path, numbers)?;
        Ok(Self {
            path: path.to_owned(),
            manifest,
            warm_up_ns: warm_up(&path.join("summary.json"))?,
            points,
            metrics,
        })
    }

    /// A short name for people: that of the folder.
    pub fn name(&self) -> String {
        let full = self.path.canonicalize();
        let path = full.as_ref().unwrap_or(&self.path);
        path.file_name()
            .unwrap_or(path.as_os_str())
            .to_string_lossy()
            .into_owned()
    }

    /// All metrics of a point, in the order of the file.
    pub fn at(&self, point: u32) -> &[MetricValues] {
        let start = self.metrics.partition_point(|it| it.point < point);
        let end = self.metrics.partition_point(|it| it.point <= point);
        &self.metrics[start..end]
    }

    /// The values of a metric of an entity at a point.
    pub fn find(&self, point: u32, metric: &str, entity: &str) -> Option<&MetricValues> {
        let mut found = self.at(point).iter();
        found.find(|it| it.metric == metric && it.entity == entity)
    }

    /// The metrics there are, each once with its unit, in the order of the file.
    pub fn metric_names(&self) -> Vec<(&str, Unit)> {
        distinct(self.metrics.iter().map(|it| (it.metric.as_str(), it.unit)))
    }

    /// The entities that have a metric, in the order of the file.
    pub fn entities(&self, metric: &str) -> Vec<&str> {
        let values = self.metrics.iter().filter(|it| it.metric == metric);
        distinct(values.map(|it| it.entity.as_str()))
    }

    /// Whether a metric of an entity is zero in every replication of every point.
    pub(crate) fn is_always_zero(&self, metric: &str, entity: &str) -> bool {
        let values = self.metrics.iter();
        let of = values.filter(|it| it.metric == metric && it.entity == entity);
        of.flat_map(|it| &it.values).all(|it| it.1 == 0.0)
    }

    /// The verdict on each point, in order; none where it cannot be asked whether points are steady.
    pub fn verdicts(&self) -> Vec<Judgement> {
        let points = self.metrics.chunk_by(|a, b| a.point == b.point);
        let judged = points.filter_map(|metrics| {
            let evidence = metrics.iter().filter(|it| is_evidence(&it.metric));
            let evidence = evidence.map(|it| (&*it.metric, &*it.entity, it.interval()));
            judge(metrics.first()?.point, evidence)
        });
        judged.collect()
    }

    /// Replications of the point that has most.
    pub fn replications(&self) -> usize {
        let counts = self.metrics.iter().map(|it| it.values.len());
        counts.max().unwrap_or(0)
    }
    /// Whether there is a table of every call.
    pub fn has_calls(&self) -> bool {
        self.path.join("calls.csv").is_file()
    }

    /// Whether there are time series.
    pub fn has_samples(&self) -> bool {
        self.path.join("samples.csv").is_file()
    }

    /// Shows every call to `visit`, in the order of the file.
    ///
    /// # Errors
    /// If the table of calls is missing, or a row is invalid.
    pub fn visit_calls(&self, mut visit: impl FnMut(&CallRow<'_>)) -> Result<(), ReadError> {
        let mut rows = Rows::open(&self.path.join("calls.csv"))?;
        let in_order = CallRow::is_in_order(rows.header());
        while rows.advance()? {
            let cells = rows.record();
            let row = in_order.then(|| CallRow::of_cells(cells)).flatten();
            visit(&match row {
                Some(row) => row,
                // Or it is found out what is wrong.
                None => rows.row()?,
            });
        }
        Ok(())
    }

    /// Shows every sample to `visit`, in the order of the file.
    ///
    /// # Errors
    /// If the table of samples is missing, or a row is invalid.
    pub fn visit_samples(&self, mut visit: impl FnMut(&SampleRow<'_>)) -> Result<(), ReadError> {
        let mut rows = Rows::open(&self.path.join("samples.csv"))?;
        while rows.advance()? {
            visit(&rows.row()?);
        }
        Ok(())
    }
}

/// Each value once, in the order of first appearance.
fn distinct<T: Copy + Eq + std::hash::Hash>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = std::collections::HashSet::new();
    values.filter(|value| seen.insert(*value)).collect()
}

fn read_metrics(path: &Path) -> Result<Vec<MetricValues>, ReadError> {
    let mut metrics: Vec<MetricValues> = Vec::new();
    let mut places: HashMap<(u32, Box<str>), HashMap<Box<str>, usize>> = HashMap::new();
    let mut rows = Rows::open(path)?;
    while rows.advance()? {
        let row: MetricRow<'_> = rows.row()?;
        let of_metric = places.entry((row.point, row.metric.into())).or_default();
        let place = match of_metric.get(row.entity) {
            Some(&place) => place,
            None => {
                of_metric.insert(row.entity.into(), metrics.len());
                metrics.push(MetricValues {
                    point: row.point,
                    metric: row.metric.to_owned(),
                    entity: row.entity.to_owned(),
                    unit: row.unit,
                    values: Vec::new(),
                });
                metrics.len() - 1
            }
        };
        let series = &mut metrics[place];
        if series.unit != row.unit {
            return Err(rows.wrong(format!(
                "the unit of {} is `{}` here and `{}` above",
                row.metric,
                row.unit.symbol(),
                series.unit.symbol()
            )));
        }
        if row.value.is_some_and(|value| !value.is_finite()) {
            return Err(
                rows.wrong("value: found an infinite number, expected a finite number or nothing")
            );
        }
        let value = row.value.unwrap_or(f64::NAN);
        match series
            .values
            .binary_search_by_key(&row.replication, |it| it.0)
        {
            Ok(_) => {
                return Err(rows.wrong(format!(
                    "a second value of {} of {} in replication {} of point {}",
                    row.metric, row.entity, row.replication, row.point
                )));
            }
            Err(place) => series.values.insert(place, (row.replication, value)),
        }
    }
    metrics.sort_by_key(|it| it.point);
    Ok(metrics)
}

/// The warm-up that the summary of a folder names.
fn warm_up(path: &Path) -> Result<u64, ReadError> {
    #[derive(serde::Deserialize)]
    struct Basis {
        warm_up_ns: u64,
    }
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(ReadError(format!("{}: {error}", path.display()))),
    };
    serde_json::from_slice::<Basis>(&text)
        .map(|basis| basis.warm_up_ns)
        .map_err(|error| ReadError(format!("{}: {error}", path.display())))
}
