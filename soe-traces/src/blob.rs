//! Azure Functions Blob 2020: accesses of functions to storage, 23 November to 6 December
//! 2020 (Romero et al., "Faa$T: A Transparent Auto-Scaling Cache for Serverless
//! Applications", SoCC 2021; `azurefunctions-accesses-2020.csv`, CC-BY).
//!
//! A row has eleven fields, separated by commas:
//!
//! `Timestamp,AnonRegion,AnonUserId,AnonAppName,AnonFunctionInvocationId,AnonBlobName,`
//! `BlobType,AnonBlobETag,BlobBytes,Read,Write`
//!
//! Time is in milliseconds since 1970, sizes may have a decimal point, and exactly one of
//! the two last fields is `True`, the other `False`. A header is skipped if there is one.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use csv::{ReaderBuilder, StringRecord};

use crate::{RowError, TraceError};

/// One access; texts are those of the row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Access<'a> {
    /// When, in milliseconds since 1970.
    pub time_ms: f64,
    /// Where the function ran.
    pub region: &'a str,
    /// Whose function it was.
    pub user: &'a str,
    /// To which application it belonged.
    pub app: &'a str,
    /// During which invocation; several accesses may belong to one.
    pub invocation: &'a str,
    /// What was accessed.
    pub blob: &'a str,
    /// Its type.
    pub blob_type: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Its size.
    pub bytes: u64,
    /// Whether it was written; it was read otherwise.
    pub is_write: bool,
}

/// The names of the fields.
pub const COLUMNS: [&str; 11] = [
    "Timestamp",
    "AnonRegion",
    "AnonUserId",
    "AnonAppName",
    "AnonFunctionInvocationId",
    "AnonBlobName",
    "BlobType",
    "AnonBlobETag",
    "BlobBytes",
    "Read",
    "Write",
];

/// Longer rows are a sign of another format.
const MAX_ROW: usize = 1 << 16;
/// Greater times and sizes are not whole in a double.
const MOST: f64 = (1_u64 << 53) as f64;

/// Reads the accesses one after the other.
#[derive(Debug)]
pub struct BlobReader<R> {
    file: String,
    input: csv::Reader<R>,
    row: StringRecord,
    is_first: bool,
}

impl BlobReader<BufReader<File>> {
    /// Opens a file.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, TraceError> {
        let file = path.display().to_string();
        match File::open(path) {
            Ok(input) => Ok(Self::new(file, BufReader::with_capacity(1 << 18, input))),
            Err(cause) => Err(TraceError::Unreadable { file, cause }),
        }
    }
}

impl<R: Read> BlobReader<R> {
    /// Reads from any source, which is called `file` in messages.
    pub fn new(file: String, input: R) -> Self {
        Self {
            file,
            input: ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .quoting(false)
                .from_reader(input),
            row: StringRecord::new(),
            is_first: true,
        }
    }

    /// The next access; `None` at the end.
    ///
    /// After an error of a row, reading can go on with the next row.
    ///
    /// # Errors
    /// If the file cannot be read, or the row makes no sense.
    pub fn next_access(&mut self) -> Result<Option<Access<'_>>, TraceError> {
        loop {
            let is_there = self.input.read_record(&mut self.row);
            match is_there.map_err(|error| failed(&self.file, error))? {
                false => return Ok(None),
                true if std::mem::take(&mut self.is_first) && self.is_header() => {}
                true => break,
            }
        }
        match parse(&self.row) {
            Ok(access) => Ok(Some(access)),
            Err((column, message)) => Err(TraceError::Row(RowError {
                file: self.file.clone(),
                line: self.row.position().map_or(0, csv::Position::line),
                column,
                message,
            })),
        }
    }

    fn is_header(&self) -> bool {
        self.row.get(0) == Some(COLUMNS[0])
    }
}

fn failed(file: &str, error: csv::Error) -> TraceError {
    let line = error.position().map_or(0, csv::Position::line);
    match error.into_kind() {
        csv::ErrorKind::Io(cause) => TraceError::Unreadable {
            file: file.to_owned(),
            cause,
        },
        kind => TraceError::Row(RowError {
            file: file.to_owned(),
            line,
            column: match &kind {
                csv::ErrorKind::Utf8 { err, .. } => err.field() + 1,
                _ => 1,
            },
            message: "a field is not text, expected UTF-8".to_owned(),
        }),
    }
}

