//! Anything that can be swept: it has points and replications and reports numbers.

mod prepared;
mod scenario;
pub(crate) mod statesim;

use std::sync::Arc;

use analysis::Metric;
use soe_sim::Progress;

pub use prepared::Prepared;
pub use scenario::ScenarioSweep;
pub use statesim::StatesimSweep;

/// Something that is repeated at every point of a grid.
///
/// The executor is one for all of them: it decides which replication is run when and by
/// which thread, keeps what they report, and puts it in order.
pub trait Runner: Sync {
    /// What a thread keeps from one replication to the next.
    type Worker: Default + Send;

    /// How many points there are.
    fn points(&self) -> usize;

    /// Everything that the results of a point depend on, but for the number of the
    /// replication and the code: two points of the same text have the same results.
    fn identity(&self, point: usize) -> String;

    /// Runs a replication; `None` if it was interrupted.
    ///
    /// What it reports depends on nothing but the point and the number of the replication.
    ///
    /// # Errors
    /// Why it cannot be run, in one line.
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
    /// A digest of what happened, for comparisons; 0 if there is none.
    pub fingerprint: u64,
}

impl Report {
    /// The number that stands for a metric of an entity, if it is one of its own; not
    /// a number if there is none.
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

/// What the numbers of a report are.
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
    /// Where along the metric's own axis, if it has one: a length of chains, a delay.
    pub at: Option<f64>,
    /// Whether three numbers stand for many observations: how many there are, their mean,
    /// the sum of their squared deviations from it. Pooled observations count alike,
    /// whichever replication they come from.
    pub pooled: bool,
}

impl Column {
    /// A number of its own.
    pub fn number(metric: &'static Metric, entity: &str) -> Self {
        Self {
            metric,
            entity: entity.to_owned(),
            at: None,
            pooled: false,
        }
    }

    /// How many numbers stand for it.
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
