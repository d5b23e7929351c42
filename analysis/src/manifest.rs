//! The manifest of a result folder: what was run, and digests to detect changes.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// What was run, by which program, and the digests of what came out; written as `manifest.json`.
///
/// It is the only file of a result folder that may differ between two runs of the same scenario with the same seed and
/// version. Everything in it is given by the caller (the library reads no clock), except [`results`](Self::results).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this file's keys.
    pub format: u32,
    /// Version of the columns of all tables in the folder.
    pub table_format: u32,
    /// Name of the program.
    pub program: String,
    /// Version of the program.
    pub version: String,
    /// The command line, program included.
    pub command_line: Vec<String>,
    /// The scenario or study as run, in its own file format, every override applied.
    pub scenario: String,
    /// Seed of the random streams.
    pub seed: u64,
    /// Number of independent replications.
    pub replications: u32,
    /// Number of threads that worked.
    pub threads: usize,
    /// When the run started, as RFC 3339.
    pub date: String,
    /// How long it took, seconds of real time.
    pub duration_s: f64,
    /// Fingerprint of the executed events of each replication, hexadecimal.
    pub fingerprints: Vec<String>,
    /// SHA-256 of each input file, hexadecimal, by the path given.
    pub inputs: BTreeMap<String, String>,
    /// SHA-256 of each result file, hexadecimal, by its path in the folder.
    pub results: BTreeMap<String, String>,
}

impl Manifest {
    /// Version of the keys.
    pub const FORMAT: u32 = 1;
    /// Name of the file.
    pub const FILE: &'static str = "manifest.json";
    /// Name of the program, by which result folders are told from others.
    pub const PROGRAM: &'static str = "soe";

    /// The manifest as indented JSON.
    pub fn to_json(&self) -> String {
        // Only maps with keys that are not text cannot be written; there are none.
        let mut json = serde_json::to_string_pretty(self).unwrap_or_default();
        json.push('\n');
        json
    }

    /// Reads the manifest of a result folder.
    ///
    /// # Errors
    /// If it cannot be read or is not a manifest; the message names the file.
    pub fn read(folder: impl AsRef<Path>) -> io::Result<Self> {
        let path = folder.as_ref().join(Self::FILE);
        let with_path = |kind, reason: &dyn std::fmt::Display| {
            io::Error::new(kind, format!("{}: {reason}", path.display()))
        };
        let text = fs::read(&path).map_err(|error| with_path(error.kind(), &error))?;
        serde_json::from_slice(&text).map_err(|error| with_path(io::ErrorKind::InvalidData, &error))
    }
}

impl Manifest {
    /// How the files of a result folder differ from what its manifest says, one line each; empty if they do not.
    ///
    /// # Errors
    /// If the manifest or a file cannot be read; the message names it.
    pub fn verify(folder: impl AsRef<Path>) -> io::Result<Vec<String>> {
        let folder = folder.as_ref();
        let manifest = Self::read(folder)?;
        let mut found = BTreeMap::new();
        files_below(folder, Path::new(""), &mut found)?;
        found.remove(Self::FILE);
        let mut differences = Vec::new();
        for (name, digest) in &manifest.results {
            match found.remove(name) {
                None => differences.push(format!("{name}: is missing")),
                Some(now) if now != *digest => differences.push(format!("{name}: has changed")),
                Some(_) => {}
            }
        }
        differences.extend(
            found
                .into_keys()
                .map(|name| format!("{name}: is not in the manifest")),
        );
        Ok(differences)
    }
}

/// The digests of all files below `root`/`folder`, by their path below `root` with `/` between folders.
pub(crate) fn files_below(
    root: &Path,
    folder: &Path,
    found: &mut BTreeMap<String, String>,
) -> io::Result<()> {
    let named = |path: &Path, error: io::Error| {
        io::Error::new(error.kind(), format!("{}: {error}", path.display()))
    };
    let place = root.join(folder);
    for entry in fs::read_dir(&place).map_err(|error| named(&place, error))? {
        let entry = entry.map_err(|error| named(&place, error))?;
        let (relative, path) = (folder.join(entry.file_name()), entry.path());
        if path.is_dir() {
            files_below(root, &relative, found)?;
        } else {
            let digest = sha256_file(&path).map_err(|error| named(&path, error))?;
            let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
            found.insert(parts.join("/"), digest);
        }
    }
    Ok(())
}

impl Default for Manifest {
    fn default() -> Self {
        Self {
            format: Self::FORMAT,
            table_format: crate::TABLE_FORMAT,
            program: Self::PROGRAM.to_owned(),
            version: String::new(),
            command_line: Vec::new(),
            scenario: String::new(),
            seed: 0,
            replications: 1,
            threads: 1,
            date: String::new(),
            duration_s: 0.0,
            fingerprints: Vec::new(),
            inputs: BTreeMap::new(),
            results: BTreeMap::new(),
        }
    }
}

/// SHA-256 of some bytes, hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(Sha256::new_with_prefix(bytes))
}

/// SHA-256 of the content of a file, hexadecimal.
///
/// # Errors
/// If the file cannot be read.
pub fn sha256_file(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hexadecimal(hash)),
            n => hash.update(&buffer[..n]),
        }
    }
}

fn hexadecimal(hash: Sha256) -> String {
    hash.finalize()
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            // Writing into a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_equal_those_of_fips_180_4() {
        assert_eq!(
            sha256(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(
            sha256(b""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    #[test]
    fn a_file_has_the_digest_of_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large");
        let bytes: Vec<u8> = (0..200_000_u32).map(|i| (i % 251) as u8).collect();
        fs::write(&path, &bytes).unwrap();
        assert_eq!(sha256_file(&path).unwrap(), sha256(&bytes));
    }

    #[test]
    fn a_manifest_survives_writing_and_reading() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = Manifest {
            program: "soe".into(),
            seed: u64::MAX,
            scenario: "version = 1\n[[client]]\nname = \"é\"\n".into(),
            duration_s: 0.1,
            inputs: BTreeMap::from([("trace.csv".to_owned(), sha256(b"x"))]),
            ..Manifest::default()
        };
        fs::write(folder.path().join(Manifest::FILE), manifest.to_json()).unwrap();
        assert_eq!(Manifest::read(folder.path()).unwrap(), manifest);
    }

    #[test]
    fn an_unreadable_manifest_is_named() {
        let folder = tempfile::tempdir().unwrap();
        assert!(
            Manifest::read(folder.path())
                .unwrap_err()
                .to_string()
                .contains("manifest.json: ")
        );
        fs::write(folder.path().join(Manifest::FILE), "{}").unwrap();
        assert!(
            Manifest::read(folder.path())
                .unwrap_err()
                .to_string()
                .contains("missing field")
        );
    }
}
