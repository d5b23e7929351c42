//! A file from which a proxy restores its tables after a restart.
//!
//! The file begins with [`MAGIC`]. Each record has the length of its content and its
//! CRC-32, both as 32 bits in little-endian order, and the content: a protobuf message.
//! Records are only appended. When the file has grown to several times of what its
//! tables need, it is replaced by a shorter one with the same meaning, through a
//! temporary file and a rename.
//!
//! One thread writes. What arrives while it writes is written together at the next turn,
//! and a change is confirmed only after its records have reached the disk.
//!
//! If the process was killed while it wrote, the last record may be incomplete. What
//! follows the last intact record is moved to a file beside it.

mod content;

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use prost::Message;
use soe_model::mec::Record;
use tokio::sync::watch;
use tracing::{error, warn};

use crate::limits::{JOURNAL, JOURNAL_GROWTH, JOURNAL_RECORD, JOURNAL_SMALL};

/// The first bytes of a file.
const MAGIC: &[u8] = b"SOE MEC contexts 1\n";
/// Bytes before the content of a record.
const HEAD: usize = 8;

/// Why a file is not usable.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct JournalError {
    path: PathBuf,
    problem: String,
}

/// Keeps records in a file.
#[derive(Debug)]
pub struct Journal {
    shared: Arc<Shared>,
    written: watch::Receiver<Progress>,
    thread: Option<std::thread::JoinHandle<()>>,
    /// Nobody else has the file while this exists.
    _lock: File,
}

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    filled: Condvar,
}

/// What waits to be written.
#[derive(Debug, Default)]
struct Queue {
    /// Takes the place of the whole file, before what is appended.
    replacement: Option<Vec<u8>>,
    appended: Vec<u8>,
    /// How many changes were handed over.
    last: u64,
    /// Whether the file should be replaced.
    is_long: bool,
    closed: bool,
}

/// How many changes are on the disk, and whether the last attempt to write failed.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    done: u64,
    failed: u64,
}

/// A change that was handed over.
#[derive(Debug)]
pub struct Ticket {
    number: u64,
    written: watch::Receiver<Progress>,
}

/// A change could not be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the file of contexts cannot be written")]
pub struct NotKept;

impl Journal {
    /// Opens the file at `path`, or makes it; returns the records in it.
    ///
    /// # Errors
    /// If it is something else, in use, or cannot be read or written.
    pub fn open(path: &Path) -> Result<(Self, Vec<Record>), JournalError> {
        let wrong = |problem: String| JournalError {
            path: path.to_owned(),
            problem,
        };
        let lock = lock(path).map_err(wrong)?;
        let content = read(path).map_err(wrong)?;
        let (records, good) = decode(&content).map_err(|problem| wrong(problem.to_owned()))?;
        if good < content.len() {
            let aside = beside(path, "damaged");
            let lost = content.len() - good;
            std::fs::write(&aside, &content[good..])
                .map_err(|error| wrong(format!("cannot write {}: {error}", aside.display())))?;
            warn!(
                "{}: {lost} bytes after byte {good} are not an intact record and were moved to {}",
                path.display(),
                aside.display()
            );
        }
        let file = replace(path, &content[..good])
            .map_err(|error| wrong(format!("cannot write: {error}")))?;
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            filled: Condvar::new(),
        });
        let (progress, written) = watch::channel(Progress::default());
        let writer = Writer {
            path: path.to_owned(),
            file: Some(file),
            size: good,
            base: good,
        };
        let queue = shared.clone();
        let thread = std::thread::Builder::new()
            .name("mec-journal".to_owned())
            .spawn(move || writer.run(&queue, &progress))
            .map_err(|error| wrong(format!("no thread to write it: {error}")))?;
        let journal = Self {
            shared,
            written,
            thread: Some(thread),
            _lock: lock,
        };
        Ok((journal, records))
    }

    /// Whether the file should be replaced by a shorter one.
    pub fn is_long(&self) -> bool {
        self.shared.queue().is_long
    }

    /// Hands over the records of a change.
    pub fn append(&self, records: &[Record]) -> Ticket {
        let mut bytes = Vec::new();
        for record in records {
            encode(record, &mut bytes);
        }
        self.hand_over(|queue| queue.appended.append(&mut bytes))
    }

    /// Hands over records that take the place of everything before.
    pub fn replace(&self, records: impl Iterator<Item = Record>) -> Ticket {
        let mut bytes = MAGIC.to_vec();
        for record in records {
            encode(&record, &mut bytes);
        }
        self.hand_over(|queue| {
            queue.replacement = Some(bytes);
            queue.appended.clear();
            queue.is_long = false;
        })
    }

    /// The ticket of everything that was handed over until now.
    pub fn now(&self) -> Ticket {
        Ticket {
            number: self.shared.queue().last,
            written: self.written.clone(),
        }
    }

    fn hand_over(&self, change: impl FnOnce(&mut Queue)) -> Ticket {
        let mut queue = self.shared.queue();
        change(&mut queue);
        queue.last += 1;
        let number = queue.last;
        drop(queue);
        self.shared.filled.notify_one();
        Ticket {
            number,
            written: self.written.clone(),
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.shared.queue().closed = true;
        self.shared.filled.notify_one();
        if let Some(thread) = self.thread.take() {
            // It only ends by itself; a panic there was reported already.
            let _ = thread.join();
        }
    }
}

