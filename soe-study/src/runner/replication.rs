//! What runs a replication, and what a replication reports.

use std::sync::Arc;

use analysis::Metric;
use soe_sim::Progress;

/// Something that is repeated at every point of a grid.
///
/// One executor serves all of them: it schedules replications on threads, stores their
/// reports, and sorts them.
pub trait Runner: Sync {
    /// The state that a thread keeps between replications.
    type Worker: Default + Send;

    /// The number of points.
    fn points(&self) -> usize;

    /// Everything on which the results of a point depend, except the number of the
    /// replication and the code: points with the same text have the same results.
    fn identity(&self, point: usize) -> String;

    /// Runs a replication; `None` if it was interrupted.
    ///
    /// The report depends only on the point and the number of the replication.
    ///
    /// # Errors
    /// If it fails: the reason, in one line.
    fn replicate(
        &self,
        point: usize,
        replication: u32,
        worker: &mut Self::Worker,
        progress: &Progress,
    ) -> Result<Option<Report>, String>;
}

/// What a replication reports.
#[derive(Clone, Debug)]
pub struct Report {
    /// What the numbers are.
    pub layout: Arc<Layout>,
    /// The numbers, in the order of the layout.
    pub values: Vec<f64>,
    /// A digest of the events, for comparisons; 0 without events.
    pub fingerprint: u64,
}

impl Report {
    /// The value of a metric of an entity, if it is a single number; NaN if missing.
    pub(crate) fn plain(&self, metric: &str, entity: &str) -> f64 {
        let mut at = 0;
        for column in &self.layout.columns {
            let plain = column.at.is_none() && !column.pooled;
            if plain && column.metric.name == metric && column.entity == entity {
                return self.values[at];
            }
            at += column.width();
        }
        f64::NAN
    }
}

/// The meaning of the numbers of a report.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    /// One entry for each number, or for three if it is pooled.
    pub columns: Vec<Column>,
}

/// One quantity of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// What was measured.
    pub metric: &'static Metric,
    /// Whose metric it is.
    pub entity: String,
    /// The position on the metric's own axis, if it has one: a chain length, a delay.
    pub at: Option<f64>,
    /// Whether three numbers stand for many observations: how many there are, their mean,
    /// the sum of their squared deviations from it. Pooled observations have equal
    /// weight, whatever their replication.
    pub pooled: bool,
}

impl Column {
    /// A single number.
    pub fn number(metric: &'static Metric, entity: &str) -> Self {
        Self {
            metric,
            entity: entity.to_owned(),
            at: None,
            pooled: false,
        }
    }

    /// How many numbers it has in a report.
    pub fn width(&self) -> usize {
        if self.pooled { 3 } else { 1 }
    }
}

impl Layout {
    /// How many numbers there are.
    pub fn width(&self) -> usize {
        self.columns.iter().map(Column::width).sum()
    }
}
