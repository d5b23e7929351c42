//! A digest of the code that computes results: what a sweep keeps is only used again by
//! the code that computed it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The folders whose code decides what a replication reports: the engine, the models, both
/// simulators, the format that resolves scenarios, and what turns a replication into a
/// report. A change of a caption or of a page leaves journals valid.
const COMPUTING: [&str; 8] = [
    "sim-core/src",
    "soe-model/src",
    "soe-sim/src",
    "scenarios/src",
    "statesim/src",
    "statesim/example",
    "lambdamu/src",
    "soe-study/src/runner",
];

fn main() -> io::Result<()> {
    let own = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let root = own.parent().unwrap_or(&own);
    let mut files = Vec::new();
    for part in COMPUTING {
        let folder = root.join(part);
        // Outside the workspace the versions of the crates must do.
        if folder.is_dir() {
            collect(&folder, &mut files)?;
        }
    }
    for lock in [root.join("Cargo.lock"), own.join("Cargo.lock")] {
        if lock.is_file() {
            files.push(lock);
        }
    }
    files.sort();
    let mut digest = Digest::default();
    for file in &files {
        println!("cargo::rerun-if-changed={}", file.display());
        let name = file.strip_prefix(root).unwrap_or(file);
        digest.add(name.to_string_lossy().replace('\\', "/").as_bytes());
        digest.add(&fs::read(file)?);
    }
    println!("cargo::rustc-env=SOE_CODE={:016x}", digest.0);
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// FNV-1a, 64 bits.
struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Digest {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().chain(&[0]) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
}
