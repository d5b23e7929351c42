//! Files with the accesses of applications over time: the original's "timestamp data
//! set", which `afdb-convert` makes of the trace Azure Functions Blob 2020.
//!
//! All numbers are little-endian. A file begins with the version 1 in 64 bits. Then there
//! are applications until the end: the length of the key in 64 bits, the key
//! (`user,application`), the number of accesses in 64 bits, and for each access the time
//! in milliseconds as a double and a byte that is 1 for a write, 0 for a read.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

/// The accesses of one application, in the order of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AppAccesses {
    /// User and application, separated by a comma.
    pub key: String,
    /// Time in milliseconds, and whether it was a write.
    pub accesses: Vec<(f64, bool)>,
}

/// What is wrong with a file of accesses.
#[derive(Debug, thiserror::Error)]
pub enum TimestampError {
    /// It cannot be read.
    #[error("cannot read `{file}`: {cause}")]
    Unreadable {
        /// Which file.
        file: String,
        /// What the system said.
        cause: io::Error,
    },
    /// It makes no sense.
    #[error("{file}: byte {at}: {message}")]
    Malformed {
        /// Which file.
        file: String,
        /// Where, from 0.
        at: u64,
        /// What was found and what is allowed.
        message: String,
    },
    /// No application is left.
    #[error("{file}: {message}")]
    Unusable {
        /// Which file.
        file: String,
        /// Why.
        message: String,
    },
}

const VERSION: u64 = 1;
/// Longer keys are a sign of another format.
const MAX_KEY: u64 = 4096;
/// More accesses of one application than the published trace has in all.
const MAX_ACCESSES: u64 = 1 << 28;
const ACCESS_BYTES: usize = 9;

/// Reads a file, one application at a time.
#[derive(Debug)]
pub struct TimestampReader<R> {
    file: String,
    input: R,
    at: u64,
}

impl TimestampReader<BufReader<File>> {
    /// Opens a file.
    ///
    /// # Errors
    /// If it cannot be read or is of another version.
    pub fn open(path: &Path) -> Result<Self, TimestampError> {
        let file = path.display().to_string();
        match File::open(path) {
            Ok(input) => Self::new(file, BufReader::with_capacity(1 << 18, input)),
            Err(cause) => Err(TimestampError::Unreadable { file, cause }),
        }
    }
}

impl<R: BufRead> TimestampReader<R> {
    /// Reads from any source, which is called `file` in messages.
    ///
    /// # Errors
    /// If it cannot be read or is of another version.
    pub fn new(file: String, input: R) -> Result<Self, TimestampError> {
        let mut reader = Self { file, input, at: 0 };
        match reader.number()? {
            VERSION => Ok(reader),
            found => Err(reader.wrong(0, format!("version is {found}, expected {VERSION}"))),
        }
    }

    /// The next application; `None` at the end.
    ///
    /// # Errors
    /// If the file cannot be read or makes no sense.
    pub fn next_app(&mut self) -> Result<Option<AppAccesses>, TimestampError> {
        match self.input.fill_buf() {
            Ok([]) => return Ok(None),
            Ok(_) => {}
            Err(cause) => return Err(self.unreadable(cause)),
        }
        let start = self.at;
        let length = self.number()?;
        if length > MAX_KEY {
            let message = format!("length of a key is {length}, expected at most {MAX_KEY}");
            return Err(self.wrong(start, message));
        }
        let mut key = vec![0; length as usize];
        let start = self.at;
        self.bytes(&mut key)?;
        let Ok(key) = String::from_utf8(key) else {
            return Err(self.wrong(start, "a key is not text".into()));
        };
        let start = self.at;
        let count = self.number()?;
        if count > MAX_ACCESSES {
            let message = format!("number of accesses is {count}, expected at most {MAX_ACCESSES}");
            return Err(self.wrong(start, message));
        }
        // Memory for as much as is there, not for as much as is claimed.
        let mut accesses = Vec::with_capacity(count.min(1 << 16) as usize);
        for _ in 0..count {
            let start = self.at;
            let mut bytes = [0; ACCESS_BYTES];
            self.bytes(&mut bytes)?;
            let [time @ .., write] = bytes;
            let time = f64::from_le_bytes(time);
            if !time.is_finite() {
                let message = format!("time is {time}, expected a finite number");
                return Err(self.wrong(start, message));
            }
            accesses.push((time, write != 0));
        }
        Ok(Some(AppAccesses { key, accesses }))
    }

