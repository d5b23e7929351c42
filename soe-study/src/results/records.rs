//! The tables with one row for each number of each replication.
//!
//! They are by far the largest tables of a sweep. The common part of all rows of a
//! quantity is rendered once, by the writers of any other table. Only the numbers are
//! written row by row.

use std::io::{self, Write};
use std::sync::Arc;

use analysis::{CsvTable, MetricRecord, Names, ResultFile, ResultFolder, write_json_line};

use crate::error::SweepError;
use crate::runner::{Column, Layout};

/// `metrics.csv` and `metrics.jsonl` while they are written.
pub(super) struct Records {
    csv: ResultFile,
    json: ResultFile,
    rows: Rows,
}

impl Records {
    pub(super) fn new(folder: &ResultFolder) -> Result<Self, SweepError> {
        let mut csv = folder.file("metrics.csv")?;
        let header = CsvTable::<_, MetricRecord>::new(Vec::new()).and_then(CsvTable::finish);
        let header = header.and_then(|header| csv.write_all(&header));
        header.map_err(in_folder)?;
        Ok(Self {
            csv,
            json: folder.file("metrics.jsonl")?,
            rows: Rows::default(),
        })
    }

    /// Appends the rows of a replication.
    pub(super) fn write(
        &mut self,
        point: usize,
        replication: u32,
        layout: &Arc<Layout>,
        values: &[f64],
    ) -> Result<(), SweepError> {
        let rendered = self.rows.render(point, replication, layout, values);
        rendered
            .and_then(|()| self.csv.write_all(&self.rows.csv))
            .and_then(|()| self.json.write_all(&self.rows.json))
            .map_err(in_folder)
    }

    pub(super) fn finish(self) -> Result<(), SweepError> {
        self.csv.finish()?;
        Ok(self.json.finish()?)
    }
}

/// Files of a result folder name themselves in their errors.
fn in_folder(error: io::Error) -> SweepError {
    SweepError::Parts(error.to_string())
}

/// The rows of a replication.
#[derive(Default)]
struct Rows {
    csv: Vec<u8>,
    json: Vec<u8>,
    /// The layout of the last replication, and what is written around each quantity that
    /// has rows.
    last: Option<(Arc<Layout>, Vec<Option<Around>>)>,
    /// What begins each row, and the value that is written.
    csv_start: Vec<u8>,
    json_start: Vec<u8>,
    value: Vec<u8>,
}

/// What is written between the number of the replication and the value.
struct Around {
    csv: Vec<u8>,
    json: Vec<u8>,
}

impl Rows {
    /// Renders the rows of a replication in place of those of the last.
    fn render(
        &mut self,
        point: usize,
        replication: u32,
        layout: &Arc<Layout>,
        values: &[f64],
    ) -> io::Result<()> {
        let is_last = |(last, _): &(Arc<Layout>, _)| Arc::ptr_eq(last, layout);
        let around = match self.last.take_if(|last| is_last(last)) {
            Some((_, around)) => around,
            None => layout
                .columns
                .iter()
                .map(Around::of)
                .collect::<io::Result<_>>()?,
        };
        self.csv.clear();
        self.json.clear();
        self.csv_start.clear();
        self.json_start.clear();
        write!(self.csv_start, "{point},{replication}")?;
        write!(
            self.json_start,
            "{{\"point\":{point},\"replication\":{replication}"
        )?;
        let mut at = 0;
        for (column, around) in layout.columns.iter().zip(&around) {
            let value = values[at];
            at += column.width();
            let Some(around) = around else { continue };
            self.csv.extend_from_slice(&self.csv_start);
            self.csv.extend_from_slice(&around.csv);
            self.json.extend_from_slice(&self.json_start);
            self.json.extend_from_slice(&around.json);
            if value.is_finite() {
                self.value.clear();
                serde_json::to_writer(&mut self.value, &value)?;
                // Exponents have no sign in the one.
                let parts = self.value.split(|&byte| byte == b'+');
                parts.for_each(|part| self.csv.extend_from_slice(part));
                self.json.extend_from_slice(&self.value);
            } else {
                self.json.extend_from_slice(b"null");
            }
            self.csv.push(b'\n');
            self.json.extend_from_slice(b"}\n");
        }
        self.last = Some((Arc::clone(layout), around));
        Ok(())
    }
}

