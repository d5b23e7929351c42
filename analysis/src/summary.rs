//! The summary of a run: each metric over its replications, with a confidence interval.

use crate::results::{MetricValues, PointAxis, Points, ResultSet};
use crate::statistics::{CONFIDENCE, Interval};
use crate::table::{Metric, MetricRecord, NameId, Names, SUMMARY, TABLE_FORMAT};
use crate::text::{TextTable, short_numbers};
use crate::unit::Unit;
use crate::verdict::{Judgement, Verdict, judge};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::io::{self, Write};

/// One metric of one entity over the replications of one point; the fields are the columns, in this order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SummaryRow {
    /// Point of the parameter grid, from 0.
    pub point: u32,
    /// What was measured.
    pub metric: String,
    /// Whose metric it is.
    pub entity: String,
    /// Unit of the values.
    pub unit: Unit,
    /// Mean over replications; `None` if no replication has a value.
    pub mean: Option<f64>,
    /// Lower end of the 95 % interval; `None` with fewer than two values.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval; `None` with fewer than two values.
    pub high: Option<f64>,
    /// Number of replications that have a value.
    pub n: usize,
    /// Whether the point shows a steady state; `None` where that cannot be asked.
    #[serde(default)]
    pub verdict: Option<Verdict>,
}

impl SummaryRow {
    /// The mean with its interval; `None` if no replication has a value.
    pub fn interval(&self) -> Option<Interval> {
        let mean = self.mean?;
        let half_width = self.high.map(|high| high - mean);
        Some(Interval {
            mean,
            half_width,
            n: self.n,
        })
    }

    /// Mean and interval as text for a person, such as `100.04 ± 0.12 ms`.
    pub fn to_text(&self) -> String {
        self.interval().map_or_else(
            || "n/a".to_owned(),
            |interval| self.unit.format_interval(&interval),
        )
    }
}

/// Every metric of a run with its interval over replications, and what the intervals rest on.
///
/// ```
/// use analysis::{Metric, MetricRecord, Names, Summary, Unit};
/// static LATENCY: Metric = Metric::new("latency_mean", Unit::Nanoseconds, "Mean latency");
/// let mut names = Names::new();
/// let entity = names.intern("client");
/// let records = [100e6, 104e6, 102e6].iter().zip(0..).map(|(&value, replication)| {
///     MetricRecord { point: 0, replication, metric: &LATENCY, entity, value }
/// });
/// let summary = Summary::new(records, &names, 3, 1_000_000_000);
/// assert_eq!(summary.to_text(), "\
/// metric        entity     mean ± 95 %  n
/// latency_mean  client  102.0 ± 5.0 ms  3
/// Intervals: Student t, 95 %, over 3 replications; warm-up cut: 1.00 s
/// ");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Version of the columns.
    pub table_format: u32,
    /// Confidence of the intervals.
    pub confidence: f64,
    /// Number of replications of each point.
    pub replications: u32,
    /// Warm-up that was cut from each replication, nanoseconds.
    pub warm_up_ns: u64,
    /// Whether each point shows a steady state; empty where that cannot be asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<Judgement>,
    /// One row per point, metric and entity.
    pub rows: Vec<SummaryRow>,
}

impl ResultSet {
    /// Every metric with its interval, as a table.
    pub fn summary(&self) -> Summary {
        Summary::of(&self.metrics, self.replications() as u32, self.warm_up_ns)
    }
}

impl Summary {
    /// Summarizes metrics, whose records may come in any order.
    ///
    /// Rows are ordered by point; within a point, metrics and their entities are in the order in which the first
    /// replication that has them lists them. Values that are not finite count as missing.
    ///
    /// # Panics
    /// If an identifier does not come from `names`.
    pub fn new(
        records: impl IntoIterator<Item = MetricRecord>,
        names: &Names,
        replications: u32,
        warm_up_ns: u64,
    ) -> Self {
        let mut records: Vec<MetricRecord> = records.into_iter().collect();
        records.sort_by_key(|record| (record.point, record.replication));
        let rows = records
            .chunk_by(|a, b| a.point == b.point)
            .flat_map(|point| summarize_point(point, names));
        Self::from_rows(rows.collect(), replications, warm_up_ns)
    }

