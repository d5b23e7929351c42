//! The journal of a sweep: finished replications in append-only records.
//!
//! An incomplete record, or one with a wrong checksum, counts as not written: a process
//! may be killed at any moment, and loses what it had not written. After a first line
//! that names the format, all records have the same layout, with little-endian numbers:
//!
//! ```text
//! 0xf5 's' 'o'   KIND   LENGTH (4 bytes)   content   CRC-32 of all before (4 bytes)
//!
//! 'l'  NUMBER (4)  COLUMNS (JSON)     what reports consist of
//! 'p'  NUMBER (4)  LAYOUT (4)  KEY    a point, and what its reports consist of
//! 'r'                                 finished replications, each
//!      POINT (4)  REPLICATION (4)  NANOSECONDS (8)  FINGERPRINT (8)  WIDTH (4)  VALUES (8 each)
//! ```
//!
//! Numbers are counted within the file; `KEY` is the digest of everything that the results
//! depend on; values are double-precision numbers, so that they read back as they were.
//! What lies between whole records is damaged and skipped.

mod reader;
mod record;
pub(crate) mod store;

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use analysis::Metric;

use crate::runner::{Layout, Report};
use reader::Reader;
use record::{Record, TAIL, VALUE};

/// The first line of a journal.
const HEADER: &str = "soe sweep journal 3\n";
/// Those of earlier formats. What they hold was computed by other code and is of no use.
const EARLIER: [&str; 2] = ["soe sweep journal 1\n", "soe sweep journal 2\n"];

/// What is wrong with a journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system refused.
    #[error("{}: cannot {action}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// Reason of the failure.
        source: io::Error,
    },
    /// Another process writes to it.
    #[error("{}: another sweep is writing to this journal", .0.display())]
    Busy(PathBuf),
    /// The file is something else.
    #[error("{}: this is not the journal of a sweep; move it away to start again", .0.display())]
    Foreign(PathBuf),
}

/// A journal that is only read.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    reader: Reader,
    /// By the number of the point.
    layouts: Vec<Arc<Layout>>,
    numbered_layouts: u32,
}

/// A replication that stands in a journal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) key: &'a str,
    pub(crate) replication: u32,
    pub(crate) nanoseconds: u64,
    pub(crate) place: u64,
}

/// What was found while a journal was read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Scanned {
    /// Where the last whole record ends.
    pub(crate) end: u64,
    /// Places that were damaged.
    pub(crate) damaged: u64,
}

