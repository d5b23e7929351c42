//! Reads tables as sections: what the declarations do not allow is reported, and what is left
//! out gets its default.

use std::path::Path;

use soe_model::catalogue::{Parameter, Quantity, Timetable, Value};

use super::diagnostic::{Place, Report, hint, quote};
use super::files;
use super::kind::{Choice, KindInfo, Sort};
use super::record::{Datum, Name, Record};
use super::section::{Default, Form, Key, Section, When};
use super::tree::{Entry, Node, Raw, Table};

/// Reads sections.
pub struct Reader<'a, 'r> {
    /// Where mistakes are collected.
    pub report: &'a mut Report<'r>,
    /// Against which paths are relative.
    pub folder: &'a Path,
}

impl Reader<'_, '_> {
    /// Reads the table at `path` as a section; the path of a whole file is empty.
    pub fn record(
        &mut self,
        section: &'static Section,
        table: &Table,
        path: &str,
        place: Place,
    ) -> Record {
        let mut record = Record {
            section,
            path: path.to_owned(),
            place,
            data: Vec::new(),
            places: Vec::new(),
        };
        for key in section.keys {
            let given = table.get(key.name);
            if let Some(reason) = self.misplaced(key, &record, table) {
                if let Some(node) = given {
                    let message = format!("`{}` in {} {reason}", key.name, record.called());
                    self.report.wrong(node.place, message);
                }
                record.data.push(None);
                record.places.push(given.map(|node| node.place));
                continue;
            }
            let datum = match (given, key.default) {
                (Some(node), _) => self.datum(key, node, &record.path_of(key.name)),
                (None, Default::Value(text)) => {
                    let node = Node::parse(text, Place::Default);
                    self.datum(key, &node, &record.path_of(key.name))
                }
                (None, Default::Absent(_) | Default::Unused) => None,
                (None, Default::Mandatory) => {
                    let (called, expected) = (record.called(), key.form.describe());
                    let message = format!("{called} needs `{}`, {expected}", key.name);
                    self.report.wrong(place, message);
                    None
                }
            };
            record.data.push(datum);
            record.places.push(given.map(|node| node.place));
        }
        self.unknown(&record, table);
        record
    }

    /// Takes down the keys that are not declared; only those are offered instead that go with
    /// the rest of the section.
    fn unknown(&mut self, record: &Record, table: &Table) {
        let goes = |key: &&Key| match key.when {
            When::Is(other, word) => record.maybe_word(other).is_none_or(|found| found == word),
            When::IsOneOf(other, words) => record
                .maybe_word(other)
                .is_none_or(|found| words.contains(&found)),
            _ => true,
        };
        for entry in &table.entries {
            if record.section.key(&entry.key).is_none() {
                let known = record.section.keys.iter().filter(goes);
                let hint = hint(&entry.key, known.map(|key| key.name));
                let (key, called) = (quote(&entry.key), record.called());
                let message = format!("unknown key `{key}` in {called}{hint}");
                self.report.wrong(entry.key_place, message);
            }
        }
    }

    /// Why a key does not apply to a section, if it does not.
    fn misplaced(&self, key: &Key, so_far: &Record, table: &Table) -> Option<String> {
        match key.when {
            When::Always => None,
            When::Is(other, word) => match so_far.maybe_word(other) {
                Some(found) if found != word => {
                    Some(format!("can be used with {other} = \"{word}\" only"))
                }
                _ => None,
            },
            When::IsOneOf(other, words) => match so_far.maybe_word(other) {
                Some(found) if !words.contains(&found) => {
                    let words = words.join("\" or \"");
                    Some(format!("can be used with {other} = \"{words}\" only"))
                }
                _ => None,
            },
            When::With(other) if table.get(other).is_some() => None,
            When::With(other) => Some(format!("can be used with `{other}` only")),
            When::Without(others) => {
                let other = others.iter().find(|other| table.get(other).is_some())?;
                Some(format!("cannot be combined with `{other}`"))
            }
        }
    }

