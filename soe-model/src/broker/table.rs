//! Forwarding tables: the destinations of each function.

/// Names one entry of one table for as long as it exists.
///
/// The slot is reused after the entry is gone; the generation tells the old
/// entry from the new one, so that an answer about a destination that was
/// removed or replaced meanwhile changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryKey {
    slot: u32,
    generation: u32,
}

/// What an optimizer or an estimator knows about each entry of a table.
#[derive(Clone, Debug)]
pub(crate) struct PerEntry<T> {
    states: Vec<(u32, T)>,
}

impl<T> Default for PerEntry<T> {
    fn default() -> Self {
        Self { states: Vec::new() }
    }
}

impl<T: Default> PerEntry<T> {
    /// The state of an entry that exists, the default one if it is new.
    pub(crate) fn get_mut(&mut self, entry: EntryKey) -> &mut T {
        let slot = entry.slot as usize;
        if slot >= self.states.len() {
            self.states
                .resize_with(slot + 1, || (entry.generation, T::default()));
        }
        let (generation, state) = &mut self.states[slot];
        if *generation != entry.generation {
            *generation = entry.generation;
            *state = T::default();
        }
        state
    }

    /// The state of an entry, unless the slot has gone to another one.
    pub(crate) fn known(&mut self, entry: EntryKey) -> Option<&mut T> {
        let (generation, state) = self.states.get_mut(entry.slot as usize)?;
        (*generation == entry.generation).then_some(state)
    }
}
