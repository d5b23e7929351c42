//! Sections of a file and their keys, declared once: what reads files, fills in defaults,
//! writes scenarios back, and makes the JSON Schema and the reference documentation all follow
//! the same declarations.

use soe_model::units;

use super::kind::Sort;

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
#[derive(Clone, Copy, Debug)]
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
    /// If an earlier key of the section is one of these words.
    IsOneOf(&'static str, &'static [&'static str]),
    /// If this key of the section is given.
    With(&'static str),
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

/// What a key takes.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// A duration with its unit, or a word for "none".
    Duration {
        /// The word for "none", if allowed.
        or: Option<&'static str>,
    },
    /// One duration, or a lower and an upper bound.
    Durations,
    /// A size with its unit, or a word for "none".
    Bytes {
        /// The word for "none", if allowed.
        or: Option<&'static str>,
    },
    /// A size with its unit that need not be whole.
    BytesEach,
    /// A number of operations with its unit.
    Operations,
    /// A transmission rate, or a word for "none".
    Rate {
        /// The word for "none", if allowed.
        or: Option<&'static str>,
    },
    /// The speed of a core.
    Speed,
    /// A number between two bounds, both included.
    Number {
        /// The least value.
        min: f64,
        /// The greatest value.
        max: f64,
    },
    /// A whole number between two bounds, both included, or a word for none.
    Count {
        /// The least value.
        min: u64,
        /// The greatest value.
        max: u64,
        /// The word for "none", if allowed.
        or: Option<&'static str>,
    },
    /// True or false.
    Flag,
    /// One of a few words.
    Word(&'static [&'static str]),
    /// A name of something.
    Name(&'static str),
    /// Names of something, or one name alone; at least one.
    Names(&'static str),
    /// Any text, with its description including the article.
    Text(&'static str),
    /// A list of texts, or a single text, with the description of each including the article.
    Texts(&'static str),
    /// A list of pairs of texts, with its description including the article.
    Pairs(&'static str),
    /// Functions, or functions with a number of workers each.
    Workers,
    /// What a function returns.
    Output,
    /// The path of a file, relative to the scenario; or a word instead.
    Path {
        /// The word for "none", if allowed.
        or: Option<&'static str>,
    },
    /// A kind of a catalogue.
    Kind(Sort),
    /// A table.
    Table(&'static Section),
    /// A list of tables.
    Tables(&'static Section),
    /// Tables that are named by their users.
    Named(&'static Section),
    /// A whole number between two bounds, both included, or a table instead.
    CountOr {
        /// The least value.
        min: u64,
        /// The greatest value.
        max: u64,
        /// The table.
        table: &'static Section,
    },
    /// A list of values of any kind, at least one. Where the rest of the section allows it,
    /// tables of this section stand among them, which the owner of the key reads.
    Values(&'static Section),
    /// A table of this section that is read later, when other values have been put into it.
    Later(&'static Section),
    /// A table of keys of another file and their values, with its description including
    /// the article.
    Changes(&'static str),
    /// A table that another reader reads as this section.
    Foreign {
        /// Its description, including the article.
        what: &'static str,
        /// Its keys.
        section: &'static Section,
    },
    /// A table whose keys are not declared here, with its description including the article.
    Open(&'static str),
}

impl Form {
    /// The section whose keys are inside a value of this form, if there is one.
    pub fn section(&self) -> Option<&'static Section> {
        match *self {
            Self::Table(section)
            | Self::Tables(section)
            | Self::Named(section)
            | Self::CountOr { table: section, .. }
            | Self::Values(section)
            | Self::Later(section) => Some(section),
            _ => None,
        }
    }
}

impl Section {
    /// The key of that name.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

impl Form {
    /// The word that may stand instead of a value.
    pub fn or(&self) -> Option<&'static str> {
        match *self {
            Self::Duration { or }
            | Self::Bytes { or }
            | Self::Rate { or }
            | Self::Count { or, .. }
            | Self::Path { or } => or,
            _ => None,
        }
    }

    /// What a value looks like, for messages and documentation.
    pub fn describe(&self) -> String {
        let text = match *self {
            Self::Duration { .. } => units::DURATION_EXPECTED.to_owned(),
            Self::Durations => format!("{} or a list of two", units::DURATION_EXPECTED),
            Self::Bytes { .. } => units::BYTES_EXPECTED.to_owned(),
            Self::BytesEach => "a size such as \"100 B\" or \"0.5 B\"".to_owned(),
            Self::Operations => {
                "a number of operations such as \"4 Mop\" (units: op, kop, Mop, Gop, Top)"
                    .to_owned()
            }
            Self::Rate { .. } => units::RATE_EXPECTED.to_owned(),
            Self::Speed => units::SPEED_EXPECTED.to_owned(),
            Self::Number { min, max } if (min, max) == (f64::MIN, f64::MAX) => {
                "a number".to_owned()
            }
            Self::Number { min, max } if max == f64::MAX => {
                format!("a number, at least {min}")
            }
            Self::Number { min, max } => format!("a number from {min} to {max}"),
            Self::Count { min, max, .. } if max == u64::MAX => {
                format!("a whole number, at least {min}")
            }
            Self::Count { min, max, .. } if min == max => format!("the number {min}"),
            Self::Count { min, max, .. } => format!("a whole number from {min} to {max}"),
            Self::Flag => "true or false".to_owned(),
            Self::Word(words) => format!("one of {}", words.join(", ")),
            Self::Name(what) => format!("the name of {}", with_article(what)),
            Self::Names(what) => format!("the name of {} or a list of names", with_article(what)),
            Self::Text(what)
            | Self::Pairs(what)
            | Self::Changes(what)
            | Self::Foreign { what, .. }
            | Self::Open(what) => what.to_owned(),
            Self::Texts(what) => format!("{what}, or a list of them"),
            Self::Workers => {
                "a list of functions such as [\"f\"], or functions with their workers such as \
                 { f = 4 }"
                    .to_owned()
            }
            Self::Output => {
                "\"copy-input\", a size such as \"200 B\", or { text = \"…\" }".to_owned()
            }
            Self::Path { .. } => "the path of a file".to_owned(),
            Self::Kind(sort) => format!("a kind of {}", sort.name()),
            Self::Table(_) | Self::Later(_) => "a table".to_owned(),
            Self::Tables(_) => "a list of tables".to_owned(),
            Self::Named(_) => "tables with names".to_owned(),
            Self::CountOr { min, max, .. } => {
                format!("a whole number from {min} to {max}, or a table")
            }
            Self::Values(_) => "a list of values".to_owned(),
        };
        match self.or() {
            Some(word) => format!("{text}, or \"{word}\""),
            None => text,
        }
    }
}

impl Key {
    /// What it means, and when it may be given.
    pub fn meaning(&self) -> String {
        match self.when {
            When::Is(other, word) => format!("{} Only with {other} = \"{word}\".", self.help),
            When::IsOneOf(other, words) => {
                let words = words.join("\" or \"");
                format!("{} Only with {other} = \"{words}\".", self.help)
            }
            When::With(other) => format!("{} Only with {other}.", self.help),
            When::Without(others) => format!("{} Not with {}.", self.help, others.join(", ")),
            When::Always => self.help.to_owned(),
        }
    }
}

fn with_article(noun: &str) -> String {
    let article = match noun.starts_with(['a', 'e', 'i', 'o', 'u']) {
        true => "an",
        false => "a",
    };
    format!("{article} {noun}")
}
