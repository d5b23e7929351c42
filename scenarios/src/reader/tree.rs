//! A TOML document in which every key and value has its place in the text.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::{Place, Report, quote};
use super::syntax;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it is written.
    pub place: Place,
    /// What it is.
    pub raw: Raw,
}

/// A value as TOML knows it.
#[derive(Clone, Debug)]
pub enum Raw {
    /// A string.
    Text(String),
    /// A whole number.
    Integer(i128),
    /// A number with a point or an exponent.
    Float(f64),
    /// True or false.
    Flag(bool),
    /// A date or time, as it was written.
    Date(String),
    /// An array.
    List(Vec<Node>),
    /// A table.
    Table(Table),
}

/// Keys with their values, in the order in which they were written.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The keys in the order of the file.
    pub entries: Vec<Entry>,
}

/// A key with its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key is written.
    pub key_place: Place,
    /// Its value.
    pub node: Node,
}

impl Table {
    /// The same without a key.
    pub fn without(mut self, key: &str) -> Self {
        self.entries.retain(|entry| entry.key != key);
        self
    }

    /// Reads a document; what is wrong with it is reported.
    pub fn parse(text: &str, report: &mut Report<'_>) -> Self {
        let (document, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let span = error.span().unwrap_or(0..0);
            let found = text.get(span.clone()).unwrap_or_default();
            let message = error.message().trim();
            if message == "duplicate key" {
                let found = quote(found.trim());
                report.wrong(
                    Place::File(span.start),
                    format!("`{found}` is defined twice"),
                );
            } else {
                report.wrong(
                    Place::File(span.start),
                    format!("not valid TOML: {message}"),
                );
            }
        }
        table(document.get_ref(), &Place::File)
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        let entry = self.entries.iter().find(|entry| entry.key == key);
        entry.map(|entry| &entry.node)
    }

    /// The value of a key, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        let entry = self.entries.iter_mut().find(|entry| entry.key == key);
        entry.map(|entry| &mut entry.node)
    }

    /// The value of a key, which becomes `node` if there is none.
    pub fn get_or_insert(&mut self, key: &str, node: Node) -> &mut Node {
        let position = self.entries.iter().position(|entry| entry.key == key);
        let position = position.unwrap_or_else(|| {
            self.entries.push(Entry {
                key: key.to_owned(),
                key_place: node.place,
                node,
            });
            self.entries.len() - 1
        });
        &mut self.entries[position].node
    }

    /// Sets a key.
    pub fn insert(&mut self, key: &str, node: Node) {
        self.entries.retain(|entry| entry.key != key);
        self.entries.push(Entry {
            key: key.to_owned(),
            key_place: node.place,
            node,
        });
    }
}

impl Node {
    /// Reads a single value, as TOML or as a bare word.
    pub fn parse(text: &str, place: Place) -> Self {
        let text = text.trim();
        let value = DeValue::parse(text).ok();
        let raw = match value.map(|value| raw(value.get_ref(), &|_| place)) {
            None | Some(Raw::Date(_)) => Raw::Text(text.to_owned()),
            Some(raw) => raw,
        };
        Self { place, raw }
    }

    /// What is found here, for messages.
    pub fn found(&self) -> String {
        match &self.raw {
            Raw::Text(text) => format!("`{}`", quote(text)),
            Raw::Integer(number) => format!("the number {number}"),
            Raw::Float(number) => format!("the number {number}"),
            Raw::Flag(flag) => format!("{flag}"),
            Raw::Date(date) => format!("the date {}", quote(date)),
            Raw::List(items) if items.is_empty() => "an empty list".to_owned(),
            Raw::List(items) => format!("a list of {}", items.len()),
            Raw::Table(_) => "a table".to_owned(),
        }
    }
}

impl Raw {
    /// The value as TOML, on one line.
    pub fn toml(&self) -> String {
        match self {
            Self::Text(text) => syntax::string(text),
            Self::Integer(number) => number.to_string(),
            Self::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
                format!("{number:.1}")
            }
            Self::Float(number) if number.is_nan() => "nan".to_owned(),
            Self::Float(number) => format!("{number:?}"),
            Self::Flag(flag) => flag.to_string(),
            Self::Date(date) => date.clone(),
            Self::List(items) => {
                let items: Vec<_> = items.iter().map(|item| item.raw.toml()).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Table(table) => {
                let entry = |entry: &Entry| {
                    format!("{} = {}", syntax::key(&entry.key), entry.node.raw.toml())
                };
                let entries: Vec<_> = table.entries.iter().map(entry).collect();
                format!("{{ {} }}", entries.join(", "))
            }
        }
    }
}

fn table(table: &DeTable<'_>, place: &dyn Fn(usize) -> Place) -> Table {
    let mut entries: Vec<_> = table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            key_place: place(key.span().start),
            node: node(value, place),
        })
        .collect();
    entries.sort_by_key(|entry| entry.key_place);
    Table { entries }
}

fn node(value: &Spanned<DeValue<'_>>, place: &dyn Fn(usize) -> Place) -> Node {
    Node {
        place: place(value.span().start),
        raw: raw(value.get_ref(), place),
    }
}

fn raw(value: &DeValue<'_>, place: &dyn Fn(usize) -> Place) -> Raw {
    match value {
        DeValue::String(text) => Raw::Text(text.to_string()),
        DeValue::Integer(number) => {
            let integer = i128::from_str_radix(number.as_str(), number.radix());
            Raw::Integer(integer.unwrap_or(i128::MAX))
        }
        DeValue::Float(number) => Raw::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(flag) => Raw::Flag(*flag),
        DeValue::Datetime(date) => Raw::Date(date.to_string()),
        DeValue::Array(items) => Raw::List(items.iter().map(|item| node(item, place)).collect()),
        DeValue::Table(inner) => Raw::Table(table(inner, place)),
    }
}
