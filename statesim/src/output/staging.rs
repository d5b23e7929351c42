//! A folder beside the requested one, which is renamed when it is complete.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::OutputError;

/// Files in the making. Unless [`commit`](Self::commit)ted, they are removed.
#[derive(Debug)]
pub(super) struct Staging {
    target: PathBuf,
    folder: PathBuf,
    open: BTreeMap<&'static str, BufWriter<File>>,
    done: bool,
}

impl Staging {
    pub(super) fn create(target: &Path) -> Result<Self, OutputError> {
        let at = |path: &Path| failed(path.to_owned());
        if target.exists() && !target.is_dir() {
            let cause = io::Error::new(io::ErrorKind::AlreadyExists, "it is a file, not a folder");
            return Err(at(target)(cause));
        }
        // The last part may be missing, as in `..`: then stay inside the folder.
        let (parent, name) = match (target.parent(), target.file_name()) {
            (Some(parent), Some(name)) => (parent, name.to_string_lossy().into_owned()),
            _ => (target, "results".to_owned()),
        };
        let parent = if parent.as_os_str().is_empty() {
            Path::new(".")
        } else {
            parent
        };
        fs::create_dir_all(parent).map_err(at(parent))?;
        let folder = make_folder(parent, &name)?;
        Ok(Self {
            target: target.to_owned(),
            folder,
            open: BTreeMap::new(),
            done: false,
        })
    }

    /// Writes a whole file.
    pub(super) fn write(&self, name: &str, content: &[u8]) -> Result<(), OutputError> {
        let path = self.folder.join(name);
        fs::write(&path, content).map_err(failed(self.target.join(name)))
    }

    /// Adds to a file; nothing added to one that does not exist makes none.
    pub(super) fn append(&mut self, name: &'static str, content: &[u8]) -> Result<(), OutputError> {
        if content.is_empty() {
            return Ok(());
        }
        let path = self.target.join(name);
        if !self.open.contains_key(name) {
            let file = File::create(self.folder.join(name)).map_err(failed(path.clone()))?;
            self.open
                .insert(name, BufWriter::with_capacity(1 << 16, file));
        }
        match self.open.get_mut(name) {
            Some(file) => file.write_all(content).map_err(failed(path)),
            None => Ok(()),
        }
    }

    /// Moves everything to where it belongs.
    pub(super) fn commit(mut self) -> Result<(), OutputError> {
        for (name, file) in std::mem::take(&mut self.open) {
            let flushed = file.into_inner().map_err(|error| error.into_error());
            flushed.map_err(failed(self.target.join(name)))?;
        }
        if !self.target.exists() {
            fs::rename(&self.folder, &self.target).map_err(failed(self.target.clone()))?;
            self.done = true;
            return Ok(());
        }
        let entries = fs::read_dir(&self.folder).map_err(failed(self.folder.clone()))?;
        for entry in entries {
            let entry = entry.map_err(failed(self.folder.clone()))?;
            let path = self.target.join(entry.file_name());
            fs::rename(entry.path(), &path).map_err(failed(path))?;
        }
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.done {
            // What cannot be removed has a name that says what it is.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// Makes a folder with a name that says what it is; one of that name may be left from
/// a run that was killed.
fn make_folder(parent: &Path, name: &str) -> Result<PathBuf, OutputError> {
    let process = std::process::id();
    let mut attempt = 0;
    loop {
        let folder = parent.join(format!(".{name}.partial-{process}-{attempt}"));
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists && attempt < 1000 => {
                attempt += 1;
            }
            Err(cause) => return Err(failed(folder)(cause)),
        }
    }
}

fn failed(path: PathBuf) -> impl Fn(io::Error) -> OutputError {
    move |cause| OutputError {
        path: path.clone(),
        cause,
    }
}
