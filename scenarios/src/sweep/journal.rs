//! The journal of a sweep: what was finished, one line each, only ever appended.
//!
//! A line that does not end, or whose checksum is wrong, is as good as not written: a
//! process may be killed at any moment and loses what it had not written out. Three kinds
//! of lines follow the first, which names the format:
//!
//! ```text
//! l NUMBER COLUMNS CHECKSUM                   what reports consist of
//! p NUMBER LAYOUT KEY CHECKSUM                a point, and what its reports consist of
//! r NUMBER REPLICATION NANOSECONDS FINGERPRINT VALUES CHECKSUM
//! ```
//!
//! Numbers are counted within the file; `KEY` is the digest of everything that the
//! results depend on. Values are the bits of double-precision numbers in hexadecimal,
//! without zeros at the end, so that they read back as they were and counts are short.

mod line;

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use analysis::Metric;

use super::experiment::{Layout, Report};

/// The first line of a journal.
const HEADER: &str = "soe sweep journal 2\n";
/// That of an earlier format. What it holds was computed by other code and is of no use.
const EARLIER: &str = "soe sweep journal 1\n";
/// Longer lines are not read.
const LONGEST_LINE: u64 = 1 << 28;

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
        /// Why it failed.
        source: io::Error,
    },
    /// Another process writes to it.
    #[error("{}: another sweep is writing to this journal", .0.display())]
    Busy(PathBuf),
    /// The file is something else.
    #[error("{}: this is no journal of a sweep", .0.display())]
    Foreign(PathBuf),
}

/// A journal that is only read.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    file: BufReader<File>,
    at: u64,
    /// By the number of the point.
    layouts: Vec<Arc<Layout>>,
    numbered_layouts: u64,
}

/// A line of a journal that holds a replication.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) key: &'a str,
    pub(super) replication: u32,
    pub(super) nanoseconds: u64,
    pub(super) place: u64,
}

/// What was found while a journal was read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scanned {
    /// Where the last whole line ends.
    pub(super) end: u64,
    /// Lines that were damaged.
    pub(super) damaged: u64,
}

