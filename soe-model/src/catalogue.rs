//! Catalogues: declarations of named kinds (policies, optimizers, estimators, arrival
//! processes, size distributions, …) among which users choose.
//!
//! A kind declares its name, its parameters (quantity, default, explanation) and its
//! constructor. Scenario files, the original's configuration strings
//! (`type=async,alpha=0.95`), the JSON Schema, the reference documentation and the
//! messages for wrong input all follow from this declaration. A new kind is one file
//! and one line in the catalogue of its sort. A program that uses this project as a
//! library [registers](Catalogue::register) it instead.

mod arguments;
mod help;
mod quantity;

use std::fmt;
use std::sync::OnceLock;

pub use arguments::{Arguments, Configured};
pub use quantity::{Quantity, Timetable, Value};

use crate::units::QuantityError;

/// One kind of a sort: what a user can name, and how it is made.
///
/// `B` is the builder, a plain function pointer such as
/// `fn(&Arguments) -> Box<dyn Policy>`.
#[derive(Debug)]
pub struct Kind<B: 'static> {
    /// The name users write.
    pub name: &'static str,
    /// One sentence for the reference documentation.
    pub help: &'static str,
    /// The parameters, in the order of the documentation.
    pub parameters: &'static [Parameter],
    /// Counts the changes of what it does, from 1 ([`Kind::new`] sets that): studies
    /// compute anew what was computed with another version.
    pub version: u32,
    /// Makes one from arguments that were checked against `parameters`.
    pub build: B,
}

/// One parameter of a kind.
#[derive(Debug)]
pub struct Parameter {
    /// The name users write, in kebab case.
    pub name: &'static str,
    /// What sort of value it takes.
    pub quantity: Quantity,
    /// The value taken if it is left out, as a user would write it; `None` makes
    /// the parameter mandatory.
    pub default: Option<&'static str>,
    /// One sentence: what it means, and where the default comes from.
    pub help: &'static str,
}

/// Why arguments do not fit a kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArgumentError {
    /// No kind has this name.
    #[error("unknown {sort} `{found}`, known: {known}")]
    UnknownKind {
        /// The sort that was looked up.
        sort: &'static str,
        /// The name that was found.
        found: String,
        /// All names, separated by commas.
        known: String,
    },
    /// The kind has no such parameter.
    #[error("unknown parameter `{found}` of {sort} `{kind}`, known: {known}")]
    UnknownParameter {
        /// The sort of the kind.
        sort: &'static str,
        /// The kind.
        kind: &'static str,
        /// The name that was found.
        found: String,
        /// All names, separated by commas.
        known: String,
    },
    /// A parameter without default is missing.
    #[error("{sort} `{kind}` needs `{parameter}`")]
    Missing {
        /// The sort of the kind.
        sort: &'static str,
        /// The kind.
        kind: &'static str,
        /// The missing parameter.
        parameter: &'static str,
    },
    /// Arguments that are fine one by one contradict each other.
    #[error("`{kind}` {reason}")]
    Conflict {
        /// The kind.
        kind: &'static str,
        /// What is wrong, as the rest of a sentence about the kind.
        reason: String,
    },
    /// A value cannot be read or is out of range.
    #[error("parameter `{parameter}`: {error}")]
    Value {
        /// The parameter.
        parameter: &'static str,
        /// What is wrong with it.
        error: QuantityError,
    },
}

impl<B> Kind<B> {
    /// Version 1 of a kind without parameters.
    pub const fn new(name: &'static str, help: &'static str, build: B) -> Self
    where
        B: Copy,
    {
        Self {
            name,
            help,
            parameters: &[],
            version: 1,
            build,
        }
    }
}

/// All kinds of one sort.
///
/// There is one for each sort in the process, so that scenario files, options, help
/// and documentation cannot disagree. Those that are part of this crate are always
/// there; more can be [registered](Self::register) before the first use.
#[derive(Debug)]
pub struct Catalogue<B: 'static> {
    /// What the kinds are, in the singular: `policy`, `optimizer`.
    pub sort: &'static str,
    /// What they are called together: `policies`, `optimizers`.
    pub plural: &'static str,
    shipped: &'static [&'static Kind<B>],
    /// Fixed by the first registration or use.
    registered: OnceLock<Vec<&'static Kind<B>>>,
}

