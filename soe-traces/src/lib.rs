//! Readers of published traces of serverless systems.
//!
//! Each trace has a module with a reader that holds one row at a time, checks it, and tells
//! a mistake with file, line, column, what was found and what is allowed. What a program
//! makes of the rows is its own business: readers know neither simulators nor models.
//!
//! | trace | module |
//! |---|---|
//! | Azure Functions Blob 2020 | [`blob`] |

#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod blob;

/// Why a trace cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The file cannot be read.
    #[error("cannot read `{file}`: {cause}")]
    Unreadable {
        /// Which file.
        file: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// A row makes no sense.
    #[error("{0}")]
    Row(#[from] RowError),
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct RowError {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// The field, from 1.
    pub column: usize,
    /// What was found and what is allowed.
    pub message: String,
}
