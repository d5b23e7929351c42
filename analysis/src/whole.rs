//! Files that appear whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::TempPath;

/// A file that takes its name, or the place of an earlier file, only when it is [finished](Self::finish). Dropped
/// before, it leaves nothing behind and whatever was there stays as it was. Devices and pipes are written directly.
///
/// ```
/// use analysis::WholeFile;
/// use std::io::Write;
/// # let parent = tempfile::tempdir()?;
/// # let path = parent.path().join("page.html");
/// let mut file = WholeFile::create(&path)?;
/// file.write_all(b"<!DOCTYPE html>")?;
/// assert!(!path.exists());
/// file.finish()?;
/// assert!(path.exists());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct WholeFile(Target);

#[derive(Debug)]
enum Target {
    Aside {
        file: BufWriter<File>,
        hidden: TempPath,
        place: PathBuf,
        /// Whether an earlier file stays.
        is_new: bool,
    },
    Direct(BufWriter<File>),
}

impl WholeFile {
    /// Starts a file; an earlier one stays until the new one is finished.
    ///
    /// # Errors
    /// If there can be no file of that name.
    pub fn create(path: &Path) -> io::Result<Self> {
        let place = match fs::metadata(path).map(|found| found.file_type()) {
            Ok(kind) if kind.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            // What a link points to is replaced, not the link.
            Ok(kind) if kind.is_file() => fs::canonicalize(path)?,
            Ok(_) => {
                let file = File::options().write(true).open(path)?;
                return Ok(Self(Target::Direct(BufWriter::new(file))));
            }
            Err(_) => path.to_owned(),
        };
        let folder = match place.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        // Reported here: below, the error would name the hidden file, which users do not know.
        fs::metadata(folder)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".").suffix(".partial");
        // The permissions of any other new file: temporary ones are private otherwise.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder).map_err(|error| error.kind())?;
        let (file, hidden) = file.into_parts();
        Ok(Self(Target::Aside {
            file: BufWriter::new(file),
            hidden,
            place,
            is_new: false,
        }))
    }

    /// Starts a file at a free path; a file created there meanwhile is kept.
    ///
    /// # Errors
    /// If there is one, or can be none, of that name.
    pub fn create_new(path: &Path) -> io::Result<Self> {
        if fs::symlink_metadata(path).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let mut file = Self::create(path)?;
        if let Target::Aside { is_new, .. } = &mut file.0 {
            *is_new = true;
        }
        Ok(file)
    }

    /// Writes a whole file.
    ///
    /// # Errors
    /// As [`create`](Self::create), and if the content cannot be written.
    pub fn write(path: &Path, content: impl AsRef<[u8]>) -> io::Result<()> {
        let mut file = Self::create(path)?;
        file.write_all(content.as_ref())?;
        file.finish()
    }

    /// Writes out what is buffered and gives the file its name.
    ///
    /// # Errors
    /// If that fails; nothing is left behind then.
    pub fn finish(self) -> io::Result<()> {
        match self.0 {
            Target::Direct(mut file) => file.flush(),
            Target::Aside {
                mut file,
                hidden,
                place,
                is_new,
            } => {
                file.flush()?;
                let named = match is_new {
                    true => hidden.persist_noclobber(place),
                    false => hidden.persist(place),
                };
                named.map_err(|error| error.error)
            }
        }
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (Target::Aside { file, .. } | Target::Direct(file)) = &mut self.0;
        file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        let (Target::Aside { file, .. } | Target::Direct(file)) = &mut self.0;
        file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn an_earlier_file_stays_until_the_new_one_is_finished_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.html");
        fs::write(&path, "old").unwrap();
        let mut file = WholeFile::create(&path).unwrap();
        file.write_all(b"half").unwrap();
        file.flush().unwrap();
        drop(file);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        let mut file = WholeFile::create(&path).unwrap();
        file.write_all(b"new").unwrap();
        file.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(entries(folder.path()), ["page.html"]);
    }

    #[test]
    fn where_no_file_can_be_is_told_at_once() {
        let folder = tempfile::tempdir().unwrap();
        for path in [
            folder.path().join("nowhere/page.html"),
            folder.path().to_owned(),
        ] {
            let error = WholeFile::create(&path).unwrap_err().to_string();
            assert!(!error.contains(".partial"), "{error}");
        }
        assert!(entries(folder.path()).is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_the_file_has_the_permissions_of_any_other() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        let usual = mode(&target);
        let mut file = WholeFile::create(&link).unwrap();
        file.write_all(b"new").unwrap();
        file.finish().unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert_eq!(mode(&target), usual);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_device_is_written_and_not_replaced() {
        let mut file = WholeFile::create(Path::new("/dev/full")).unwrap();
        file.write_all(b"x").unwrap();
        assert!(file.finish().is_err());
        assert!(!fs::metadata("/dev/full").unwrap().is_file());
    }
}
