//! Values of a scenario file: reading, checking and printing them.

use sim_core::SimDuration;
use soe_model::function::Output;
use soe_model::units::{
    self, BYTE_UNITS, BitsPerSecond, Bytes, OPERATION_UNITS, OpsPerSecond, RATE_UNITS, SPEED_UNITS,
    Units,
};

use super::diagnostic::{Place, hint, quote};
use super::record::{Datum, Name};
use super::section::Form;
use super::syntax::{float, key, string};
use super::tree::{Node, Raw};

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
                        let message = format!(
                            "the lower bound, {min}, is above the upper bound, \
                                               {max}"
                        );
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
            (Self::Text(_), Raw::Text(text)) => Ok(Datum::Text(text.clone())),
            (Self::CountOr { min, max, .. }, Raw::Integer(_)) => {
                Self::Count { min, max, or: None }.read(node)
            }
            (Self::Values(_), Raw::List(items)) if items.is_empty() => {
                Err(fail("the list is empty".to_owned()))
            }
            (Self::Values(_), Raw::List(items)) => Ok(Datum::Values(items.clone())),
            (
                Self::Later(_) | Self::Changes(_) | Self::Foreign { .. } | Self::Open(_),
                Raw::Table(table),
            ) => Ok(Datum::Table(table.clone())),
            _ => Err(unexpected()),
        }
    }

    fn or_word(&self, node: &Node, error: units::QuantityError) -> (Place, String) {
        let or = self
            .or()
            .map_or(String::new(), |word| format!(" or \"{word}\""));
        (node.place, format!("{error}{or}"))
    }

    /// A value as scenario files write it; `None` for tables, which stand on
    /// their own lines.
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
            Datum::Pairs(pairs) => {
                let pair = |(left, right): &(String, String)| {
                    format!("[{}, {}]", string(left), string(right))
                };
                format!(
                    "[{}]",
                    pairs.iter().map(pair).collect::<Vec<_>>().join(", ")
                )
            }
            Datum::Values(values) => {
                let values: Vec<_> = values.iter().map(|value| value.raw.toml()).collect();
                format!("[{}]", values.join(", "))
            }
            Datum::Table(_) | Datum::Records(_) => return None,
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