fn parse(row: &StringRecord) -> Result<Access<'_>, (usize, String)> {
    if row.len() != COLUMNS.len() {
        let found = row.len();
        return Err((
            found.min(COLUMNS.len()),
            format!("found {found} fields, expected {}", COLUMNS.len()),
        ));
    }
    if row.as_slice().len() > MAX_ROW {
        let message = format!("the row is longer than {MAX_ROW} bytes");
        return Err((1, message));
    }
    let unexpected = |at: usize, expected: &str| {
        let found: String = row[at].chars().take(40).collect();
        let message = format!(
            "{} is `{}`, expected {expected}",
            COLUMNS[at],
            found.escape_debug()
        );
        (at + 1, message)
    };
    let number = |at: usize, expected: &str| {
        let number: Option<f64> = row[at].trim().parse().ok();
        number
            .filter(|number| (0.0..=MOST).contains(number))
            .ok_or_else(|| unexpected(at, expected))
    };
    let time_ms = number(0, "a number of milliseconds, 0 or more")?;
    let bytes = number(8, "a number of bytes, 0 or more")? as u64;
    let flag = |at: usize| match row[at].trim() {
        "True" => Ok(true),
        "False" => Ok(false),
        _ => Err(unexpected(at, "True or False")),
    };
    let (is_read, is_write) = (flag(9)?, flag(10)?);
    if is_read == is_write {
        return Err(unexpected(
            10,
            "one of Read and Write to be True and the other False",
        ));
    }
    Ok(Access {
        time_ms,
        region: &row[1],
        user: &row[2],
        app: &row[3],
        invocation: &row[4],
        blob: &row[5],
        blob_type: &row[6],
        version: &row[7],
        bytes,
        is_write,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ROW: &str = "1606092900000,reg2,7000,app0,9000,blob0,BlockBlob/x,etag0,10.0,False,True";

    fn read(text: &str) -> Vec<Result<(f64, u64, bool), String>> {
        let mut reader = BlobReader::new("trace.csv".into(), text.as_bytes());
        let mut rows = Vec::new();
        loop {
            match reader.next_access() {
                Ok(None) => return rows,
                Ok(Some(access)) => {
                    rows.push(Ok((access.time_ms, access.bytes, access.is_write)));
                }
                Err(error) => rows.push(Err(error.to_string())),
            }
        }
    }

    #[test]
    fn rows_are_read_with_and_without_header() {
        let expected = || Ok((1_606_092_900_000.0, 10, true));
        assert_eq!(read(ROW), [expected()]);
        assert_eq!(read(&format!("{ROW}\r\n")), [expected()]);
        let header = COLUMNS.join(",");
        let text = format!("{header}\n{ROW}\n{ROW}\n");
        assert_eq!(read(&text), [expected(), expected()]);
        let mut reader = BlobReader::new("x".into(), ROW.as_bytes());
        let access = reader.next_access().unwrap().unwrap();
        assert_eq!(
            (access.region, access.user, access.app),
            ("reg2", "7000", "app0")
        );
    }

    #[test]
    fn a_wrong_row_is_told_with_its_place_and_the_next_one_is_read() {
        for (from, to, expected) in [
            (",True", "", "trace.csv:2:10: found 10 fields, expected 11"),
            (
                "1606092900000",
                "soon",
                "trace.csv:2:1: Timestamp is `soon`, expected a number of milliseconds, 0 or more",
            ),
            ("1606092900000", "-1", "trace.csv:2:1: Timestamp is `-1`"),
            ("1606092900000", "inf", "trace.csv:2:1: Timestamp is `inf`"),
            ("10.0", "", "trace.csv:2:9: BlobBytes is ``"),
            (
                "False",
                "No",
                "trace.csv:2:10: Read is `No`, expected True or False",
            ),
            (
                "False",
                "True",
                "trace.csv:2:11: Write is `True`, expected one of Read and Write",
            ),
        ] {
            let wrong = ROW.replacen(from, to, 1);
            let rows = read(&format!("{ROW}\n{wrong}\n{ROW}\n"));
            assert_eq!(rows.len(), 3);
            assert!(rows[0].is_ok() && rows[2].is_ok());
            let message = rows[1].clone().unwrap_err();
            assert!(message.starts_with(expected), "{message}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut reader = BlobReader::new("x".into(), bytes.as_slice());
            for _ in 0..400 {
                if let Ok(None) = reader.next_access() {
                    return Ok(());
                }
            }
            prop_assert!(false, "no end");
        }
    }
}
