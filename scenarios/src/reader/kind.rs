//! Choices among the kinds of a catalogue: a plain word, or a table with `type` and the
//! parameters of that kind.

use soe_model::broker::estimator::ESTIMATORS;
use soe_model::broker::optimizer::OPTIMIZERS;
use soe_model::broker::policy::POLICIES;
use soe_model::broker::safeguards::EJECTIONS;
pub use soe_model::catalogue::KindInfo;
use soe_model::catalogue::{Catalogue, Configured, Value};
use soe_model::client::arrival::ARRIVALS;
use soe_model::client::size::SIZES;
use soe_model::computer::platform::PLATFORMS;
use soe_model::duration::DURATIONS;
use soe_model::instances::autoscaler::AUTOSCALERS;
use soe_model::instances::keep_alive::KEEP_ALIVES;

/// Which catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// Policies of e-routers.
    Policy,
    /// Optimizers of weights.
    Optimizer,
    /// Estimators of e-dispatchers.
    Estimator,
    /// Rules of ejection of routers.
    Ejection,
    /// Arrival processes of clients.
    Arrivals,
    /// Distributions of input sizes.
    Sizes,
    /// Platforms of computers.
    Platform,
    /// Keep-alive policies of instances.
    KeepAlive,
    /// Autoscalers of instances.
    Autoscaler,
    /// Distributions of durations.
    Duration,
}

/// A kind with a value for every parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The name of the kind.
    pub kind: &'static str,
    /// The values of its parameters, by name.
    pub arguments: Vec<(&'static str, Value)>,
}

impl Sort {
    /// All catalogues, in the order of the documentation.
    pub const ALL: [Self; 10] = [
        Self::Platform,
        Self::Policy,
        Self::Optimizer,
        Self::Estimator,
        Self::Ejection,
        Self::Arrivals,
        Self::Sizes,
        Self::KeepAlive,
        Self::Autoscaler,
        Self::Duration,
    ];

    /// What the kinds are, in the singular.
    pub fn name(self) -> &'static str {
        match self {
            Self::Policy => POLICIES.sort,
            Self::Optimizer => OPTIMIZERS.sort,
            Self::Estimator => ESTIMATORS.sort,
            Self::Ejection => EJECTIONS.sort,
            Self::Arrivals => ARRIVALS.sort,
            Self::Sizes => SIZES.sort,
            Self::Platform => PLATFORMS.sort,
            Self::KeepAlive => KEEP_ALIVES.sort,
            Self::Autoscaler => AUTOSCALERS.sort,
            Self::Duration => DURATIONS.sort,
        }
    }

    /// All kinds, in the order of the documentation.
    pub fn kinds(self) -> Vec<KindInfo> {
        match self {
            Self::Policy => POLICIES.infos(),
            Self::Optimizer => OPTIMIZERS.infos(),
            Self::Estimator => ESTIMATORS.infos(),
            Self::Ejection => EJECTIONS.infos(),
            Self::Arrivals => ARRIVALS.infos(),
            Self::Sizes => SIZES.infos(),
            Self::Platform => PLATFORMS.infos(),
            Self::KeepAlive => KEEP_ALIVES.infos(),
            Self::Autoscaler => AUTOSCALERS.infos(),
            Self::Duration => DURATIONS.infos(),
        }
    }

    /// The kinds and parameters for values without a name: sizes may be written `"10 kB"`
    /// or `["1 kB", "10 kB"]`, durations `"10 ms"` or `["10 ms", "2 s"]`.
    pub fn shorthand(self) -> Option<Shorthand> {
        match self {
            Self::Sizes => Some(Shorthand {
                one: ("fixed", "size"),
                several: ("list", "sizes"),
            }),
            Self::Duration => Some(Shorthand {
                one: ("fixed", "duration"),
                several: ("empirical", "values"),
            }),
            _ => None,
        }
    }
}

/// Kinds and their parameters that may be written without naming them.
#[derive(Clone, Copy, Debug)]
pub struct Shorthand {
    /// The kind and the parameter for a single value.
    pub one: (&'static str, &'static str),
    /// The kind and the parameter for a list of values.
    pub several: (&'static str, &'static str),
}

impl Choice {
    /// What the models need to build one.
    ///
    /// # Errors
    /// What is wrong with the choice, in words.
    pub fn configure<B>(&self, catalogue: &Catalogue<B>) -> Result<Configured<B>, String> {
        let given = self.arguments.iter();
        let given = given.map(|(name, value)| ((*name).to_owned(), value.clone()));
        let configured = catalogue.configure(self.kind, given.collect());
        configured.map_err(|error| error.to_string())
    }

    /// The value of a parameter that is a whole number.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.arguments
            .iter()
            .filter_map(|(name, value)| match value {
                Value::Count(count) => Some((*name, *count)),
                _ => None,
            })
    }

    /// As scenario files write it.
    pub fn toml(&self) -> String {
        if self.arguments.is_empty() {
            return format!("\"{}\"", self.kind);
        }
        let mut text = format!("{{ type = \"{}\"", self.kind);
        for (name, value) in &self.arguments {
            text.push_str(&format!(", {name} = {}", value_toml(value)));
        }
        text.push_str(" }");
        text
    }
}

fn value_toml(value: &Value) -> String {
    match value {
        Value::Number(number) => super::syntax::float(*number),
        Value::Count(count) => count.to_string(),
        Value::ByteList(sizes) => {
            let sizes: Vec<_> = sizes.iter().map(|size| format!("\"{size}\"")).collect();
            format!("[{}]", sizes.join(", "))
        }
        Value::DurationList(durations) => {
            let durations = durations.iter();
            let durations: Vec<_> = durations.map(|it| format!("\"{it}\"")).collect();
            format!("[{}]", durations.join(", "))
        }
        other => super::syntax::string(&other.to_string()),
    }
}
