//! Names that become labels, within bounds.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::limits::{METRIC_LABELS, METRIC_NAME};

/// What all names beyond the bounds are called.
pub const OTHER: &str = "other";

/// What is counted for each name that has a label of its own, and for all others together.
#[derive(Debug)]
pub struct Labels<T> {
    own: RwLock<BTreeMap<Box<str>, Arc<T>>>,
    other: Arc<T>,
}

impl<T> Labels<T> {
    /// No names yet; `other` is for those that have no label of their own.
    pub fn new(other: T) -> Self {
        Self {
            own: RwLock::default(),
            other: Arc::new(other),
        }
    }

    /// What is counted for a name that is known to be real, such as that of a function that
    /// was executed. The first [`METRIC_LABELS`] names get a label of their own, for which
    /// `make` is called.
    pub fn admit(&self, name: &str, make: impl FnOnce(&str) -> T) -> Arc<T> {
        if let Some(own) = self.own(name) {
            return own;
        }
        let mut known = self.own.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = known.get(name) {
            return own.clone();
        }
        if name.len() > METRIC_NAME || known.len() >= METRIC_LABELS {
            return self.other.clone();
        }
        let own = Arc::new(make(name));
        known.insert(name.into(), own.clone());
        own
    }

    /// What is counted for a name, if it has a label of its own.
    pub fn own(&self, name: &str) -> Option<Arc<T>> {
        let known = self.own.read().unwrap_or_else(PoisonError::into_inner);
        known.get(name).cloned()
    }

    /// What is counted for all names without a label of their own.
    pub fn other(&self) -> &T {
        &self.other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_the_bounds_share_a_label() {
        let labels = Labels::new(OTHER.to_owned());
        let admit = |name: &str| labels.admit(name, str::to_owned);
        assert_eq!(labels.own("f"), None);
        assert_eq!(*admit("f"), "f");
        assert_eq!(labels.own("f").as_deref().map(String::as_str), Some("f"));
        assert_eq!(*admit(&"x".repeat(METRIC_NAME + 1)), OTHER);
        let names: Vec<_> = (0..10 * METRIC_LABELS).map(|it| it.to_string()).collect();
        let own = names.iter().filter(|name| *admit(name) != OTHER);
        assert_eq!(own.count(), METRIC_LABELS - 1);
        assert_eq!(*admit("f"), "f");
        assert_eq!(labels.own.read().unwrap().len(), METRIC_LABELS);
    }
}
