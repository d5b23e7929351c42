//! Standard output and standard error, either of which may be closed or full.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

/// Writes a text to standard output. A reader that has seen enough (`| head`) is not an error.
///
/// # Errors
/// If it cannot be written for another reason, such as a full disk.
pub fn print(text: &str) -> io::Result<()> {
    deliver(&mut io::stdout().lock(), text).map(drop)
}

/// Writes a line to standard error. A failed write does not end the program: a closed pipe must not cost what was
/// computed.
pub fn tell(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// How a program ends: with status 0, or with its error on standard error, after the name of the program, and status 2
/// for wrong input or 1 for what fails on the way.
pub fn exit_code<E: Display>(
    program: &str,
    result: Result<(), E>,
    is_input: impl Fn(&E) -> bool,
) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(format_args!("{program}: {error}"));
            ExitCode::from(if is_input(&error) { 2 } else { 1 })
        }
    }
}

/// Writes a text and says whether it is still read: false if the reader has closed the pipe.
///
/// # Errors
/// If it cannot be written for another reason.
pub fn deliver(writer: &mut (impl Write + ?Sized), text: &str) -> io::Result<bool> {
    let written = writer.write_all(text.as_bytes());
    // Errors of data that stays in a buffer until the process ends would be lost.
    match written.and_then(|()| writer.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}
