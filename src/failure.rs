//! The exit of the command after a failure.

use std::fmt::Display;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use analysis::{WholeFile, console};

use statesim::command::CommandError;

pub use analysis::console::tell;

/// Why the command ends without success.
#[derive(Debug)]
pub enum Failure {
    /// Something is wrong with the input: exit status 2.
    Input(String),
    /// Something went wrong on the way: exit status 1.
    Run(String),
    /// The user stopped it: exit status 130, as shells expect after Ctrl-C.
    Interrupted(String),
}

impl Failure {
    /// Wrong input, in the words of `error`.
    pub fn input(error: impl Display) -> Self {
        Self::Input(error.to_string())
    }

    /// Something that went wrong, in the words of `error`.
    pub fn run(error: impl Display) -> Self {
        Self::Run(error.to_string())
    }

    /// Tells the user, and gives the exit status.
    pub fn report(self) -> ExitCode {
        let (text, status) = match self {
            Self::Input(text) => (text, 2),
            Self::Run(text) => (text, 1),
            Self::Interrupted(text) => (text, 130),
        };
        for line in text.lines() {
            tell(format_args!("soe: {line}"));
        }
        ExitCode::from(status)
    }
}

impl From<soe_live::command::Failure> for Failure {
    fn from(failure: soe_live::command::Failure) -> Self {
        match failure {
            soe_live::command::Failure::Input(text) => Self::Input(text),
            soe_live::command::Failure::Run(text) => Self::Run(text),
        }
    }
}

/// Writes to standard output; a reader that has seen enough (`| head`) is not an error.
pub fn print(text: &str) -> Result<(), Failure> {
    console::print(text).map_err(|error| Failure::run(format!("standard output: {error}")))
}

impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Self {
        match error.is_input() {
            true => Self::input(error),
            false => Self::run(error),
        }
    }
}

impl From<lambdamu::command::CommandError> for Failure {
    fn from(error: lambdamu::command::CommandError) -> Self {
        match error.is_input() {
            true => Self::input(error),
            false => Self::run(error),
        }
    }
}

/// Writes a file that appears whole or not at all. A place where there can be none is
/// wrong input, told before `content` is made; what fails later is not.
pub fn write_whole<T: AsRef<[u8]>>(
    path: &Path,
    content: impl FnOnce() -> Result<T, Failure>,
) -> Result<(), Failure> {
    let failed = |error| format!("{}: cannot write: {error}", path.display());
    let mut file = WholeFile::create(path).map_err(|error| Failure::Input(failed(error)))?;
    let content = content()?;
    let written = file.write_all(content.as_ref());
    written
        .and_then(|()| file.finish())
        .map_err(|error| Failure::Run(failed(error)))
}
