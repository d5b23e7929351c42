//! How the command ends when something is wrong.

use std::fmt::Display;
use std::process::ExitCode;

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
            eprintln!("soe: {line}");
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

/// Writes to standard output; a reader that has seen enough (`| head`) is no
/// error.
pub fn print(text: &str) -> Result<(), Failure> {
    use std::io::{ErrorKind, Write};
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::run(error)),
        _ => Ok(()),
    }
}