impl Source {
    /// Opens a journal and hands every replication in it to `found`.
    ///
    /// # Errors
    /// If the file cannot be read or is not a journal.
    pub(crate) fn open(
        path: &Path,
        metrics: &[&'static Metric],
        mut found: impl FnMut(Entry<'_>),
    ) -> Result<(Self, Scanned), JournalError> {
        let io_error = |action| io_error(path, action);
        let file = File::open(path).map_err(io_error("open"))?;
        let mut reader = Reader::new(file);
        let mut scanned = Scanned::default();
        let first = reader.first_line().map_err(io_error("read"))?;
        if first == HEADER.as_bytes() {
            scanned.end = first.len() as u64;
        } else if !EARLIER.iter().any(|earlier| first == earlier.as_bytes())
            && !HEADER.as_bytes().starts_with(&first)
        {
            return Err(JournalError::Foreign(path.to_owned()));
        }
        let mut known: HashMap<u32, Arc<Layout>> = HashMap::new();
        let mut points: HashMap<u32, (String, Arc<Layout>)> = HashMap::new();
        let mut place = scanned.end;
        while scanned.end > 0 {
            let Some(bytes) = reader.record(place).map_err(io_error("read"))? else {
                // The end, or something damaged with more behind it.
                match reader.mark(place + 1).map_err(io_error("read"))? {
                    Some(next) => place = next,
                    None => break,
                }
                continue;
            };
            let length = bytes.len() as u64;
            let Some(record) = record::read(bytes, metrics) else {
                place += 1;
                continue;
            };
            scanned.damaged += u64::from(place > scanned.end);
            match record {
                Record::Layout(number, layout) => {
                    // Without a layout, nothing is known of the points that have it.
                    known.extend(layout.map(|layout| (number, Arc::new(layout))));
                }
                Record::Point(point) => {
                    if let Some(layout) = known.get(&point.layout) {
                        points.insert(point.number, (point.key.to_owned(), Arc::clone(layout)));
                    }
                }
                Record::Finished(mut content) => {
                    while let Some((head, width, others)) = Head::read(content) {
                        let Some(others) = others.get(width * VALUE..) else {
                            break;
                        };
                        let point = points.get(&head.point);
                        let fits = |layout: &Layout| layout.width() == width;
                        if let Some((key, _)) = point.filter(|(_, layout)| fits(layout)) {
                            found(Entry {
                                key,
                                replication: head.replication,
                                nanoseconds: head.nanoseconds,
                                place: place + length - (TAIL + content.len()) as u64,
                            });
                        }
                        content = others;
                    }
                }
            }
            place += length;
            scanned.end = place;
        }
        // Numbers are given out one by one: larger ones are not of this program.
        points.retain(|&number, _| u64::from(number) < scanned.end);
        let largest = points.keys().max().map_or(0, |&number| number as usize + 1);
        let mut layouts = vec![Arc::default(); largest];
        for (number, (_, layout)) in points {
            layouts[number as usize] = layout;
        }
        // What is torn may be cut off and something else written in its place.
        reader.forget();
        let source = Self {
            path: path.to_owned(),
            reader,
            layouts,
            numbered_layouts: known
                .keys()
                .max()
                .map_or(0, |&number| number.saturating_add(1)),
        };
        Ok((source, scanned))
    }

    /// Reads the replication whose entry starts at `place`.
    ///
    /// # Errors
    /// If the file cannot be read or has changed meanwhile.
    pub(crate) fn read(&mut self, place: u64, replication: u32) -> Result<Report, JournalError> {
        let report = self.report(place, replication);
        report.map_err(io_error(&self.path, "read"))
    }

    fn report(&mut self, place: u64, replication: u32) -> io::Result<Report> {
        let changed = || io::Error::new(ErrorKind::InvalidData, "it has changed since");
        let bytes = self.reader.bytes(place, Head::SIZE)?;
        let (head, width, _) = bytes.and_then(Head::read).ok_or_else(changed)?;
        let layout = self.layouts.get(head.point as usize);
        let layout = layout.filter(|layout| layout.width() == width);
        let layout = Arc::clone(layout.ok_or_else(changed)?);
        if head.replication != replication {
            return Err(changed());
        }
        let values = place + Head::SIZE as u64;
        let bytes = self.reader.bytes(values, width * VALUE)?;
        Ok(Report {
            layout,
            values: record::values(bytes.ok_or_else(changed)?),
            fingerprint: head.fingerprint,
        })
    }

    /// Takes over a point that was written after the file was opened.
    pub(crate) fn learn(&mut self, number: u32, layout: &Arc<Layout>) {
        let number = number as usize;
        if self.layouts.len() <= number {
            self.layouts.resize_with(number + 1, Arc::default);
        }
        self.layouts[number] = Arc::clone(layout);
    }

    /// How many points, and how many layouts, the journal has numbered.
    pub(crate) fn numbered(&self) -> (u32, u32) {
        (self.layouts.len() as u32, self.numbered_layouts)
    }
}

fn io_error(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> JournalError {
    let path = path.to_owned();
    move |source| JournalError::Io {
        path,
        action,
        source,
    }
}

/// A journal that is written to. No other process can write to it meanwhile.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    end: u64,
}

impl Journal {
    /// Opens a journal for this process alone, and makes it if it is not there.
    ///
    /// # Errors
    /// If that is impossible.
    pub(crate) fn open(path: &Path) -> Result<Self, JournalError> {
        let io_error = |action| io_error(path, action);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(io_error("create its folder"))?;
        }
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .map_err(io_error("open"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::Busy(path.to_owned())),
            Err(TryLockError::Error(source)) => return Err(io_error("lock")(source)),
        }
        Ok(Self {
            path: path.to_owned(),
            file,
            end: 0,
        })
    }

    /// Truncates an incomplete last record, and writes the header of an empty journal.
    ///
    /// # Errors
    /// If that is impossible.
    pub(crate) fn start_after(&mut self, end: u64) -> Result<(), JournalError> {
        self.file
            .set_len(end)
            .map_err(io_error(&self.path, "cut"))?;
        self.end = end;
        if end == 0 {
            self.append(HEADER.as_bytes())?;
        }
        Ok(())
    }

    /// Appends whole records and returns where they start.
    ///
    /// # Errors
    /// If they cannot be written.
    pub(crate) fn append(&mut self, records: &[u8]) -> Result<u64, JournalError> {
        let place = self.end;
        // One call as a rule, so that they appear together.
        self.file
            .write_all(records)
            .map_err(io_error(&self.path, "write"))?;
        self.end += records.len() as u64;
        Ok(place)
    }
}

pub(crate) use record::{Block, Head, write_layout, write_point};
