//! Interned names: each distinct text is stored once and identified by a small number.

use std::collections::HashMap;
use std::num::NonZeroU32;

/// A name in a [`Names`] table. Four bytes, also as an `Option`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameId(NonZeroU32);

/// The texts behind [`NameId`]s: entities, functions, paths, errors.
///
/// Identifiers are given out in the order of interning. A clone continues with the same identifiers, so that
/// replications can start from one common table and add their own names.
///
/// ```
/// use analysis::Names;
/// let mut names = Names::new();
/// let client = names.intern("client");
/// assert_eq!(names.intern("client"), client);
/// assert_eq!(names.resolve(client), "client");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Names {
    texts: Vec<Box<str>>,
    ids: HashMap<Box<str>, NameId>,
}

impl Names {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// The identifier of a text, which is added if it is new.
    ///
    /// # Panics
    /// Beyond 2^32 - 1 different texts.
    pub fn intern(&mut self, text: &str) -> NameId {
        if let Some(&id) = self.ids.get(text) {
            return id;
        }
        self.texts.push(text.into());
        let id = u32::try_from(self.texts.len())
            .ok()
            .and_then(NonZeroU32::new)
            .map(NameId);
        let id = id.expect("fewer than 2^32 different names");
        self.ids.insert(text.into(), id);
        id
    }

    /// The text of an identifier.
    ///
    /// # Panics
    /// If the identifier comes from a table with more names than this one.
    pub fn resolve(&self, id: NameId) -> &str {
        &self.texts[id.0.get() as usize - 1]
    }

    /// The text of an identifier, or an empty text.
    pub(crate) fn resolve_or_empty(&self, id: Option<NameId>) -> &str {
        id.map_or("", |id| self.resolve(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_optional_identifier_takes_no_more_room() {
        assert_eq!(size_of::<Option<NameId>>(), 4);
    }

    #[test]
    fn identifiers_follow_the_order_of_interning_and_survive_a_clone() {
        let mut names = Names::new();
        let ids: Vec<_> = ["b", "a", "", "b"]
            .iter()
            .map(|text| names.intern(text))
            .collect();
        assert!(ids[0] < ids[1] && ids[1] < ids[2] && ids[3] == ids[0]);
        let mut more = names.clone();
        let new = more.intern("c");
        assert_eq!(more.resolve(ids[1]), "a");
        assert_eq!(more.resolve(new), "c");
        assert_eq!(more.intern("a"), ids[1]);
    }
}
