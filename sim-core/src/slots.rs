//! Items in reused slots, with keys that are never reused.

/// Items in reused slots.
///
/// The key of an item names it only as long as it is there: a late report about an item that
/// has gone finds nothing, even if its slot has been used again. The slot that became free
/// last is used first, so that the memory in use stays small and warm.
///
/// ```
/// use sim_core::Slots;
///
/// let mut slots = Slots::default();
/// let first = slots.insert("first");
/// assert_eq!(slots.remove(first), Some("first"));
/// let second = slots.insert("second");
/// assert_ne!(first, second);
/// assert_eq!(slots.get(first), None);
/// assert_eq!(slots.get(second), Some(&"second"));
/// ```
#[derive(Debug)]
pub struct Slots<T> {
    slots: Vec<(u32, Option<T>)>,
    free: Vec<u32>,
}

/// Names one item of [`Slots`] for as long as it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotKey {
    slot: u32,
    generation: u32,
}

impl SlotKey {
    /// The key as a number, for messages between programs.
    pub const fn to_bits(self) -> u64 {
        (self.generation as u64) << 32 | self.slot as u64
    }

    /// The key that [`to_bits`](Self::to_bits) has made into a number.
    pub const fn from_bits(bits: u64) -> Self {
        Self {
            slot: bits as u32,
            generation: (bits >> 32) as u32,
        }
    }
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Slots<T> {
    /// Adds an item. There is room for 2^32 items at a time.
    #[inline]
    pub fn insert(&mut self, item: T) -> SlotKey {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push((0, None));
            self.slots.len() as u32 - 1
        });
        let (generation, place) = &mut self.slots[slot as usize];
        *place = Some(item);
        SlotKey {
            slot,
            generation: *generation,
        }
    }

    /// The item of that key, if it is still there.
    #[inline]
    pub fn get(&self, key: SlotKey) -> Option<&T> {
        let (generation, item) = self.slots.get(key.slot as usize)?;
        item.as_ref().filter(|_| *generation == key.generation)
    }

    /// The item of that key, to be changed.
    #[inline]
    pub fn get_mut(&mut self, key: SlotKey) -> Option<&mut T> {
        let (generation, item) = self.slots.get_mut(key.slot as usize)?;
        item.as_mut().filter(|_| *generation == key.generation)
    }

    /// Takes the item of that key out, if it is still there.
    #[inline]
    pub fn remove(&mut self, key: SlotKey) -> Option<T> {
        let (generation, item) = self.slots.get_mut(key.slot as usize)?;
        if *generation != key.generation {
            return None;
        }
        let item = item.take()?;
        *generation = generation.wrapping_add(1);
        self.free.push(key.slot);
        Some(item)
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn slots_hold_what_a_map_with_fresh_keys_holds(steps in prop::collection::vec(any::<(bool, u8)>(), 0..200)) {
            let mut slots = Slots::default();
            let mut map = BTreeMap::new();
            let mut keys = Vec::new();
            for (number, (insert, which)) in steps.into_iter().enumerate() {
                if insert || keys.is_empty() {
                    let key = slots.insert(number);
                    prop_assert!(!keys.contains(&key));
                    prop_assert_eq!(SlotKey::from_bits(key.to_bits()), key);
                    keys.push(key);
                    map.insert(key, number);
                } else {
                    let key = keys[usize::from(which) % keys.len()];
                    prop_assert_eq!(slots.remove(key), map.remove(&key));
                }
                prop_assert_eq!(slots.len(), map.len());
                for key in &keys {
                    prop_assert_eq!(slots.get(*key), map.get(key));
                    prop_assert_eq!(slots.get_mut(*key).copied(), map.get(key).copied());
                }
            }
        }
    }
}
