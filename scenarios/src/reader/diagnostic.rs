//! Mistakes in the input: what is wrong, where, and what is allowed.
//!
//! Every mistake gets one line, `file.toml:12:9: unknown key `polcy` in broker.router,
//! did you mean `policy`?`. For any input, this is one line of moderate length.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use super::files;

/// The most characters of an input that a message repeats.
const LONGEST_QUOTE: usize = 60;
/// The most characters of a whole message.
const LONGEST_MESSAGE: usize = 600;
/// The most names that a message lists.
const MOST_KNOWN: usize = 12;
/// The most mistakes that are collected.
const MOST_MISTAKES: usize = 100;

/// One mistake: where it is and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Where: `file:line:column`, a referenced file with its line, or
    /// `--set key`.
    pub place: String,
    /// What was found and what is allowed, in one line.
    pub message: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// All mistakes that were found, at least one, in the order of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl fmt::Display for Diagnostics {
    /// Prints one line for each mistake, without a line feed at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, diagnostic) in self.0.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            diagnostic.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

impl Diagnostics {
    /// A single mistake.
    pub fn one(place: &str, message: &str) -> Self {
        Self(vec![Diagnostic {
            place: one_line(place),
            message: one_line(message),
        }])
    }
}

/// A place in a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A byte of the scenario file.
    File(usize),
    /// A change from outside, by its number.
    Set(usize),
    /// A default, which is never wrong.
    Default,
}

/// Collects mistakes, and the files that were read on the way.
#[derive(Debug)]
pub struct Report<'a> {
    origin: &'a str,
    text: &'a str,
    // The keys of the changes from outside.
    sets: &'a [String],
    found: Vec<(Place, Diagnostic)>,
    dropped: usize,
    inputs: BTreeSet<PathBuf>,
}

impl<'a> Report<'a> {
    /// An empty collection for a text that messages call `origin`; `sets` are the keys that were changed from outside.
    pub fn new(origin: &'a str, text: &'a str, sets: &'a [String]) -> Self {
        Self {
            origin,
            text,
            sets,
            found: Vec::new(),
            dropped: 0,
            inputs: BTreeSet::new(),
        }
    }

    /// By what messages call the text, and the text.
    pub fn source(&self) -> (&'a str, &'a str) {
        (self.origin, self.text)
    }

    /// Reads a text file that the scenario names, by a path relative to `folder`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(&mut self, folder: &Path, path: &str) -> Result<String, String> {
        self.inputs.insert(folder.join(path));
        files::read_path(&folder.join(path)).map_err(|error| {
            let (file, reason) = (files::shown(folder, path), files::reason(&error));
            format!("cannot read `{}`: {reason}", quote(&file))
        })
    }

    /// The files that were read, or should have been.
    pub fn inputs(self) -> Vec<PathBuf> {
        self.inputs.into_iter().collect()
    }

    /// Takes down what is wrong at a place of the scenario.
    pub fn wrong(&mut self, place: Place, message: impl fmt::Display) {
        let name = self.name(place);
        let message = message.to_string();
        // A change from outside is called by its key already.
        let message = match place {
            Place::Set(number) => self
                .sets
                .get(number)
                .and_then(|key| message.strip_prefix(key)?.strip_prefix(": "))
                .unwrap_or(&message),
            _ => &message,
        };
        self.push(place, name, message);
    }

    /// Takes down what is wrong inside a file that is named at `place`.
    pub fn wrong_in(&mut self, place: Place, file: &str, message: impl fmt::Display) {
        self.push(place, one_line(file), &message.to_string());
    }

    fn push(&mut self, place: Place, name: String, message: &str) {
        let diagnostic = Diagnostic {
            place: name,
            message: one_line(message),
        };
        if self.found.iter().any(|(_, known)| *known == diagnostic) {
            return;
        }
        if self.found.len() >= MOST_MISTAKES {
            self.dropped += 1;
            return;
        }
        self.found.push((place, diagnostic));
    }

    /// Whether nothing is wrong so far.
    pub fn is_clean(&self) -> bool {
        self.found.is_empty()
    }

    /// All mistakes, in the order of the input.
    pub fn finish(mut self) -> Diagnostics {
        self.found.sort_by_key(|(place, _)| *place);
        let mut all: Vec<_> = self.found.into_iter().map(|(_, found)| found).collect();
        if self.dropped > 0 {
            all.push(Diagnostic {
                place: one_line(self.origin),
                message: format!("{} more mistakes", self.dropped),
            });
        }
        Diagnostics(all)
    }

    fn name(&self, place: Place) -> String {
        match place {
            Place::File(at) => {
                let (line, column) = position(self.text, at);
                format!("{}:{line}:{column}", one_line(self.origin))
            }
            Place::Set(number) => {
                let key = self.sets.get(number).map_or("", String::as_str);
                format!("--set {}", quote(key))
            }
            Place::Default => one_line(self.origin),
        }
    }
}

