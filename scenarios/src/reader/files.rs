//! Files that a scenario refers to.

use std::fs;
use std::io;
use std::path::Path;

use super::diagnostic::quote;

/// The largest file that is read.
const LARGEST: u64 = 4 << 30;

/// Reads a text file whose path is relative to `folder`.
///
/// # Errors
/// What is wrong with it, in words.
pub fn read(folder: &Path, path: &str) -> Result<String, String> {
    read_path(&folder.join(path)).map_err(|error| {
        let reason = reason(&error);
        format!("cannot read `{}`: {reason}", quote(&shown(folder, path)))
    })
}

/// Reads a text file.
pub fn read_path(path: &Path) -> io::Result<String> {
    let about = fs::metadata(path)?;
    // Neither folders nor devices, which may never end.
    if !about.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    if about.len() > LARGEST {
        return Err(io::Error::other("it is larger than 4 GiB"));
    }
    soe_model::text::read(path)
}

/// Why a file could not be read, in words.
pub fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        _ => error.to_string(),
    }
}

/// How a path that is relative to `folder` is shown.
pub fn shown(folder: &Path, path: &str) -> String {
    folder.join(path).display().to_string()
}
