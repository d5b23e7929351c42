//! The table of samples: time series of observations during a run.

use super::{Column, Metric, NameId, Names, Record};
use serde::Serialize;

/// One observation of one quantity of one entity at one moment: utilization, a weight, a queue length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SampleRecord {
    /// Replication, from 0.
    pub replication: u32,
    /// When it was observed, nanoseconds since the start of the run.
    pub time_ns: u64,
    /// Observed entity.
    pub entity: NameId,
    /// Observed quantity.
    pub metric: &'static Metric,
    /// The value, in the unit of the metric.
    pub value: f64,
}

/// A sample as it is written; the fields are the columns, in this order.
#[derive(Serialize)]
struct SampleRow<'a> {
    replication: u32,
    time_ns: u64,
    entity: &'a str,
    metric: &'static str,
    unit: &'static str,
    value: Option<f64>,
}

impl Record for SampleRecord {
    const TABLE: &'static str = "samples";

    const COLUMNS: &'static [Column] = &[
        Column::integer("replication", "", "Replication, from 0"),
        Column::integer(
            "time_ns",
            "ns",
            "Time of the observation, since the start of the run",
        ),
        Column::text("entity", "Observed entity"),
        Column::text("metric", "Observed quantity"),
        Column::text("unit", "Unit of the value; 1 for ratios, empty for counts"),
        Column::float(
            "value",
            "",
            "The value, in the unit of its row; missing if it is not a number",
        ),
    ];

    fn row<'a>(&'a self, names: &'a Names) -> impl Serialize + 'a {
        SampleRow {
            replication: self.replication,
            time_ns: self.time_ns,
            entity: names.resolve(self.entity),
            metric: self.metric.name,
            unit: self.metric.unit.symbol(),
            value: Some(self.value).filter(|value| value.is_finite()),
        }
    }
}
