//! The quantities of parameters, and the notation of their values.

use std::fmt;
use std::sync::Arc;

use sim_core::{SimDuration, SimTime};

use super::list;
use crate::units::{self, Bytes, QuantityError};

/// What sort of value a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Quantity {
    /// A duration, `"10 ms"`; bare seconds in configuration strings.
    Duration,
    /// A size, `"10 kB"`; bare bytes in configuration strings.
    Bytes,
    /// A list of sizes, `["1 kB", "10 kB"]`.
    ByteList,
    /// A list of durations, `["100 ms", "2 s"]`.
    DurationList,
    /// A number between two bounds, both included.
    Number {
        /// Least value.
        min: f64,
        /// Greatest value.
        max: f64,
    },
    /// A whole number, at least `min`.
    Count {
        /// Least value.
        min: u64,
    },
    /// One of a few words.
    Word(&'static [&'static str]),
    /// The path of a timetable file, one call per line; the reader of the
    /// scenario resolves it into a [`Timetable`].
    Timetable,
}

/// A value of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Of [`Quantity::Duration`].
    Duration(SimDuration),
    /// Of [`Quantity::Bytes`].
    Bytes(Bytes),
    /// Of [`Quantity::ByteList`], not empty.
    ByteList(Arc<[Bytes]>),
    /// Of [`Quantity::DurationList`], not empty.
    DurationList(Arc<[SimDuration]>),
    /// Of [`Quantity::Number`].
    Number(f64),
    /// Of [`Quantity::Count`].
    Count(u64),
    /// Of [`Quantity::Word`].
    Word(&'static str),
    /// Of [`Quantity::Timetable`].
    Timetable(Arc<Timetable>),
}

/// Calls planned in advance, in order of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timetable {
    /// Where it was read from, for messages and for writing the scenario back.
    pub path: String,
    /// When each call is due and the size of its input, sorted by time.
    pub calls: Vec<(SimTime, Bytes)>,
}

impl Quantity {
    /// Reads a value as scenario files write it, with its unit. Lists are
    /// separated by commas.
    ///
    /// # Errors
    /// If the text is malformed or out of range.
    pub fn parse(&self, text: &str) -> Result<Value, QuantityError> {
        match *self {
            Self::Duration => units::parse_duration(text).map(Value::Duration),
            Self::Bytes => units::parse_bytes(text).map(Value::Bytes),
            Self::ByteList => {
                let sizes = text
                    .split(',')
                    .map(units::parse_bytes)
                    .collect::<Result<_, _>>()?;
                Ok(Value::ByteList(sizes))
            }
            Self::DurationList => {
                let durations = text
                    .split(',')
                    .map(units::parse_duration)
                    .collect::<Result<_, _>>()?;
                Ok(Value::DurationList(durations))
            }
            Self::Number { .. } => {
                self.number(text.trim().parse().map_err(|_| self.malformed(text))?)
            }
            Self::Count { .. } => {
                self.count(text.trim().parse().map_err(|_| self.malformed(text))?)
            }
            Self::Word(words) => {
                let word = words.iter().find(|word| **word == text.trim());
                word.map(|word| Value::Word(word))
                    .ok_or_else(|| QuantityError::Malformed {
                        found: text.to_owned(),
                        expected: "one of the words that the reference lists",
                    })
            }
            Self::Timetable => Err(self.malformed(text)),
        }
    }

    /// Reads a value as the original's configuration strings write it: durations
    /// in bare seconds, sizes in bare bytes.
    ///
    /// # Errors
    /// If the text is malformed or out of range.
    pub fn parse_bare(&self, text: &str) -> Result<Value, QuantityError> {
        match self {
            Self::Duration => {
                let secs = text.parse().ok().and_then(SimDuration::try_from_secs_f64);
                secs.map(Value::Duration)
                    .ok_or_else(|| QuantityError::Malformed {
                        found: text.to_owned(),
                        expected: "a number of seconds, at least 0",
                    })
            }
            Self::Bytes => self.parse(&format!("{text} B")),
            _ => self.parse(text),
        }
    }

    /// Checks a number against the bounds.
    ///
    /// # Errors
    /// If it lies outside them.
    pub fn number(&self, number: f64) -> Result<Value, QuantityError> {
        match self {
            Self::Number { min, max } if (*min..=*max).contains(&number) => {
                Ok(Value::Number(number))
            }
            _ => Err(self.out_of_range(number.to_string())),
        }
    }

    /// Checks a whole number against the bound.
    ///
    /// # Errors
    /// If it is too small.
    pub fn count(&self, count: u64) -> Result<Value, QuantityError> {
        match self {
            Self::Count { min } if count >= *min => Ok(Value::Count(count)),
            _ => Err(self.out_of_range(count.to_string())),
        }
    }

    /// Some value: in the middle of a range, or the first above its lower end.
    pub fn example(&self) -> Value {
        match *self {
            Self::Duration => Value::Duration(SimDuration::from_secs(1)),
            Self::Bytes => Value::Bytes(Bytes(1000)),
            Self::ByteList => Value::ByteList([Bytes(1000)].into()),
            Self::DurationList => Value::DurationList([SimDuration::from_secs(1)].into()),
            Self::Number { min, max } if max == f64::MAX => Value::Number(min + 1.0),
            Self::Number { min, max } => Value::Number((min + max) / 2.0),
            Self::Count { min } => Value::Count(min.saturating_add(1)),
            Self::Word(words) => Value::Word(words.first().copied().unwrap_or_default()),
            Self::Timetable => Value::Timetable(Arc::new(Timetable {
                path: "example".to_owned(),
                calls: vec![(SimTime::ZERO, Bytes(1000))],
            })),
        }
    }

    /// What a value looks like, for messages and documentation.
    pub fn describe(&self) -> String {
        match self {
            Self::Duration => units::DURATION_EXPECTED.to_owned(),
            Self::Bytes => units::BYTES_EXPECTED.to_owned(),
            Self::ByteList => "a list of sizes such as [\"1 kB\", \"10 kB\"]".to_owned(),
            Self::DurationList => "a list of durations such as [\"100 ms\", \"2 s\"]".to_owned(),
            Self::Number { min, max } if *max == f64::MAX => format!("a number, at least {min}"),
            Self::Number { min, max } => format!("a number from {min} to {max}"),
            Self::Count { min } => format!("a whole number, at least {min}"),
            Self::Word(words) => format!("one of {}", list(words.iter().copied())),
            Self::Timetable => "the path of a timetable file".to_owned(),
        }
    }

    fn malformed(&self, found: &str) -> QuantityError {
        let expected = match self {
            Self::Number { .. } => "a number",
            Self::Count { .. } => "a whole number",
            _ => "a path",
        };
        QuantityError::Malformed {
            found: found.to_owned(),
            expected,
        }
    }

    fn out_of_range(&self, found: String) -> QuantityError {
        QuantityError::OutOfRangeOf {
            found,
            allowed: self.describe(),
        }
    }
}

impl fmt::Display for Value {
    /// Prints the value as scenario files write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duration(duration) => duration.fmt(f),
            Self::Bytes(bytes) => bytes.fmt(f),
            Self::ByteList(sizes) => f.write_str(&list(sizes.iter())),
            Self::DurationList(durations) => f.write_str(&list(durations.iter())),
            Self::Number(number) => number.fmt(f),
            Self::Count(count) => count.fmt(f),
            Self::Word(word) => f.write_str(word),
            Self::Timetable(timetable) => f.write_str(&timetable.path),
        }
    }
}
