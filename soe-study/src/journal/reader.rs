//! Reading records from any position of a file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};

use super::record::{self, HEAD};

/// The longest first line that any format has had.
const FIRST_LINE: u64 = 64;

/// A file from which records are read, cheaply where one follows the other.
#[derive(Debug)]
pub(crate) struct Reader {
    file: BufReader<File>,
    /// Where the next byte comes from, if that is known.
    at: Option<u64>,
    /// What was read last.
    bytes: Vec<u8>,
}

impl Reader {
    pub(crate) fn new(file: File) -> Self {
        Self {
            file: BufReader::with_capacity(1 << 18, file),
            at: Some(0),
            bytes: Vec::new(),
        }
    }

    /// The first line with its end, or what there is of it.
    pub(crate) fn first_line(&mut self) -> io::Result<Vec<u8>> {
        self.go_to(0)?;
        let mut line = Vec::new();
        let length = (&mut self.file)
            .take(FIRST_LINE)
            .read_until(b'\n', &mut line)?;
        self.at = Some(length as u64);
        Ok(line)
    }

    /// The bytes from `place` on that look like a record; nothing if none does.
    pub(crate) fn record(&mut self, place: u64) -> io::Result<Option<&[u8]>> {
        let head = self
            .bytes(place, HEAD)?
            .and_then(|bytes| bytes.first_chunk());
        let Some(rest) = head.copied().and_then(record::rest) else {
            return Ok(None);
        };
        self.bytes.resize(HEAD + rest, 0);
        self.fill(HEAD)
    }

    /// So many bytes from `place` on; nothing if there are not as many.
    pub(crate) fn bytes(&mut self, place: u64, count: usize) -> io::Result<Option<&[u8]>> {
        self.go_to(place)?;
        self.bytes.clear();
        self.bytes.resize(count, 0);
        self.fill(0)
    }

    /// The next place from `place` on where a record might begin.
    pub(crate) fn mark(&mut self, place: u64) -> io::Result<Option<u64>> {
        self.go_to(place)?;
        let skipped = self.file.skip_until(record::MARK[0])? as u64;
        let end = place + skipped;
        // At the end of the file, too, this might have been the last byte.
        self.at = Some(end);
        Ok((skipped > 0).then(|| end - 1))
    }

    /// Reads from the file again whatever it has read ahead.
    pub(crate) fn forget(&mut self) {
        self.at = None;
    }

    fn go_to(&mut self, place: u64) -> io::Result<()> {
        match self.at.replace(place) {
            Some(at) if at == place => Ok(()),
            // Within the buffer if it is near.
            Some(at) => self.file.seek_relative(place as i64 - at as i64),
            None => self.file.seek(SeekFrom::Start(place)).map(drop),
        }
    }

    /// Reads what is missing of the bytes, which is all but the first.
    fn fill(&mut self, first: usize) -> io::Result<Option<&[u8]>> {
        let at = self.at.take();
        match self.file.read_exact(&mut self.bytes[first..]) {
            Ok(()) => {
                self.at = at.map(|at| at + (self.bytes.len() - first) as u64);
                Ok(Some(&self.bytes))
            }
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }
}
