//! The tables from which all reports are computed (calls and the parts of their latencies, samples, metrics), and the
//! columns of all other tables.
//!
//! Records are plain numbers and [`NameId`]s, so that millions can be collected cheaply. Names are resolved only when a
//! table is written. Each table has a dictionary of its columns. The header line, `columns.json` and the documentation
//! are generated from it, so they cannot disagree.
//!
//! CSV files follow RFC 4180 with a header line; a missing value is an empty field. JSON lines have one object per
//! record with the same keys; a missing value is `null`.

mod call;
mod metric;
mod names;
mod parts;
mod sample;
mod summary;
mod sweep;

pub use call::{CallRecord, Outcome};
pub use metric::{Better, KnownMetrics, Metric, MetricRecord};
pub use names::{NameId, Names};
pub use parts::{CallParts, PartsRecord};
pub use sample::SampleRecord;
pub(crate) use summary::SUMMARY;

use serde::Serialize;
use std::borrow::Cow;
use std::io::{self, Write};

/// Version of the columns of all tables: raised when a column changes its meaning or disappears.
pub const TABLE_FORMAT: u32 = 1;

/// The file of a result folder that says what its tables and metrics mean.
pub(crate) const DICTIONARY: &str = "columns.json";

/// The type of the values of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// An integer that is not negative, below 2^64.
    Integer,
    /// A double-precision number, written with as many digits as identify it.
    Float,
    /// Text in UTF-8.
    Text,
}

/// One column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Key in JSON, header in CSV.
    pub name: Cow<'static, str>,
    /// Unit of the values, empty for names, numbers of things and columns whose unit is in another column.
    pub unit: Cow<'static, str>,
    /// Type of the values.
    #[serde(rename = "type")]
    pub kind: ColumnType,
    /// What the values mean, and when a value is missing.
    pub description: Cow<'static, str>,
}

impl Column {
    pub(crate) const fn integer(
        name: &'static str,
        unit: &'static str,
        description: &'static str,
    ) -> Self {
        Self {
            name: Cow::Borrowed(name),
            unit: Cow::Borrowed(unit),
            kind: ColumnType::Integer,
            description: Cow::Borrowed(description),
        }
    }

    pub(crate) const fn float(
        name: &'static str,
        unit: &'static str,
        description: &'static str,
    ) -> Self {
        Self {
            name: Cow::Borrowed(name),
            unit: Cow::Borrowed(unit),
            kind: ColumnType::Float,
            description: Cow::Borrowed(description),
        }
    }

    pub(crate) const fn text(name: &'static str, description: &'static str) -> Self {
        Self {
            name: Cow::Borrowed(name),
            unit: Cow::Borrowed(""),
            kind: ColumnType::Text,
            description: Cow::Borrowed(description),
        }
    }
}

/// A row of one of the tables.
pub trait Record {
    /// Name of the table, which is also the stem of its file.
    const TABLE: &'static str;
    /// The columns, in the order in which they are written.
    const COLUMNS: &'static [Column];

    /// The row as it is written, with names in place of identifiers.
    ///
    /// # Panics
    /// If an identifier does not come from `names`.
    fn row<'a>(&'a self, names: &'a Names) -> impl Serialize + 'a;
}

/// The dictionary of one table, as `columns.json` and the documentation show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableColumns {
    /// Name of the table, which is also the stem of its file.
    pub table: Cow<'static, str>,
    /// Its columns, in order.
    pub columns: Cow<'static, [Column]>,
}

/// The dictionary of every table whose columns are always the same. Those of the [points](TableColumns::points) of a
/// study and of the tables beside its [figures](TableColumns::figure) are its own.
pub fn dictionary() -> Vec<TableColumns> {
    let tables = [
        ("summary", SUMMARY),
        (CallRecord::TABLE, CallRecord::COLUMNS),
        (PartsRecord::TABLE, PartsRecord::COLUMNS),
        (SampleRecord::TABLE, SampleRecord::COLUMNS),
        (MetricRecord::TABLE, MetricRecord::COLUMNS),
        ("replications", sweep::REPLICATIONS),
        ("profiles", sweep::PROFILES),
        ("failures", sweep::FAILURES),
        ("findings", sweep::FINDINGS),
        ("averages", sweep::AVERAGES),
    ];
    let described = tables.map(|(table, columns)| TableColumns {
        table: table.into(),
        columns: columns.into(),
    });
    described.into()
}

