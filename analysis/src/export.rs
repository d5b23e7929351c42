//! The tables of a result folder in another format.

use crate::parquet::{Cell, ParquetTable};
use crate::results::{PointAxis, Points, ReadError, Rows};
use crate::table::{Column, ColumnType, TableColumns, dictionary};
use crate::whole::WholeFile;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A format of tables beside CSV.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFormat {
    /// Apache Parquet, with unit and description of each column in its metadata.
    Parquet,
    /// One JSON object per line.
    JsonLines,
}

impl TableFormat {
    /// The ending of its files.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::JsonLines => "jsonl",
        }
    }
}

/// Why tables cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A table cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The folder or a file in it cannot be created.
    #[error("{}: cannot be created: {source}", .path.display())]
    Create {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("{}: cannot write: {source}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Writes every table of a result folder as a file of `target`, which is created if it does not exist, and returns the
/// files. The tables beside figures, which repeat what others say, are left out. Tables are converted row by row, in
/// little memory, and each file appears whole or not at all.
///
/// Axes of points are numbers where all values are numbers, in the unit that they have in common.
///
/// # Errors
/// If a table cannot be read or a file not written.
///
/// ```
/// use analysis::{TableFormat, export};
/// # let parent = tempfile::tempdir()?;
/// # let folder = parent.path();
/// std::fs::write(folder.join("metrics.csv"), "point,replication,metric,entity,unit,value\n0,1,lost,all,,2.0\n")?;
/// let files = export(folder, &folder.join("json"), TableFormat::JsonLines)?;
/// let text = std::fs::read_to_string(&files[0])?;
/// assert_eq!(text, "{\"point\":0,\"replication\":1,\"metric\":\"lost\",\"entity\":\"all\",\"unit\":\"\",\"value\":2.0}\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn export(
    folder: &Path,
    target: &Path,
    format: TableFormat,
) -> Result<Vec<PathBuf>, ExportError> {
    std::fs::create_dir_all(target).map_err(|source| ExportError::Create {
        path: target.to_owned(),
        source,
    })?;
    let mut written = Vec::new();
    for described in dictionary() {
        let source = folder.join(format!("{}.csv", described.table));
        if source.is_file() {
            let rows = Rows::open(&source)?;
            let mut out = Output::create(target, &described, format)?;
            let path = out.path.clone();
            let columns = &described.columns;
            each_row(rows, columns, |cells| out.write(cells)).map_err(|it| it.at(&path))?;
            written.push(out.finish()?);
        }
    }
    if folder.join("points.csv").is_file() {
        written.push(export_points(folder, target, format)?);
    }
    Ok(written)
}

/// Writes the table of points: a row for each, a column for each axis.
fn export_points(
    folder: &Path,
    target: &Path,
    format: TableFormat,
) -> Result<PathBuf, ExportError> {
    let points = Points::read(folder, Vec::new())?;
    let numbers: Vec<_> = points.axes.iter().map(PointAxis::numbers).collect();
    let columns = points.axes.iter().zip(&numbers).map(|(axis, numbers)| {
        let (kind, unit) = match numbers {
            Some((_, unit)) => (ColumnType::Float, unit.clone()),
            None => (ColumnType::Text, String::new()),
        };
        Column {
            name: axis.key.clone().into(),
            unit: unit.into(),
            kind,
            description: "Value of this axis of the study".into(),
        }
    });
    let mut out = Output::create(target, &TableColumns::points(columns), format)?;
    for (row, &point) in points.numbers.iter().enumerate() {
        let axes = points.axes.iter().zip(&numbers);
        let values = axes.map(|(axis, numbers)| match numbers {
            Some((numbers, _)) => Cell::Float(numbers[row]),
            None => Cell::Text(&axis.values[row]),
        });
        let cells: Vec<_> = std::iter::once(Cell::Integer(u64::from(point)))
            .chain(values)
            .collect();
        let done = out.write(&cells).map_err(RowError::Write);
        done.map_err(|error| error.at(&out.path))?;
    }
    out.finish()
}

/// A table under construction in one of the formats.
struct Output {
    path: PathBuf,
    writer: Writer,
}

enum Writer {
    Parquet(ParquetTable<WholeFile>),
    /// What stands before each value of a row.
    JsonLines(Vec<String>, WholeFile),
}

impl Output {
    fn create(
        folder: &Path,
        TableColumns { table, columns }: &TableColumns,
        format: TableFormat,
    ) -> Result<Self, ExportError> {
        let path = folder.join(format!("{table}.{}", format.extension()));
        let file = WholeFile::create(&path).map_err(|source| ExportError::Create {
            path: path.clone(),
            source,
        })?;
        let writer = match format {
            TableFormat::Parquet => match ParquetTable::new(file, columns.clone()) {
                Ok(table) => Writer::Parquet(table),
                Err(source) => return Err(ExportError::Write { path, source }),
            },
            TableFormat::JsonLines => Writer::JsonLines(keys(columns), file),
        };
        Ok(Self { path, writer })
    }

    fn write(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        match &mut self.writer {
            Writer::Parquet(table) => table.write(cells),
            Writer::JsonLines(keys, file) => json_line(file, keys, cells),
        }
    }

    fn finish(self) -> Result<PathBuf, ExportError> {
        let finished = match self.writer {
            Writer::Parquet(table) => table.finish().and_then(WholeFile::finish),
            Writer::JsonLines(_, file) => file.finish(),
        };
        match finished {
            Ok(()) => Ok(self.path),
            Err(source) => Err(ExportError::Write {
                path: self.path,
                source,
            }),
        }
    }
}

enum RowError {
    Read(ReadError),
    Write(io::Error),
}

impl RowError {
    fn at(self, path: &Path) -> ExportError {
        match self {
            Self::Read(error) => ExportError::Read(error),
            Self::Write(source) => ExportError::Write {
                path: path.to_owned(),
                source,
            },
        }
    }
}

/// Shows each row as values of the types of its columns.
fn each_row(
    mut rows: Rows,
    columns: &[Column],
    mut write: impl FnMut(&[Cell<'_>]) -> io::Result<()>,
) -> Result<(), RowError> {
    let header = rows.header();
    if !header.iter().eq(columns.iter().map(|column| &*column.name)) {
        let expected: Vec<&str> = columns.iter().map(|column| &*column.name).collect();
        return Err(RowError::Read(
            rows.wrong(format!("the columns must be {}", expected.join(","))),
        ));
    }
    while rows.advance().map_err(RowError::Read)? {
        let mut cells = Vec::with_capacity(columns.len());
        for (column, text) in columns.iter().zip(rows.record()) {
            let cell = match (column.kind, text) {
                (ColumnType::Text, text) => Some(Cell::Text(text)),
                (_, "") => Some(Cell::Missing),
                (ColumnType::Integer, text) => text.parse().ok().map(Cell::Integer),
                (ColumnType::Float, text) => text.parse().ok().map(Cell::Float),
            };
            cells.push(cell.ok_or_else(|| {
                let kind = match column.kind {
                    ColumnType::Integer => "a whole number of at least 0",
                    ColumnType::Float | ColumnType::Text => "a number",
                };
                RowError::Read(rows.wrong(format!("{}: `{text}` is not {kind}", column.name)))
            })?);
        }
        write(&cells).map_err(RowError::Write)?;
    }
    Ok(())
}

/// What stands before each value of a line.
fn keys(columns: &[Column]) -> Vec<String> {
    let key = |(number, column): (usize, &Column)| {
        let start = if number == 0 { '{' } else { ',' };
        format!("{start}{}:", serde_json::Value::from(&*column.name))
    };
    columns.iter().enumerate().map(key).collect()
}

fn json_line(mut writer: impl Write, keys: &[String], cells: &[Cell<'_>]) -> io::Result<()> {
    for (key, cell) in keys.iter().zip(cells) {
        writer.write_all(key.as_bytes())?;
        match cell {
            Cell::Missing => writer.write_all(b"null")?,
            Cell::Integer(value) => write!(writer, "{value}")?,
            Cell::Float(value) => serde_json::to_writer(&mut writer, value)?,
            Cell::Text(text) => serde_json::to_writer(&mut writer, text)?,
        }
    }
    writer.write_all(b"}\n")
}
