//! A section of a file: the value of every key and where it is written.

use std::fmt;

use sim_core::SimDuration;
use soe_model::function::Output;
use soe_model::units::{BitsPerSecond, Bytes, OpsPerSecond};

use super::diagnostic::{Place, Report};
use super::kind::Choice;
use super::section::{Form, Key, Section, When};
use super::tree::{Node, Table};

/// A section of a file, with all defaults.
#[derive(Clone, Debug)]
pub struct Record {
    /// The declaration.
    pub section: &'static Section,
    /// The path of the table in its file, such as `computer.edge`; empty for the file itself.
    pub path: String,
    /// Where the table is.
    pub place: Place,
    /// One for each key so far; nothing for what is absent or was wrong.
    pub(super) data: Vec<Option<Datum>>,
    /// Where each key was written, if it was.
    pub(super) places: Vec<Option<Place>>,
}

/// What a key was given.
#[derive(Clone, Debug)]
pub enum Datum {
    /// The word for "none".
    Nothing,
    /// A duration.
    Duration(SimDuration),
    /// The least duration and the greatest.
    Durations(SimDuration, SimDuration),
    /// A size.
    Bytes(Bytes),
    /// A number; of bytes or operations, too.
    Number(f64),
    /// A transmission rate.
    Rate(BitsPerSecond),
    /// The speed of a core.
    Speed(OpsPerSecond),
    /// A whole number.
    Count(u64),
    /// True or false.
    Flag(bool),
    /// One of the words that are allowed.
    Word(&'static str),
    /// A text, such as a path.
    Text(String),
    /// Names or other texts, each with its place.
    Names(Vec<Name>),
    /// Pairs of texts.
    Pairs(Vec<(String, String)>),
    /// Functions, each with its number of workers if that is given.
    Workers(Vec<(Name, Option<u32>)>),
    /// What a function returns.
    Output(Output),
    /// A kind with its arguments.
    Choice(Choice),
    /// Values of any kind.
    Values(Vec<Node>),
    /// A table that was not read.
    Table(Table),
    /// Tables, each with its name.
    Records(Vec<(Name, Record)>),
}

/// A name or another text that a file mentions, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub text: String,
    /// Where it is written.
    pub place: Place,
}

