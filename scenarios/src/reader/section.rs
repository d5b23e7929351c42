//! Sections and their keys, declared once. Reading files, filling in defaults, printing
//! scenarios, the JSON Schema and the reference documentation all follow the same
//! declarations.

use std::path::Path;

use sim_core::SimDuration;
use soe_model::catalogue::{Parameter, Quantity, Timetable, Value};
use soe_model::units::{BitsPerSecond, Bytes, OpsPerSecond};

use super::diagnostic::{Place, Report, hint, quote};
use super::files;
use super::kind::{Choice, KindInfo, Sort};
use super::tree::{Entry, Node, Raw, Table};
use super::value::{Datum, Form, Name};

/// A table with fixed keys.
#[derive(Debug)]
pub struct Section {
    /// What it is called, with `NAME` where its users name it.
    pub path: &'static str,
    /// What it is for.
    pub help: &'static str,
    /// Its keys, in the order of the documentation.
    pub keys: &'static [Key],
}

/// A key of a section.
#[derive(Debug)]
pub struct Key {
    /// The key as it is written.
    pub name: &'static str,
    /// What it takes.
    pub form: Form,
    /// What it means when it is left out.
    pub default: Default,
    /// When it may be given at all.
    pub when: When,
    /// What it means and where the default comes from.
    pub help: &'static str,
}

/// When a key may be given.
#[derive(Clone, Copy, Debug)]
pub enum When {
    /// Always.
    Always,
    /// If an earlier key of the section is this word.
    Is(&'static str, &'static str),
    /// If none of these keys of the section is given.
    Without(&'static [&'static str]),
}