    fn datum(&mut self, key: &Key, node: &Node, inside: &str) -> Option<Datum> {
        match (key.form, &node.raw) {
            (Form::Kind(sort), _) => self.choice(sort, key, node, inside).map(Datum::Choice),
            (Form::Table(section) | Form::CountOr { table: section, .. }, Raw::Table(table)) => {
                let record = self.record(section, table, inside, node.place);
                let name = Name {
                    text: String::new(),
                    place: node.place,
                };
                Some(Datum::Records(vec![(name, record)]))
            }
            (Form::Tables(section), Raw::List(items)) => {
                let records = (1..)
                    .zip(items)
                    .filter_map(|(number, item)| match &item.raw {
                        Raw::Table(table) => {
                            let name = Name {
                                text: number.to_string(),
                                place: item.place,
                            };
                            let inside = format!("{inside}.{number}");
                            Some((name, self.record(section, table, &inside, item.place)))
                        }
                        _ => {
                            self.unexpected(item, "a table", &format!("{inside}.{number}"));
                            None
                        }
                    });
                Some(Datum::Records(records.collect()))
            }
            (Form::Tables(_), _) => {
                let expected = format!("{} ([[{inside}]])", key.form.describe());
                self.unexpected(node, &expected, inside);
                None
            }
            (Form::Named(section), Raw::Table(table)) => {
                let records = table.entries.iter();
                let records = records.filter_map(|entry| self.named(section, entry, inside));
                Some(Datum::Records(records.collect()))
            }
            (Form::Texts(what), Raw::List(items)) => self.texts(items, what, inside),
            (Form::Texts(what), _) => self.texts(std::slice::from_ref(node), what, inside),
            (Form::Pairs(what), Raw::List(items)) => self.pairs(items, what, inside),
            (form, _) => match form.read(node) {
                Ok(datum) => Some(datum),
                Err((place, message)) => {
                    self.report.wrong(place, format!("{inside}: {message}"));
                    None
                }
            },
        }
    }

    fn texts(&mut self, items: &[Node], what: &str, inside: &str) -> Option<Datum> {
        let mut texts = Vec::new();
        for item in items {
            match &item.raw {
                Raw::Text(text) => texts.push(Name {
                    text: text.clone(),
                    place: item.place,
                }),
                _ => self.unexpected(item, what, inside),
            }
        }
        (texts.len() == items.len()).then_some(Datum::Names(texts))
    }

    fn pairs(&mut self, items: &[Node], what: &str, inside: &str) -> Option<Datum> {
        let mut pairs = Vec::new();
        for item in items {
            let parts = match &item.raw {
                Raw::List(parts) => parts.as_slice(),
                _ => &[],
            };
            match parts {
                [
                    Node {
                        raw: Raw::Text(left),
                        ..
                    },
                    Node {
                        raw: Raw::Text(right),
                        ..
                    },
                ] => pairs.push((left.clone(), right.clone())),
                _ => self.unexpected(item, what, inside),
            }
        }
        (pairs.len() == items.len()).then_some(Datum::Pairs(pairs))
    }

    fn unexpected(&mut self, node: &Node, expected: &str, path: &str) {
        let message = format!("{path}: found {}, expected {expected}", node.found());
        self.report.wrong(node.place, message);
    }

    fn named(
        &mut self,
        section: &'static Section,
        entry: &Entry,
        inside: &str,
    ) -> Option<(Name, Record)> {
        let path = format!("{inside}.{}", quote(&entry.key));
        let Raw::Table(table) = &entry.node.raw else {
            let keys: Vec<_> = section.keys.iter().map(|key| key.name).take(3).collect();
            let message = format!(
                "{path}: found {}, expected a table with keys such as {}",
                entry.node.found(),
                keys.join(", ")
            );
            self.report.wrong(entry.node.place, message);
            return None;
        };
        let name = Name {
            text: entry.key.clone(),
            place: entry.key_place,
        };
        Some((name, self.record(section, table, &path, entry.key_place)))
    }

