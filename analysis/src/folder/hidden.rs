//! The hidden folder in which results are collected, and hidden folders of killed processes.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The file in a hidden folder that its process keeps locked for as long as it lives.
const LOCK: &str = ".lock";
/// How the names of hidden folders with unfinished results end.
const PARTIAL: &str = ".partial";

/// A hidden folder for results in the making, removed when it is dropped.
#[derive(Debug)]
pub(super) struct Hidden {
    folder: TempDir,
    lock: Option<File>,
}

impl Hidden {
    /// A new folder in `parent`, named after `stem`. Those of killed processes with the same stem are removed.
    pub(super) fn create(stem: &str, parent: &Path) -> io::Result<Self> {
        remove_left_over(stem, parent);
        let folder = new_folder(stem, PARTIAL, parent)?;
        Ok(Self {
            lock: lock(folder.path()),
            folder,
        })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Gives up the lock: from here on the folder has results only.
    pub(super) fn unlock(&mut self) {
        if self.lock.take().is_some() {
            // Left there, it would be one more file among the results.
            let _ = fs::remove_file(self.path().join(LOCK));
        }
    }

    /// Keeps the folder, wherever it was moved.
    pub(super) fn keep(self) -> PathBuf {
        self.folder.keep()
    }
}

/// A new hidden folder with the permissions of any other new folder (temporary ones are private otherwise).
pub(super) fn new_folder(stem: &str, suffix: &str, parent: &Path) -> io::Result<TempDir> {
    let prefix = format!(".{stem}.");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(suffix);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
    builder.tempdir_in(parent)
}

/// A locked file in a folder, if the file system has locks. It gets its name when it is locked already, so that another
/// process never finds it without.
fn lock(folder: &Path) -> Option<File> {
    let making = folder.join(".locking");
    let file = File::create_new(&making).ok()?;
    let locked = file.try_lock().is_ok() && fs::rename(&making, folder.join(LOCK)).is_ok();
    if !locked {
        let _ = fs::remove_file(&making);
    }
    locked.then_some(file)
}

/// Removes the hidden folders of `stem` in `parent` whose process has ended. What cannot be read or removed is kept.
fn remove_left_over(stem: &str, parent: &Path) {
    let prefix = format!(".{stem}.");
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !name.starts_with(&prefix) || !name.ends_with(PARTIAL) {
            continue;
        }
        let Ok(lock) = File::open(entry.path().join(LOCK)) else {
            continue;
        };
        if lock.try_lock().is_ok() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
