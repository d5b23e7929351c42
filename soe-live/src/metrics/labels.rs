//! Names that become labels, within bounds.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};

use crate::limits::{METRIC_LABELS, METRIC_NAME};

/// What all names beyond the bounds are called.
pub const OTHER: &str = "other";

/// The names that have a label of their own.
#[derive(Debug, Default)]
pub struct Labels(RwLock<BTreeSet<Box<str>>>);

impl Labels {
    /// The label of a name that is known to be real, such as that of a function that was
    /// executed. The first [`METRIC_LABELS`] names get one of their own.
    pub fn admit<'a>(&self, name: &'a str) -> &'a str {
        if self.has(name) {
            return name;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if name.len() > METRIC_NAME || (known.len() >= METRIC_LABELS && !known.contains(name)) {
            return OTHER;
        }
        known.insert(name.into());
        name
    }

    /// The label of a name that anyone may have made up.
    pub fn find<'a>(&self, name: &'a str) -> &'a str {
        match self.has(name) {
            true => name,
            false => OTHER,
        }
    }

    fn has(&self, name: &str) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.contains(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_the_bounds_share_a_label() {
        let labels = Labels::default();
        assert_eq!(labels.find("f"), OTHER);
        assert_eq!(labels.admit("f"), "f");
        assert_eq!(labels.find("f"), "f");
        let long = "x".repeat(METRIC_NAME + 1);
        assert_eq!(labels.admit(&long), OTHER);
        let names: Vec<_> = (0..10 * METRIC_LABELS).map(|it| it.to_string()).collect();
        let own = names.iter().filter(|name| labels.admit(name) != OTHER);
        assert_eq!(own.count(), METRIC_LABELS - 1);
        assert_eq!(labels.admit("f"), "f");
        assert_eq!(labels.0.read().unwrap().len(), METRIC_LABELS);
    }
}
