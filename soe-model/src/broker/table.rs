//! Forwarding tables: the destinations of each function.

use std::collections::HashMap;
use std::fmt::Write;

use crate::names::{EndpointId, FunctionId, Id, Names};

/// The destinations of each function, in order of insertion unless stated
/// otherwise, each with a weight.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// By slot.
    entries: Vec<Entry>,
    /// Slots without entry.
    free: Vec<u32>,
    /// By function.
    rows: Vec<Vec<EntryKey>>,
    /// Only ever looked up, never iterated: its order cannot leak into results.
    index: HashMap<(FunctionId, EndpointId), EntryKey>,
}

/// An entry of a forwarding table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// The function.
    pub function: FunctionId,
    /// The destination.
    pub destination: EndpointId,
    /// The expected latency in seconds, or whatever was declared; lower is better.
    pub weight: f32,
    /// Whether the destination is final, a computer.
    pub is_final: bool,
    /// Its place among the destinations of the function.
    pub(crate) position: u32,
    /// Calls sent through it that have not ended.
    pub(crate) under_way: u32,
    generation: u32,
}

/// A destination of one function in one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The entry of the table, which stands for one function at one destination.
    pub entry: EntryKey,
    /// The destination, which may offer several functions. Policies and
    /// estimators should keep their state under this key, because positions change.
    pub destination: EndpointId,
    /// Its current position among the destinations of the function.
    pub position: usize,
}

/// Names one entry of one table for as long as it exists.
///
/// The slot is reused after the entry was removed. The generation tells the
/// old entry from the new one, so that a late answer about a removed or replaced destination has no
/// effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryKey {
    slot: u32,
    generation: u32,
}

impl Entry {
    /// The entry as policies and estimators know it, by its key.
    pub(crate) fn target(&self, key: EntryKey) -> Target {
        Target {
            entry: key,
            destination: self.destination,
            position: self.position as usize,
        }
    }
}

impl Table {
    /// The entry, if it still exists.
    pub fn entry(&self, key: EntryKey) -> Option<&Entry> {
        let entry = self.entries.get(key.slot as usize)?;
        (entry.generation == key.generation).then_some(entry)
    }

    /// The entry of a key that was just read from a row of this table.
    pub(crate) fn at(&self, key: EntryKey) -> &Entry {
        &self.entries[key.slot as usize]
    }

    /// The entry, if it still exists.
    pub(crate) fn entry_mut(&mut self, key: EntryKey) -> Option<&mut Entry> {
        let entry = self.entries.get_mut(key.slot as usize)?;
        (entry.generation == key.generation).then_some(entry)
    }

    /// The entries of a function.
    pub fn row(&self, function: FunctionId) -> &[EntryKey] {
        self.rows
            .get(function.index())
            .map_or(&[], |row| row.as_slice())
    }

    /// The entry of `function` towards `destination`.
    pub fn find(&self, function: FunctionId, destination: EndpointId) -> Option<EntryKey> {
        self.index.get(&(function, destination)).copied()
    }

    /// All entries, in unspecified order.
    pub fn keys(&self) -> impl Iterator<Item = EntryKey> {
        self.rows.iter().flatten().copied()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.rows.iter().all(Vec::is_empty)
    }

    /// All entries sorted by the names of function and destination.
    pub fn sorted(&self, names: TableNames<'_>) -> Vec<Entry> {
        let mut entries: Vec<_> = self
            .keys()
            .map(|key| self.entries[key.slot as usize])
            .collect();
        entries.sort_by_key(|entry| {
            (
                names.functions.name(entry.function),
                names.endpoints.name(entry.destination),
            )
        });
        entries
    }

    /// The entries as [`print_entries`] prints them.
    pub fn dump(&self, names: TableNames<'_>) -> String {
        let entries = self.sorted(names);
        print_entries(entries.iter().map(|entry| PrintedEntry {
            function: names.functions.name(entry.function),
            destination: names.endpoints.name(entry.destination),
            weight: entry.weight,
            is_final: entry.is_final,
        }))
    }

