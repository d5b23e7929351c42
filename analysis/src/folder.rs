//! Result folders that appear whole or not at all.
//!
//! All files are written into a hidden folder beside the requested one, which is renamed at the end, when the manifest
//! with the digest of each file is complete. If it is dropped earlier, the hidden folder is removed and the requested
//! place stays unchanged.

use crate::manifest::{Manifest, sha256_file};
use crate::table::{DICTIONARY, Metric, TableColumns, dictionary};
use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

mod hidden;
use hidden::Hidden;

/// What can go wrong with a result folder. Each message names the path and the reason.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The folder exists and replacing it was not asked for.
    #[error("{}: already exists; choose another folder (--output) or replace it (--force)", .0.display())]
    Exists(PathBuf),
    /// Replacing was asked for, but what exists was not made by this program.
    #[error("{}: {reason}, so it is not replaced; remove it first", .path.display())]
    NotReplaceable {
        /// The folder asked for.
        path: PathBuf,
        /// What was found there.
        reason: &'static str,
    },
    /// A path at which no folder can be, or a file name outside the folder.
    #[error("{}: {reason}", .path.display())]
    Name {
        /// The path asked for.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The file system refused.
    #[error("{}: cannot {action}: {source}", .path.display())]
    Io {
        /// The file or folder concerned.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// Reason of the failure.
        source: io::Error,
    },
    /// Everything is written but could not be moved into place.
    #[error("{}: cannot move the results there: {source}; they are complete in {}", .path.display(), .kept.display())]
    Move {
        /// The folder asked for.
        path: PathBuf,
        /// Where the complete results are.
        kept: PathBuf,
        /// Reason of the failure.
        source: io::Error,
    },
    /// Files were still being written at the time of the commit.
    #[error("{}: {count} result file(s) not finished", .path.display())]
    Unfinished {
        /// The folder asked for.
        path: PathBuf,
        /// How many.
        count: usize,
    },
}

/// A result folder under construction.
///
/// ```
/// use analysis::{Manifest, ResultFolder};
/// # let parent = tempfile::tempdir()?;
/// # let path = parent.path().join("results");
/// let folder = ResultFolder::create(&path, false)?;
/// folder.write("notes/first.txt", b"hello\n")?;
/// assert!(!path.exists());
/// folder.commit(Manifest { program: "soe".into(), seed: 1, ..Manifest::default() })?;
/// assert!(Manifest::read(&path)?.results.contains_key("notes/first.txt"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ResultFolder {
    path: PathBuf,
    target: Target,
    partial: Hidden,
    unfinished: Arc<AtomicUsize>,
}

/// What may be at the place of a folder when it is complete.
#[derive(Clone, Copy, Debug)]
enum Target {
    /// Nothing.
    Free,
    /// Earlier results, which are replaced.
    Replaced,
    /// Anything: then the next number is taken. This is the number in the path.
    Numbered(u64),
}

impl ResultFolder {
    /// Prepares a folder that will appear at `path`; missing parents are created.
    ///
    /// What exists at `path` is replaced only with `force`, and only if it is an empty folder or one with a manifest of
    /// this program, so that a mistyped path does not cost anything but results.
    ///
    /// # Errors
    /// If `path` cannot be used, is taken, or its parent cannot be written to.
    pub fn create(path: impl AsRef<Path>, force: bool) -> Result<Self, FolderError> {
        let path = path.as_ref();
        let Some(name) = path.file_name() else {
            return Err(FolderError::Name {
                path: path.to_owned(),
                reason: "is not a valid name of a new folder",
            });
        };
        check_target(path, force)?;
        let target = match force {
            true => Target::Replaced,
            false => Target::Free,
        };
        Self::prepare(path, target, &name.to_string_lossy())
    }

    /// Prepares a folder that will appear in `parent` as the first of `STEM-1`, `STEM-2`, ... that is free when it is
    /// complete: of several processes that do this at once, each gets one.
    ///
    /// # Errors
    /// If `parent` cannot be written to.
    pub fn numbered(parent: impl AsRef<Path>, stem: &str) -> Result<Self, FolderError> {
        let number = (1..).find(|&number| is_free(&numbered(parent.as_ref(), stem, number)));
        let number = number.unwrap_or(1);
        let path = numbered(parent.as_ref(), stem, number);
        Self::prepare(&path, Target::Numbered(number), stem)
    }

    fn prepare(path: &Path, target: Target, stem: &str) -> Result<Self, FolderError> {
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        fs::create_dir_all(parent).map_err(io_error(parent, "create this folder"))?;
        let partial =
            Hidden::create(stem, parent).map_err(io_error(parent, "create a folder in it"))?;
        Ok(Self {
            path: path.to_owned(),
            target,
            partial,
            unfinished: Arc::default(),
        })
    }