    fn choice(&mut self, sort: Sort, key: &Key, node: &Node, path: &str) -> Option<Choice> {
        let kinds = sort.kinds();
        match &node.raw {
            Raw::Text(text) => {
                if let Some(kind) = kinds.iter().find(|kind| kind.name == text) {
                    return self.arguments(kind, &[], node.place, path);
                }
                let value = sort.shorthand().map(|shorthand| shorthand.one);
                let looks_like_one = text.starts_with(|c: char| c.is_ascii_digit());
                match value.filter(|_| looks_like_one) {
                    Some(short) => self.short(&kinds, short, node, path),
                    None => {
                        self.unknown_kind(sort, text, node.place, path);
                        None
                    }
                }
            }
            Raw::List(_) if sort.shorthand().is_some() => {
                let short = sort.shorthand()?.several;
                self.short(&kinds, short, node, path)
            }
            Raw::Table(table) => {
                let default = match key.default {
                    Default::Value(text) => kind_of_default(text),
                    _ => None,
                };
                let (name, place) = match (table.get("type"), default) {
                    (Some(node), _) => match &node.raw {
                        Raw::Text(text) => (text.clone(), node.place),
                        _ => {
                            let found = node.found();
                            let message = format!(
                                "{path}.type: found {found}, expected a kind of {}",
                                sort.name()
                            );
                            self.report.wrong(node.place, message);
                            return None;
                        }
                    },
                    (None, Some(name)) => (name, node.place),
                    (None, None) => {
                        let names: Vec<_> = kinds.iter().map(|kind| kind.name).collect();
                        let message = format!("{path} needs `type`, one of {}", names.join(", "));
                        self.report.wrong(node.place, message);
                        return None;
                    }
                };
                let Some(kind) = kinds.iter().find(|kind| kind.name == name) else {
                    self.unknown_kind(sort, &name, place, path);
                    return None;
                };
                let given: Vec<_> = table
                    .entries
                    .iter()
                    .filter(|entry| entry.key != "type")
                    .collect();
                self.arguments(kind, &given, node.place, path)
            }
            _ => {
                let message = format!(
                    "{path}: found {}, expected a kind of {}",
                    node.found(),
                    sort.name()
                );
                self.report.wrong(node.place, message);
                None
            }
        }
    }

    fn short(
        &mut self,
        kinds: &[KindInfo],
        (kind, parameter): (&'static str, &'static str),
        node: &Node,
        path: &str,
    ) -> Option<Choice> {
        let kind = kinds.iter().find(|info| info.name == kind)?;
        let entry = Entry {
            key: parameter.to_owned(),
            key_place: node.place,
            node: node.clone(),
        };
        self.arguments(kind, &[&entry], node.place, path)
    }

    fn unknown_kind(&mut self, sort: Sort, found: &str, place: Place, path: &str) {
        let kinds = sort.kinds();
        let hint = hint(found, kinds.iter().map(|kind| kind.name));
        let (name, found) = (sort.name(), quote(found));
        self.report
            .wrong(place, format!("{path}: unknown {name} `{found}`{hint}"));
    }

    fn arguments(
        &mut self,
        kind: &KindInfo,
        given: &[&Entry],
        place: Place,
        path: &str,
    ) -> Option<Choice> {
        let mut complete = true;
        for entry in given {
            if !kind.parameters.iter().any(|known| known.name == entry.key) {
                let hint = match kind.parameters {
                    [] => ", which has none".to_owned(),
                    known => hint(&entry.key, known.iter().map(|known| known.name)),
                };
                let message = format!(
                    "unknown parameter `{}` of `{}` in {path}{hint}",
                    quote(&entry.key),
                    kind.name
                );
                self.report.wrong(entry.key_place, message);
                complete = false;
            }
        }
        let mut arguments = Vec::new();
        for parameter in kind.parameters {
            let entry = given.iter().find(|entry| entry.key == parameter.name);
            let value = match (entry, parameter.default) {
                (Some(entry), _) => self.argument(parameter, &entry.node, path),
                (None, Some(default)) => parameter.quantity.parse(default).ok(),
                (None, None) => {
                    let expected = parameter.quantity.describe();
                    let message = format!(
                        "{path}: `{}` needs `{}`, {expected}",
                        kind.name, parameter.name
                    );
                    self.report.wrong(place, message);
                    None
                }
            };
            match value {
                Some(value) => arguments.push((parameter.name, value)),
                None => complete = false,
            }
        }
        complete.then_some(Choice {
            kind: kind.name,
            arguments,
        })
    }