    /// Adds an entry at `position` of the row of its function.
    pub(crate) fn insert(
        &mut self,
        position: usize,
        function: FunctionId,
        destination: EndpointId,
        weight: f32,
        is_final: bool,
    ) -> EntryKey {
        let slot = self.free.pop().unwrap_or(self.entries.len() as u32);
        let generation = self
            .entries
            .get(slot as usize)
            .map_or(0, |entry| entry.generation);
        let entry = Entry {
            function,
            destination,
            weight,
            is_final,
            position: position as u32,
            under_way: 0,
            generation,
        };
        match self.entries.get_mut(slot as usize) {
            Some(place) => *place = entry,
            None => self.entries.push(entry),
        }
        if function.index() >= self.rows.len() {
            self.rows.resize_with(function.index() + 1, Vec::new);
        }
        let key = EntryKey { slot, generation };
        self.rows[function.index()].insert(position, key);
        self.renumber(function, position);
        self.index.insert((function, destination), key);
        key
    }

    /// Removes an existing entry and returns it.
    pub(crate) fn remove(&mut self, key: EntryKey) -> Option<Entry> {
        let entry = *self.entry(key)?;
        self.rows[entry.function.index()].remove(entry.position as usize);
        self.renumber(entry.function, entry.position as usize);
        self.index.remove(&(entry.function, entry.destination));
        let slot = &mut self.entries[key.slot as usize];
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(key.slot);
        Some(entry)
    }

    /// Moves an existing entry to a place in its row; those in between make room.
    pub(crate) fn move_to(&mut self, key: EntryKey, position: usize) {
        let Some(entry) = self.entry(key) else {
            return;
        };
        let (function, from) = (entry.function, entry.position as usize);
        let row = &mut self.rows[function.index()];
        row.remove(from);
        row.insert(position, key);
        self.renumber(function, from.min(position));
    }

    /// Gives an existing entry a new key without calls in progress, and returns it.
    pub(crate) fn renew(&mut self, key: EntryKey) -> Option<EntryKey> {
        let entry = *self.entry(key)?;
        let renewed = EntryKey {
            generation: key.generation.wrapping_add(1),
            ..key
        };
        let place = &mut self.entries[key.slot as usize];
        place.generation = renewed.generation;
        place.under_way = 0;
        self.rows[entry.function.index()][entry.position as usize] = renewed;
        self.index
            .insert((entry.function, entry.destination), renewed);
        Some(renewed)
    }

    /// Changes the weight of an existing entry and returns its position.
    pub(crate) fn set_weight(&mut self, key: EntryKey, weight: f32) -> Option<Entry> {
        self.entry(key)?;
        let entry = &mut self.entries[key.slot as usize];
        entry.weight = weight;
        Some(*entry)
    }

    /// Sets whether the destination of an existing entry is final.
    pub(crate) fn set_final(&mut self, key: EntryKey, is_final: bool) {
        if self.entry(key).is_some() {
            self.entries[key.slot as usize].is_final = is_final;
        }
    }

    /// The entries of a function from a position on have moved.
    fn renumber(&mut self, function: FunctionId, from: usize) {
        for (position, key) in self.rows[function.index()].iter().enumerate().skip(from) {
            self.entries[key.slot as usize].position = position as u32;
        }
    }
}

/// An entry of a table, with names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PrintedEntry<'a> {
    /// The function.
    pub function: &'a str,
    /// The destination.
    pub destination: &'a str,
    /// As in [`Entry::weight`].
    pub weight: f32,
    /// As in [`Entry::is_final`].
    pub is_final: bool,
}