macro_rules! getter {
    ($(#[$meta:meta])* $name:ident, $maybe:ident, $variant:ident, $type:ty, $none:expr, $forms:pat) => {
        $(#[$meta])*
        ///
        /// # Panics
        /// If the key is not declared, or not as such a value.
        pub fn $maybe(&self, key: &str) -> Option<$type> {
            match self.declared(key, |form| matches!(form, $forms)) {
                Some(Datum::$variant(value)) => Some(value.clone()),
                _ => None,
            }
        }

        /// The same, or some value if what was given was wrong.
        ///
        /// # Panics
        /// If the key is not declared, or not as such a value.
        pub fn $name(&self, key: &str) -> $type {
            self.$maybe(key).unwrap_or($none)
        }
    };
}

macro_rules! reference {
    ($(#[$meta:meta])* $name:ident, $variant:ident, $type:ty, $forms:pat) => {
        $(#[$meta])*
        ///
        /// # Panics
        /// If the key is not declared, or not as such a value.
        pub fn $name(&self, key: &str) -> Option<&$type> {
            match self.declared(key, |form| matches!(form, $forms)) {
                Some(Datum::$variant(value)) => Some(value),
                _ => None,
            }
        }
    };
}

impl Record {
    getter! {
        /// A duration.
        duration, maybe_duration, Duration, SimDuration, SimDuration::ZERO, Form::Duration { .. }
    }
    getter! {
        /// A size.
        bytes, maybe_bytes, Bytes, Bytes, Bytes(0), Form::Bytes { .. }
    }
    getter! {
        /// A number, also of operations or bytes.
        number, maybe_number, Number, f64, 0.0,
        Form::Number { .. } | Form::BytesEach | Form::Operations
    }
    getter! {
        /// A speed.
        speed, maybe_speed, Speed, OpsPerSecond, OpsPerSecond(1.0), Form::Speed
    }
    getter! {
        /// A whole number.
        count, maybe_count, Count, u64, 1, Form::Count { .. } | Form::CountOr { .. }
    }
    getter! {
        /// Whether something is so.
        flag, maybe_flag, Flag, bool, false, Form::Flag
    }
    getter! {
        /// One of several words.
        word, maybe_word, Word, &'static str, "", Form::Word(_)
    }
    reference! {
        /// Names or other texts; `None` if none were given or what was given was wrong.
        maybe_names, Names, Vec<Name>, Form::Name(_) | Form::Names(_) | Form::Texts(_)
    }
    reference! {
        /// A rate; `None` is unlimited.
        maybe_rate, Rate, BitsPerSecond, Form::Rate { .. }
    }
    reference! {
        /// A path or another text.
        maybe_text, Text, String, Form::Path { .. } | Form::Text(_)
    }
    reference! {
        /// Pairs of texts.
        maybe_pairs, Pairs, Vec<(String, String)>, Form::Pairs(_)
    }
    reference! {
        /// Values of any kind.
        maybe_values, Values, Vec<Node>, Form::Values(_)
    }
    reference! {
        /// A table that was not read.
        table, Table, Table, Form::Later(_) | Form::Changes(_) | Form::Foreign { .. } | Form::Open(_)
    }
    reference! {
        /// A choice of a catalogue.
        choice, Choice, Choice, Form::Kind(_)
    }
    reference! {
        /// Tables, with their names if they have any; `None` if none were given or what was
        /// given was wrong.
        maybe_records, Records, Vec<(Name, Record)>,
        Form::Table(_) | Form::Tables(_) | Form::Named(_) | Form::CountOr { .. }
    }

    /// Names; none if there are none or what was given was wrong.
    ///
    /// # Panics
    /// If the key is not declared, or not as names.
    pub fn names(&self, key: &str) -> &[Name] {
        self.maybe_names(key).map_or(&[], Vec::as_slice)
    }

    /// Tables, with their names if they have any.
    ///
    /// # Panics
    /// If the key is not declared, or not as tables.
    pub fn records(&self, key: &str) -> &[(Name, Record)] {
        self.maybe_records(key).map_or(&[], Vec::as_slice)
    }

    /// A rate; `None` is unlimited.
    ///
    /// # Panics
    /// If the key is not declared, or not as a rate.
    pub fn rate(&self, key: &str) -> Option<BitsPerSecond> {
        self.maybe_rate(key).copied()
    }

    /// A path or another text.
    ///
    /// # Panics
    /// If the key is not declared, or not as a text.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.maybe_text(key).map(String::as_str)
    }

    /// What a key was given, or its default.
    ///
    /// # Panics
    /// If the key is not declared.
    pub fn get(&self, key: &str) -> Option<&Datum> {
        self.declared(key, |_| true)
    }

    /// Where a key was given, if it was: never if it is not declared, as not every section of
    /// entities has all of their keys.
    pub fn given(&self, key: &str) -> Option<Place> {
        let position = self.section.keys.iter().position(|known| known.name == key);
        *self.places.get(position?)?
    }

    /// Where a key was given, or else the section.
    pub fn at(&self, key: &str) -> Place {
        self.given(key).unwrap_or(self.place)
    }

    /// Whether what was given at a key was wrong, which has been reported.
    ///
    /// # Panics
    /// If the key is not declared.
    pub fn is_wrong(&self, key: &str) -> bool {
        self.given(key).is_some() && self.get(key).is_none()
    }

    /// What messages call the section: its path, or for a whole file what that is.
    pub fn called(&self) -> &str {
        match self.path.as_str() {
            "" => self.section.path,
            path => path,
        }
    }

    /// The path of a key: `axis.1.name`.
    pub fn path_of(&self, key: &str) -> String {
        match self.path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        }
    }

    /// Takes down what is wrong with what a key was given.
    pub fn wrong(&self, key: &str, message: impl fmt::Display, report: &mut Report<'_>) {
        report.wrong(self.at(key), format!("{}: {message}", self.path_of(key)));
    }

    /// Whether a key may be given here.
    pub fn applies(&self, key: &Key) -> bool {
        match key.when {
            When::Always => true,
            When::Is(other, word) => self.word(other) == word,
            When::IsOneOf(other, words) => words.contains(&self.word(other)),
            When::With(other) => self.given(other).is_some(),
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

    /// What a key was given that is declared in one of some forms.
    fn declared(&self, key: &str, holds: impl Fn(&Form) -> bool) -> Option<&Datum> {
        let position = self.position(key);
        let form = &self.section.keys[position].form;
        let section = self.section.path;
        assert!(holds(form), "`{key}` of {section} is declared as {form:?}");
        self.data.get(position)?.as_ref()
    }

    fn position(&self, key: &str) -> usize {
        let section = self.section;
        let position = section.keys.iter().position(|known| known.name == key);
        position.unwrap_or_else(|| panic!("{} declares no key `{key}`", section.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::resolve;
    use crate::reader::section::{Default, When};
    use std::panic::{AssertUnwindSafe, catch_unwind};

    static SECTION: Section = Section {
        path: "section",
        help: "",
        keys: &[Key {
            name: "count",
            form: Form::Count {
                min: 0,
                max: 9,
                or: None,
            },
            default: Default::Unused,
            when: When::Always,
            help: "",
        }],
    };

    fn record(datum: Option<Datum>) -> Record {
        Record {
            section: &SECTION,
            path: String::new(),
            place: Place::File(0),
            data: vec![datum],
            places: vec![None],
        }
    }

    fn panics<T>(get: impl FnOnce() -> T) -> bool {
        catch_unwind(AssertUnwindSafe(|| {
            get();
        }))
        .is_err()
    }

    #[test]
    fn a_key_that_is_not_declared_has_no_value_at_all() {
        let record = record(Some(Datum::Count(5)));
        assert_eq!(record.count("count"), 5);
        assert!(panics(|| record.count("cuont")));
        assert!(panics(|| record.get("cuont").is_some()));
    }

    #[test]
    fn a_key_that_is_declared_as_something_else_has_no_value_at_all() {
        // Whether it was given or not: a wrong type must not wait for a file to show.
        for datum in [None, Some(Datum::Count(5))] {
            let record = record(datum);
            assert!(!panics(|| record.count("count")));
            assert!(panics(|| record.number("count")));
            assert!(panics(|| record.duration("count")));
            assert!(panics(|| record.word("count")));
            assert!(panics(|| record.names("count").len()));
            assert!(panics(|| record.records("count").len()));
            assert!(panics(|| record.text("count").is_some()));
            assert!(panics(|| record.rate("count")));
            assert!(panics(|| record.flag("count")));
        }
    }

    fn collect(section: &'static Section, all: &mut Vec<&'static Section>) {
        all.push(section);
        for inner in section.keys.iter().filter_map(|key| key.form.section()) {
            collect(inner, all);
        }
    }

    #[test]
    fn every_declared_key_has_one_getter_and_no_other_answers_for_it() {
        let mut sections = Vec::new();
        collect(&resolve::SECTION, &mut sections);
        assert!(sections.len() > 10);
        for section in sections {
            let record = Record {
                section,
                path: String::new(),
                place: Place::Default,
                data: vec![None; section.keys.len()],
                places: vec![None; section.keys.len()],
            };
            for Key { name, form, .. } in section.keys {
                let answers = [
                    !panics(|| record.maybe_duration(name)),
                    !panics(|| record.maybe_bytes(name)),
                    !panics(|| record.maybe_number(name)),
                    !panics(|| record.maybe_speed(name)),
                    !panics(|| record.maybe_count(name)),
                    !panics(|| record.maybe_flag(name)),
                    !panics(|| record.maybe_word(name)),
                    !panics(|| record.names(name).len()),
                    !panics(|| record.rate(name)),
                    !panics(|| record.text(name).is_some()),
                    !panics(|| record.table(name).is_some()),
                    !panics(|| record.choice(name).is_some()),
                    !panics(|| record.records(name).len()),
                ];
                let own = matches!(form, Form::Durations | Form::Workers | Form::Output);
                let expected = if own { 0 } else { 1 };
                let found = answers.iter().filter(|answers| **answers).count();
                assert_eq!(found, expected, "{name} of {}", section.path);
            }
        }
    }
}