/// What a kind is, whatever it makes.
#[derive(Clone, Copy, Debug)]
pub struct KindInfo {
    /// As in [`Kind::name`].
    pub name: &'static str,
    /// As in [`Kind::help`].
    pub help: &'static str,
    /// As in [`Kind::parameters`].
    pub parameters: &'static [Parameter],
    /// As in [`Kind::version`].
    pub version: u32,
    /// Whether it was [registered](Catalogue::register).
    pub is_registered: bool,
}

/// Why kinds cannot be registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// Kinds of this sort were registered already, or looked up: what was looked up
    /// before would know less than what is looked up later.
    #[error("kinds of {sort} must be registered once, before the first lookup")]
    TooLate {
        /// The sort.
        sort: &'static str,
    },
    /// Two kinds have the same name.
    #[error("there are two kinds of {sort} called `{name}`")]
    Twice {
        /// The sort.
        sort: &'static str,
        /// The name.
        name: &'static str,
    },
    /// A name is not in kebab case, so that it could not be written everywhere.
    #[error("`{name}` of {sort}: names consist of letters, digits and hyphens")]
    Name {
        /// The sort.
        sort: &'static str,
        /// The name of the kind or of a parameter.
        name: &'static str,
    },
    /// The default of a parameter is not a value that it takes.
    #[error("default of `{parameter}` of {sort} `{kind}`: {error}")]
    Default {
        /// The sort.
        sort: &'static str,
        /// The kind.
        kind: &'static str,
        /// The parameter.
        parameter: &'static str,
        /// What is wrong with it.
        error: QuantityError,
    },
}

impl<B> Catalogue<B> {
    /// A catalogue of the kinds that are part of a crate.
    pub const fn new(
        sort: &'static str,
        plural: &'static str,
        shipped: &'static [&'static Kind<B>],
    ) -> Self {
        Self {
            sort,
            plural,
            shipped,
            registered: OnceLock::new(),
        }
    }

    /// Adds kinds, behind the others, for the whole process.
    ///
    /// # Errors
    /// If this is not the first registration and use of the catalogue, or a
    /// declaration is impossible. Then nothing has changed.
    pub fn register(&self, kinds: Vec<&'static Kind<B>>) -> Result<(), RegisterError> {
        let sort = self.sort;
        for (number, kind) in kinds.iter().enumerate() {
            let mut known = self.shipped.iter().chain(&kinds[..number]);
            if known.any(|known| known.name == kind.name) {
                let name = kind.name;
                return Err(RegisterError::Twice { sort, name });
            }
            check(sort, kind)?;
        }
        let set = self.registered.set(kinds);
        set.map_err(|_| RegisterError::TooLate { sort })
    }

    /// The kinds, in the order of the documentation.
    pub fn kinds(&self) -> impl Iterator<Item = &'static Kind<B>> + '_ {
        let registered = self.registered.get_or_init(Vec::new);
        self.shipped.iter().chain(registered).copied()
    }

    /// What the kinds are, in the same order.
    pub fn infos(&self) -> Vec<KindInfo> {
        let info = |(number, kind): (usize, &'static Kind<B>)| KindInfo {
            name: kind.name,
            help: kind.help,
            parameters: kind.parameters,
            version: kind.version,
            is_registered: number >= self.shipped.len(),
        };
        self.kinds().enumerate().map(info).collect()
    }

    /// Each kind with the defaults of its parameters, and some value for those that
    /// have none: for tests and benchmarks of everything there is.
    ///
    /// # Errors
    /// If a default is impossible.
    pub fn examples(&self) -> Result<Vec<Configured<B>>, ArgumentError> {
        let example = |kind: &'static Kind<B>| {
            let parameters = kind.parameters.iter();
            let mandatory = parameters.filter(|parameter| parameter.default.is_none());
            let given = mandatory
                .map(|parameter| (parameter.name.to_owned(), parameter.quantity.example()));
            self.configure(kind.name, given.collect())
        };
        self.kinds().map(example).collect()
    }

    /// The kind called `name`.
    ///
    /// # Errors
    /// [`ArgumentError::UnknownKind`], which lists what is known.
    pub fn find(&self, name: &str) -> Result<&'static Kind<B>, ArgumentError> {
        let kind = self.kinds().find(|kind| kind.name == name);
        kind.ok_or_else(|| ArgumentError::UnknownKind {
            sort: self.sort,
            found: name.to_owned(),
            known: list(self.kinds().map(|kind| kind.name)),
        })
    }

    /// The kind called `name` with the given arguments; what is not given takes
    /// its default.
    ///
    /// # Errors
    /// If the kind or a parameter is unknown, or a mandatory one is missing.
    pub fn configure(
        &self,
        name: &str,
        given: Vec<(String, Value)>,
    ) -> Result<Configured<B>, ArgumentError> {
        let kind = self.find(name)?;
        for (found, _) in &given {
            self.parameter(kind, found)?;
        }
        let argument = |parameter: &'static Parameter| {
            let given = given.iter().find(|(name, _)| name == parameter.name);
            let value = match (given, parameter.default) {
                (Some((_, value)), _) => Ok(value.clone()),
                (None, Some(default)) => {
                    parameter
                        .quantity
                        .parse(default)
                        .map_err(|error| ArgumentError::Value {
                            parameter: parameter.name,
                            error,
                        })
                }
                (None, None) => Err(ArgumentError::Missing {
                    sort: self.sort,
                    kind: kind.name,
                    parameter: parameter.name,
                }),
            };
            value.map(|value| (parameter.name, value))
        };
        let arguments = kind
            .parameters
            .iter()
            .map(argument)
            .collect::<Result<_, _>>()?;
        Ok(Configured {
            kind,
            arguments: Arguments::new(arguments),
        })
    }

    /// The parameter of `kind` called `name`.
    ///
    /// # Errors
    /// [`ArgumentError::UnknownParameter`], which lists what is known.
    pub fn parameter(
        &self,
        kind: &'static Kind<B>,
        name: &str,
    ) -> Result<&'static Parameter, ArgumentError> {
        let parameter = kind
            .parameters
            .iter()
            .find(|parameter| parameter.name == name);
        parameter.ok_or_else(|| ArgumentError::UnknownParameter {
            sort: self.sort,
            kind: kind.name,
            found: name.to_owned(),
            known: list(kind.parameters.iter().map(|parameter| parameter.name)),
        })
    }
}