/// Line and column, both from 1, of a byte of a text.
fn position(text: &str, at: usize) -> (usize, usize) {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let before = &text[..at];
    let start = before.rfind('\n').map_or(0, |feed| feed + 1);
    let line = before.matches('\n').count() + 1;
    (line, before[start..].chars().count() + 1)
}

/// A piece of input for use in a message: short and without control characters.
pub fn quote(text: &str) -> String {
    shorten(text, LONGEST_QUOTE)
}

fn one_line(text: &str) -> String {
    shorten(text, LONGEST_MESSAGE)
}

fn shorten(text: &str, longest: usize) -> String {
    let mut short = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == longest {
            short.push('…');
            break;
        }
        match c {
            // What cannot be seen, or rearranges or breaks a line on a terminal.
            c if c.is_control()
                || ('\u{200b}'..='\u{200f}').contains(&c)
                || matches!(c, '\u{2028}' | '\u{2029}' | '\u{2060}' | '\u{feff}')
                || ('\u{202a}'..='\u{202e}').contains(&c)
                || ('\u{2066}'..='\u{2069}').contains(&c) =>
            {
                short.extend(c.escape_default());
            }
            c => short.push(c),
        }
    }
    short
}

/// Says what a wrong name might have been: `, did you mean `policy`?` or else
/// `, known: …`.
pub fn hint<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let mut known: Vec<&str> = known.into_iter().collect();
    if known.is_empty() {
        return String::new();
    }
    if let Some(nearest) = nearest(found, &known) {
        return format!(", did you mean `{}`?", quote(nearest));
    }
    let more = known.len().saturating_sub(MOST_KNOWN);
    known.truncate(MOST_KNOWN);
    let list: Vec<_> = known.into_iter().map(quote).collect();
    let list = list.join(", ");
    match more {
        0 => format!(", known: {list}"),
        more => format!(", known: {list} and {more} more"),
    }
}

fn nearest<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    let length = found.chars().count();
    if length > LONGEST_QUOTE {
        return None;
    }
    let bound = (length / 3).clamp(1, 3);
    known
        .iter()
        .filter(|name| name.len() <= 2 * LONGEST_QUOTE)
        .map(|name| (strsim::damerau_levenshtein(found, name), *name))
        .filter(|(distance, _)| *distance <= bound)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let text = "a\nµb\n";
        assert_eq!(position(text, 0), (1, 1));
        assert_eq!(position(text, 2), (2, 1));
        assert_eq!(position(text, 3), (2, 1));
        assert_eq!(position(text, 4), (2, 2));
        assert_eq!(position(text, 99), (3, 1));
    }

    #[test]
    fn whatever_is_quoted_stays_short_and_on_one_line() {
        assert_eq!(quote("a\n\u{1b}[31mb"), "a\\n\\u{1b}[31mb");
        assert_eq!(quote(&"x".repeat(1000)).chars().count(), LONGEST_QUOTE + 1);
        assert_eq!(quote("\u{202e}abc"), "\\u{202e}abc");
    }

    #[test]
    fn the_nearest_name_is_offered_and_otherwise_all() {
        let known = ["policy", "optimizer"];
        assert_eq!(hint("polcy", known), ", did you mean `policy`?");
        assert_eq!(hint("xyz", known), ", known: policy, optimizer");
        assert_eq!(hint("xyz", []), "");
    }
}
