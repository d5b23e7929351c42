//! Whether declarations are right themselves, for the tests of those who declare.

use std::path::Path;

use super::diagnostic::{Place, Report};
use super::read::Reader;
use super::section::{Default, Form, Key, Section, When};
use super::tree::{Entry, Node, Table};

/// What is wrong with the declarations of a section and all those inside it, a line each:
/// keys that are declared twice, conditions on keys or words that do not exist or come later,
/// and defaults that the key itself would not take.
pub fn mistakes(root: &'static Section) -> Vec<String> {
    let mut walk = Walk::default();
    walk.section(root);
    walk.wrong
}

#[derive(Default)]
struct Walk {
    seen: Vec<&'static Section>,
    wrong: Vec<String>,
}

impl Walk {
    fn section(&mut self, section: &'static Section) {
        if self.seen.iter().any(|known| std::ptr::eq(*known, section)) {
            return;
        }
        self.seen.push(section);
        for (number, key) in section.keys.iter().enumerate() {
            let mut wrong = |message: String| {
                self.wrong
                    .push(format!("`{}` of {}: {message}", key.name, section.path));
            };
            if section.keys[..number].iter().any(|it| it.name == key.name) {
                wrong("is declared twice".to_owned());
            }
            if let Some(message) = condition(section, number) {
                wrong(message);
            }
            if let Some(message) = default(key) {
                wrong(message);
            }
            if let Some(inner) = key.form.section() {
                self.section(inner);
            }
        }
    }
}

/// What is wrong with the condition of a key.
fn condition(section: &'static Section, number: usize) -> Option<String> {
    match section.keys[number].when {
        When::Always => None,
        When::Is(other, word) => word_of_earlier(section, number, other, &[word]),
        When::IsOneOf(other, words) => word_of_earlier(section, number, other, words),
        When::With(other) => unknown(section, &[other]),
        When::Without(others) => unknown(section, others),
    }
}

/// What is wrong with the condition that an earlier key is one of some words.
fn word_of_earlier(
    section: &'static Section,
    number: usize,
    other: &str,
    wanted: &[&str],
) -> Option<String> {
    let mut earlier = section.keys[..number].iter();
    match earlier.find(|key| key.name == other).map(|key| key.form) {
        Some(Form::Word(words)) => {
            let impossible = wanted.iter().find(|word| !words.contains(word))?;
            Some(format!("`{other}` cannot be `{impossible}`"))
        }
        Some(form) => Some(format!("`{other}` is no word: it is {form:?}")),
        None => Some(format!("no earlier key is called `{other}`")),
    }
}

fn unknown(section: &'static Section, keys: &[&str]) -> Option<String> {
    let unknown = keys.iter().find(|key| section.key(key).is_none())?;
    Some(format!("no key is called `{unknown}`"))
}

/// What is wrong with the default of a key: what a reader says of it when it is written out.
fn default(key: &'static Key) -> Option<String> {
    let Default::Value(text) = key.default else {
        return None;
    };
    // Tables with mandatory keys say themselves what is missing.
    if key.form.section().is_some() {
        return None;
    }
    let alone: &'static Section = Box::leak(Box::new(Section {
        path: "a section",
        help: "",
        keys: Box::leak(Box::new([Key {
            when: When::Always,
            ..*key
        }])),
    }));
    let place = Place::File(0);
    let entry = Entry {
        key: key.name.to_owned(),
        key_place: place,
        node: Node::parse(text, place),
    };
    let table = Table {
        entries: vec![entry],
    };
    let mut report = Report::new("default", text, &[]);
    let mut reader = Reader {
        report: &mut report,
        folder: Path::new(""),
    };
    reader.record(alone, &table, "", place);
    (!report.is_clean()).then(|| report.finish().to_string())
}
