//! Reading text files, with byte order marks and CR LF.
//!
//! Every input of this project is UTF-8. A byte order mark at the start is skipped,
//! and lines may end in CR LF, as editors and spreadsheets on Windows write them. Any
//! other encoding is refused by name: read as UTF-8, it would change names without a
//! message.

use std::fs;
use std::io::{self, BufRead};
use std::path::Path;

/// The byte order mark in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// How the files of other encodings begin, and what they are.
const OTHERS: [(&[u8], &str); 6] = [
    (b"\xff\xfe\0\0", "UTF-32, little endian"),
    (b"\0\0\xfe\xff", "UTF-32, big endian"),
    (b"\xff\xfe", "UTF-16, little endian"),
    (b"\xfe\xff", "UTF-16, big endian"),
    (b"\x1f\x8b", "compressed with gzip"),
    (b"PK\x03\x04", "a zip archive"),
];

/// Why bytes are not a text that can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodingError {
    /// It is in another encoding.
    #[error("it is {0}, expected UTF-8")]
    Other(&'static str),
    /// A byte cannot be there in UTF-8.
    #[error(
        "line {line} is not UTF-8 (byte 0x{byte:02x}): is it Latin-1, Windows-1252 or another \
         encoding?"
    )]
    NotUtf8 {
        /// The line, from 1.
        line: usize,
        /// The byte.
        byte: u8,
    },
    /// Lines end in carriage returns.
    #[error("its lines end in CR alone, expected LF or CR LF")]
    CarriageReturns,
}

impl From<EncodingError> for io::Error {
    fn from(error: EncodingError) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}

/// Reads a text file.
///
/// # Errors
/// If it cannot be read; if it is not UTF-8, of the kind [`io::ErrorKind::InvalidData`]
/// with an [`EncodingError`] inside.
pub fn read(path: impl AsRef<Path>) -> io::Result<String> {
    Ok(decode(fs::read(path)?)?)
}

/// The text of a file.
///
/// ```
/// use soe_model::text::decode;
///
/// assert_eq!(decode(b"\xef\xbb\xbfa b\r\n".to_vec())?, "a b\r\n");
/// let error = decode(b"\xff\xfea\0".to_vec()).unwrap_err();
/// assert_eq!(error.to_string(), "it is UTF-16, little endian, expected UTF-8");
/// # Ok::<(), soe_model::text::EncodingError>(())
/// ```
///
/// # Errors
/// If it is not UTF-8, or not divided into lines by line feeds.
pub fn decode(mut bytes: Vec<u8>) -> Result<String, EncodingError> {
    let mark = check_start(&bytes)?;
    bytes.drain(..mark);
    let text = String::from_utf8(bytes).map_err(|error| {
        let (valid, bytes) = (error.utf8_error().valid_up_to(), error.as_bytes());
        let feeds = bytes[..valid].iter().filter(|&&byte| byte == b'\n');
        not_utf8(feeds.count() + 1, &bytes[valid..])
    })?;
    let line = text.strip_suffix('\r').unwrap_or(&text);
    match line.contains('\r') && !line.contains('\n') {
        true => Err(EncodingError::CarriageReturns),
        false => Ok(text),
    }
}

/// The number of bytes at the start of a file that are not part of its text.
fn check_start(bytes: &[u8]) -> Result<usize, EncodingError> {
    for (start, name) in OTHERS {
        if bytes.starts_with(start) {
            return Err(EncodingError::Other(name));
        }
    }
    match bytes {
        [0, other, ..] if *other != 0 => Err(EncodingError::Other("UTF-16, big endian")),
        [other, 0, ..] if *other != 0 => Err(EncodingError::Other("UTF-16, little endian")),
        _ if bytes.starts_with(MARK) => Ok(MARK.len()),
        _ => Ok(0),
    }
}

fn not_utf8(line: usize, rest: &[u8]) -> EncodingError {
    EncodingError::NotUtf8 {
        line,
        byte: rest.first().copied().unwrap_or_default(),
    }
}

/// The lines of a file that is too large to be held in memory.
#[derive(Debug)]
pub struct Lines<R> {
    source: R,
    line: Vec<u8>,
    number: usize,
}

impl<R: BufRead> Lines<R> {
    /// The lines of `source`.
    pub const fn new(source: R) -> Self {
        Self {
            source,
            line: Vec::new(),
            number: 0,
        }
    }

    /// The next line with its number from 1, without its end; `None` at the end of the file.
    ///
    /// # Errors
    /// If reading fails, or the line is not UTF-8.
    pub fn next_line(&mut self) -> io::Result<Option<(usize, &str)>> {
        self.line.clear();
        if self.source.read_until(b'\n', &mut self.line)? == 0 {
            return Ok(None);
        }
        let skipped = match self.number {
            0 => check_start(&self.line)?,
            _ => 0,
        };
        let line = &self.line[skipped..];
        if line.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.contains(&b'\r') && !self.line.ends_with(b"\n") && self.number == 1 {
            return Err(EncodingError::CarriageReturns.into());
        }
        match std::str::from_utf8(line) {
            Ok(line) => Ok(Some((self.number, line))),
            Err(error) => Err(not_utf8(self.number, &line[error.valid_up_to()..]).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(bytes: &[u8]) -> io::Result<Vec<String>> {
        let mut lines = Lines::new(bytes);
        let mut all = Vec::new();
        while let Some((number, line)) = lines.next_line()? {
            all.push(line.to_owned());
            assert_eq!(number, all.len());
        }
        Ok(all)
    }

    #[test]
    fn other_encodings_are_named() {
        for (bytes, expected) in [
            (
                &b"\xff\xfea\0"[..],
                "it is UTF-16, little endian, expected UTF-8",
            ),
            (b"a\0b\0", "it is UTF-16, little endian, expected UTF-8"),
            (b"\xfe\xff\0a", "it is UTF-16, big endian, expected UTF-8"),
            (
                b"\xff\xfe\0\0a\0\0\0",
                "it is UTF-32, little endian, expected UTF-8",
            ),
            (
                b"\x1f\x8b\x08",
                "it is compressed with gzip, expected UTF-8",
            ),
            (b"a\rb\r", "its lines end in CR alone, expected LF or CR LF"),
            (
                b"a\nM\xfcnchen\n",
                "line 2 is not UTF-8 (byte 0xfc): is it Latin-1, Windows-1252 or another encoding?",
            ),
        ] {
            assert_eq!(decode(bytes.to_vec()).unwrap_err().to_string(), expected);
            assert_eq!(lines(bytes).unwrap_err().to_string(), expected);
        }
    }

    proptest! {
        #[test]
        fn marks_and_line_ends_do_not_change_lines(
            rows in prop::collection::vec("[a-zäµ ,;]{1,9}", 0..9),
        ) {
            let unix: String = rows.iter().map(|row| format!("{row}\n")).collect();
            let windows: String = rows.iter().map(|row| format!("{row}\r\n")).collect();
            for text in [unix, windows] {
                for mark in [&b""[..], MARK] {
                    let bytes = [mark, text.as_bytes()].concat();
                    prop_assert_eq!(&lines(&bytes).unwrap(), &rows);
                    let text = decode(bytes).unwrap();
                    prop_assert_eq!(text.lines().collect::<Vec<_>>(), rows.clone());
                }
            }
        }

        #[test]
        fn any_bytes_are_text_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(lines(&bytes).is_ok(), decode(bytes).is_ok());
        }
    }
}