    /// Where the folder will appear; if it is numbered, perhaps with a higher number.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Starts a file, to be ended by [`ResultFile::finish`]. `name` may contain folders, separated by `/`.
    ///
    /// # Errors
    /// If `name` leads out of the folder, is `manifest.json` or exists already, or the file cannot be created.
    pub fn file(&self, name: &str) -> Result<ResultFile, FolderError> {
        let relative = Path::new(name);
        let normal = relative
            .components()
            .all(|component| matches!(component, Component::Normal(_)));
        let reason = match name {
            Manifest::FILE => Some("is written last, by the program itself"),
            "" => Some("an empty name names no file"),
            _ => (!normal).then_some("leads out of the result folder"),
        };
        if let Some(reason) = reason {
            return Err(FolderError::Name {
                path: relative.to_owned(),
                reason,
            });
        }
        let actual = self.partial.path().join(relative);
        // Messages speak of the place where the file will be, not of the hidden one.
        let shown = self.path.join(relative);
        if let Some(parent) = actual.parent() {
            fs::create_dir_all(parent).map_err(io_error(&shown, "create its folder"))?;
        }
        let file = File::create_new(&actual).map_err(io_error(&shown, "create"))?;
        self.unfinished.fetch_add(1, Ordering::Relaxed);
        Ok(ResultFile {
            writer: BufWriter::new(file),
            path: shown,
            unfinished: Arc::clone(&self.unfinished),
        })
    }

    /// Writes a whole file.
    ///
    /// # Errors
    /// As [`file`](Self::file), and if the content cannot be written.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<(), FolderError> {
        let mut file = self.file(name)?;
        file.writer
            .write_all(content)
            .map_err(io_error(&file.path, "write"))?;
        file.finish()
    }

    /// Writes `columns.json`: what the columns of the tables mean that are in the folder so far, and the metrics. `own`
    /// are tables that [`dictionary`] does not know; metrics that are there several times are listed once.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn describe(
        &self,
        own: impl IntoIterator<Item = TableColumns>,
        metrics: impl IntoIterator<Item = &'static Metric>,
    ) -> Result<(), FolderError> {
        #[derive(serde::Serialize)]
        struct Described {
            tables: Vec<TableColumns>,
            metrics: Vec<&'static Metric>,
        }
        let is_here = |it: &TableColumns| {
            let path = self.partial.path().join(format!("{}.csv", it.table));
            path.is_file()
        };
        let mut seen = HashSet::new();
        let described = Described {
            tables: dictionary()
                .into_iter()
                .chain(own)
                .filter(is_here)
                .collect(),
            metrics: metrics
                .into_iter()
                .filter(|metric| seen.insert(metric.name))
                .collect(),
        };
        // Nothing of this cannot be written as JSON.
        let mut json = serde_json::to_string_pretty(&described).unwrap_or_default();
        json.push('\n');
        self.write(DICTIONARY, json.as_bytes())
    }

    /// Completes the manifest with the digests of all files, writes it and moves the folder into place.
    ///
    /// The folder that is replaced stays until then; between its removal from the place and the arrival of the new one
    /// lies only the time between two renames, and if the second fails, the old folder returns.
    ///
    /// # Errors
    /// If files are not finished, cannot be read back, or the move fails. In the last case the complete results are
    /// kept where the error says.
    pub fn commit(self, mut manifest: Manifest) -> Result<PathBuf, FolderError> {
        let Self {
            path,
            target,
            mut partial,
            unfinished,
        } = self;
        let count = unfinished.load(Ordering::Relaxed);
        if count > 0 {
            return Err(FolderError::Unfinished { path, count });
        }
        partial.unlock();
        manifest.results = digests(partial.path(), &path)?;
        let file = partial.path().join(Manifest::FILE);
        fs::write(&file, manifest.to_json())
            .map_err(io_error(&path.join(Manifest::FILE), "write"))?;

        let moved = match target {
            Target::Numbered(number) => move_to_free(partial.path(), &path, number),
            Target::Free | Target::Replaced => {
                check_target(&path, matches!(target, Target::Replaced))
                    .map_err(io::Error::other)
                    .and_then(|()| move_into(partial.path(), &path))
                    .map(|()| path.clone())
            }
        };
        let kept = partial.keep();
        moved.map_err(|source| FolderError::Move { path, kept, source })
    }
}

/// A file of a result folder. Buffered; errors name the file. Not finished, it prevents the commit.
#[derive(Debug)]
pub struct ResultFile {
    writer: BufWriter<File>,
    path: PathBuf,
    unfinished: Arc<AtomicUsize>,
}

impl ResultFile {
    /// Writes out what is buffered and closes the file.
    ///
    /// # Errors
    /// If that fails.
    pub fn finish(mut self) -> Result<(), FolderError> {
        self.writer.flush().map_err(io_error(&self.path, "write"))?;
        self.unfinished.fetch_sub(1, Ordering::Relaxed);
        Ok(())
    }

