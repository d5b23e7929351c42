//! Rows of the tables, as read.

use super::ReadError;
use crate::table::{CallRecord, Record};
use crate::unit::Unit;
use csv::StringRecord;
use serde::Deserialize;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A row of the table of calls; the fields are those of [`CallRecord`](crate::CallRecord), with names as text.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct CallRow<'a> {
    /// Replication, from 0.
    pub replication: u32,
    /// Number of the call within the replication, in the order of sending.
    pub call: u64,
    /// The client that called.
    pub client: &'a str,
    /// The function called.
    pub function: &'a str,
    /// The brokers passed, joined by `>`; empty if none.
    pub path: &'a str,
    /// The computer that executed the call; empty if none did.
    pub computer: &'a str,
    /// Size of the input, bytes.
    pub input_bytes: u64,
    /// Size of the output, bytes.
    pub output_bytes: Option<u64>,
    /// When it was sent, nanoseconds since the start of the run.
    pub sent_ns: u64,
    /// From sending to the outcome, nanoseconds.
    pub latency_ns: Option<u64>,
    /// Time on the computer, nanoseconds.
    pub processing_ns: Option<u64>,
    /// Load of the processor before the call arrived, percent.
    pub load1_percent: Option<u32>,
    /// Number of brokers that forwarded the call.
    pub hops: u32,
    /// `ok`, `error`, `lost` or `in progress`.
    pub outcome: &'a str,
    /// Text of the error, if any.
    pub error: &'a str,
}

impl<'a> CallRow<'a> {
    /// The row of these cells, if they are in the order of the fields and hold what they should; five times as fast as
    /// looking up each column by its name.
    pub(super) fn of_cells(cells: &'a StringRecord) -> Option<Self> {
        fn optional<N: FromStr>(cell: &str) -> Option<Option<N>> {
            match cell {
                "" => Some(None),
                cell => cell.parse().ok().map(Some),
            }
        }
        let mut cells = cells.iter();
        let mut next = || cells.next();
        let row = Self {
            replication: next()?.parse().ok()?,
            call: next()?.parse().ok()?,
            client: next()?,
            function: next()?,
            path: next()?,
            computer: next()?,
            input_bytes: next()?.parse().ok()?,
            output_bytes: optional(next()?)?,
            sent_ns: next()?.parse().ok()?,
            latency_ns: optional(next()?)?,
            processing_ns: optional(next()?)?,
            load1_percent: optional(next()?)?,
            hops: next()?.parse().ok()?,
            outcome: next()?,
            error: next()?,
        };
        Some(row)
    }

    /// Whether the columns of a table are in the order of the fields.
    pub(super) fn is_in_order(header: &StringRecord) -> bool {
        let columns = CallRecord::COLUMNS.iter().map(|column| &*column.name);
        header.iter().eq(columns)
    }

    /// Whether it was executed and answered.
    pub fn is_completed(&self) -> bool {
        self.outcome == "ok"
    }

    /// From sending to the answer, nanoseconds, if it was executed and answered.
    pub(crate) fn completed_in(&self) -> Option<u64> {
        self.latency_ns.filter(|_| self.is_completed())
    }
}

/// A row of the table of samples; the fields are those of [`SampleRecord`](crate::SampleRecord), with names as text.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct SampleRow<'a> {
    /// Replication, from 0.
    pub replication: u32,
    /// When it was observed, nanoseconds since the start of the run.
    pub time_ns: u64,
    /// Observed entity.
    pub entity: &'a str,
    /// Observed quantity.
    pub metric: &'a str,
    /// Unit of the value.
    pub unit: Unit,
    /// The value; `None` if it is not a number.
    pub value: Option<f64>,
}

/// A row of the table of metrics.
#[derive(Deserialize)]
pub(super) struct MetricRow<'a> {
    pub(super) point: u32,
    pub(super) replication: u32,
    pub(super) metric: &'a str,
    pub(super) entity: &'a str,
    pub(super) unit: Unit,
    pub(super) value: Option<f64>,
}

/// The rows of a CSV file, one at a time.
pub(crate) struct Rows {
    path: PathBuf,
    reader: csv::Reader<File>,
    header: StringRecord,
    record: StringRecord,
}