    fn argument(&mut self, parameter: &Parameter, node: &Node, path: &str) -> Option<Value> {
        let quantity = &parameter.quantity;
        let unexpected = || format!("found {}, expected {}", node.found(), quantity.describe());
        let value = match (quantity, &node.raw) {
            (Quantity::Timetable, Raw::Text(file)) => {
                return self.timetable(file, node.place, path);
            }
            (Quantity::Duration | Quantity::Bytes, Raw::Text(text)) => quantity
                .parse(&quote(text))
                .map_err(|error| error.to_string()),
            (Quantity::Word(words), Raw::Text(text)) => {
                quantity.parse(&quote(text)).map_err(|_| {
                    let hint = hint(text, words.iter().copied());
                    format!("unknown word `{}`{hint}", quote(text))
                })
            }
            (Quantity::Number { .. }, Raw::Integer(number)) => quantity
                .number(*number as f64)
                .map_err(|error| error.to_string()),
            (Quantity::Number { .. }, Raw::Float(number)) => {
                quantity.number(*number).map_err(|error| error.to_string())
            }
            (Quantity::Count { .. }, Raw::Integer(number)) => u64::try_from(*number)
                .map_err(|_| unexpected())
                .and_then(|count| quantity.count(count).map_err(|error| error.to_string())),
            (Quantity::ByteList, Raw::List(items)) if !items.is_empty() => {
                let size = |item: &Node| match &item.raw {
                    Raw::Text(text) => soe_model::units::parse_bytes(&quote(text))
                        .map_err(|error| error.to_string()),
                    _ => Err(unexpected()),
                };
                let sizes: Result<Vec<_>, _> = items.iter().map(size).collect();
                sizes.map(|sizes| Value::ByteList(sizes.into()))
            }
            (Quantity::DurationList, Raw::List(items)) if !items.is_empty() => {
                let duration = |item: &Node| match &item.raw {
                    Raw::Text(text) => soe_model::units::parse_duration(&quote(text))
                        .map_err(|error| error.to_string()),
                    _ => Err(unexpected()),
                };
                let durations: Result<Vec<_>, _> = items.iter().map(duration).collect();
                durations.map(|durations| Value::DurationList(durations.into()))
            }
            _ => Err(unexpected()),
        };
        value
            .map_err(|message| {
                let message = format!("{path}.{}: {message}", parameter.name);
                self.report.wrong(node.place, message);
            })
            .ok()
    }

    fn timetable(&mut self, file: &str, place: Place, path: &str) -> Option<Value> {
        let text = match self.report.read(self.folder, file) {
            Ok(text) => text,
            Err(message) => {
                self.report.wrong(place, format!("{path}: {message}"));
                return None;
            }
        };
        match Timetable::parse(file, &text) {
            Ok(timetable) if timetable.calls.is_empty() => {
                let message = format!("{path}: `{}` has no calls", quote(file));
                self.report.wrong(place, message);
                None
            }
            Ok(timetable) => Some(Value::Timetable(timetable.into())),
            Err(error) => {
                let file = format!("{}:{}", files::shown(self.folder, file), error.line);
                self.report.wrong_in(place, &file, error.problem);
                None
            }
        }
    }
}

fn kind_of_default(text: &str) -> Option<String> {
    match Node::parse(text, Place::Default).raw {
        Raw::Text(word) => Some(word),
        Raw::Table(table) => match &table.get("type")?.raw {
            Raw::Text(word) => Some(word.clone()),
            _ => None,
        },
        _ => None,
    }
}
