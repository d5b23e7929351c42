//! The table of metrics: one row per point, replication, metric and entity.

use super::{Column, NameId, Names, Record};
use crate::Unit;
use serde::Serialize;

/// A quantity that runs report, declared once, as a constant, where it is computed: tables,
/// figures, rankings and the documentation all follow this declaration.
///
/// ```
/// use analysis::{Better, Metric, Unit};
///
/// static P95: Metric = Metric::new("latency_p95", Unit::Nanoseconds, "95th percentile of the latency of calls")
///     .words("95th percentile of latency")
///     .better(Better::Lower)
///     .rank(2);
/// assert_eq!(P95.words, "95th percentile of latency");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Metric {
    /// Name, unique among the metrics of a result: `latency_p95`.
    pub name: &'static str,
    /// Unit of its values.
    pub unit: Unit,
    /// What it means, one sentence.
    pub description: &'static str,
    /// What axes and captions of figures call it; the name if empty.
    #[serde(skip)]
    pub words: &'static str,
    /// How telling it is where no metric is asked for: 1 is shown first, 0 never.
    #[serde(skip)]
    pub rank: u8,
    /// Which of two values is the better one.
    #[serde(skip)]
    pub better: Better,
    /// What the sum of its values over all entities is, if that means something: figures
    /// stack such metrics.
    #[serde(skip)]
    pub stacks: Option<&'static str>,
}

/// Declares metrics as statics of the crate, and a list of them in the order of reports, to which metrics that are
/// declared elsewhere can be added. Of each metric: name, unit, words, which value is better, rank among those that are
/// shown where none is asked for, and meaning.
///
/// ```
/// analysis::metrics! {
///     /// All metrics of the example.
///     pub METRICS + [analysis::verdict::OFFERED_LOAD];
///
///     LATENCY_P95 = "latency_p95", Nanoseconds, "95th percentile of latency", Lower, 2,
///         "95th percentile of the latency of calls";
/// }
/// # fn main() {
/// assert_eq!(METRICS.len(), 2);
/// assert_eq!(METRICS[0], &LATENCY_P95);
/// # }
/// ```
#[macro_export]
macro_rules! metrics {
    ($(#[$about:meta])* $visibility:vis $all:ident $(+ [$($more:path),* $(,)?])?;
        $($constant:ident = $name:literal, $unit:ident, $words:literal, $better:ident, $rank:literal,
            $description:literal;)*) => {
        $(
            #[doc = $description]
            pub(crate) static $constant: $crate::Metric =
                $crate::Metric::new($name, $crate::Unit::$unit, $description)
                    .words($words)
                    .better($crate::Better::$better)
                    .rank($rank);
        )*

        $(#[$about])*
        $visibility static $all: &[&$crate::Metric] = &[$(&$constant,)* $($(&$more,)*)?];
    };
}

/// Which of two values of a metric is the better one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Better {
    /// The lower one: latencies.
    Lower,
    /// The higher one: throughput.
    Higher,
    /// None of them: shares.
    #[default]
    Neither,
}

impl Metric {
    /// A metric without its own label, shown only on request.
    pub const fn new(name: &'static str, unit: Unit, description: &'static str) -> Self {
        Self {
            name,
            unit,
            description,
            words: "",
            rank: 0,
            better: Better::Neither,
            stacks: None,
        }
    }

    /// The same with words for figures.
    pub const fn words(self, words: &'static str) -> Self {
        Self { words, ..self }
    }

    /// The same with a place among the metrics that are shown where none is asked for.
    pub const fn rank(self, rank: u8) -> Self {
        Self { rank, ..self }
    }

    /// The same with a direction.
    pub const fn better(self, better: Better) -> Self {
        Self { better, ..self }
    }

    /// The same with words for the sum over all entities.
    pub const fn stacks(self, sum: &'static str) -> Self {
        Self {
            stacks: Some(sum),
            ..self
        }
    }
}

/// The metrics that a caller knows, for what reads results from files, where metrics are
/// only names.
#[derive(Clone, Debug, Default)]
pub struct KnownMetrics(Vec<&'static Metric>);

impl KnownMetrics {
    /// The declaration of a metric.
    pub fn find(&self, name: &str) -> Option<&'static Metric> {
        self.0.iter().copied().find(|metric| metric.name == name)
    }

    /// What figures call a metric.
    pub fn words(&self, name: &str) -> String {
        match self.find(name).map(|metric| metric.words) {
            None | Some("") => name.replace('_', " "),
            Some(words) => words.to_owned(),
        }
    }

    /// The metrics that are shown where none is asked for, most telling first.
    pub fn telling(&self) -> Vec<&'static Metric> {
        let mut telling: Vec<_> = self.0.iter().copied().filter(|it| it.rank > 0).collect();
        telling.sort_by_key(|metric| metric.rank);
        telling
    }

    /// The metrics whose values may be added up over all entities.
    pub fn stacking(&self) -> impl Iterator<Item = &'static Metric> {
        self.0.iter().copied().filter(|it| it.stacks.is_some())
    }
}

impl FromIterator<&'static Metric> for KnownMetrics {
    fn from_iter<I: IntoIterator<Item = &'static Metric>>(metrics: I) -> Self {
        Self(metrics.into_iter().collect())
    }
}

/// The value of one metric of one entity in one replication of one point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MetricRecord {
    /// Point of the parameter grid, from 0; 0 without a grid.
    pub point: u32,
    /// Replication, from 0.
    pub replication: u32,
    /// Name of the metric.
    pub metric: &'static Metric,
    /// Entity of the metric: a computer, a function, a policy.
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
            "Point of the parameter grid, from 0; 0 without a grid",
        ),
        Column::integer("replication", "", "Replication, from 0"),
        Column::text("metric", "Name of the metric"),
        Column::text(
            "entity",
            "Entity of the metric: a computer, a function, a policy",
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

#[cfg(test)]
mod tests {
    use super::*;

    static FIRST: Metric = Metric::new("latency_mean", Unit::Nanoseconds, "")
        .words("mean latency")
        .rank(1);
    static SECOND: Metric = Metric::new("calls_lost", Unit::Count, "").rank(2);
    static USED: Metric = Metric::new("utilization", Unit::Ratio, "").stacks("in use");

    #[test]
    fn figures_follow_what_is_declared_and_fall_back_to_the_name() {
        let known: KnownMetrics = [&SECOND, &USED, &FIRST].into_iter().collect();
        assert_eq!(known.words("latency_mean"), "mean latency");
        assert_eq!(known.words("calls_lost"), "calls lost");
        assert_eq!(known.words("never_declared"), "never declared");
        assert_eq!(known.telling(), [&FIRST, &SECOND]);
        assert_eq!(known.stacking().collect::<Vec<_>>(), [&USED]);
    }
}
