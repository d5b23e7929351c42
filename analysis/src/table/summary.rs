//! The table of summaries: one row per point, metric and entity.

use super::Column;

/// Columns of the table `summary`.
pub(crate) const SUMMARY: &[Column] = &[
    Column::integer(
        "point",
        "",
        "Point of the parameter grid, from 0; 0 without a grid",
    ),
    Column::text("metric", "Name of the metric"),
    Column::text(
        "entity",
        "Entity of the metric: a computer, a function, a policy",
    ),
    Column::text(
        "unit",
        "Unit of mean, low and high; 1 for ratios, empty for counts",
    ),
    Column::float(
        "mean",
        "",
        "Mean over replications; missing if no replication has a value",
    ),
    Column::float(
        "low",
        "",
        "Lower end of the 95 % interval (Student t); missing with fewer than two replications",
    ),
    Column::float(
        "high",
        "",
        "Upper end of the 95 % interval (Student t); missing with fewer than two replications",
    ),
    Column::integer("n", "", "Number of replications that have a value"),
    Column::text(
        "verdict",
        "Whether the point shows a steady state: steady, transient, overloaded, too short or empty; missing for StateSim",
    ),
];
