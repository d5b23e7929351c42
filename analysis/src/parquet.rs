//! Tables as Apache Parquet, for pandas, polars, DuckDB, R and other readers.
//!
//! This crate writes only the small part of the format that these tables need, so that building it does not require a
//! columnar data engine: three types, all columns nullable, texts with a dictionary per row group, no compression.
//! Numbers are plain, missing values are null. The file contains the Arrow schema (key `ARROW:schema`), whose fields
//! have `unit` and `description`, and the same as JSON (key `columns`) for readers without Arrow.
//!
//! Formats: Apache Parquet 2.11 (`parquet.thrift`, Encodings.md), Thrift compact protocol, Arrow columnar format 1.5
//! (`Schema.fbs`, `Message.fbs`).

mod arrow;
mod encode;
mod thrift;

use crate::table::{Column, ColumnType};
use encode::{Texts, hybrid};
use std::io::{self, Write};
use std::sync::Arc;
use thrift::Struct;

/// Rows that are kept in memory until they are written together.
const ROW_GROUP: usize = 1 << 17;
const MAGIC: &[u8; 4] = b"PAR1";

// Numbers of the format.
const INT64: i64 = 2;
const DOUBLE: i64 = 5;
const BYTE_ARRAY: i64 = 6;
const OPTIONAL: i64 = 1;
const UTF8: i64 = 0;
const PLAIN: i64 = 0;
const RLE: i64 = 3;
const RLE_DICTIONARY: i64 = 8;
const UNCOMPRESSED: i64 = 0;
const DATA_PAGE: i64 = 0;
const DICTIONARY_PAGE: i64 = 2;

/// A value of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// No value.
    Missing,
    /// A value of an integer column.
    Integer(u64),
    /// A value of a float column.
    Float(f64),
    /// A value of a text column.
    Text(&'a str),
}

/// Writes a table as Parquet, row by row.
///
/// ```
/// use analysis::{Cell, ParquetTable, dictionary};
/// let metrics = dictionary().into_iter().find(|it| it.table == "metrics").unwrap();
/// let mut table = ParquetTable::new(Vec::new(), metrics.columns)?;
/// table.write(&[
///     Cell::Integer(0), Cell::Integer(3), Cell::Text("throughput"), Cell::Text("client"), Cell::Text("1/s"),
///   Cell::Float(1.5), ])?;
/// let file = table.finish()?;
/// assert!(file.starts_with(b"PAR1") && file.ends_with(b"PAR1"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct ParquetTable<W: Write> {
    writer: W,
    /// Bytes written so far.
    at: u64,
    columns: Arc<[Column]>,
    buffers: Vec<Buffer>,
    rows: usize,
    groups: Vec<Vec<u8>>,
    total: u64,
}

/// The values of a column in the row group in progress.
struct Buffer {
    present: Vec<u32>,
    values: Values,
}

enum Values {
    Integers(Vec<i64>),
    Floats(Vec<f64>),
    Texts(Texts),
}

impl Buffer {
    fn new(kind: ColumnType) -> Self {
        Self {
            present: Vec::new(),
            values: match kind {
                ColumnType::Integer => Values::Integers(Vec::new()),
                ColumnType::Float => Values::Floats(Vec::new()),
                ColumnType::Text => Values::Texts(Texts::default()),
            },
        }
    }

    /// Appends a value; whether it is of the type of the column.
    fn push(&mut self, cell: Cell<'_>) -> bool {
        match (&mut self.values, cell) {
            (_, Cell::Missing) => {}
            (Values::Integers(values), Cell::Integer(value)) => match i64::try_from(value) {
                Ok(value) => values.push(value),
                Err(_) => return false,
            },
            (Values::Floats(values), Cell::Float(value)) => values.push(value),
            (Values::Texts(texts), Cell::Text(text)) => texts.push(text),
            _ => return false,
        }
        self.present.push(u32::from(cell != Cell::Missing));
        true
    }
}

impl<W: Write> ParquetTable<W> {
    /// Starts a table with these columns. Row groups are written whole, `writer` needs no buffer.
    ///
    /// # Errors
    /// Those of `writer`.
    pub fn new(mut writer: W, columns: impl Into<Arc<[Column]>>) -> io::Result<Self> {
        let columns = columns.into();
        writer.write_all(MAGIC)?;
        Ok(Self {
            writer,
            at: MAGIC.len() as u64,
            buffers: columns.iter().map(|it| Buffer::new(it.kind)).collect(),
            columns,
            rows: 0,
            groups: Vec::new(),
            total: 0,
        })
    }

    /// Appends a row.
    ///
    /// # Errors
    /// Those of the writer, and if the row does not fit the columns: too few or too many cells, another type, or an
    /// integer of 2^63 or more.
    pub fn write(&mut self, row: &[Cell<'_>]) -> io::Result<()> {
        let wrong = |reason: String| io::Error::new(io::ErrorKind::InvalidInput, reason);
        if row.len() != self.columns.len() {
            let (found, expected) = (row.len(), self.columns.len());
            return Err(wrong(format!(
                "{found} cells, but there are {expected} columns"
            )));
        }
        let places = self.buffers.iter_mut().zip(&*self.columns).zip(row);
        for ((buffer, column), cell) in places {
            if !buffer.push(*cell) {
                return Err(wrong(format!(
                    "{cell:?} does not fit the column {} ({:?})",
                    column.name, column.kind
                )));
            }
        }
        self.rows += 1;
        if self.rows == ROW_GROUP {
            self.flush_group()?;
        }
        Ok(())
    }

    /// Writes what is left and the description of the file, and returns the writer.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn finish(mut self) -> io::Result<W> {
        if self.rows > 0 {
            self.flush_group()?;
        }
        let footer = self.footer();
        self.writer.write_all(&footer)?;
        self.writer
            .write_all(&(footer.len() as u32).to_le_bytes())?;
        self.writer.write_all(MAGIC)?;
        self.writer.flush()?;
        Ok(self.writer)
    }

