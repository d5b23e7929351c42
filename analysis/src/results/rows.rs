//! Rows of the tables as they are read back.

use super::ReadError;
use crate::unit::Unit;
use serde::Deserialize;
use std::fs::File;
use std::path::{Path, PathBuf};

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

impl CallRow<'_> {
    /// Whether it was executed and answered.
    pub fn is_completed(&self) -> bool {
        self.outcome == "ok"
    }
}

/// A row of the table of samples; the fields are those of [`SampleRecord`](crate::SampleRecord), with names as text.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct SampleRow<'a> {
    /// Replication, from 0.
    pub replication: u32,
    /// When it was observed, nanoseconds since the start of the run.
    pub time_ns: u64,
    /// What it was observed of.
    pub entity: &'a str,
    /// What was observed.
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
    header: csv::StringRecord,
    record: csv::StringRecord,
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
            record: csv::StringRecord::new(),
        })
    }

    /// The names of the columns.
    pub(crate) fn header(&self) -> &csv::StringRecord {
        &self.header
    }

    /// The cells of the current row.
    pub(crate) fn record(&self) -> &csv::StringRecord {
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
            .map_err(|error| self.wrong(reason(&error)))
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
