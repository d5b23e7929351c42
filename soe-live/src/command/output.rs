//! Files that an executable writes line by line.

use std::fmt::Display;
use std::fs::OpenOptions;
use std::io::{self, Write};

use analysis::console::{self, deliver};

use super::Failure;

/// The path that means standard output, whatever that is connected to.
const STANDARD_OUTPUT: &str = "/dev/stdout";

/// A text file that grows by whole lines. Each line is passed to the system at once,
/// so that a reader can follow the file.
pub struct Output {
    path: String,
    writer: Box<dyn Write + Send>,
    open: bool,
}

impl Output {
    /// Opens a file, at its end if `append`, otherwise empty.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn open(path: &str, append: bool) -> Result<Self, Failure> {
        let writer: Box<dyn Write + Send> = if path == STANDARD_OUTPUT {
            // Opening the path anew would empty the file it is redirected to.
            Box::new(io::stdout())
        } else {
            let mut options = OpenOptions::new();
            options.create(true).write(true);
            options.append(append).truncate(!append);
            let file = options.open(path);
            Box::new(file.map_err(|error| {
                Failure::Input(format!("{path}: cannot open for writing: {error}"))
            })?)
        };
        Ok(Self {
            path: path.to_owned(),
            writer,
            open: true,
        })
    }

    /// Writes a line. Returns whether the reader is still there: a reader that has
    /// closed the pipe (`| head`) is not an error, but a reason to stop.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn line(&mut self, line: impl Display) -> Result<bool, Failure> {
        if self.open {
            self.open = deliver(&mut *self.writer, &format!("{line}\n"))
                .map_err(|error| Failure::Run(format!("{}: cannot write: {error}", self.path)))?;
        }
        Ok(self.open)
    }
}

/// Prints a text on standard output.
pub fn print(text: &str) -> Result<(), Failure> {
    console::print(text)
        .map_err(|error| Failure::Run(format!("standard output: cannot write: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::ErrorKind;

    #[test]
    fn a_file_is_emptied_or_extended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("calls");
        let name = path.to_str().unwrap();
        for (append, expected) in [(false, "a 1\n"), (true, "a 1\na 1\n"), (false, "a 1\n")] {
            let mut output = Output::open(name, append).unwrap();
            assert_eq!(output.line("a 1"), Ok(true));
            // At once, not when the file is closed.
            assert_eq!(fs::read_to_string(&path).unwrap(), expected);
        }
    }

    #[test]
    fn errors_name_the_file() {
        let failure = Output::open("/nonexistent/file", false).err().unwrap();
        assert!(matches!(failure, Failure::Input(_)));
        let text = failure.to_string();
        assert!(text.starts_with("/nonexistent/file: cannot open"), "{text}");
    }

    #[test]
    fn a_reader_that_left_is_no_error() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut output = Output {
            path: "pipe".to_owned(),
            writer: Box::new(Gone),
            open: true,
        };
        assert_eq!(output.line("1"), Ok(false));
        assert_eq!(output.line("2"), Ok(false));
    }
}
