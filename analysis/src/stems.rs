//! Unique names of files.

use std::collections::HashSet;

/// Longer ones are cut, in bytes: most file systems take 255 with whatever is appended.
const LONGEST: usize = 120;

/// Stems of the files of one folder: none too long, and each there once, also where upper and lower case are the same.
///
/// ```
/// use analysis::Stems;
/// let mut stems = Stems::default();
/// assert_eq!(stems.take("latency-a"), "latency-a");
/// assert_eq!(stems.take("latency-A"), "latency-A-2");
/// assert_eq!(stems.take("latency-a"), "latency-a-3");
/// assert_eq!(stems.take(&"µ".repeat(300)).len(), 120);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Stems {
    /// In lower case.
    taken: HashSet<String>,
}

impl Stems {
    /// The stem of a file for something of this name.
    pub fn take(&mut self, name: &str) -> String {
        let mut lengths = (0..=name.len().min(LONGEST)).rev();
        let length = lengths.find(|&at| name.is_char_boundary(at));
        let name = &name[..length.unwrap_or(0)];
        let mut stem = name.to_owned();
        for number in 2.. {
            if self.taken.insert(stem.to_lowercase()) {
                break;
            }
            stem = format!("{name}-{number}");
        }
        stem
    }
}
