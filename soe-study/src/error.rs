//! Errors that end a sweep.

use std::path::PathBuf;

use crate::journal::JournalError;

/// Why a sweep cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// A journal cannot be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The working folder cannot be read.
    #[error("{}: cannot be read: {source}", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The threads cannot be started.
    #[error("cannot start the threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// Results cannot be written.
    #[error(transparent)]
    Results(#[from] analysis::FolderError),
    /// Parts of a sweep do not fit together.
    #[error("{0}")]
    Parts(String),
}
