//! Which computers offer which functions, as they announce it.

use std::collections::{BTreeMap, BTreeSet};

/// Computers by end-point, each with the functions that it offers.
#[derive(Clone, Debug, Default)]
pub struct Offers(BTreeMap<String, BTreeSet<String>>);

/// The functions that are offered for the first time or no longer, by any computer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Offered by some computer now and by none before, in their order.
    pub appeared: Vec<String>,
    /// Offered by none any more, in their order.
    pub disappeared: Vec<String>,
}

impl Offers {
    /// A computer offers exactly these functions from now on; with none, it is gone.
    pub fn set(&mut self, endpoint: &str, functions: BTreeSet<String>) -> Changed {
        let before = self.0.remove(endpoint).unwrap_or_default();
        let elsewhere = |function: &&String| !self.is_offered(function);
        let appeared = functions.difference(&before).filter(elsewhere);
        let disappeared = before.difference(&functions).filter(elsewhere);
        let changed = Changed {
            appeared: appeared.cloned().collect(),
            disappeared: disappeared.cloned().collect(),
        };
        if !functions.is_empty() {
            self.0.insert(endpoint.to_owned(), functions);
        }
        changed
    }

    /// What a computer offers.
    pub fn of(&self, endpoint: &str) -> Option<&BTreeSet<String>> {
        self.0.get(endpoint)
    }

    /// Whether some computer offers a function.
    pub fn is_offered(&self, function: &str) -> bool {
        self.first(function).is_some()
    }

    /// The first computer, in the order of end-points, that offers a function.
    pub fn first(&self, function: &str) -> Option<&str> {
        let mut computers = self.0.iter();
        let found = computers.find(|(_, functions)| functions.contains(function));
        found.map(|(endpoint, _)| endpoint.as_str())
    }

    /// Whether a computer offers a function.
    pub fn has(&self, endpoint: &str, function: &str) -> bool {
        self.of(endpoint).is_some_and(|all| all.contains(function))
    }

    /// The end-points of all computers, in their order.
    pub fn computers(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
