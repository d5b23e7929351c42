//! The tables of a result folder in another format.

use crate::parquet::{Cell, ParquetTable};
use crate::results::{Points, ReadError, Rows};
use crate::table::{Column, ColumnType, TableColumns, dictionary};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// The table of points: which parameter has which value where.
const POINTS: &[Column] = &[
    Column::integer("point", "", "Point of the parameter grid, from 0"),
    Column::text("axis", "Parameter that differs between points, by its key"),
    Column::text("value", "Its value at this point, with its unit"),
];

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
    /// A file cannot be written.
    #[error("{}: cannot write: {source}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Writes every table that a result folder has as a file of `target`, which is created if it does not exist; returns the
/// files. Tables are converted row by row, in little memory.
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
    std::fs::create_dir_all(target).map_err(|source| ExportError::Write {
        path: target.to_owned(),
        source,
    })?;
    let mut written = Vec::new();
    for TableColumns { table, columns } in dictionary() {
        let source = folder.join(table).with_extension("csv");
        if source.is_file() {
            let rows = Rows::open(&source)?;
            let mut out = Output::create(target, table, columns, format)?;
            let path = out.path.clone();
            each_row(rows, columns, |cells| out.write(cells)).map_err(|it| it.at(&path))?;
            written.push(out.finish()?);
        }
    }
    let points = Points::read(&folder.join("points.csv"), Vec::new())?;
    if !points.axes.is_empty() {
        let mut out = Output::create(target, "points", POINTS, format)?;
        for &number in &points.numbers {
            for (axis, value) in points.parameters(number) {
                let cells = [
                    Cell::Integer(u64::from(number)),
                    Cell::Text(axis),
                    Cell::Text(value),
                ];
                let done = out.write(&cells).map_err(RowError::Write);
                done.map_err(|error| error.at(&out.path))?;
            }
        }
        written.push(out.finish()?);
    }
    Ok(written)
}

/// A table under construction in one of the formats.
struct Output {
    path: PathBuf,
    writer: Writer,
}

enum Writer {
    Parquet(ParquetTable<File>),
    JsonLines(&'static [Column], BufWriter<File>),
}

impl Output {
    fn create(
        folder: &Path,
        table: &str,
        columns: &'static [Column],
        format: TableFormat,
    ) -> Result<Self, ExportError> {
        let path = folder.join(table).with_extension(format.extension());
        let writer = File::create(&path).and_then(|file| {
            Ok(match format {
                TableFormat::Parquet => Writer::Parquet(ParquetTable::new(file, columns)?),
                TableFormat::JsonLines => Writer::JsonLines(columns, BufWriter::new(file)),
            })
        });
        match writer {
            Ok(writer) => Ok(Self { path, writer }),
            Err(source) => Err(ExportError::Write { path, source }),
        }
    }

    fn write(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        match &mut self.writer {
            Writer::Parquet(table) => table.write(cells),
            Writer::JsonLines(columns, file) => json_line(file, columns, cells),
        }
    }

    fn finish(self) -> Result<PathBuf, ExportError> {
        let finished = match self.writer {
            Writer::Parquet(table) => table.finish().map(drop),
            Writer::JsonLines(_, mut file) => file.flush(),
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
    if !header.iter().eq(columns.iter().map(|column| column.name)) {
        let expected: Vec<&str> = columns.iter().map(|column| column.name).collect();
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

fn json_line(mut writer: impl Write, columns: &[Column], cells: &[Cell<'_>]) -> io::Result<()> {
    for (number, (column, cell)) in columns.iter().zip(cells).enumerate() {
        writer.write_all(if number == 0 { b"{\"" } else { b",\"" })?;
        writer.write_all(column.name.as_bytes())?;
        writer.write_all(b"\":")?;
        match cell {
            Cell::Missing => writer.write_all(b"null")?,
            Cell::Integer(value) => write!(writer, "{value}")?,
            Cell::Float(value) => serde_json::to_writer(&mut writer, value)?,
            Cell::Text(text) => serde_json::to_writer(&mut writer, text)?,
        }
    }
    writer.write_all(b"}\n")
}