    /// The summary with these rows, which are in the order of points; judges each point.
    pub fn from_rows(mut rows: Vec<SummaryRow>, replications: u32, warm_up_ns: u64) -> Self {
        let mut verdicts = Vec::new();
        for rows in rows.chunk_by_mut(|a, b| a.point == b.point) {
            let metrics = rows
                .iter()
                .map(|row| (&*row.metric, &*row.entity, row.interval()));
            if let Some(judgement) = judge(rows[0].point, metrics) {
                rows.iter_mut()
                    .for_each(|row| row.verdict = Some(judgement.verdict));
                verdicts.push(judgement);
            }
        }
        Self {
            table_format: TABLE_FORMAT,
            confidence: CONFIDENCE,
            replications,
            warm_up_ns,
            verdicts,
            rows,
        }
    }

    /// Summarizes metrics that were read back, or derived from tables that were, in their order.
    pub fn of(metrics: &[MetricValues], replications: u32, warm_up_ns: u64) -> Self {
        let row = |values: &MetricValues| {
            let interval = values.interval();
            SummaryRow {
                point: values.point,
                metric: values.metric.clone(),
                entity: values.entity.clone(),
                unit: values.unit,
                mean: interval.map(|interval| interval.mean),
                low: interval.and_then(|interval| interval.low()),
                high: interval.and_then(|interval| interval.high()),
                n: interval.map_or(0, |interval| interval.n),
                verdict: None,
            }
        };
        Self::from_rows(metrics.iter().map(row).collect(), replications, warm_up_ns)
    }

    /// Writes the rows as CSV with a header line.
    ///
    /// # Errors
    /// Those of `writer`.
    pub fn write_csv(&self, writer: impl Write) -> io::Result<()> {
        let mut writer = csv::WriterBuilder::new()
            .has_headers(false)
            .from_writer(writer);
        writer.write_record(SUMMARY.iter().map(|column| &*column.name))?;
        for row in &self.rows {
            writer.serialize(row)?;
        }
        writer.flush()
    }