    /// Adds all that `source` has.
    ///
    /// # Errors
    /// If it cannot be read, or the file cannot be written.
    pub fn append(&mut self, mut source: impl Read) -> Result<(), FolderError> {
        let mut chunk = vec![0; 1 << 16];
        loop {
            match source.read(&mut chunk) {
                Ok(0) => return Ok(()),
                Ok(length) => {
                    let written = self.writer.write_all(&chunk[..length]);
                    written.map_err(io_error(&self.path, "write"))?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(io_error(&self.path, "read it")(error)),
            }
        }
    }

    fn with_path(&self, error: io::Error) -> io::Error {
        io::Error::new(
            error.kind(),
            format!("{}: cannot write: {error}", self.path.display()),
        )
    }
}

impl Write for ResultFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer
            .write(bytes)
            .map_err(|error| self.with_path(error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush().map_err(|error| self.with_path(error))
    }
}

fn io_error(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> FolderError {
    let path = path.to_owned();
    move |source| FolderError::Io {
        path,
        action,
        source,
    }
}

/// Whether a folder may appear at `path`.
fn check_target(path: &Path, force: bool) -> Result<(), FolderError> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io_error(path, "read it")(error)),
    };
    if !force {
        return Err(FolderError::Exists(path.to_owned()));
    }
    let not_replaceable = |reason| {
        Err(FolderError::NotReplaceable {
            path: path.to_owned(),
            reason,
        })
    };
    if !metadata.is_dir() {
        return not_replaceable("is not a folder");
    }
    let mut entries = fs::read_dir(path).map_err(io_error(path, "read this folder"))?;
    if entries.next().is_none() {
        return Ok(());
    }
    // Other programs have a manifest.json, too.
    match Manifest::read(path) {
        Ok(manifest) if manifest.program == Manifest::PROGRAM => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            not_replaceable("has files but no manifest.json")
        }
        _ => not_replaceable("has files, and a manifest.json that is not of this program"),
    }
}

/// The path of a numbered folder.
fn numbered(parent: &Path, stem: &str, number: u64) -> PathBuf {
    parent.join(format!("{stem}-{number}"))
}

fn is_free(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err()
}

/// Moves the complete folder to the first free number from that of `path` on.
fn move_to_free(partial: &Path, path: &Path, first: u64) -> io::Result<PathBuf> {
    let parent = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(&format!("-{first}")).unwrap_or(&name);
    for number in first.. {
        let path = numbered(parent, stem, number);
        if !is_free(&path) {
            continue;
        }
        match fs::rename(partial, &path) {
            Ok(()) => return Ok(path),
            // Another process was faster; what it has put there is not empty.
            Err(_) if !is_free(&path) => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Moves the complete folder to its place; an old folder that is there gives way and is removed last.
fn move_into(partial: &Path, path: &Path) -> io::Result<()> {
    if is_free(path) {
        return fs::rename(partial, path);
    }
    let parent = partial.parent().unwrap_or(Path::new("."));
    let aside = hidden::new_folder(
        &path.file_name().unwrap_or_default().to_string_lossy(),
        ".old",
        parent,
    )?;
    let old = aside.path().join("old");
    fs::rename(path, &old)?;
    if let Err(error) = fs::rename(partial, path) {
        if fs::rename(&old, path).is_err() {
            // The old results must not go with the temporary folder.
            let kept = aside.keep();
            return Err(io::Error::new(
                error.kind(),
                format!("{error} (earlier results are in {})", kept.display()),
            ));
        }
        return Err(error);
    }
    Ok(())
}

/// The digest of every file below `root`, by its path with `/` between folders.
fn digests(root: &Path, shown: &Path) -> Result<BTreeMap<String, String>, FolderError> {
    let mut found = BTreeMap::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(root.join(&folder))
            .map_err(io_error(&shown.join(&folder), "read this folder"))?;
        for entry in entries {
            let entry = entry.map_err(io_error(&shown.join(&folder), "read this folder"))?;
            let relative = folder.join(entry.file_name());
            if entry.path().is_dir() {
                folders.push(relative);
            } else {
                let digest =
                    sha256_file(&entry.path()).map_err(io_error(&shown.join(&relative), "read"))?;
                let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
                found.insert(parts.join("/"), digest);
            }
        }
    }
    Ok(found)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_reported_with_the_name_of_the_file_and_nothing_appears() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("results");
        let folder = ResultFolder::create(&path, false).unwrap();
        let mut file = folder.file("calls.csv").unwrap();
        // A device without any room stands in for the file.
        file.writer = BufWriter::new(File::create("/dev/full").unwrap());

        file.write_all(b"buffered").unwrap();
        let large = vec![b'x'; 1 << 20];
        let error = file.write_all(&large).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!(
                "{}: cannot write: ",
                path.join("calls.csv").display()
            )),
            "{error}"
        );
        let error = file.finish().unwrap_err().to_string();
        assert!(
            error.starts_with(&format!(
                "{}: cannot write: ",
                path.join("calls.csv").display()
            )),
            "{error}"
        );

        assert!(matches!(
            folder.commit(Manifest::default()),
            Err(FolderError::Unfinished { count: 1, .. })
        ));
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }
}