    fn flush_group(&mut self) -> io::Result<()> {
        let start = self.at;
        let columns = Arc::clone(&self.columns);
        let mut chunks = Vec::with_capacity(columns.len());
        for (buffer, column) in std::mem::take(&mut self.buffers).iter().zip(&*columns) {
            chunks.push(self.write_chunk(buffer, column)?);
        }
        self.buffers = self.columns.iter().map(|it| Buffer::new(it.kind)).collect();
        let mut group = Struct::default();
        group.structs(1, &chunks);
        group.i64(2, (self.at - start) as i64);
        group.i64(3, self.rows as i64);
        self.groups.push(group.finish());
        self.total += self.rows as u64;
        self.rows = 0;
        Ok(())
    }

    /// Writes the pages of a column and returns their description.
    fn write_chunk(&mut self, buffer: &Buffer, column: &Column) -> io::Result<Vec<u8>> {
        let start = self.at;
        let mut body = Vec::new();
        let levels = hybrid(&buffer.present, 1);
        body.extend_from_slice(&(levels.len() as u32).to_le_bytes());
        body.extend_from_slice(&levels);
        let (kind, encoding) = match &buffer.values {
            Values::Integers(values) => {
                values
                    .iter()
                    .for_each(|it| body.extend_from_slice(&it.to_le_bytes()));
                (INT64, PLAIN)
            }
            Values::Floats(values) => {
                values
                    .iter()
                    .for_each(|it| body.extend_from_slice(&it.to_le_bytes()));
                (DOUBLE, PLAIN)
            }
            Values::Texts(texts) => {
                let dictionary = texts.dictionary();
                let mut header = Struct::default();
                header.i32(1, texts.len() as i64);
                header.i32(2, PLAIN);
                self.write_page(DICTIONARY_PAGE, 7, header, &dictionary)?;
                texts.write_indices(&mut body);
                (BYTE_ARRAY, RLE_DICTIONARY)
            }
        };
        let data = self.at;
        let mut header = Struct::default();
        header.i32(1, buffer.present.len() as i64);
        header.i32(2, encoding);
        header.i32(3, RLE);
        header.i32(4, RLE);
        self.write_page(DATA_PAGE, 5, header, &body)?;

        let size = (self.at - start) as i64;
        let mut meta = Struct::default();
        meta.i32(1, kind);
        meta.i32s(2, &[PLAIN, RLE, encoding]);
        meta.texts(3, &[&column.name]);
        meta.i32(4, UNCOMPRESSED);
        meta.i64(5, buffer.present.len() as i64);
        meta.i64(6, size);
        meta.i64(7, size);
        meta.i64(9, data as i64);
        if data > start {
            meta.i64(11, start as i64);
        }
        let mut chunk = Struct::default();
        chunk.i64(2, start as i64);
        chunk.field(3, meta);
        Ok(chunk.finish())
    }

    /// Writes a page: `field` is the place of its own header in the common one.
    fn write_page(&mut self, kind: i64, field: i16, own: Struct, body: &[u8]) -> io::Result<()> {
        let mut header = Struct::default();
        header.i32(1, kind);
        header.i32(2, body.len() as i64);
        header.i32(3, body.len() as i64);
        header.field(field, own);
        let header = header.finish();
        self.writer.write_all(&header)?;
        self.writer.write_all(body)?;
        self.at += (header.len() + body.len()) as u64;
        Ok(())
    }

    fn footer(&self) -> Vec<u8> {
        let mut root = Struct::default();
        root.text(4, "schema");
        root.i32(5, self.columns.len() as i64);
        let mut schema = vec![root.finish()];
        for column in &*self.columns {
            let mut element = Struct::default();
            element.i32(
                1,
                match column.kind {
                    ColumnType::Integer => INT64,
                    ColumnType::Float => DOUBLE,
                    ColumnType::Text => BYTE_ARRAY,
                },
            );
            element.i32(3, OPTIONAL);
            element.text(4, &column.name);
            if column.kind == ColumnType::Text {
                element.i32(6, UTF8);
                // A union of logical types whose first member is the string.
                let mut logical = Struct::default();
                logical.field(1, Struct::default());
                element.field(10, logical);
            }
            schema.push(element.finish());
        }
        let columns = serde_json::to_string(&*self.columns).unwrap_or_default();
        let pair = |key: &str, value: &str| {
            let mut pair = Struct::default();
            pair.text(1, key);
            pair.text(2, value);
            pair.finish()
        };
        let mut file = Struct::default();
        file.i32(1, 1);
        file.structs(2, &schema);
        file.i64(3, self.total as i64);
        file.structs(4, &self.groups);
        let described = [
            pair("ARROW:schema", &arrow::schema(&self.columns)),
            pair("columns", &columns),
        ];
        file.structs(5, &described);
        file.text(6, concat!("soe version ", env!("CARGO_PKG_VERSION")));
        file.finish()
    }
}