    /// Writes the summary as indented JSON.
    ///
    /// # Errors
    /// Those of `writer`.
    pub fn write_json(&self, mut writer: impl Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut writer, self)?;
        writer.write_all(b"\n")
    }

    /// The summary as a table for a person, with a last line that says what the intervals rest on.
    pub fn to_text(&self) -> String {
        self.to_text_at(&Points::default())
    }

    /// The same; with several points, each row has the values of the axes along which they differ.
    pub fn to_text_at(&self, points: &Points) -> String {
        let several_points = self.has_several_points();
        let axes = points.axes.iter().filter(|axis| axis.distinct().len() > 1);
        let axes: Vec<&PointAxis> = axes.filter(|_| several_points).collect();
        let mut table = if several_points {
            TextTable::new().right("point")
        } else {
            TextTable::new()
        };
        let shown = axes.iter().map(|axis| match axis.numbers() {
            Some(_) => short_numbers(&axis.values),
            None => axis.values.clone(),
        });
        let shown: Vec<Vec<String>> = shown.collect();
        for axis in &axes {
            table = match axis.numbers() {
                Some(_) => table.right(points.name_of(axis)),
                None => table.left(points.name_of(axis)),
            };
        }
        let mut table = table
            .left("metric")
            .left("entity")
            .right("mean ± 95 %")
            .right("n");
        for row in &self.rows {
            let at = points.numbers.binary_search(&row.point);
            let value = |values: &Vec<String>| match at {
                Ok(at) => values[at].clone(),
                Err(_) => String::new(),
            };
            let cells = [
                row.metric.clone(),
                row.entity.clone(),
                row.to_text(),
                row.n.to_string(),
            ];
            table.row(
                several_points
                    .then(|| row.point.to_string())
                    .into_iter()
                    .chain(shown.iter().map(value))
                    .chain(cells),
            );
        }
        table.render() + &self.basis() + "\n"
    }

    /// The row of a metric of an entity at a point.
    pub fn find(&self, point: u32, metric: &Metric, entity: &str) -> Option<&SummaryRow> {
        self.rows
            .iter()
            .find(|row| row.point == point && row.metric == metric.name && row.entity == entity)
    }

    /// A table for a person with one line per entity and one column per metric, each with its own heading. Entities
    /// that have none of the metrics are left out; with several points, the first column is the point.
    ///
    /// ```
    /// # use analysis::{Metric, MetricRecord, Names, Summary, Unit};
    /// static MEAN: Metric = Metric::new("latency_mean", Unit::Nanoseconds, "Mean latency");
    /// static LOST: Metric = Metric::new("lost", Unit::Ratio, "Share of calls lost");
    /// # let mut names = Names::new();
    /// # let (a, b) = (names.intern("clambda0"), names.intern("glambda0"));
    /// # let record = |replication, metric, entity, value| MetricRecord { point: 0, replication, metric, entity, value };
    /// # let records = [record(0, &MEAN, a, 100e6), record(1, &MEAN, a, 101e6), record(0, &LOST, b, 0.5)];
    /// # let summary = Summary::new(records, &names, 2, 0);
    /// assert_eq!(summary.table("function", &[("mean", &MEAN), ("lost", &LOST)]).render(), "\
    /// function            mean           lost
    /// clambda0  100.5 ± 6.4 ms
    /// glambda0                  50.00 ± n/a %
    /// ");
    /// ```
    pub fn table(&self, entity: &str, columns: &[(&str, &Metric)]) -> TextTable {
        let several_points = self.has_several_points();
        let mut table = if several_points {
            TextTable::new().right("point")
        } else {
            TextTable::new()
        }
        .left(entity);
        for (heading, _) in columns {
            table = table.right(heading);
        }
        let column_of = |row: &SummaryRow| {
            columns
                .iter()
                .position(|(_, metric)| metric.name == row.metric)
        };
        let mut lines: Vec<(u32, &str, Vec<String>)> = Vec::new();
        let mut places: HashMap<(u32, &str), usize> = HashMap::new();
        for (row, column) in self
            .rows
            .iter()
            .filter_map(|row| column_of(row).map(|column| (row, column)))
        {
            let place = *places.entry((row.point, &row.entity)).or_insert_with(|| {
                lines.push((row.point, &row.entity, vec![String::new(); columns.len()]));
                lines.len() - 1
            });
            lines[place].2[column] = row.to_text();
        }
        for (point, entity, cells) in lines {
            let head = several_points
                .then(|| point.to_string())
                .into_iter()
                .chain([entity.to_owned()]);
            table.row(head.chain(cells));
        }
        table
    }

    /// What the intervals rest on, one line: method, confidence, replications, warm-up.
    pub fn basis(&self) -> String {
        let warm_up = match self.warm_up_ns {
            0 => "none".to_owned(),
            ns => Unit::Nanoseconds.format(ns as f64),
        };
        let over = match self.replications {
            1 => "1 replication (too few, hence n/a)".to_owned(),
            n => format!("{n} replications"),
        };
        format!(
            "Intervals: Student t, {}, over {over}; warm-up cut: {warm_up}",
            percent(self.confidence)
        )
    }
}

impl Summary {
    fn has_several_points(&self) -> bool {
        self.rows.iter().any(|row| row.point != self.rows[0].point)
    }
}

fn percent(confidence: f64) -> String {
    format!("{} %", (confidence * 1e4).round() / 100.0)
}

