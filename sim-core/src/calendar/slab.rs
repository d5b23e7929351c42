//! The storage of events from scheduling to execution.

use std::num::NonZeroU64;

/// Names one scheduled event, for [`Calendar::cancel`](crate::Calendar::cancel).
///
/// A key carries the sequence number of its event, which is never given out
/// again: a key of an event that has happened, or was cancelled, does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey {
    sequence: NonZeroU64,
    pub(super) slot: u32,
}

impl EventKey {
    /// The event's number in the order of scheduling, from 1.
    pub fn sequence(self) -> u64 {
        self.sequence.get()
    }
}

/// Events by slot; a slot is reused only after its entry has left the calendar.
#[derive(Clone, Debug)]
pub(super) struct Slab<E> {
    nodes: Vec<Node<E>>,
    free: Vec<u32>,
    live: usize,
    last_sequence: u64,
}

#[derive(Clone, Debug)]
struct Node<E> {
    sequence: u64,
    /// `None`: free, or cancelled while its entry is still filed.
    event: Option<E>,
}

impl<E> Default for Slab<E> {
    fn default() -> Self {
        Self {
            nodes: Vec::new(),
            free: Vec::new(),
            live: 0,
            last_sequence: 0,
        }
    }
}

impl<E> Slab<E> {
    #[inline]
    pub fn live(&self) -> usize {
        self.live
    }

    #[inline]
    pub fn insert(&mut self, event: E) -> EventKey {
        let sequence = NonZeroU64::MIN.saturating_add(self.last_sequence);
        self.last_sequence = sequence.get();
        self.live += 1;
        let node = Node {
            sequence: sequence.get(),
            event: Some(event),
        };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.nodes[slot as usize] = node;
                slot
            }
            None => self.grow(node),
        };
        EventKey { sequence, slot }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, node: Node<E>) -> u32 {
        let slot = self.nodes.len();
        assert!(slot < u32::MAX as usize, "more than 2^32 events pending");
        self.nodes.push(node);
        slot as u32
    }

    #[inline]
    pub fn is_live(&self, slot: u32) -> bool {
        self.nodes[slot as usize].event.is_some()
    }

    /// Takes the event but keeps the slot, which its entry still refers to.
    #[inline]
    pub fn cancel(&mut self, key: EventKey) -> Option<E> {
        // A key may come from another calendar, so its slot may be out of range.
        let node = self.nodes.get_mut(key.slot as usize)?;
        if node.sequence != key.sequence.get() {
            return None;
        }
        let event = node.event.take()?;
        self.live -= 1;
        Some(event)
    }

    /// Frees the slot and gives its sequence number and event; `None` for a
    /// cancelled one.
    #[inline]
    pub fn remove(&mut self, slot: u32) -> Option<(u64, E)> {
        self.free.push(slot);
        let node = &mut self.nodes[slot as usize];
        let event = node.event.take()?;
        self.live -= 1;
        Some((node.sequence, event))
    }

    /// Frees the slot of a cancelled event.
    #[inline]
    pub fn free(&mut self, slot: u32) {
        self.free.push(slot);
    }
}
