//! The table of metrics: one row per point, replication, metric and entity.

use super::{Column, NameId, Names, Record};
use crate::Unit;
use serde::Serialize;

/// A quantity that runs report. Declared once, as a constant, by whoever computes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Metric {
    /// Name, unique among the metrics of a result: `latency_p95`.
    pub name: &'static str,
    /// Unit of its values.
    pub unit: Unit,
    /// What it means, one sentence.
    pub description: &'static str,
}

/// The value of one metric of one entity in one replication of one point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MetricRecord {
    /// Point of the parameter grid, from 0; 0 where there is no grid.
    pub point: u32,
    /// Replication, from 0.
    pub replication: u32,
    /// What was measured.
    pub metric: &'static Metric,
    /// Whose metric it is: a computer, a function, a policy.
    pub entity: NameId,
    /// The value, in the unit of the metric; not a number if the replication has no value.
    pub value: f64,
}

/// A metric as it is written; the fields are the columns, in this order.
#[derive(Serialize)]
struct MetricRow<'a> {
    point: u32,
    replication: u32,
    metric: &'static str,
    entity: &'a str,
    unit: &'static str,
    value: Option<f64>,
}

impl Record for MetricRecord {
    const TABLE: &'static str = "metrics";

    const COLUMNS: &'static [Column] = &[
        Column::integer(
            "point",
            "",
            "Point of the parameter grid, from 0; 0 where there is no grid",
        ),
        Column::integer("replication", "", "Replication, from 0"),
        Column::text("metric", "What was measured"),
        Column::text(
            "entity",
            "Whose metric it is: a computer, a function, a policy",
        ),
        Column::text("unit", "Unit of the value; 1 for ratios, empty for counts"),
        Column::float(
            "value",
            "",
            "The value, in the unit of its row; missing if the replication has none",
        ),
    ];

    fn row<'a>(&'a self, names: &'a Names) -> impl Serialize + 'a {
        MetricRow {
            point: self.point,
            replication: self.replication,
            metric: self.metric.name,
            entity: names.resolve(self.entity),
            unit: self.metric.unit.symbol(),
            value: Some(self.value).filter(|value| value.is_finite()),
        }
    }
}
