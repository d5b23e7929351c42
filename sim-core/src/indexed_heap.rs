//! A 4-ary heap of numbered items that knows where each item is, for the algorithm of
//! Dijkstra.
//!
//! Items of equal keys leave it in an order that depends on the calls alone: the order of
//! `d_ary_heap_indirect` of the Boost libraries (1.74), on which routes and flows of the
//! original depend.

/// Where an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It was never pushed.
    Unseen,
    /// At that place of the heap.
    Waiting(u32),
    /// It was popped.
    Settled,
}

/// The heap. An item is pushed at most once until the heap is [cleared](Self::clear).
///
/// ```
/// use sim_core::indexed_heap::IndexedHeap;
///
/// let mut heap = IndexedHeap::new(3);
/// heap.push(0, 5.0);
/// heap.push(2, 7.0);
/// heap.decrease(2, 1.0);
/// assert_eq!(heap.pop(), Some((1.0, 2)));
/// assert_eq!(heap.pop(), Some((5.0, 0)));
/// assert_eq!(heap.pop(), None);
/// ```
#[derive(Clone, Debug)]
pub struct IndexedHeap<K> {
    items: Vec<(K, u32)>,
    places: Vec<Place>,
}

const ARITY: usize = 4;

impl<K: Copy + PartialOrd> IndexedHeap<K> {
    /// An empty heap for the items `0..size`; `size` is at most 2^32.
    pub fn new(size: usize) -> Self {
        Self {
            items: Vec::with_capacity(size),
            places: vec![Place::Unseen; size],
        }
    }

    /// Forgets all items.
    pub fn clear(&mut self) {
        self.items.clear();
        self.places.fill(Place::Unseen);
    }

    /// Forgets all items and is for the items `0..size` from now on.
    pub fn reset(&mut self, size: usize) {
        self.items.clear();
        self.places.clear();
        self.places.resize(size, Place::Unseen);
    }

    /// Where an item is.
    #[inline]
    pub fn place(&self, item: usize) -> Place {
        self.places[item]
    }

    #[inline]
    fn put(&mut self, entry: (K, u32), place: usize) {
        self.items[place] = entry;
        self.places[entry.1 as usize] = Place::Waiting(place as u32);
    }

    /// Adds an item that was never pushed.
    #[inline]
    pub fn push(&mut self, item: usize, key: K) {
        let place = self.items.len();
        let entry = (key, item as u32);
        self.items.push(entry);
        self.sift_up(place, entry);
    }

    /// Gives a waiting item a key that is at most the one it has; does nothing for others.
    #[inline]
    pub fn decrease(&mut self, item: usize, key: K) {
        if let Place::Waiting(place) = self.places[item] {
            self.sift_up(place as usize, (key, item as u32));
        }
    }

    /// Takes the item of the least key out.
    #[inline]
    pub fn pop(&mut self) -> Option<(K, usize)> {
        let first = *self.items.first()?;
        let last = self.items.pop()?;
        self.places[first.1 as usize] = Place::Settled;
        if !self.items.is_empty() {
            self.sift_down(last);
        }
        Some((first.0, first.1 as usize))
    }

    /// Moves an entry up past parents of strictly greater keys.
    #[inline]
    fn sift_up(&mut self, mut place: usize, entry: (K, u32)) {
        while place > 0 {
            let parent = (place - 1) / ARITY;
            if entry.0 < self.items[parent].0 {
                self.put(self.items[parent], place);
                place = parent;
            } else {
                break;
            }
        }
        self.put(entry, place);
    }

    /// Moves an entry down from the root past its least child, the first among equals,
    /// while that is strictly less.
    #[inline]
    fn sift_down(&mut self, entry: (K, u32)) {
        let mut place = 0;
        loop {
            let first = place * ARITY + 1;
            let children = first..(first + ARITY).min(self.items.len());
            let least = children.reduce(|best, child| {
                if self.items[child].0 < self.items[best].0 {
                    child
                } else {
                    best
                }
            });
            match least {
                Some(least) if self.items[least].0 < entry.0 => {
                    self.put(self.items[least], place);
                    place = least;
                }
                _ => break,
            }
        }
        self.put(entry, place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn items_leave_in_the_order_of_their_keys(keys in prop::collection::vec(0u8..20, 0..60)) {
            let mut heap = IndexedHeap::new(keys.len());
            for (item, &key) in keys.iter().enumerate() {
                heap.push(item, key.saturating_add(5));
            }
            for (item, &key) in keys.iter().enumerate().step_by(2) {
                heap.decrease(item, key);
            }
            let mut last = 0;
            let mut seen = 0;
            while let Some((key, item)) = heap.pop() {
                prop_assert!(key >= last);
                let expected = if item % 2 == 0 { keys[item] } else { keys[item] + 5 };
                prop_assert_eq!(key, expected);
                prop_assert_eq!(heap.place(item), Place::Settled);
                last = key;
                seen += 1;
            }
            prop_assert_eq!(seen, keys.len());
        }
    }

    #[test]
    fn equal_keys_leave_last_first_but_for_the_root() {
        let mut heap = IndexedHeap::new(5);
        for item in 0..5 {
            heap.push(item, 0);
        }
        let order: Vec<usize> = std::iter::from_fn(|| heap.pop().map(|(_, item)| item)).collect();
        assert_eq!(order, [0, 4, 3, 2, 1]);
    }
}