/// What a key means that is left out.
#[derive(Clone, Copy, Debug)]
pub enum Default {
    /// It must not be left out.
    Mandatory,
    /// This value, written as on the command line.
    Value(&'static str),
    /// Something that no value expresses, in words.
    Absent(&'static str),
    /// Nothing at all.
    Unused,
}

/// A section with its given values and all defaults.
#[derive(Clone, Debug)]
pub struct Record {
    /// The declaration.
    pub section: &'static Section,
    /// Where the table is.
    pub place: Place,
    // One for each key; nothing for what is absent or was wrong.
    data: Vec<Option<Datum>>,
    // Where each key was written, if it was.
    places: Vec<Option<Place>>,
}

/// Reads sections.
pub struct Reader<'a, 'r> {
    /// Where mistakes are collected.
    pub report: &'a mut Report<'r>,
    /// Against which paths are relative.
    pub folder: &'a Path,
}

impl Reader<'_, '_> {
    /// Reads the table called `path` as a section.
    pub fn record(
        &mut self,
        section: &'static Section,
        table: &Table,
        path: &str,
        place: Place,
    ) -> Record {
        for entry in &table.entries {
            if section.key(&entry.key).is_none() {
                let hint = hint(&entry.key, section.keys.iter().map(|key| key.name));
                let key = quote(&entry.key);
                let message = format!("unknown key `{key}` in {path}{hint}");
                self.report.wrong(entry.key_place, message);
            }
        }
        let mut record = Record {
            section,
            place,
            data: Vec::new(),
            places: Vec::new(),
        };
        for key in section.keys {
            let given = table.get(key.name);
            if let Some(reason) = self.misplaced(key, &record, table) {
                if let Some(node) = given {
                    let message = format!("`{}` in {path} {reason}", key.name);
                    self.report.wrong(node.place, message);
                }
                record.data.push(None);
                record.places.push(given.map(|node| node.place));
                continue;
            }
            let datum = match (given, key.default) {
                (Some(node), _) => self.datum(key, node, path),
                (None, Default::Value(text)) => {
                    let node = Node::parse(text, Place::Default);
                    self.datum(key, &node, path)
                }
                (None, Default::Absent(_) | Default::Unused) => None,
                (None, Default::Mandatory) => {
                    let message = format!("{path} needs `{}`, {}", key.name, key.form.describe());
                    self.report.wrong(place, message);
                    None
                }
            };
            record.data.push(datum);
            record.places.push(given.map(|node| node.place));
        }
        record
    }

    /// Why a key does not apply to a section, if it does not.
    fn misplaced(&self, key: &Key, so_far: &Record, table: &Table) -> Option<String> {
        match key.when {
            When::Always => None,
            When::Is(other, word) => match so_far.get(other) {
                Some(Datum::Word(found)) if *found != word => {
                    Some(format!("goes with {other} = \"{word}\" only"))
                }
                _ => None,
            },
            When::Without(others) => {
                let other = others.iter().find(|other| table.get(other).is_some())?;
                Some(format!("does not go with `{other}`, which says it already"))
            }
        }
    }

    fn datum(&mut self, key: &Key, node: &Node, path: &str) -> Option<Datum> {
        let inside = if path == ROOT {
            key.name.to_owned()
        } else {
            format!("{path}.{}", key.name)
        };
        match (key.form, &node.raw) {
            (Form::Kind(sort), _) => self.choice(sort, key, node, &inside).map(Datum::Choice),
            (Form::Table(section), Raw::Table(table)) => {
                let record = self.record(section, table, &inside, node.place);
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
                            let message = format!("found {}, expected a table", item.found());
                            self.report.wrong(item.place, message);
                            None
                        }
                    });
                Some(Datum::Records(records.collect()))
            }
            (Form::Named(section), Raw::Table(table)) => {
                let records = table.entries.iter();
                let records = records.filter_map(|entry| self.named(section, entry, &inside));
                Some(Datum::Records(records.collect()))
            }
            (Form::Study, Raw::Table(_)) => None,
            (form, _) => match form.read(node) {
                Ok(datum) => Some(datum),
                Err((place, message)) => {
                    self.report.wrong(place, format!("{inside}: {message}"));
                    None
                }
            },
        }
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
                let message = format!("{path}: `{}` has no call", quote(file));
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

/// The path of the document itself.
pub const ROOT: &str = "the scenario";

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

impl Section {
    /// The key of that name.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// Why a key cannot be read as what it would have to hold, if it cannot.
    fn mistake(&self, key: &str, holds: Holds) -> Option<String> {
        let path = self.path;
        match self.key(key) {
            None => Some(format!("{path} declares no `{key}`")),
            Some(key) if key.form.holds() != holds => {
                let (name, held) = (key.name, key.form.holds());
                Some(format!("`{name}` of {path} holds {held:?}, not {holds:?}"))
            }
            Some(_) => None,
        }
    }
}

macro_rules! getter {
    ($(#[$meta:meta])* $name:ident, $maybe:ident, $variant:ident, $type:ty, $none:expr) => {
        $(#[$meta])*
        ///
        /// # Panics
        /// If the section declares no such key, or one of another form.
        pub fn $maybe(&self, key: &str) -> Option<$type> {
            match self.declared(key, Holds::$variant) {
                Some(Datum::$variant(value)) => Some(value.clone()),
                _ => None,
            }
        }

        /// The same, or some value if what was given was wrong.
        pub fn $name(&self, key: &str) -> $type {
            self.$maybe(key).unwrap_or($none)
        }
    };
}

/// What a form is read into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    Duration,
    Durations,
    Bytes,
    Number,
    Rate,
    Speed,
    Count,
    Flag,
    Word,
    Text,
    Names,
    Workers,
    Output,
    Choice,
    Records,
    /// Nothing: others read it.
    Study,
}

impl Form {
    /// What it is read into.
    pub(crate) fn holds(&self) -> Holds {
        match self {
            Self::Duration { .. } => Holds::Duration,
            Self::Durations => Holds::Durations,
            Self::Bytes { .. } => Holds::Bytes,
            Self::BytesEach | Self::Operations | Self::Number { .. } => Holds::Number,
            Self::Rate { .. } => Holds::Rate,
            Self::Speed => Holds::Speed,
            Self::Count { .. } => Holds::Count,
            Self::Flag => Holds::Flag,
            Self::Word(_) => Holds::Word,
            Self::Path { .. } => Holds::Text,
            Self::Name(_) | Self::Names(_) => Holds::Names,
            Self::Workers => Holds::Workers,
            Self::Output => Holds::Output,
            Self::Kind(_) => Holds::Choice,
            Self::Table(_) | Self::Tables(_) | Self::Named(_) => Holds::Records,
            Self::Study => Holds::Study,
        }
    }
}

/// Getters are for the code that resolves a section, which knows its own keys: they
/// panic if the section declares no such key, or one that holds something else.
impl Record {
    getter! {
        /// A duration.
        duration, maybe_duration, Duration, SimDuration, SimDuration::ZERO
    }
    getter! {
        /// A size.
        bytes, maybe_bytes, Bytes, Bytes, Bytes(0)
    }
    getter! {
        /// A number, also of operations or bytes.
        number, maybe_number, Number, f64, 0.0
    }
    getter! {
        /// A speed.
        speed, maybe_speed, Speed, OpsPerSecond, OpsPerSecond(1.0)
    }
    getter! {
        /// A whole number.
        count, maybe_count, Count, u64, 1
    }
    getter! {
        /// One of several words.
        word, maybe_word, Word, &'static str, ""
    }
    /// Names; none if there are none or what was given was wrong.
    pub fn names(&self, key: &str) -> &[Name] {
        match self.declared(key, Holds::Names) {
            Some(Datum::Names(names)) => names,
            _ => &[],
        }
    }

    /// Tables, with their names if they have any.
    pub fn records(&self, key: &str) -> &[(Name, Record)] {
        match self.declared(key, Holds::Records) {
            Some(Datum::Records(records)) => records,
            _ => &[],
        }
    }

    /// A rate; `None` is unlimited.
    pub fn rate(&self, key: &str) -> Option<BitsPerSecond> {
        match self.declared(key, Holds::Rate) {
            Some(Datum::Rate(rate)) => Some(*rate),
            _ => None,
        }
    }

    /// A path.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.declared(key, Holds::Text) {
            Some(Datum::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A choice of a catalogue.
    pub fn choice(&self, key: &str) -> Option<&Choice> {
        match self.declared(key, Holds::Choice) {
            Some(Datum::Choice(choice)) => Some(choice),
            _ => None,
        }
    }

    /// What a key was given, or its default.
    pub fn get(&self, key: &str) -> Option<&Datum> {
        self.data.get(self.position(key))?.as_ref()
    }

    /// The same of a key that was declared to hold that.
    fn declared(&self, key: &str, holds: Holds) -> Option<&Datum> {
        if let Some(mistake) = self.section.mistake(key, holds) {
            panic!("{mistake}");
        }
        self.get(key)
    }

    fn position(&self, key: &str) -> usize {
        let position = self.section.keys.iter().position(|known| known.name == key);
        match position {
            Some(position) => position,
            None => panic!("{} declares no `{key}`", self.section.path),
        }
    }

    /// Where a key was given, if it was; a key that is not declared cannot be.
    pub fn given(&self, key: &str) -> Option<Place> {
        let position = self.section.keys.iter().position(|known| known.name == key);
        *self.places.get(position?)?
    }

    /// Where a key was given, or else the section.
    pub fn at(&self, key: &str) -> Place {
        self.given(key).unwrap_or(self.place)
    }

    /// Whether a key may be given here.
    pub fn applies(&self, key: &Key) -> bool {
        match key.when {
            When::Always => true,
            When::Is(other, word) => self.word(other) == word,
            When::Without(others) => others.iter().all(|other| self.given(other).is_none()),
        }
    }

    /// Every key with its value.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Key, Option<&Datum>)> {
        self.section
            .keys
            .iter()
            .zip(self.data.iter().map(Option::as_ref))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::resolve;

    fn collect(section: &'static Section, all: &mut Vec<&'static Section>) {
        all.push(section);
        for key in section.keys {
            if let Form::Table(inner) | Form::Tables(inner) | Form::Named(inner) = key.form {
                collect(inner, all);
            }
        }
    }

    fn empty(section: &'static Section) -> Record {
        Record {
            section,
            place: Place::Default,
            data: vec![None; section.keys.len()],
            places: vec![None; section.keys.len()],
        }
    }

    /// Asks for a key with the getter of what it holds.
    fn ask(record: &Record, key: &str, holds: Holds) {
        match holds {
            Holds::Duration => assert_eq!(record.maybe_duration(key), None),
            Holds::Bytes => assert_eq!(record.maybe_bytes(key), None),
            Holds::Number => assert_eq!(record.maybe_number(key), None),
            Holds::Speed => assert_eq!(record.maybe_speed(key), None),
            Holds::Count => assert_eq!(record.maybe_count(key), None),
            Holds::Word => assert_eq!(record.maybe_word(key), None),
            Holds::Names => assert!(record.names(key).is_empty()),
            Holds::Records => assert!(record.records(key).is_empty()),
            Holds::Rate => assert_eq!(record.rate(key), None),
            Holds::Text => assert_eq!(record.text(key), None),
            Holds::Choice => assert_eq!(record.choice(key), None),
            Holds::Durations | Holds::Flag | Holds::Workers | Holds::Output | Holds::Study => {
                assert!(record.get(key).is_none());
            }
        }
    }

    #[test]
    fn every_declared_key_has_a_getter_and_no_other_getter_answers_for_it() {
        let mut sections = Vec::new();
        collect(&resolve::SECTION, &mut sections);
        assert!(sections.len() > 10);
        for section in sections {
            let record = empty(section);
            let wrong = section.mistake("no-such-key", Holds::Number);
            assert!(wrong.is_some_and(|wrong| wrong.contains("no-such-key")));
            for key in section.keys {
                let held = key.form.holds();
                ask(&record, key.name, held);
                for holds in [Holds::Number, Holds::Count, Holds::Word, Holds::Choice] {
                    let mistake = section.mistake(key.name, holds);
                    assert_eq!(mistake.is_none(), held == holds, "{mistake:?}");
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "declares no `speeed`")]
    fn a_key_that_is_not_declared_is_no_zero() {
        empty(&resolve::SECTION).number("speeed");
    }

    #[test]
    #[should_panic(expected = "holds Count, not Number")]
    fn a_key_of_another_form_is_no_zero() {
        empty(&resolve::SECTION).number("version");
    }
}
