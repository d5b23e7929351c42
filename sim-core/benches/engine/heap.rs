//! The floor: a bare binary heap of (time, sequence, event).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

pub struct Heap<E> {
    heap: BinaryHeap<Reverse<(u64, u64, E)>>,
    sequence: u64,
}

impl<E: Ord> Heap<E> {
    pub fn new() -> Self {
        Self {
            heap: BinaryHeap::new(),
            sequence: 0,
        }
    }

    /// Gives the sequence number of the event.
    #[inline]
    pub fn push(&mut self, time: u64, event: E) -> u64 {
        self.sequence += 1;
        self.heap.push(Reverse((time, self.sequence, event)));
        self.sequence
    }

    #[inline]
    pub fn pop(&mut self) -> Option<(u64, u64, E)> {
        self.heap.pop().map(|Reverse(first)| first)
    }
}
