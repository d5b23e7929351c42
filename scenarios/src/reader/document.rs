//! A TOML file as written, possibly with changes from the command line: the common
//! part of scenarios and studies.

use std::path::{Path, PathBuf};

use super::diagnostic::{Diagnostics, Report};
use super::files;
use super::tree::Table;

/// A TOML file as it was written, and the changes from outside.
#[derive(Clone, Debug)]
pub struct Document {
    /// The path by which messages call it.
    pub origin: String,
    /// The folder against which the paths in it are relative.
    pub folder: PathBuf,
    /// The text as it was read.
    pub text: String,
    /// What it says now.
    pub root: Table,
    /// The keys that were set from outside, for messages.
    pub sets: Vec<String>,
}

impl Document {
    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read or is not TOML.
    pub fn load(path: &Path) -> Result<Self, Diagnostics> {
        let origin = path.display().to_string();
        let text = files::read_path(path).map_err(|error| {
            let reason = files::reason(&error);
            Diagnostics::one(&origin, &format!("cannot be read: {reason}"))
        })?;
        Self::parse(&text, &origin)
    }

    /// Reads a text. `origin` is the path by which messages call it and against
    /// whose folder the paths in it are relative.
    ///
    /// # Errors
    /// If the text is not TOML.
    pub fn parse(text: &str, origin: &str) -> Result<Self, Diagnostics> {
        let mut report = Report::new(origin, text, &[]);
        let root = Table::parse(text, &mut report);
        if !report.is_clean() {
            return Err(report.finish());
        }
        let folder = Path::new(origin).parent().unwrap_or(Path::new(""));
        Ok(Self::within(origin, folder, text, root))
    }

    /// A table of a larger text.
    pub fn within(origin: &str, folder: &Path, text: &str, root: Table) -> Self {
        Self {
            origin: origin.to_owned(),
            folder: folder.to_owned(),
            text: text.to_owned(),
            root,
            sets: Vec::new(),
        }
    }

    /// Collects what is wrong with it.
    pub fn report(&self) -> Report<'_> {
        Report::new(&self.origin, &self.text, &self.sets)
    }
}
