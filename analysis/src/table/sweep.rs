//! The tables of a sweep besides those of its metrics. Some have additional columns that depend on the study.

use super::{Column, ColumnType, TableColumns};
use std::borrow::Cow;

const POINT: Column = Column::integer("point", "", "Point of the parameter grid, from 0");

/// How often each point was run.
pub(super) const REPLICATIONS: &[Column] = &[
    POINT,
    Column::integer("replications", "", "Number of replications"),
    Column::integer("failed", "", "Number of failed replications"),
    Column::text(
        "fingerprint",
        "Digest of the sequence of events, hexadecimal; empty for StateSim, which has no events",
    ),
    Column::text(
        "verdict",
        "Whether the point shows a steady state: steady, transient, overloaded, too short or empty; empty for StateSim",
    ),
    Column::text("reason", "Why, in words and numbers"),
];

/// Metrics with their own axis.
pub(super) const PROFILES: &[Column] = &[
    POINT,
    Column::text("metric", "Name of the metric"),
    Column::text("entity", "Entity of the metric: a pair of policies"),
    Column::float(
        "at",
        "",
        "Position on the metric's own axis: length of the chain in functions, or delay in \
         nanoseconds",
    ),
    Column::text(
        "unit",
        "Unit of mean, low and high; 1 for ratios, empty for counts",
    ),
    Column::float(
        "mean",
        "",
        "Mean over replications or, of metrics by length of chain, over the jobs of all of them",
    ),
    Column::float(
        "low",
        "",
        "Lower end of the 95 % interval (Student t); missing with fewer than two values",
    ),
    Column::float(
        "high",
        "",
        "Upper end of the 95 % interval (Student t); missing with fewer than two values",
    ),
    Column::integer("n", "", "Number of values: replications, or jobs"),
];

/// Replications that failed.
pub(super) const FAILURES: &[Column] = &[
    POINT,
    Column::integer("replication", "", "Replication, from 0"),
    Column::text("reason", "Reason of the failure"),
];

/// What a study is expected to show.
pub(super) const FINDINGS: &[Column] = &[
    Column::text("finding", "Name of the finding"),
    Column::text("reproduced", "Whether the claim holds: true or false"),
    Column::integer(
        "places",
        "",
        "Number of combinations at which the claim was checked",
    ),
    Column::integer(
        "less",
        "",
        "Number of these at which the 95 % interval of the ratio is below 1",
    ),
    Column::integer(
        "more",
        "",
        "Number of these at which the 95 % interval of the ratio is above 1",
    ),
    Column::text("claim", "The claim in words"),
    Column::text("numbers", "The smallest and the largest ratio, in words"),
];

/// Averages of StateSim as the scripts of the original print them.
pub(super) const AVERAGES: &[Column] = &[
    Column::text("net", "Network"),
    Column::text("alloc", "Allocation policy"),
    Column::text("exec", "Execution policy"),
    Column::integer("jobs", "", "Jobs of a replication"),
    Column::float("ops_factor", "", "Factor of the operations"),
    Column::float("state_factor", "", "Factor of the sizes of states"),
    Column::text(
        "metric",
        "proclat_s and netlat_s in seconds, traffic_B in bytes times links",
    ),
    Column::float("mean", "", "Mean over replications of the mean over jobs"),
    Column::float("q50", "", "Mean over replications of the median over jobs"),
    Column::float("q90", "", "The same of the 90th percentile"),
    Column::float("q95", "", "The same of the 95th percentile"),
    Column::float("q99", "", "The same of the 99th percentile"),
];

impl TableColumns {
    /// The table of the points of a study, with the columns of its axes.
    pub fn points(axes: impl IntoIterator<Item = Column>) -> Self {
        let columns = std::iter::once(POINT).chain(axes);
        Self {
            table: "points".into(),
            columns: columns.collect(),
        }
    }

    /// The table beside the figure of a study of that name: `series` and `x` are the columns of the axes that are
    /// drawn, if any are, `unit` is that of the means.
    pub fn figure(
        name: &str,
        series: Option<Column>,
        x: Option<Column>,
        unit: &'static str,
    ) -> Self {
        let series = series.map_or(
            Column::text("series", "Empty: the figure has no axis of series"),
            |axis| axis.renamed("series", "Series"),
        );
        let x = x.map_or(
            Column::float(
                "x",
                "",
                "Position on the metric's own axis: length of the chain in functions, or delay in \
                 nanoseconds",
            ),
            |axis| axis.renamed("x", "Horizontal axis"),
        );
        let float = |name, description| Column::float(name, unit, description);
        let columns = vec![
            series,
            Column::text("entity", "Entity of the metric, or a ratio of two entities"),
            x,
            float("mean", "Mean over replications, in the base unit"),
            float(
                "low",
                "Lower end of the 95 % interval; missing with fewer than two values",
            ),
            float(
                "high",
                "Upper end of the 95 % interval; missing with fewer than two values",
            ),
            Column::integer("n", "", "Number of values"),
        ];
        Self {
            table: format!("figures/{name}").into(),
            columns: columns.into(),
        }
    }

    /// What [`points`](Self::points) and [`figure`](Self::figure) are in general, for documentation.
    pub(super) fn of_any_study() -> [Self; 2] {
        let axis = |name: &'static str| {
            Column {
            name: name.into(),
            unit: "its own".into(),
            kind: ColumnType::Float,
            description: "one column for each axis, by its name: a number in the unit that columns.json names, or text \
                          if the values are not all numbers of one unit"
                .into(),
        }
        };
        let points = Self::points([axis("AXIS")]);
        let value: Cow<'static, str> = "Value of an axis, as in points".into();
        let [series, x] = ["series", "x"].map(|name| Column {
            description: value.clone(),
            ..axis(name)
        });
        [
            points,
            Self::figure("NAME", Some(series), Some(x), "its own"),
        ]
    }
}

impl Column {
    /// The column of an axis under a different name, for its role in that table.
    fn renamed(self, name: &'static str, role: &str) -> Self {
        Self {
            description: format!("{role}: {}", self.description).into(),
            name: name.into(),
            ..self
        }
    }
}