/// The rows of one point, whose records are in the order of replications.
fn summarize_point(records: &[MetricRecord], names: &Names) -> Vec<SummaryRow> {
    struct Group {
        metric: &'static Metric,
        entities: Vec<(NameId, Vec<f64>)>,
    }
    let mut groups: Vec<Group> = Vec::new();
    let mut places: HashMap<(&str, NameId), (usize, usize)> = HashMap::new();
    let mut metrics: HashMap<&str, usize> = HashMap::new();
    for record in records {
        let (group, entity) = *places
            .entry((record.metric.name, record.entity))
            .or_insert_with(|| {
                let group = *metrics.entry(record.metric.name).or_insert_with(|| {
                    groups.push(Group {
                        metric: record.metric,
                        entities: Vec::new(),
                    });
                    groups.len() - 1
                });
                groups[group].entities.push((record.entity, Vec::new()));
                (group, groups[group].entities.len() - 1)
            });
        if record.value.is_finite() {
            groups[group].entities[entity].1.push(record.value);
        }
    }
    let point = records.first().map_or(0, |record| record.point);
    let row = |metric: &Metric, entity: NameId, values: &[f64]| {
        let interval = Interval::of(values);
        SummaryRow {
            point,
            metric: metric.name.to_owned(),
            entity: names.resolve(entity).to_owned(),
            unit: metric.unit,
            mean: interval.map(|interval| interval.mean),
            low: interval.and_then(|interval| interval.low()),
            high: interval.and_then(|interval| interval.high()),
            n: values.len(),
            verdict: None,
        }
    };
    let rows = groups.iter().flat_map(|group| {
        let entities = group.entities.iter();
        entities.map(|(entity, values)| row(group.metric, *entity, values))
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    static LATENCY: Metric = Metric::new("latency", Unit::Nanoseconds, "Latency");
    static SHARE: Metric = Metric::new("share", Unit::Ratio, "Share of the calls");

    fn example() -> (Vec<MetricRecord>, Names) {
        let mut names = Names::new();
        let (arm, xeon) = (names.intern("arm"), names.intern("xeon, large"));
        let mut records = Vec::new();
        for replication in 0..4 {
            let x = f64::from(replication);
            records.push(MetricRecord {
                point: 0,
                replication,
                metric: &LATENCY,
                entity: arm,
                value: 1e8 + x * 1e6,
            });
            records.push(MetricRecord {
                point: 0,
                replication,
                metric: &SHARE,
                entity: arm,
                value: 0.25,
            });
            let share = if replication == 2 {
                f64::NAN
            } else {
                0.5 + x / 100.0
            };
            records.push(MetricRecord {
                point: 0,
                replication,
                metric: &SHARE,
                entity: xeon,
                value: share,
            });
            records.push(MetricRecord {
                point: 1,
                replication,
                metric: &LATENCY,
                entity: arm,
                value: f64::NAN,
            });
        }
        (records, names)
    }

    fn text_of(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
        let mut bytes = Vec::new();
        write(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_order_of_the_records_does_not_change_a_byte() {
        let (mut records, names) = example();
        let summary = Summary::new(records.iter().copied(), &names, 4, 0);
        // Replications arrive in another order; each keeps its own.
        records.sort_by_key(|record| std::cmp::Reverse(record.replication));
        let reordered = Summary::new(records, &names, 4, 0);
        assert_eq!(
            text_of(|w| summary.write_csv(w)),
            text_of(|w| reordered.write_csv(w))
        );
        assert_eq!(
            text_of(|w| summary.write_json(w)),
            text_of(|w| reordered.write_json(w))
        );
    }

    #[test]
    fn missing_values_reduce_the_number_of_replications() {
        let (records, names) = example();
        let summary = Summary::new(records, &names, 4, 0);
        let counts: Vec<_> = summary
            .rows
            .iter()
            .map(|r| (r.point, r.metric.as_str(), r.entity.as_str(), r.n))
            .collect();
        let expected = [
            (0, "latency", "arm", 4),
            (0, "share", "arm", 4),
            (0, "share", "xeon, large", 3),
            (1, "latency", "arm", 0),
        ];
        assert_eq!(counts, expected);
        assert_eq!(summary.rows[3].mean, None);
        assert_eq!(summary.rows[3].to_text(), "n/a");
    }

    #[test]
    fn rows_survive_csv_and_json() {
        let (records, names) = example();
        let summary = Summary::new(records, &names, 4, 5);
        let csv_text = text_of(|w| summary.write_csv(w));
        let rows: Vec<SummaryRow> = csv::Reader::from_reader(csv_text.as_bytes())
            .deserialize()
            .map(Result::unwrap)
            .collect();
        assert_eq!(rows, summary.rows);
        let read: Summary = serde_json::from_str(&text_of(|w| summary.write_json(w))).unwrap();
        assert_eq!(read, summary);
    }

    #[test]
    fn the_dictionary_names_the_fields_of_a_row() {
        let (records, names) = example();
        let summary = Summary::new(records, &names, 4, 0);
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.serialize(&summary.rows[0]).unwrap();
        let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        let header: Vec<_> = SUMMARY.iter().map(|column| &*column.name).collect();
        assert_eq!(text.lines().next().unwrap(), header.join(","));
    }

    #[test]
    fn a_single_replication_reads_not_available() {
        let (records, names) = example();
        let summary = Summary::new(
            records
                .into_iter()
                .filter(|r| r.replication == 0 && r.point == 0),
            &names,
            1,
            0,
        );
        let text = summary.to_text();
        assert!(text.contains("100.00 ± n/a ms"), "{text}");
        assert!(
            text.ends_with("over 1 replication (too few, hence n/a); warm-up cut: none\n"),
            "{text}"
        );
        assert!(
            text_of(|w| summary.write_csv(w)).contains("\n0,latency,arm,ns,100000000.0,,,1,\n")
        );
    }
}