impl Ticket {
    /// Waits until the change is on the disk.
    ///
    /// # Errors
    /// If it could not be written.
    pub async fn kept(mut self) -> Result<(), NotKept> {
        let number = self.number;
        let settled = |progress: &Progress| progress.done.max(progress.failed) >= number;
        let progress = self.written.wait_for(settled).await;
        match progress.map(|progress| progress.done >= number) {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(NotKept),
        }
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for something to write; `None` at the end.
    fn next(&self) -> Option<(Option<Vec<u8>>, Vec<u8>, u64)> {
        let mut queue = self.queue();
        loop {
            if queue.replacement.is_some() || !queue.appended.is_empty() {
                let replacement = queue.replacement.take();
                return Some((replacement, std::mem::take(&mut queue.appended), queue.last));
            }
            if queue.closed {
                return None;
            }
            queue = self
                .filled
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Writes what is handed over.
struct Writer {
    path: PathBuf,
    /// `None` after a failure, until the file was replaced as a whole.
    file: Option<File>,
    size: usize,
    /// Its size when it was replaced last.
    base: usize,
}

impl Writer {
    fn run(mut self, shared: &Shared, progress: &watch::Sender<Progress>) {
        while let Some((replacement, appended, number)) = shared.next() {
            let written = self.write(replacement, &appended);
            progress.send_modify(|progress| match &written {
                Ok(()) => progress.done = number,
                Err(_) => progress.failed = number,
            });
            let mut queue = shared.queue();
            match written {
                Ok(()) => {
                    let enough = JOURNAL_SMALL.max(JOURNAL_GROWTH * self.base);
                    queue.is_long = queue.replacement.is_none() && self.size > enough;
                }
                Err(problem) => {
                    error!("{}: cannot write: {problem}", self.path.display());
                    // What the file lacks now comes with everything else.
                    self.file = None;
                    queue.is_long = queue.replacement.is_none();
                }
            }
        }
    }

    fn write(&mut self, replacement: Option<Vec<u8>>, appended: &[u8]) -> io::Result<()> {
        if let Some(whole) = replacement {
            self.file = Some(replace(&self.path, &whole)?);
            (self.size, self.base) = (whole.len(), whole.len());
        }
        let Some(file) = &mut self.file else {
            return Err(io::Error::other("an earlier write failed"));
        };
        if self.size.saturating_add(appended.len()) > JOURNAL {
            return Err(io::Error::other("the file would be too long"));
        }
        if !appended.is_empty() {
            file.write_all(appended)?;
            file.sync_data()?;
            self.size += appended.len();
        }
        Ok(())
    }
}

/// Puts a file with this content in place of the one at `path`, and opens it for
/// appending.
fn replace(path: &Path, content: &[u8]) -> io::Result<File> {
    let content = if content.is_empty() { MAGIC } else { content };
    let temporary = beside(path, "new");
    let mut file = File::create(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        // Some systems cannot do this for folders.
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    OpenOptions::new().append(true).open(path)
}

fn lock(path: &Path) -> Result<File, String> {
    let beside = beside(path, "lock");
    let mut options = OpenOptions::new();
    let options = options.create(true).truncate(false).write(true);
    let file = options
        .open(&beside)
        .map_err(|error| format!("cannot open {}: {error}", beside.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err("in use by another process".to_owned()),
        Err(std::fs::TryLockError::Error(error)) => Err(format!("cannot lock: {error}")),
    }
}

fn beside(path: &Path, what: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(what);
    name.into()
}

/// The content of a file; nothing if it does not exist.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(format!("cannot read: {error}")),
    };
    let mut content = Vec::new();
    let read = file.take(JOURNAL as u64 + 1).read_to_end(&mut content);
    read.map_err(|error| format!("cannot read: {error}"))?;
    match content.len() > JOURNAL {
        true => Err(format!("longer than {JOURNAL} bytes")),
        false => Ok(content),
    }
}

fn encode(record: &Record, bytes: &mut Vec<u8>) {
    let content = content::Entry::of(record).encode_to_vec();
    bytes.extend((content.len() as u32).to_le_bytes());
    bytes.extend(crc32fast::hash(&content).to_le_bytes());
    bytes.extend(content);
}

/// All intact records from the beginning of a file of contexts, and how many bytes they take.
///
/// # Errors
/// If the file is something else.
pub fn decode(content: &[u8]) -> Result<(Vec<Record>, usize), &'static str> {
    if content.len() < MAGIC.len() && MAGIC.starts_with(content) {
        // It was torn before its first record, or is empty.
        return Ok((Vec::new(), 0));
    }
    if !content.starts_with(MAGIC) {
        return Err("not a file of contexts: it begins with something else");
    }
    let mut records = Vec::new();
    let mut good = MAGIC.len();
    while let Some((record, length)) = next(&content[good..]) {
        records.push(record);
        good += length;
    }
    Ok((records, good))
}

/// The first record, and how many bytes it takes.
fn next(bytes: &[u8]) -> Option<(Record, usize)> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    if length > JOURNAL_RECORD {
        return None;
    }
    let content = rest.get(..length)?;
    if crc32fast::hash(content) != u32::from_le_bytes(*sum) {
        return None;
    }
    let entry = content::Entry::decode(content).ok()?;
    Some((entry.record()?, HEAD + length))
}

#[cfg(test)]
mod tests;