impl Around {
    /// What other writers write around a value that is missing; nothing if the quantity has
    /// no rows.
    fn of(column: &Column) -> io::Result<Option<Self>> {
        if column.at.is_some() || column.pooled {
            return Ok(None);
        }
        let mut names = Names::new();
        let record = MetricRecord {
            point: 0,
            replication: 0,
            metric: column.metric,
            entity: names.intern(&column.entity),
            value: f64::NAN,
        };
        let mut table = CsvTable::new(Vec::new())?;
        let header = CsvTable::<_, MetricRecord>::new(Vec::new())?
            .finish()?
            .len();
        table.write(&record, &names)?;
        let csv = table.finish()?.split_off(header);
        let mut json = Vec::new();
        write_json_line(&mut json, &record, &names)?;
        Ok(Some(Self {
            csv: between(&csv, "0,0", "\n")?,
            json: between(&json, "{\"point\":0,\"replication\":0", "null}\n")?,
        }))
    }
}

/// What is between the beginning and the end of a row.
fn between(row: &[u8], start: &str, end: &str) -> io::Result<Vec<u8>> {
    let inner = row.strip_prefix(start.as_bytes());
    let inner = inner.and_then(|row| row.strip_suffix(end.as_bytes()));
    let inner = inner.ok_or_else(|| io::Error::other("the table of metrics has other columns"))?;
    Ok(inner.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use analysis::{Metric, Unit};
    use proptest::prelude::*;

    static PLAIN: Metric = Metric::new("latency_mean", Unit::Nanoseconds, "A metric");

    fn values() -> impl Strategy<Value = f64> {
        prop_oneof![
            any::<f64>(),
            any::<u64>().prop_map(f64::from_bits),
            any::<i64>().prop_map(|whole| whole as f64),
            (-1e9..1e9_f64).prop_map(|it| (it * 100.0).round() / 100.0),
            prop::sample::select(vec![0.0, -0.0, 1e16, 1e-5, 1e21, f64::NAN, f64::INFINITY]),
        ]
    }

    proptest! {
        #[test]
        fn rows_are_those_of_the_other_writers(
            entities in prop::collection::vec("[ -~é\n]{0,8}", 1..5),
            replications in prop::collection::vec((any::<u32>(), any::<u32>(), values()), 1..20),
        ) {
            let mut columns: Vec<_> = entities.iter().map(|entity| Column::number(&PLAIN, entity)).collect();
            columns.push(Column { pooled: true, ..Column::number(&PLAIN, "pooled") });
            columns.push(Column { at: Some(1.0), ..Column::number(&PLAIN, "placed") });
            let layouts = [Arc::new(Layout { columns: columns.clone() }), Arc::new(Layout { columns })];
            let mut rows = Rows::default();
            let mut names = Names::new();
            let mut table = CsvTable::new(Vec::new()).unwrap();
            let mut csv = CsvTable::<_, MetricRecord>::new(Vec::new()).unwrap().finish().unwrap();
            let (mut json, mut expected) = (Vec::new(), Vec::new());
            for &(point, replication, value) in &replications {
                let values = vec![value; layouts[0].width()];
                let layout = &layouts[replication as usize % 2];
                rows.render(point as usize, replication, layout, &values).unwrap();
                csv.extend_from_slice(&rows.csv);
                json.extend_from_slice(&rows.json);
                for entity in &entities {
                    let entity = names.intern(entity);
                    let record = MetricRecord { point, replication, metric: &PLAIN, entity, value };
                    table.write(&record, &names).unwrap();
                    write_json_line(&mut expected, &record, &names).unwrap();
                }
            }
            let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
            prop_assert_eq!(text(csv), text(table.finish().unwrap()));
            prop_assert_eq!(text(json), text(expected));
        }
    }
}
