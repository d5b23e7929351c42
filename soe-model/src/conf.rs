//! The original's configuration strings: `key=value` pairs joined by commas,
//! `type=async,alpha=0.95`.
//!
//! Values are not trimmed, and the first of several values for one key is used, as in
//! the original. Unlike in the original, missing values take their defaults, and
//! unknown keys are errors.
//!
//! ```
//! use soe_model::broker::optimizer::OPTIMIZERS;
//! use soe_model::conf::Conf;
//!
//! let conf = Conf::parse("type=trivial,stat=min")?;
//! let optimizer = conf.configure(&OPTIMIZERS)?;
//! assert_eq!(optimizer.kind.name, "trivial");
//! assert_eq!(optimizer.arguments.duration("period").as_secs_f64(), 10.0);
//! # Ok::<(), soe_model::conf::ConfError>(())
//! ```

use crate::catalogue::{ArgumentError, Catalogue, Configured, Quantity, Value};
use crate::units::QuantityError;

/// The pairs of a configuration string that were not read yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conf {
    pairs: Vec<(String, String)>,
}

/// What is wrong with a configuration string.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfError {
    /// It is not made of pairs.
    #[error("Invalid configuration: {0}")]
    Malformed(String),
    /// Unknown key.
    #[error("unknown key `{found}`, known: {known}")]
    UnknownKey {
        /// The key.
        found: String,
        /// All keys, separated by commas.
        known: String,
    },
    /// A key without default is missing.
    #[error("No value found for key: {0}")]
    Missing(&'static str),
    /// A value is impossible.
    #[error("key `{key}`: {error}")]
    Value {
        /// The key.
        key: String,
        /// What is wrong with it.
        error: QuantityError,
    },
    /// The pairs do not fit the kind they name.
    #[error(transparent)]
    Argument(#[from] ArgumentError),
}

/// The key that names the kind.
const TYPE: &str = "type";

impl Conf {
    /// Takes a string apart. The empty string has no pairs.
    ///
    /// # Errors
    /// If a key or a value is empty, or a pair has no `=`.
    pub fn parse(text: &str) -> Result<Self, ConfError> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for pair in text.split(',').filter(|_| !text.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or_default();
            if key.is_empty() || value.is_empty() {
                return Err(ConfError::Malformed(text.to_owned()));
            }
            if pairs.iter().all(|(known, _)| known != key) {
                pairs.push((key.to_owned(), value.to_owned()));
            }
        }
        Ok(Self { pairs })
    }

    /// Takes the value of a key out, if there is one.
    pub fn take(&mut self, key: &str) -> Option<String> {
        let found = self.pairs.iter().position(|(known, _)| known == key)?;
        Some(self.pairs.remove(found).1)
    }

    /// Takes the value of a key out and reads it, durations in bare seconds and
    /// sizes in bare bytes.
    ///
    /// # Errors
    /// If the value is malformed or out of range.
    pub fn take_value(
        &mut self,
        key: &str,
        quantity: Quantity,
    ) -> Result<Option<Value>, ConfError> {
        let text = self.take(key);
        let value = text.map(|text| quantity.parse_bare(&text)).transpose();
        value.map_err(|error| ConfError::Value {
            key: key.to_owned(),
            error,
        })
    }

    /// Takes the value of a flag out: true, yes, 1 or false, no, 0 in any case.
    ///
    /// # Errors
    /// If it is something else.
    pub fn take_flag(&mut self, key: &str) -> Result<Option<bool>, ConfError> {
        let Some(text) = self.take(key) else {
            return Ok(None);
        };
        match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Ok(Some(true)),
            "false" | "no" | "0" => Ok(Some(false)),
            _ => Err(ConfError::Value {
                key: key.to_owned(),
                error: QuantityError::Malformed {
                    found: text,
                    expected: "true, yes, 1, false, no or 0",
                },
            }),
        }
    }

    /// Ends the reading of a string whose keys were all taken by name.
    ///
    /// # Errors
    /// If something is left; the message lists the `known` keys.
    pub fn finish(self, known: &[&str]) -> Result<(), ConfError> {
        match self.pairs.into_iter().next() {
            None => Ok(()),
            Some((found, _)) => Err(ConfError::UnknownKey {
                found,
                known: known.join(", "),
            }),
        }
    }

    /// The kind that `type` names, with the other pairs as its arguments.
    ///
    /// # Errors
    /// If there is no `type`, the kind or a key is unknown, a mandatory one is
    /// missing or a value is impossible.
    pub fn configure<B>(mut self, catalogue: &Catalogue<B>) -> Result<Configured<B>, ConfError> {
        let name = self.take(TYPE).ok_or(ConfError::Missing(TYPE))?;
        let kind = catalogue.find(&name)?;
        let mut given = Vec::new();
        for (key, text) in self.pairs {
            let parameter = catalogue.parameter(kind, &key)?;
            let value = parameter.quantity.parse_bare(&text);
            let value = value.map_err(|error| ArgumentError::Value {
                parameter: parameter.name,
                error,
            })?;
            given.push((key, value));
        }
        Ok(catalogue.configure(&name, given)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::estimator::ESTIMATORS;
    use crate::broker::optimizer::OPTIMIZERS;
    use crate::broker::policy::POLICIES;
    use sim_core::SimDuration;

    fn message<B>(text: &str, catalogue: &Catalogue<B>) -> String {
        let configured = Conf::parse(text).and_then(|conf| conf.configure(catalogue));
        configured.unwrap_err().to_string()
    }

    #[test]
    fn the_defaults_of_the_original_are_understood() {
        for text in [
            "type=random",
            "type=least-impedance",
            "type=round-robin",
            "type=proportional-fairness,alpha=1,beta=0.5",
        ] {
            Conf::parse(text).unwrap().configure(&POLICIES).unwrap();
        }
        for text in [
            "type=none",
            "type=trivial,period=10,stat=mean",
            "type=async,alpha=0.95",
            "type=asyncPF",
        ] {
            Conf::parse(text).unwrap().configure(&OPTIMIZERS).unwrap();
        }
        for text in [
            "type=rtt,window-size=50,stale-period=10",
            "type=util,rtt-window-size=50,rtt-stale-period=10,util-load-timeout=10,util-window-size=50,output=out.dat",
            "type=delay,util-load-timeout=10,util-window-size=50,output=out.dat",
            "type=probe,max-clients=10,output=out.dat",
        ] {
            let mut conf = Conf::parse(text).unwrap();
            let output = conf.take("output");
            assert_eq!(output.is_some(), text.contains("output"));
            conf.configure(&ESTIMATORS).unwrap();
        }
    }

    #[test]
    fn partial_strings_take_defaults_and_the_first_value_counts() {
        let conf = Conf::parse("type=trivial,period=0.5,period=7").unwrap();
        let optimizer = conf.configure(&OPTIMIZERS).unwrap();
        let period = optimizer.arguments.duration("period");
        assert_eq!(period, SimDuration::from_millis(500));
        assert_eq!(optimizer.arguments.word("stat"), "mean");
    }

    #[test]
    fn mistakes_say_what_is_known() {
        for text in ["type", "type=", "=random", "type=random,", "type=random, "] {
            let expected = format!("Invalid configuration: {text}");
            assert_eq!(message(text, &POLICIES), expected);
        }
        assert_eq!(message("", &POLICIES), "No value found for key: type");
        assert_eq!(
            message("type=fastest", &POLICIES),
            "unknown policy `fastest`, known: random, least-impedance, round-robin, proportional-fairness, two-choices, least-connections, peak-ewma, rendezvous, bounded-loads, ch-rlu, warm-aware, pull, join-idle-queue, prequal, stale-board, epsilon-greedy, ucb1, d-ucb, linucb"
        );
        assert_eq!(
            message("type=async,beta=1", &OPTIMIZERS),
            "unknown parameter `beta` of optimizer `async`, known: alpha, retry-after"
        );
        assert_eq!(
            message("type=async", &OPTIMIZERS),
            "optimizer `async` needs `alpha`"
        );
        assert!(message("type=async,alpha=2", &OPTIMIZERS).contains("from 0 to 1"));
        assert!(message("type=trivial,period=soon", &OPTIMIZERS).contains("a number of seconds"));
        assert!(message("type=rtt,window-size=-1", &ESTIMATORS).contains("a whole number"));
    }

    #[test]
    fn keys_taken_by_name_leave_nothing_behind() {
        let text = "max-pending-clients=2,min-forward-time=0.001,fake=YES,speed=3";
        let mut conf = Conf::parse(text).unwrap();
        let count = conf.take_value("max-pending-clients", Quantity::Count { min: 0 });
        assert_eq!(count, Ok(Some(Value::Count(2))));
        let time = conf.take_value("min-forward-time", Quantity::Duration);
        assert_eq!(time, Ok(Some(Value::Duration(SimDuration::from_millis(1)))));
        assert_eq!(
            conf.take_value("max-forward-time", Quantity::Duration),
            Ok(None)
        );
        assert_eq!(conf.take_flag("fake"), Ok(Some(true)));
        let left = conf.finish(&["max-pending-clients", "fake"]).unwrap_err();
        assert_eq!(
            left.to_string(),
            "unknown key `speed`, known: max-pending-clients, fake"
        );
        let mut conf = Conf::parse("fake=maybe").unwrap();
        assert!(conf.take_flag("fake").is_err());
    }
}
