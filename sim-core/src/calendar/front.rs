//! The next events, sorted by time and order of arrival.

use super::Entry;

/// More entries than this are too many to insert into in order.
const OVERFULL: usize = 32;
/// So many stay when an overfull front is split.
const KEPT: usize = 12;

/// The most entries that [`Front::sort`] takes.
pub(super) const SORTED: usize = 24;

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

    /// Restores the order after [`extend`](Self::extend) to an empty front, of at most
    /// [`SORTED`] entries. Stable, so that simultaneous entries stay in the order in which
    /// they came.
    #[inline]
    pub fn sort(&mut self) {
        if self.entries.len() > FEW {
            sort_by_rank(&mut self.entries);
        } else {
            sort_by_insertion(&mut self.entries);
        }
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

/// So few entries are sorted by insertion.
const FEW: usize = 5;

#[inline]
fn sort_by_insertion(entries: &mut [Entry]) {
    for place in 1..entries.len() {
        let entry = entries[place];
        let mut gap = place;
        while gap > 0 && entries[gap - 1].time > entry.time {
            entries[gap] = entries[gap - 1];
            gap -= 1;
        }
        entries[gap] = entry;
    }
}

/// Counts for each entry how many go before it. That takes all comparisons but no branch
/// that depends on one, and branches that cannot be predicted are what makes sorting a
/// few numbers slow.
fn sort_by_rank(entries: &mut [Entry]) {
    let mut unsorted = [Entry::default(); SORTED];
    let mut ranks = [0_usize; SORTED];
    let unsorted = &mut unsorted[..entries.len()];
    unsorted.copy_from_slice(entries);
    for (place, entry) in unsorted.iter().enumerate() {
        let mut rank = place;
        for (other, rank_of_other) in unsorted[..place].iter().zip(&mut ranks) {
            let later = usize::from(other.time > entry.time);
            *rank_of_other += later;
            rank -= later;
        }
        ranks[place] = rank;
    }
    for (entry, rank) in unsorted.iter().zip(ranks) {
        entries[rank] = *entry;
    }
}