/// Checks the declaration of a kind that is registered.
fn check<B>(sort: &'static str, kind: &'static Kind<B>) -> Result<(), RegisterError> {
    let is_name = |name: &str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
        !name.is_empty() && name.chars().all(allowed)
    };
    let names = kind.parameters.iter().map(|parameter| parameter.name);
    for name in std::iter::once(kind.name).chain(names) {
        // `type` names the kind itself.
        if !is_name(name) || name == "type" {
            return Err(RegisterError::Name { sort, name });
        }
    }
    for parameter in kind.parameters {
        if let Some(default) = parameter.default {
            let parsed = parameter.quantity.parse(default);
            parsed.map_err(|error| RegisterError::Default {
                sort,
                kind: kind.name,
                parameter: parameter.name,
                error,
            })?;
        }
    }
    Ok(())
}

fn list(items: impl Iterator<Item = impl fmt::Display>) -> String {
    let items: Vec<_> = items.map(|item| item.to_string()).collect();
    items.join(", ")
}

#[cfg(test)]
mod tests {
    use sim_core::SimDuration;

    use super::*;
    use crate::units::Bytes;

    type Delay = fn(&Arguments) -> f64;

    static SLOW: Kind<Delay> = Kind {
        name: "slow",
        help: "Waits.",
        parameters: &[
            Parameter {
                name: "period",
                quantity: Quantity::Duration,
                default: Some("10 s"),
                help: "How long.",
            },
            Parameter {
                name: "alpha",
                quantity: Quantity::Number { min: 0.0, max: 1.0 },
                default: None,
                help: "How much.",
            },
        ],
        version: 1,
        build: |arguments| arguments.number("alpha") * arguments.duration("period").as_secs_f64(),
    };
    static SHIPPED: &[&Kind<Delay>] = &[&SLOW];
    static CATALOGUE: Catalogue<Delay> = Catalogue::new("delay", "delays", SHIPPED);