/// Every column of every table, as Markdown: the content of `TABLES.md`.
pub fn tables_reference() -> String {
    let mut text = format!(
        "# Columns of the result tables

Table format {TABLE_FORMAT}. A missing value is an empty field in CSV, `null` in JSON. `columns.json` in each result folder
describes the tables in it, including the columns and units of the study's axes. [docs/metrics.md](../docs/metrics.md)
has the meaning of the metrics. This page is made from the code: `UPDATE_DOCS=1 cargo test -p analysis --test tables`.

"
    );
    let tables = dictionary().into_iter();
    for TableColumns { table, columns } in tables.chain(TableColumns::of_any_study()) {
        text += &format!("## {table}\n\n| column | unit | type | meaning |\n|---|---|---|---|\n");
        for Column {
            name,
            unit,
            kind,
            description,
        } in columns.iter()
        {
            let kind = format!("{kind:?}").to_lowercase();
            text += &format!("| `{name}` | {unit} | {kind} | {description} |\n");
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// Writes a table as CSV, record by record, in constant memory.
///
/// ```
/// use analysis::{CsvTable, Metric, MetricRecord, Names, Unit};
/// static THROUGHPUT: Metric = Metric::new("throughput", Unit::PerSecond, "Completed calls");
/// let mut names = Names::new();
/// let entity = names.intern("client");
/// let mut table = CsvTable::<_, MetricRecord>::new(Vec::new())?;
/// table.write(&MetricRecord { point: 0, replication: 3, metric: &THROUGHPUT, entity, value: 1.5 }, &names)?;
/// let text = String::from_utf8(table.finish()?).unwrap();
/// assert_eq!(text, "point,replication,metric,entity,unit,value\n0,3,throughput,client,1/s,1.5\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct CsvTable<W: Write, R> {
    writer: csv::Writer<W>,
    record: std::marker::PhantomData<fn(&R)>,
}

impl<W: Write, R: Record> CsvTable<W, R> {
    /// Starts the table with its header line. The table buffers its output; `writer` need not.
    ///
    /// # Errors
    /// Those of `writer`.
    pub fn new(writer: W) -> io::Result<Self> {
        let mut writer = csv::WriterBuilder::new()
            .has_headers(false)
            .buffer_capacity(1 << 16)
            .from_writer(writer);
        writer.write_record(R::COLUMNS.iter().map(|column| &*column.name))?;
        Ok(Self {
            writer,
            record: std::marker::PhantomData,
        })
    }

    /// Appends one record.
    ///
    /// # Errors
    /// Those of the writer.
    ///
    /// # Panics
    /// If an identifier of the record does not come from `names`.
    pub fn write(&mut self, record: &R, names: &Names) -> io::Result<()> {
        Ok(self.writer.serialize(record.row(names))?)
    }

    /// Writes out what is still buffered and returns the writer.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn finish(self) -> io::Result<W> {
        self.writer.into_inner().map_err(|error| error.into_error())
    }
}

/// Writes one record as a line of JSON.
///
/// # Errors
/// Those of `writer`.
///
/// # Panics
/// If an identifier of the record does not come from `names`.
pub fn write_json_line<R: Record>(
    mut writer: impl Write,
    record: &R,
    names: &Names,
) -> io::Result<()> {
    serde_json::to_writer(&mut writer, &record.row(names))?;
    writer.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn column_names_are_unique_and_described() {
        for TableColumns { table, columns } in dictionary() {
            let mut seen: Vec<_> = columns.iter().map(|column| &column.name).collect();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), columns.len(), "{table}");
            for column in columns.iter() {
                assert!(
                    !column.description.is_empty() && !column.description.contains(['|', '\n']),
                    "{column:?}"
                );
            }
        }
    }

    #[test]
    fn the_markdown_dictionary_has_a_line_for_each_column() {
        let text = tables_reference();
        for TableColumns { table, columns } in dictionary() {
            assert!(text.contains(&format!("## {table}\n")));
            for column in columns.iter() {
                assert!(text.contains(&format!("| `{}` |", column.name)));
            }
        }
    }

    #[test]
    fn the_dictionary_serializes_with_the_type_of_each_column() {
        let json = serde_json::to_value(dictionary()).unwrap();
        assert_eq!(json[1]["table"], "calls");
        assert_eq!(json[1]["columns"][0]["name"], "replication");
        assert_eq!(json[1]["columns"][0]["type"], "integer");
    }
}
