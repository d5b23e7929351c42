//! Values of a scenario file: reading, checking and printing them.

use sim_core::SimDuration;
use soe_model::function::Output;
use soe_model::units::{
    self, BYTE_UNITS, BitsPerSecond, Bytes, OPERATION_UNITS, OpsPerSecond, RATE_UNITS, SPEED_UNITS,
    Units,
};

use super::diagnostic::{Place, hint, quote};
use super::kind::{Choice, Sort};
use super::section::{Record, Section};
use super::tree::{Node, Raw};

/// What a key takes.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// A duration with its unit, or a word that stands for none.
    Duration {
        /// The word that stands for none, if there is one.
        or: Option<&'static str>,
    },
    /// One duration, or the least and the greatest.
    Durations,
    /// A size with its unit, or a word that stands for none.
    Bytes {
        /// The word that stands for none, if there is one.
        or: Option<&'static str>,
    },
    /// A size with its unit that need not be whole.
    BytesEach,
    /// A number of operations with its unit.
    Operations,
    /// A transmission rate, or a word that stands for none.
    Rate {
        /// The word that stands for none, if there is one.
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
        /// The word that stands for none, if there is one.
        or: Option<&'static str>,
    },
    /// True or false.
    Flag,
    /// One of a few words.
    Word(&'static [&'static str]),
    /// A name of something.
    Name(&'static str),
    /// Names of something, or one name alone.
    Names(&'static str),
    /// Functions, or functions with a number of workers each.
    Workers,
    /// What a function returns.
    Output,
    /// The path of a file, relative to the scenario; or a word instead.
    Path {
        /// The word that stands for none, if there is one.
        or: Option<&'static str>,
    },
    /// A kind of a catalogue.
    Kind(Sort),
    /// A table of its own.
    Table(&'static Section),
    /// A list of tables.
    Tables(&'static Section),
    /// Tables that are named by their users.
    Named(&'static Section),
    /// A table with the keys of a study, which others read.
    Study,
}

/// What a key was given.
#[derive(Clone, Debug)]
pub enum Datum {
    /// The word that stands for none.
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
    /// A path.
    Text(String),
    /// Names, each with its place.
    Names(Vec<Name>),
    /// Functions, each with its number of workers if that is given.
    Workers(Vec<(Name, Option<u32>)>),
    /// What a function returns.
    Output(Output),
    /// A kind with its arguments.
    Choice(Choice),
    /// Tables, each with its name.
    Records(Vec<(Name, Record)>),
}

/// A name that a scenario mentions, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub text: String,
    /// Where it is written.
    pub place: Place,
}

/// The most workers of a container, and cores of a processor.
pub const MOST_WORKERS: u64 = 1_000_000;
/// The largest output that a function may be given.
const LARGEST_OUTPUT: u64 = 64 << 20;

impl Form {
    /// Reads a value that consists of nothing else but itself.
    ///
    /// # Errors
    /// What is wrong and where.
    pub fn read(&self, node: &Node) -> Result<Datum, (Place, String)> {
        if let (Some(word), Raw::Text(text)) = (self.or(), &node.raw)
            && text == word
        {
            return Ok(Datum::Nothing);
        }
        let fail = |message: String| (node.place, message);
        let unexpected = || {
            fail(format!(
                "found {}, expected {}",
                node.found(),
                self.describe()
            ))
        };
        match (*self, &node.raw) {
            (Self::Durations, Raw::List(items)) => match items.as_slice() {
                [min, max] => {
                    let (min, max) = (duration(min)?, duration(max)?);
                    if min > max {
                        let message = format!("the least, {min}, is more than the greatest, {max}");
                        return Err(fail(message));
                    }
                    Ok(Datum::Durations(min, max))
                }
                _ => Err(unexpected()),
            },
            (Self::Durations, _) => duration(node).map(|both| Datum::Durations(both, both)),
            (Self::Duration { or: None }, _) => duration(node).map(Datum::Duration),
            (Self::Duration { .. }, Raw::Text(text)) => {
                let parsed = units::parse_duration(&quote(text));
                parsed
                    .map(Datum::Duration)
                    .map_err(|error| self.or_word(node, error))
            }
            (Self::Bytes { .. }, Raw::Text(text)) => {
                let parsed = units::parse_bytes(&quote(text));
                parsed
                    .map(Datum::Bytes)
                    .map_err(|error| self.or_word(node, error))
            }
            (Self::Rate { .. }, Raw::Text(text)) => {
                let parsed = units::parse_rate(&quote(text));
                parsed
                    .map(Datum::Rate)
                    .map_err(|error| self.or_word(node, error))
            }
            (Self::Speed, Raw::Text(text)) => {
                let parsed = units::parse_speed(&quote(text));
                parsed
                    .map(Datum::Speed)
                    .map_err(|error| self.or_word(node, error))
            }
            (Self::BytesEach, Raw::Text(text)) => scaled(text, BYTE_UNITS)
                .map(Datum::Number)
                .ok_or_else(unexpected),
            (Self::Operations, Raw::Text(text)) => scaled(text, OPERATION_UNITS)
                .map(Datum::Number)
                .ok_or_else(unexpected),
            (Self::Number { min, max }, Raw::Integer(_) | Raw::Float(_)) => {
                let number = match node.raw {
                    Raw::Integer(number) => number as f64,
                    Raw::Float(number) => number,
                    _ => f64::NAN,
                };
                if (min..=max).contains(&number) {
                    Ok(Datum::Number(number))
                } else {
                    Err(unexpected())
                }
            }
            (Self::Count { min, max, .. }, Raw::Integer(number)) => {
                let count = u64::try_from(*number).ok();
                let count = count.filter(|count| (min..=max).contains(count));
                count.map(Datum::Count).ok_or_else(unexpected)
            }
            (Self::Flag, Raw::Flag(flag)) => Ok(Datum::Flag(*flag)),
            (Self::Word(words), Raw::Text(text)) => {
                let word = words.iter().find(|word| *word == text);
                word.map(|word| Datum::Word(word)).ok_or_else(|| {
                    let hint = hint(text, words.iter().copied());
                    fail(format!("unknown word `{}`{hint}", quote(text)))
                })
            }
            (Self::Name(_), Raw::Text(_)) => Ok(Datum::Names(vec![name(node, self)?])),
            (Self::Names(_), Raw::Text(_)) => Ok(Datum::Names(vec![name(node, self)?])),
            (Self::Names(_), Raw::List(items)) if !items.is_empty() => {
                let names = items.iter().map(|item| name(item, self));
                Ok(Datum::Names(names.collect::<Result<_, _>>()?))
            }
            (Self::Workers, Raw::List(items)) => {
                let workers = items.iter().map(|item| Ok((name(item, self)?, None)));
                Ok(Datum::Workers(workers.collect::<Result<_, _>>()?))
            }
            (Self::Workers, Raw::Text(_)) => Ok(Datum::Workers(vec![(name(node, self)?, None)])),
            (Self::Workers, Raw::Table(table)) => {
                let workers = table.entries.iter().map(|entry| {
                    let count = WORKERS.read(&entry.node)?;
                    let Datum::Count(count) = count else {
                        return Err(unexpected());
                    };
                    let name = Name {
                        text: entry.key.clone(),
                        place: entry.key_place,
                    };
                    Ok((name, Some(count as u32)))
                });
                Ok(Datum::Workers(workers.collect::<Result<_, _>>()?))
            }
            (Self::Output, Raw::Text(text)) if text == "copy-input" => {
                Ok(Datum::Output(Output::CopyInput))
            }
            (Self::Output, Raw::Text(text)) => match units::parse_bytes(&quote(text)) {
                Ok(size) if size.0 <= LARGEST_OUTPUT => Ok(Datum::Output(Output::Size(size))),
                Ok(_) => Err(fail(format!(
                    "`{}` is too large, at most {}",
                    quote(text),
                    Bytes(LARGEST_OUTPUT)
                ))),
                Err(_) => Err(unexpected()),
            },
            (Self::Output, Raw::Table(table)) => match table.entries.as_slice() {
                [entry] if entry.key == "text" => match &entry.node.raw {
                    Raw::Text(text) => Ok(Datum::Output(Output::Fixed(text.as_str().into()))),
                    _ => Err(unexpected()),
                },
                _ => Err(unexpected()),
            },
            (Self::Path { .. }, Raw::Text(text)) if !text.is_empty() => {
                Ok(Datum::Text(text.clone()))
            }
            _ => Err(unexpected()),
        }
    }

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

    fn or_word(&self, node: &Node, error: units::QuantityError) -> (Place, String) {
        let or = self
            .or()
            .map_or(String::new(), |word| format!(" or \"{word}\""));
        (node.place, format!("{error}{or}"))
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
            Self::Name(what) => format!("the name of a {what}"),
            Self::Names(what) => format!("the name of a {what} or a list of names"),
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
            Self::Table(_) => "a table".to_owned(),
            Self::Tables(_) => "a list of tables".to_owned(),
            Self::Named(_) => "tables with names".to_owned(),
            Self::Study => "a table with the keys of a study".to_owned(),
        };
        match self.or() {
            Some(word) => format!("{text}, or \"{word}\""),
            None => text,
        }
    }

    /// A value as scenario files write it; `None` for tables, which stand on
    /// lines of their own.
    pub fn toml(&self, datum: &Datum) -> Option<String> {
        let text = match datum {
            Datum::Nothing => string(self.or().unwrap_or_default()),
            Datum::Duration(duration) => string(&duration.to_string()),
            Datum::Durations(min, max) if min == max => string(&min.to_string()),
            Datum::Durations(min, max) => format!("[\"{min}\", \"{max}\"]"),
            Datum::Bytes(bytes) => string(&bytes.to_string()),
            Datum::Number(number) => match self {
                Self::BytesEach => string(&print_scaled(*number, BYTE_UNITS)),
                Self::Operations => string(&print_scaled(*number, OPERATION_UNITS)),
                _ => float(*number),
            },
            Datum::Rate(rate) => string(&exact_rate(*rate)),
            Datum::Speed(speed) => string(&exact_speed(*speed)),
            Datum::Count(count) => count.to_string(),
            Datum::Flag(flag) => flag.to_string(),
            Datum::Word(word) => string(word),
            Datum::Text(text) => string(text),
            Datum::Names(names) => match names.as_slice() {
                [name] => string(&name.text),
                names => {
                    let names: Vec<_> = names.iter().map(|name| string(&name.text)).collect();
                    format!("[{}]", names.join(", "))
                }
            },
            Datum::Workers(workers) => workers_toml(workers),
            Datum::Output(Output::CopyInput) => string("copy-input"),
            Datum::Output(Output::Size(size)) => string(&size.to_string()),
            Datum::Output(Output::Fixed(text)) => {
                // As long as it has been called by its size.
                if text.bytes().all(|byte| byte == b'A') {
                    string(&Bytes(text.len() as u64).to_string())
                } else {
                    format!("{{ text = {} }}", string(text))
                }
            }
            Datum::Choice(choice) => choice.toml(),
            Datum::Records(_) => return None,
        };
        Some(text)
    }
}

const WORKERS: Form = Form::Count {
    min: 1,
    max: MOST_WORKERS,
    or: None,
};

fn workers_toml(workers: &[(Name, Option<u32>)]) -> String {
    let parts: Vec<_> = workers
        .iter()
        .map(|(name, workers)| match workers {
            Some(workers) => format!("{} = {workers}", key(&name.text)),
            None => string(&name.text),
        })
        .collect();
    match workers.first() {
        Some((_, Some(_))) => format!("{{ {} }}", parts.join(", ")),
        _ => format!("[{}]", parts.join(", ")),
    }
}

fn duration(node: &Node) -> Result<SimDuration, (Place, String)> {
    match &node.raw {
        Raw::Text(text) => {
            units::parse_duration(&quote(text)).map_err(|error| (node.place, error.to_string()))
        }
        _ => Err((
            node.place,
            format!(
                "found {}, expected {}",
                node.found(),
                units::DURATION_EXPECTED
            ),
        )),
    }
}

fn name(node: &Node, form: &Form) -> Result<Name, (Place, String)> {
    match &node.raw {
        Raw::Text(text) => Ok(Name {
            text: text.clone(),
            place: node.place,
        }),
        _ => {
            let expected = form.describe();
            Err((
                node.place,
                format!("found {}, expected {expected}", node.found()),
            ))
        }
    }
}

/// A number of single precision with one of the units, not negative.
fn scaled(text: &str, units: Units) -> Option<f64> {
    // The models compute with single precision here, as the original does.
    let single = units::number(text, units)? as f32;
    (single.is_finite() && single >= 0.0).then_some(f64::from(single))
}

/// Prints a number in the largest unit in which it reads back unchanged.
fn print_scaled(value: f64, units: Units) -> String {
    let print = |number: f64| (number as f32).to_string();
    let reads_back = |text: &str| scaled(text, units) == Some(value);
    units::print_exactly(value, units, print, reads_back)
        .unwrap_or_else(|| format!("{} {}", value as f32, units[0].0))
}

fn exact_rate(rate: BitsPerSecond) -> String {
    let reads_back = |text: &str| units::parse_rate(text).is_ok_and(|read| read == rate);
    exact(rate.0, RATE_UNITS, reads_back)
}

fn exact_speed(speed: OpsPerSecond) -> String {
    let reads_back = |text: &str| units::parse_speed(text).is_ok_and(|read| read == speed);
    exact(speed.0, SPEED_UNITS, reads_back)
}

fn exact(value: f64, units: Units, reads_back: impl Fn(&str) -> bool) -> String {
    units::print_exactly(value, units, |number| number.to_string(), reads_back)
        .unwrap_or_else(|| format!("{value:?} {}", units[0].0))
}

/// A number as TOML writes it.
pub fn float(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        format!("{number:.0}")
    } else {
        format!("{number:?}")
    }
}

/// A text as TOML writes it.
pub fn string(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A key as TOML writes it.
pub fn key(text: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !text.is_empty() && text.chars().all(bare) {
        text.to_owned()
    } else {
        let mut quoted = String::from("\"");
        for c in text.chars() {
            match c {
                '"' | '\\' => quoted.extend(['\\', c]),
                c if c.is_control() => quoted.push_str(&format!("\\U{:08X}", c as u32)),
                c => quoted.push(c),
            }
        }
        quoted.push('"');
        quoted
    }
}
