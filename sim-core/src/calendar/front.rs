//! The events that come next, sorted by time and order of arrival.

use super::Entry;

/// More entries than this are too many to insert into in order.
const OVERFULL: usize = 64;
/// So many stay when an overfull front is split.
const KEPT: usize = 24;

#[derive(Clone, Debug, Default)]
pub(super) struct Front {
    /// Sorted; the entries before `head` have left.
    entries: Vec<Entry>,
    head: usize,
}

impl Front {
    #[inline]
    pub fn first(&self) -> Option<Entry> {
        self.entries.get(self.head).copied()
    }

    #[inline]
    pub fn pop(&mut self) -> Option<Entry> {
        let entry = *self.entries.get(self.head)?;
        self.head += 1;
        if self.head == self.entries.len() {
            self.entries.clear();
            self.head = 0;
        }
        Some(entry)
    }

    /// Inserts behind all entries that are not later. Entries mostly come near the
    /// end, and simultaneous ones at the very end.
    #[inline]
    pub fn insert(&mut self, entry: Entry) {
        if self.entries.len() == self.entries.capacity() {
            self.make_room();
        }
        let mut place = self.entries.len();
        self.entries.push(entry);
        while place > self.head && self.entries[place - 1].time > entry.time {
            self.entries[place] = self.entries[place - 1];
            place -= 1;
        }
        self.entries[place] = entry;
    }

    /// Reuses the room of the entries that have left, if that is at least half.
    #[cold]
    #[inline(never)]
    fn make_room(&mut self) {
        if self.head * 2 >= self.entries.len() {
            self.entries.drain(..self.head);
            self.head = 0;
        }
        self.entries.reserve(OVERFULL);
    }

    /// Whether inserting becomes slow. However many simultaneous entries are no
    /// trouble: what is inserted among them goes to the end.
    #[inline]
    pub fn is_overfull(&self) -> bool {
        let entries = &self.entries[self.head..];
        entries.len() > OVERFULL && entries[0].time != entries[entries.len() - 1].time
    }

    /// Up to which time an overfull front should keep its entries: the first of
    /// them, and simultaneous ones together.
    pub fn split_time(&self) -> u64 {
        let entries = &self.entries[self.head..];
        let (middle, last) = (entries[KEPT].time, entries[entries.len() - 1].time);
        if middle == last { last - 1 } else { middle }
    }

    /// The entries later than `time`.
    pub fn after(&self, time: u64) -> &[Entry] {
        let entries = &self.entries[self.head..];
        &entries[entries.partition_point(|entry| entry.time <= time)..]
    }

    pub fn truncate_after(&mut self, time: u64) {
        let gone = self.after(time).len();
        self.entries.truncate(self.entries.len() - gone);
    }

    /// Adds a slice of entries at the end; [`sort`](Self::sort) afterwards.
    #[inline]
    pub fn extend(&mut self, entries: impl Iterator<Item = Entry>) {
        self.entries.extend(entries);
    }

    /// Restores the order after [`extend`](Self::extend). Stable, so that
    /// simultaneous entries stay in the order in which they came.
    #[inline]
    pub fn sort(&mut self) {
        self.entries[self.head..].sort_by_key(|entry| entry.time);
    }

    pub fn is_empty(&self) -> bool {
        self.head == self.entries.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries[self.head..].iter()
    }

    pub fn retain(&mut self, keep: &mut impl FnMut(&Entry) -> bool) {
        self.entries.drain(..self.head);
        self.head = 0;
        self.entries.retain(keep);
    }
}
