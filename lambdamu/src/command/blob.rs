//! Commands on the trace Azure Functions Blob 2020, for `soe trace blob ...` and for the
//! executables `afdb`, `afdb-convert` and `afdb-cost`.
//!
//! Files are written as those of the original's programs; applications are in the order
//! of their keys, where theirs are in no order.

mod convert;
mod cost;
mod inspect;

use std::io;
use std::path::{Path, PathBuf};

use analysis::{WholeFile, console};
use soe_traces::TraceError;
use soe_traces::blob::{Access, BlobReader};

pub use convert::{ConvertArgs, convert};
pub use cost::{CostArgs, cost};
pub use inspect::{InspectArgs, inspect};

use super::CommandError;

/// How wrong rows are treated.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct RowArgs {
    /// Leave out wrong rows and tell how many there were, instead of stopping at the
    /// first; the executables `afdb...` always do so
    #[arg(long)]
    pub skip_bad_rows: bool,
}

/// Hands every access of a file to `each`, in the order of the file.
fn for_each_access(
    path: &Path,
    rows: RowArgs,
    mut each: impl FnMut(&Access<'_>) -> Result<(), String>,
) -> Result<(), CommandError> {
    let mut reader = BlobReader::open(path)?;
    let (mut number, mut skipped) = (0_u64, 0_u64);
    let mut first = None;
    loop {
        number += 1;
        match reader.next_access() {
            Ok(None) => break,
            Ok(Some(access)) => each(&access).map_err(|message| {
                CommandError::Usage(format!("{}: access {number}: {message}", path.display()))
            })?,
            Err(TraceError::Row(error)) if rows.skip_bad_rows => {
                skipped += 1;
                first.get_or_insert(error);
            }
            Err(error) => return Err(error.into()),
        }
    }
    if let Some(first) = first {
        console::tell(format_args!(
            "note: {skipped} wrong rows left out, the first: {first}"
        ));
    }
    Ok(())
}

/// What identifies an application in the files.
fn key(access: &Access<'_>) -> String {
    format!("{},{}", access.user, access.app)
}

/// Files in the making; none is written if one cannot be.
#[derive(Default)]
struct Files(Vec<(PathBuf, WholeFile)>);

impl Files {
    /// Adds a file with its content.
    fn add(&mut self, path: PathBuf, content: &[u8]) -> Result<(), CommandError> {
        use io::Write;
        let mut file = WholeFile::create(&path).map_err(|cause| CommandError::Place {
            path: path.clone(),
            cause,
        })?;
        match file.write_all(content) {
            Ok(()) => {
                self.0.push((path, file));
                Ok(())
            }
            Err(cause) => Err(CommandError::Write { path, cause }),
        }
    }

    fn finish(self) -> Result<(), CommandError> {
        for (path, file) in self.0 {
            file.finish()
                .map_err(|cause| CommandError::Write { path, cause })?;
        }
        Ok(())
    }
}

/// Whether a folder is there.
fn check_folder(path: &Path) -> Result<(), CommandError> {
    match path.is_dir() {
        true => Ok(()),
        false => Err(CommandError::Usage(format!(
            "output directory `{}` does not exist",
            path.display()
        ))),
    }
}

/// Whether a text may be the name of a file.
fn is_file_name(text: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    !text.is_empty() && !text.starts_with('.') && text.len() <= 200 && text.chars().all(is_plain)
}