impl Rows {
    pub(crate) fn open(path: &Path) -> Result<Self, ReadError> {
        let wrong = |error: csv::Error| ReadError(format!("{}: {error}", path.display()));
        let mut reader = csv::ReaderBuilder::new()
            .buffer_capacity(1 << 16)
            .from_path(path)
            .map_err(wrong)?;
        let header = reader.headers().map_err(wrong)?.clone();
        Ok(Self {
            path: path.to_owned(),
            reader,
            header,
            record: StringRecord::new(),
        })
    }

    /// The names of the columns.
    pub(crate) fn header(&self) -> &StringRecord {
        &self.header
    }

    /// The cells of the current row.
    pub(crate) fn record(&self) -> &StringRecord {
        &self.record
    }

    /// Goes to the next row; whether there is one.
    pub(crate) fn advance(&mut self) -> Result<bool, ReadError> {
        let read = self.reader.read_record(&mut self.record);
        read.map_err(|error| match error.position() {
            Some(place) => ReadError(format!(
                "{}:{}: {}",
                self.path.display(),
                place.line(),
                reason(&error)
            )),
            None => ReadError(format!("{}: {error}", self.path.display())),
        })
    }

    /// The current row.
    pub(super) fn row<'a, R: Deserialize<'a>>(&'a self) -> Result<R, ReadError> {
        self.record
            .deserialize(Some(&self.header))
            .map_err(|error| self.wrong(self.reason(&error)))
    }

    /// What is wrong with a cell of the current row, by the name of its column.
    fn reason(&self, error: &csv::Error) -> String {
        let csv::ErrorKind::Deserialize { err, .. } = error.kind() else {
            return reason(error);
        };
        let place = err.field().and_then(|field| usize::try_from(field).ok());
        let named =
            place.and_then(|place| Some((self.header.get(place)?, self.record.get(place)?)));
        match named {
            Some((column, cell)) => {
                format!("{column}: found `{}`: {}", cell.escape_debug(), err.kind())
            }
            None => {
                let header: Vec<_> = self.header.iter().collect();
                let hint = match header.as_slice() {
                    [one] if one.contains(';') || one.contains('\t') => {
                        "; cells must be separated by commas"
                    }
                    _ => "",
                };
                format!("{}{hint}", err.kind())
            }
        }
    }

    /// What is wrong with the current row.
    pub(crate) fn wrong(&self, reason: impl std::fmt::Display) -> ReadError {
        let line = self.record.position().map_or(1, csv::Position::line);
        ReadError(format!("{}:{line}: {reason}", self.path.display()))
    }
}

/// What is wrong, without the place, which the caller knows better.
fn reason(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => err.to_string(),
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("{len} cells, but the header has {expected_len}"),
        csv::ErrorKind::Utf8 { .. } => "text that is not UTF-8".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A cell that is what it should be, or nothing, or something else.
    fn cell(number: bool) -> BoxedStrategy<String> {
        let usual = match number {
            true => "[0-9]{1,11}",
            false => "[a-z>]{0,5}",
        };
        prop_oneof![
            40 => usual,
            1 => Just(String::new()),
            1 => prop::sample::select(vec!["0x1F", "-1", "+7", " 7", "1e3", "99999999999999999999"]).prop_map(str::to_owned),
        ]
        .boxed()
    }

    proptest! {
        #[test]
        fn cells_read_in_order_are_those_read_by_name(
            cells in "nnttttnnnnnnntt".chars().map(|kind| cell(kind == 'n')).collect::<Vec<_>>()
        ) {
            let columns = CallRecord::COLUMNS.iter().map(|column| &*column.name);
            let header: StringRecord = columns.collect();
            prop_assert!(CallRow::is_in_order(&header));
            let cells: StringRecord = cells.iter().map(String::as_str).collect();
            let by_name = cells.deserialize::<CallRow<'_>>(Some(&header)).ok();
            // What cannot be read so may be readable by name.
            if let Some(row) = CallRow::of_cells(&cells) {
                prop_assert_eq!(Some(row), by_name);
            } else if let Some(row) = by_name {
                prop_assert!(cells.iter().any(|cell| cell.starts_with("0x")), "{row:?}");
            }
        }
    }
}
