//! Writes outcomes to files.

pub mod native;
