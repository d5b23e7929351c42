//! Reads the keys of a table one by one; keys that were not read are unknown.

use scenarios::reader::diagnostic::{Place, Report, hint, quote};
use scenarios::reader::tree::{Node, Raw, Table};
use scenarios::reader::value::{Datum, Form};

/// A table whose keys are read.
pub(super) struct Fields<'t, 'a, 'r> {
    table: &'t Table,
    pub(super) path: String,
    pub(super) place: Place,
    pub(super) report: &'a mut Report<'r>,
    known: Vec<&'static str>,
}

impl<'t, 'a, 'r> Fields<'t, 'a, 'r> {
    pub(super) fn new(
        table: &'t Table,
        path: &str,
        place: Place,
        report: &'a mut Report<'r>,
    ) -> Self {
        Self {
            table,
            path: path.to_owned(),
            place,
            report,
            known: Vec::new(),
        }
    }

    /// What a key was given.
    pub(super) fn node(&mut self, key: &'static str) -> Option<&'t Node> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.table.get(key)
    }

    /// Makes keys known that are not read.
    pub(super) fn know(&mut self, keys: &[&'static str]) {
        for key in keys {
            self.node(key);
        }
    }

    /// The value of a key, if it was given and is right.
    pub(super) fn read(&mut self, key: &'static str, form: Form) -> Option<Datum> {
        let node = self.node(key)?;
        let read = form.read(node);
        read.map_err(|(place, message)| self.report.wrong(place, format!("{key}: {message}")))
            .ok()
    }

    /// The value of a key that must be given.
    pub(super) fn need(&mut self, key: &'static str, form: Form) -> Option<Datum> {
        if self.table.get(key).is_none() {
            self.known.push(key);
            let message = format!("{} needs `{key}`, {}", self.path, form.describe());
            self.report.wrong(self.place, message);
            return None;
        }
        self.read(key, form)
    }

    /// A text.
    pub(super) fn text(&mut self, key: &'static str, what: &str) -> Option<String> {
        let node = self.node(key)?;
        match &node.raw {
            Raw::Text(text) => Some(text.clone()),
            _ => {
                let message = format!("{key}: found {}, expected {what}", node.found());
                self.report.wrong(node.place, message);
                None
            }
        }
    }

    /// A list of texts with their places; a single text is a list of one.
    pub(super) fn texts(&mut self, key: &'static str, what: &str) -> Option<Vec<(String, Place)>> {
        let node = self.node(key)?;
        let items = match &node.raw {
            Raw::List(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let mut texts = Vec::new();
        for item in items {
            match &item.raw {
                Raw::Text(text) => texts.push((text.clone(), item.place)),
                _ => {
                    let message = format!("{key}: found {}, expected {what}", item.found());
                    self.report.wrong(item.place, message);
                }
            }
        }
        Some(texts)
    }

    /// A number.
    pub(super) fn number(&mut self, key: &'static str) -> Option<f64> {
        let form = Form::Number {
            min: f64::MIN,
            max: f64::MAX,
        };
        match self.node(key).map(|node| (form.read(node), node)) {
            Some((Ok(Datum::Number(number)), _)) if number.is_finite() => Some(number),
            Some((_, node)) => {
                let message = format!("{key}: found {}, expected a number", node.found());
                self.report.wrong(node.place, message);
                None
            }
            None => None,
        }
    }

    /// Where a key was given, or else the table.
    pub(super) fn at(&self, key: &str) -> Place {
        self.table.get(key).map_or(self.place, |node| node.place)
    }

    /// Whether a key is given.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.get(key).is_some()
    }

    /// Takes down what is wrong at a key.
    pub(super) fn wrong(&mut self, key: &str, message: impl std::fmt::Display) {
        let place = self.at(key);
        self.report.wrong(place, message);
    }

    /// Records the keys that were not read.
    pub(super) fn finish(self) {
        for entry in &self.table.entries {
            if !self.known.iter().any(|known| *known == entry.key) {
                let hint = hint(&entry.key, self.known.iter().copied());
                let message = format!("unknown key `{}` in {}{hint}", quote(&entry.key), self.path);
                self.report.wrong(entry.key_place, message);
            }
        }
    }
}

/// The tables of a list of tables, with the name by which messages call each.
pub(super) fn tables<'t>(
    fields: &mut Fields<'t, '_, '_>,
    key: &'static str,
) -> Vec<(&'t Table, String, Place)> {
    let Some(node) = fields.node(key) else {
        return Vec::new();
    };
    let Raw::List(items) = &node.raw else {
        let message = format!(
            "{key}: found {}, expected a list of tables ([[{key}]])",
            node.found()
        );
        fields.report.wrong(node.place, message);
        return Vec::new();
    };
    let mut tables = Vec::new();
    for (number, item) in (1..).zip(items) {
        match &item.raw {
            Raw::Table(table) => tables.push((table, format!("{key}.{number}"), item.place)),
            _ => {
                let message = format!("{key}: found {}, expected a table", item.found());
                fields.report.wrong(item.place, message);
            }
        }
    }
    tables
}