impl Source {
    /// Opens a journal and hands every replication in it to `found`.
    ///
    /// # Errors
    /// If the file cannot be read or is no journal.
    pub(super) fn open(
        path: &Path,
        metrics: &[&'static Metric],
        mut found: impl FnMut(Entry<'_>),
    ) -> Result<(Self, Scanned), JournalError> {
        let io_error = |action| {
            move |source| JournalError::Io {
                path: path.to_owned(),
                action,
                source,
            }
        };
        let file = File::open(path).map_err(io_error("open"))?;
        let mut file = BufReader::with_capacity(1 << 18, file);
        let mut scanned = Scanned::default();
        let mut known: HashMap<u64, Arc<Layout>> = HashMap::new();
        let mut points: HashMap<u64, (String, Arc<Layout>)> = HashMap::new();
        let mut line = Vec::new();
        loop {
            line.clear();
            let place = scanned.end;
            let length = (&mut file)
                .take(LONGEST_LINE)
                .read_until(b'\n', &mut line)
                .map_err(io_error("read"))?;
            if length == 0 || line.last() != Some(&b'\n') {
                break;
            }
            if place == 0 {
                if line == EARLIER.as_bytes() {
                    line.clear();
                    break;
                }
                if line != HEADER.as_bytes() {
                    return Err(JournalError::Foreign(path.to_owned()));
                }
                scanned.end = length as u64;
                continue;
            }
            scanned.end += length as u64;
            let text = line::verified(&line[..length - 1]);
            let understood = text.and_then(|text| {
                if let Some(line::Columns { number, layout }) = line::Columns::read(text, metrics) {
                    known.insert(number, Arc::new(layout));
                    return Some(());
                }
                if let Some(point) = line::Point::read(text) {
                    let layout = Arc::clone(known.get(&point.layout)?);
                    points.insert(point.number, (point.key.to_owned(), layout));
                    return Some(());
                }
                let head = line::Head::read(text)?;
                if let Some((key, _)) = points.get(&head.number) {
                    found(Entry {
                        key,
                        replication: head.replication,
                        nanoseconds: head.nanoseconds,
                        place,
                    });
                }
                Some(())
            });
            if understood.is_none() {
                scanned.damaged += 1;
            }
        }
        if scanned.end == 0 && !line.is_empty() && !HEADER.as_bytes().starts_with(&line) {
            return Err(JournalError::Foreign(path.to_owned()));
        }
        // Numbers are given out one by one: larger ones are not of this program.
        points.retain(|&number, _| number < scanned.end);
        let largest = points.keys().max().map_or(0, |&number| number as usize + 1);
        let empty = || Arc::new(Layout::default());
        let mut layouts: Vec<_> = std::iter::repeat_with(empty).take(largest).collect();
        for (number, (_, layout)) in points {
            if let Some(place) = layouts.get_mut(number as usize) {
                *place = layout;
            }
        }
        let source = Self {
            path: path.to_owned(),
            file,
            at: u64::MAX,
            layouts,
            numbered_layouts: known
                .keys()
                .max()
                .map_or(0, |&number| number.saturating_add(1)),
        };
        Ok((source, scanned))
    }

    /// Reads the replication whose line starts at `place`.
    ///
    /// # Errors
    /// If the file cannot be read or has changed meanwhile.
    pub(super) fn read(&mut self, place: u64) -> Result<Report, JournalError> {
        let error = |path: &Path, source| JournalError::Io {
            path: path.to_owned(),
            action: "read",
            source,
        };
        if self.at != place {
            // Within the buffer if it is near.
            let from = if self.at == u64::MAX {
                None
            } else {
                Some(self.at)
            };
            let moved = match from {
                Some(from) => self.file.seek_relative(place as i64 - from as i64),
                None => self.file.seek(SeekFrom::Start(place)).map(drop),
            };
            moved.map_err(|source| error(&self.path, source))?;
        }
        let mut line = Vec::new();
        let length = self
            .file
            .read_until(b'\n', &mut line)
            .map_err(|source| error(&self.path, source))?;
        self.at = place + length as u64;
        let finished = line
            .strip_suffix(b"\n")
            .and_then(line::verified)
            .and_then(|text| Report::read(text, &self.layouts));
        finished.ok_or_else(|| {
            let source = io::Error::new(io::ErrorKind::InvalidData, "it has changed meanwhile");
            error(&self.path, source)
        })
    }

    /// Takes over a point that was written after the file was opened.
    pub(super) fn learn(&mut self, number: u64, layout: &Arc<Layout>) {
        let number = number as usize;
        if self.layouts.len() <= number {
            self.layouts.resize_with(number + 1, Arc::default);
        }
        self.layouts[number] = Arc::clone(layout);
    }

    /// How many points, and how many layouts, the journal has numbered.
    pub(super) fn numbered(&self) -> (u64, u64) {
        (self.layouts.len() as u64, self.numbered_layouts)
    }
}

/// A journal that is written to. Nobody else can write to it meanwhile.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    end: u64,
}

impl Journal {
    /// Opens a journal for this process alone, and makes it if it is not there.
    ///
    /// # Errors
    /// If that is impossible.
    pub(super) fn open(path: &Path) -> Result<Self, JournalError> {
        let io_error = |action| {
            move |source| JournalError::Io {
                path: path.to_owned(),
                action,
                source,
            }
        };
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

    /// Cuts off a last line that is torn, and writes the first if there is none.
    ///
    /// # Errors
    /// If that is impossible.
    pub(super) fn start_after(&mut self, end: u64) -> Result<(), JournalError> {
        self.file
            .set_len(end)
            .map_err(|source| self.error("cut", source))?;
        self.end = end;
        if end == 0 {
            self.append(HEADER.as_bytes())?;
        }
        Ok(())
    }

    /// Appends whole lines and returns where they start.
    ///
    /// # Errors
    /// If they cannot be written.
    pub(super) fn append(&mut self, lines: &[u8]) -> Result<u64, JournalError> {
        let place = self.end;
        // One call as a rule, so that lines of a chunk appear together.
        self.file
            .write_all(lines)
            .map_err(|source| self.error("write", source))?;
        self.end += lines.len() as u64;
        Ok(place)
    }

    fn error(&self, action: &'static str, source: io::Error) -> JournalError {
        JournalError::Io {
            path: self.path.clone(),
            action,
            source,
        }
    }
}

pub(super) use line::{write_finished, write_layout, write_point};
