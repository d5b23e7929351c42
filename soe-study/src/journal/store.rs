//! The finished replications of a sweep, and the journals that hold them.

use std::collections::HashMap;
use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::SystemTime;

use analysis::Metric;
use soe_model::sorts::{Sort, sorts};

use super::{JournalError, Scanned, Source};
use crate::runner::{Report, Runner};

/// The beginning of the names of journals.
const JOURNAL: &str = "journal";

/// Finished replications by point and number. Takes eight bytes for each.
#[derive(Debug)]
pub(crate) struct Store {
    /// The digest of everything that the results of a point depend on.
    pub(crate) keys: Vec<String>,
    /// The first point of the same key, with which a point shares its results.
    pub(crate) same: Vec<usize>,
    /// How many points share the results of each.
    pub(crate) sharing: Vec<u32>,
    /// Journal and place; 0 if it is not finished, `FAILED` if it cannot be.
    places: Vec<Vec<u64>>,
    sources: Vec<Source>,
    /// Replications that are finished, and what they took together.
    pub(crate) known: u64,
    pub(crate) nanoseconds: u64,
    /// Places of journals that are damaged.
    pub(crate) damaged: u64,
    /// Finished in more than one journal: point, replication, both journals.
    pub(crate) doubled: Vec<(usize, u32, PathBuf, PathBuf)>,
}

const FAILED: u64 = u64::MAX;
/// Bits of a place that say where in the journal; the others say which.
const WITHIN: u32 = 44;

impl Store {
    /// An empty store for an experiment.
    pub(crate) fn new<E: Runner>(experiment: &E) -> Self {
        let keys: Vec<String> = (0..experiment.points())
            .map(|point| key(&experiment.identity(point)))
            .collect();
        let mut first = HashMap::new();
        let same = (0..keys.len()).map(|point| *first.entry(&keys[point]).or_insert(point));
        let same: Vec<usize> = same.collect();
        let mut sharing = vec![0; same.len()];
        for &first in &same {
            sharing[first] += 1;
        }
        Self {
            sharing,
            places: vec![Vec::new(); keys.len()],
            same,
            keys,
            sources: Vec::new(),
            known: 0,
            nanoseconds: 0,
            damaged: 0,
            doubled: Vec::new(),
        }
    }