    #[test]
    fn defaults_fill_what_is_left_out() {
        let given = vec![("alpha".to_owned(), Value::Number(0.5))];
        let configured = CATALOGUE.configure("slow", given).unwrap();
        assert_eq!((configured.kind.build)(&configured.arguments), 5.0);
    }

    #[test]
    fn help_is_made_from_the_declarations() {
        assert_eq!(CATALOGUE.summary(), "type=slow with period and alpha");
        assert_eq!(
            CATALOGUE.details(),
            "type=slow: Waits.\n  period, default 10 s: How long.\n  alpha, mandatory: How much."
        );
    }

    #[test]
    fn mistakes_list_what_is_known() {
        let message = |name, given| CATALOGUE.configure(name, given).unwrap_err().to_string();
        assert_eq!(message("fast", vec![]), "unknown delay `fast`, known: slow");
        assert_eq!(message("slow", vec![]), "delay `slow` needs `alpha`");
        let wrong = vec![("beta".to_owned(), Value::Number(0.5))];
        assert_eq!(
            message("slow", wrong),
            "unknown parameter `beta` of delay `slow`, known: period, alpha"
        );
    }

    const FAST: Kind<Delay> = Kind::new("fast", "Waits not.", |_| 0.0);

    #[test]
    fn kinds_are_registered_once_and_before_the_first_use() {
        let catalogue = || Catalogue::new("delay", "delays", SHIPPED);
        let late = RegisterError::TooLate { sort: "delay" };
        let first = catalogue();
        assert_eq!(first.register(vec![&FAST]), Ok(()));
        assert_eq!(first.register(vec![]), Err(late.clone()));
        let infos = first.infos();
        let names: Vec<_> = infos.iter().map(|kind| kind.name).collect();
        assert_eq!(names, ["slow", "fast"]);
        assert!(!infos[0].is_registered && infos[1].is_registered);
        let used = catalogue();
        assert!(used.find("slow").is_ok());
        assert_eq!(used.register(vec![&FAST]), Err(late));
        assert!(used.find("fast").is_err());
    }

    #[test]
    fn impossible_declarations_are_refused_and_change_nothing() {
        const UNNAMED: Kind<Delay> = Kind::new("", "Nothing.", |_| 0.0);
        static WRONG: Kind<Delay> = Kind {
            parameters: &[Parameter {
                name: "period",
                quantity: Quantity::Duration,
                default: Some("soon"),
                help: "How long.",
            }],
            ..FAST
        };
        let catalogue = Catalogue::new("delay", "delays", SHIPPED);
        for (kinds, message) in [
            (vec![&SLOW], "two kinds of delay called `slow`"),
            (vec![&FAST, &FAST], "two kinds of delay called `fast`"),
            (vec![&UNNAMED], "letters, digits and hyphens"),
            (vec![&WRONG], "default of `period` of delay `fast`"),
        ] {
            let refused = catalogue.register(kinds).unwrap_err().to_string();
            assert!(refused.contains(message), "{refused}");
        }
        assert_eq!(catalogue.register(vec![&FAST]), Ok(()));
    }

    #[test]
    #[should_panic(expected = "`beta`")]
    fn a_parameter_that_is_not_declared_has_no_value() {
        let given = vec![("alpha".to_owned(), Value::Number(0.5))];
        CATALOGUE
            .configure("slow", given)
            .unwrap()
            .arguments
            .number("beta");
    }

    #[test]
    #[should_panic(expected = "`alpha`")]
    fn a_parameter_of_another_quantity_has_no_value() {
        let given = vec![("alpha".to_owned(), Value::Number(0.5))];
        CATALOGUE
            .configure("slow", given)
            .unwrap()
            .arguments
            .count("alpha");
    }

    #[test]
    fn bare_values_are_seconds_and_bytes() {
        let parsed = Quantity::Duration.parse_bare("0.5");
        assert_eq!(parsed, Ok(Value::Duration(SimDuration::from_millis(500))));
        assert_eq!(
            Quantity::Bytes.parse_bare("10"),
            Ok(Value::Bytes(Bytes(10)))
        );
        assert!(
            Quantity::Number { min: 0.0, max: 1.0 }
                .parse("1.5")
                .is_err()
        );
        assert!(
            Quantity::Number { min: 0.0, max: 1.0 }
                .parse("NaN")
                .is_err()
        );
    }
}