/// Prints entries, sorted by name, in the text format of the original: function,
/// weight in brackets, destination, `(F)` if final; one line each, the function
/// only on its first line.
pub fn print_entries<'a>(entries: impl IntoIterator<Item = PrintedEntry<'a>>) -> String {
    let weight = |entry: PrintedEntry<'a>| {
        let weight = sim_core::libstdcxx::general(f64::from(entry.weight));
        (entry, weight)
    };
    let rows: Vec<_> = entries.into_iter().map(weight).collect();
    let names = rows.iter().map(|(entry, _)| entry.function.len());
    let name_width = names.max().unwrap_or(0).min(WIDEST_NAME);
    let weight_width = rows.iter().map(|row| row.1.len()).max().unwrap_or(0);
    let mut text = String::new();
    let mut previous = "";
    for (entry, weight) in &rows {
        let shown = match entry.function {
            function if function == previous => "",
            function => function,
        };
        previous = entry.function;
        let is_final = if entry.is_final { " (F)" } else { "" };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{shown:name_width$} [{weight:weight_width$}] {}{is_final}",
            entry.destination
        );
    }
    text
}

/// The width up to which names of functions widen the first column of printed tables.
const WIDEST_NAME: usize = 1000;

/// The names of functions and destinations in a table.
#[derive(Clone, Copy, Debug)]
pub struct TableNames<'a> {
    /// Of functions.
    pub functions: &'a Names<FunctionId>,
    /// Of destinations.
    pub endpoints: &'a Names<EndpointId>,
}

/// The state of an optimizer or an estimator for each entry of a table.
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
    /// The state of an existing entry; the default for a new one.
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

    /// The state of an entry, unless its slot was reused.
    pub(crate) fn known(&mut self, entry: EntryKey) -> Option<&mut T> {
        let (generation, state) = self.states.get_mut(entry.slot as usize)?;
        (*generation == entry.generation).then_some(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> (Names<FunctionId>, Names<EndpointId>) {
        let (mut functions, mut endpoints) = (Names::default(), Names::default());
        for name in ["glambda0", "clambda0"] {
            functions.intern(name);
        }
        for name in ["host2:6473", "host1:6473", "host10:6473"] {
            endpoints.intern(name);
        }
        (functions, endpoints)
    }

    #[test]
    fn entries_keep_their_order_and_old_keys_name_nothing() {
        let mut table = Table::default();
        let function = FunctionId(0);
        let add = |table: &mut Table, destination| {
            let position = table.row(function).len();
            table.insert(position, function, EndpointId(destination), 1.0, true)
        };
        let first = add(&mut table, 0);
        let second = add(&mut table, 1);
        assert_eq!(table.row(function), [first, second]);
        table.remove(first);
        assert_eq!(table.entry(first), None);
        assert_eq!(table.entry(second).map(|entry| entry.position), Some(0));
        let again = add(&mut table, 0);
        assert_ne!(again, first);
        assert_eq!(table.entry(first), None);
        assert_eq!(table.row(function), [second, again]);
        assert_eq!(table.find(function, EndpointId(0)), Some(again));
        assert_eq!(table.remove(first), None);
    }

    #[test]
    fn dumps_are_sorted_padded_and_blank_where_the_function_repeats() {
        let (functions, endpoints) = names();
        let mut table = Table::default();
        table.insert(0, FunctionId(0), EndpointId(0), 1.0, false);
        table.insert(0, FunctionId(1), EndpointId(0), 0.1018, true);
        table.insert(1, FunctionId(1), EndpointId(1), 12.5, true);
        let names = TableNames {
            functions: &functions,
            endpoints: &endpoints,
        };
        assert_eq!(
            table.dump(names),
            "clambda0 [12.5  ] host1:6473 (F)\n         [0.1018] host2:6473 (F)\nglambda0 [1     ] host2:6473\n"
        );
    }

    #[test]
    fn weights_print_with_six_significant_digits() {
        let printed = [
            (1.0, "1"),
            (0.1, "0.1"),
            (0.000_123_456_78, "0.000123457"),
            (0.000_012_345_678, "1.23457e-05"),
            (123_456.78, "123457"),
            (1.5e9, "1.5e+09"),
            (0.0, "0"),
        ];
        for (number, text) in printed {
            assert_eq!(sim_core::libstdcxx::general(number), text);
        }
    }
}