    /// Takes in what a journal holds.
    pub(crate) fn add(
        &mut self,
        path: &Path,
        metrics: &[&'static Metric],
    ) -> Result<Scanned, JournalError> {
        let number = self.sources.len() as u64;
        let mut points: HashMap<&str, usize> = HashMap::new();
        for (point, key) in self.keys.iter().enumerate() {
            points.entry(key).or_insert(point);
        }
        let (places, doubled) = (&mut self.places, &mut self.doubled);
        let (known, nanoseconds) = (&mut self.known, &mut self.nanoseconds);
        let sources = &self.sources;
        let (source, scanned) = Source::open(path, metrics, |entry| {
            let Some(&point) = points.get(entry.key) else {
                return;
            };
            let place = number << WITHIN | entry.place;
            match put(&mut places[point], entry.replication, place) {
                0 => {
                    *known += 1;
                    *nanoseconds += entry.nanoseconds;
                }
                before => {
                    let other = sources.get((before >> WITHIN) as usize);
                    let other = other.map_or(path, |source| &source.path);
                    let paths = (other.to_owned(), path.to_owned());
                    doubled.push((point, entry.replication, paths.0, paths.1));
                }
            }
        })?;
        self.sources.push(source);
        self.damaged += scanned.damaged;
        Ok(scanned)
    }

    /// Notes that a replication is finished, in the journal that was added last.
    pub(crate) fn finished(&mut self, point: usize, replication: u32, place: u64) {
        let number = self.sources.len() as u64 - 1;
        put(
            &mut self.places[self.same[point]],
            replication,
            number << WITHIN | place,
        );
    }

    /// Notes that a replication cannot be finished.
    pub(crate) fn failed(&mut self, point: usize, replication: u32) {
        put(&mut self.places[self.same[point]], replication, FAILED);
    }

    /// Whether a replication needs not be run any more.
    pub(crate) fn is_over(&self, point: usize, replication: u32) -> bool {
        self.place(point, replication) != 0
    }

    /// Whether a replication is finished.
    pub(crate) fn is_finished(&self, point: usize, replication: u32) -> bool {
        !matches!(self.place(point, replication), 0 | FAILED)
    }

    fn place(&self, point: usize, replication: u32) -> u64 {
        let places = &self.places[self.same[point]];
        places.get(replication as usize).copied().unwrap_or(0)
    }

    /// Reads what a replication reported; nothing if it is not finished.
    pub(crate) fn read(
        &mut self,
        point: usize,
        replication: u32,
    ) -> Result<Option<Report>, JournalError> {
        if !self.is_finished(point, replication) {
            return Ok(None);
        }
        let place = self.place(point, replication);
        let within = place & ((1 << WITHIN) - 1);
        match self.sources.get_mut((place >> WITHIN) as usize) {
            Some(source) => source.read(within, replication).map(Some),
            None => Ok(None),
        }
    }

    /// The journal that was added last.
    pub(crate) fn last(&mut self) -> Option<&mut Source> {
        self.sources.last_mut()
    }
}

/// Puts a place and returns what was there.
fn put(places: &mut Vec<u64>, replication: u32, place: u64) -> u64 {
    let replication = replication as usize;
    if places.len() <= replication {
        places.resize(replication + 1, 0);
    }
    std::mem::replace(&mut places[replication], place)
}

/// The digest of what results depend on: the experiment and the code that runs it.
fn key(identity: &str) -> String {
    let code = concat!(env!("CARGO_PKG_VERSION"), " ", env!("SOE_CODE"), "\n");
    let mut digest = analysis::sha256(format!("{code}{}{identity}", own_code()).as_bytes());
    digest.truncate(32);
    digest
}

/// A digest for the code of registered kinds, which the digest of this crate does not
/// cover: their names and versions, and the executable itself. Empty if
/// there are none.
fn own_code() -> &'static str {
    static CODE: OnceLock<String> = OnceLock::new();
    CODE.get_or_init(|| {
        let executable = || {
            let path = std::env::current_exe()?;
            analysis::sha256_file(&path)
        };
        let executable = executable().unwrap_or_else(|_| {
            // Without a digest of the executable, results are never reused.
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            format!("{} {now:?}", std::process::id())
        });
        own_code_of(&sorts(), &executable)
    })
}

fn own_code_of(sorts: &[Sort], executable: &str) -> String {
    let mut code = String::new();
    for sort in sorts {
        for kind in sort.kinds.iter().filter(|kind| kind.is_registered) {
            // Writing into a string cannot fail.
            let _ = writeln!(code, "{} {} {}", sort.name, kind.name, kind.version);
        }
    }
    if !code.is_empty() {
        let _ = writeln!(code, "{executable}");
    }
    code
}

/// The journal of a working folder that a process writes to.
pub(crate) fn journal_of(folder: &Path, shard: Option<(u32, u32)>) -> PathBuf {
    folder.join(match shard {
        Some((number, of)) => format!("{JOURNAL}-{number}-of-{of}"),
        None => JOURNAL.to_owned(),
    })
}

/// Whether a file of this name is a journal.
fn is_journal(name: &str) -> bool {
    let is_number = |text: &str| text.parse::<u32>().is_ok();
    match name.strip_prefix(JOURNAL) {
        Some("") => true,
        Some(part) => part
            .strip_prefix('-')
            .and_then(|part| part.split_once("-of-"))
            .is_some_and(|(number, of)| is_number(number) && is_number(of)),
        None => false,
    }
}

/// All journals of a working folder, by name; for a file, the file itself.
pub(crate) fn journals_in(path: &Path) -> io::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut journals = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if is_journal(&entry.file_name().to_string_lossy()) && entry.path().is_file() {
            journals.push(entry.path());
        }
    }
    journals.sort();
    Ok(journals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_depend_on_registered_kinds_their_versions_and_the_executable() {
        let mut all = sorts();
        assert_eq!(own_code_of(&all, "one"), "");
        all[0].kinds[0].is_registered = true;
        let code = own_code_of(&all, "one");
        assert_eq!(code, "policy random 1\none\n");
        assert_ne!(own_code_of(&all, "other"), code);
        all[0].kinds[0].version = 2;
        assert_ne!(own_code_of(&all, "one"), code);
    }
}