    fn number(&mut self) -> Result<u64, TimestampError> {
        let mut bytes = [0; 8];
        self.bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn bytes(&mut self, bytes: &mut [u8]) -> Result<(), TimestampError> {
        match self.input.read_exact(bytes) {
            Ok(()) => {
                self.at += bytes.len() as u64;
                Ok(())
            }
            Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => {
                let message = "the file ends in the middle of an entry".into();
                Err(self.wrong(self.at, message))
            }
            Err(cause) => Err(self.unreadable(cause)),
        }
    }

    fn unreadable(&self, cause: io::Error) -> TimestampError {
        TimestampError::Unreadable {
            file: self.file.clone(),
            cause,
        }
    }

    fn wrong(&self, at: u64, message: String) -> TimestampError {
        TimestampError::Malformed {
            file: self.file.clone(),
            at,
            message,
        }
    }
}

/// Writes the beginning of a file.
///
/// # Errors
/// What the system says.
pub fn write_header(out: &mut impl Write) -> io::Result<()> {
    out.write_all(&VERSION.to_le_bytes())
}

/// Writes one application.
///
/// # Errors
/// What the system says.
pub fn write_app(out: &mut impl Write, app: &AppAccesses) -> io::Result<()> {
    out.write_all(&(app.key.len() as u64).to_le_bytes())?;
    out.write_all(app.key.as_bytes())?;
    out.write_all(&(app.accesses.len() as u64).to_le_bytes())?;
    for &(time, is_write) in &app.accesses {
        out.write_all(&time.to_le_bytes())?;
        out.write_all(&[u8::from(is_write)])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> Result<Vec<AppAccesses>, TimestampError> {
        let mut reader = TimestampReader::new("apps".into(), bytes)?;
        let mut apps = Vec::new();
        while let Some(app) = reader.next_app()? {
            apps.push(app);
        }
        Ok(apps)
    }

    fn sample() -> Vec<u8> {
        let mut bytes = Vec::new();
        write_header(&mut bytes).unwrap();
        let app = AppAccesses {
            key: "u,a".into(),
            accesses: vec![(1.5, false), (2.0, true)],
        };
        write_app(&mut bytes, &app).unwrap();
        bytes
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(apps in prop::collection::vec(
            ("[a-z]{0,5},[a-z]{0,5}", prop::collection::vec((0.0..1e13, any::<bool>()), 0..20)),
            0..5,
        )) {
            let apps: Vec<AppAccesses> = apps
                .into_iter()
                .map(|(key, accesses)| AppAccesses { key, accesses })
                .collect();
            let mut bytes = Vec::new();
            write_header(&mut bytes).unwrap();
            for app in &apps {
                write_app(&mut bytes, app).unwrap();
            }
            prop_assert_eq!(read(&bytes).unwrap(), apps);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
            let mut versioned = sample();
            versioned.extend(bytes);
            let _ = read(&versioned);
        }
    }

    #[test]
    fn errors_name_the_place() {
        let bytes = sample();
        for cut in 9..bytes.len() {
            let message = read(&bytes[..cut]).unwrap_err().to_string();
            assert!(message.contains("apps: byte "), "{message}");
            assert!(message.contains("the file ends"), "{message}");
        }
        let with = |at: usize, value: u64| {
            let mut bytes = sample();
            bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
            read(&bytes).unwrap_err().to_string()
        };
        assert_eq!(with(0, 2), "apps: byte 0: version is 2, expected 1");
        assert!(with(8, 5000).contains("byte 8: length of a key is 5000"));
        assert!(with(19, u64::MAX).contains("byte 19: number of accesses is 184"));
        assert!(with(27, f64::NAN.to_bits()).contains("byte 27: time is NaN"));
    }
}
