//! All sorts of kinds that are selected by name.

use crate::broker::estimator::ESTIMATORS;
use crate::broker::optimizer::OPTIMIZERS;
use crate::broker::policy::POLICIES;
use crate::broker::safeguards::EJECTIONS;
use crate::catalogue::{Catalogue, KindInfo};
use crate::client::arrival::ARRIVALS;
use crate::client::size::SIZES;
use crate::computer::platform::PLATFORMS;
use crate::duration::DURATIONS;
use crate::instances::autoscaler::AUTOSCALERS;
use crate::instances::keep_alive::KEEP_ALIVES;

/// A sort of kinds, whatever they make.
#[derive(Clone, Debug)]
pub struct Sort {
    /// As in [`Catalogue::sort`].
    pub name: &'static str,
    /// As in [`Catalogue::plural`].
    pub plural: &'static str,
    /// The kinds, in the order of the documentation.
    pub kinds: Vec<KindInfo>,
}

/// All sorts, those of brokers first.
pub fn sorts() -> Vec<Sort> {
    vec![
        sort(&POLICIES),
        sort(&OPTIMIZERS),
        sort(&ESTIMATORS),
        sort(&EJECTIONS),
        sort(&ARRIVALS),
        sort(&SIZES),
        sort(&PLATFORMS),
        sort(&KEEP_ALIVES),
        sort(&AUTOSCALERS),
        sort(&DURATIONS),
    ]
}

fn sort<B>(catalogue: &Catalogue<B>) -> Sort {
    Sort {
        name: catalogue.sort,
        plural: catalogue.plural,
        kinds: catalogue.infos(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Builds every kind from its declaration. A builder that asks for a parameter
    /// which its kind does not declare, or for one of another quantity, panics.
    #[test]
    fn every_kind_can_be_built_from_what_it_declares() {
        for configured in POLICIES.examples().unwrap() {
            (configured.kind.build)(&configured.arguments);
        }
        for configured in OPTIMIZERS.examples().unwrap() {
            (configured.kind.build)(&configured.arguments);
        }
        for configured in ESTIMATORS.examples().unwrap() {
            (configured.kind.build)(&configured.arguments);
        }
        for configured in EJECTIONS.examples().unwrap() {
            (configured.kind.build)(&configured.arguments);
        }
        for configured in ARRIVALS.examples().unwrap() {
            // Some examples contradict each other, which is checked in the builder.
            let _ = (configured.kind.build)(&configured.arguments);
        }
        for configured in SIZES.examples().unwrap() {
            let _ = (configured.kind.build)(&configured.arguments);
        }
        for configured in PLATFORMS.examples().unwrap() {
            (configured.kind.build)(&configured.arguments);
        }
        for configured in KEEP_ALIVES.examples().unwrap() {
            (configured.kind.build)(&configured.arguments);
        }
        for configured in AUTOSCALERS.examples().unwrap() {
            (configured.kind.build)(&configured.arguments, 1);
        }
        for configured in DURATIONS.examples().unwrap() {
            let _ = (configured.kind.build)(&configured.arguments);
        }
    }

    #[test]
    fn every_kind_and_parameter_has_a_name_and_a_sentence() {
        for sort in sorts() {
            assert!(!sort.kinds.is_empty(), "{}", sort.plural);
            for kind in sort.kinds {
                assert!(kind.help.ends_with('.'), "{}", kind.name);
                assert!(kind.version >= 1, "{}", kind.name);
                for parameter in kind.parameters {
                    assert!(parameter.help.ends_with('.'), "{}", parameter.name);
                    if let Some(default) = parameter.default {
                        let parsed = parameter.quantity.parse(default);
                        assert!(parsed.is_ok(), "{} {parsed:?}", parameter.name);
                    }
                }
            }
        }
    }
}
