//! Waiting items under keys that are never reused.

/// Items in reused slots. The number of an item names it only as long as it is
/// there: a late report about one that has gone finds nothing.
#[derive(Debug)]
pub struct Slots<T> {
    slots: Vec<(u32, Option<T>)>,
    free: Vec<u32>,
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
    /// Adds an item and says its number.
    pub fn insert(&mut self, item: T) -> u64 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push((0, None));
            self.slots.len() as u32 - 1
        });
        let (generation, place) = &mut self.slots[slot as usize];
        *place = Some(item);
        number(slot, *generation)
    }

    /// The item with a number.
    pub fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        let (slot, generation) = parts(number);
        let (current, item) = self.slots.get_mut(slot as usize)?;
        item.as_mut().filter(|_| *current == generation)
    }

    /// Takes the item with a number out.
    pub fn remove(&mut self, number: u64) -> Option<T> {
        let (slot, generation) = parts(number);
        let (current, item) = self.slots.get_mut(slot as usize)?;
        if *current != generation {
            return None;
        }
        let item = item.take()?;
        *current = current.wrapping_add(1);
        self.free.push(slot);
        Some(item)
    }
}

fn number(slot: u32, generation: u32) -> u64 {
    u64::from(generation) << 32 | u64::from(slot)
}

fn parts(number: u64) -> (u32, u32) {
    (number as u32, (number >> 32) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_names_nothing_after_its_item_has_gone() {
        let mut slots = Slots::default();
        let first = slots.insert("first");
        assert_eq!(slots.remove(first), Some("first"));
        let second = slots.insert("second");
        assert_ne!(first, second);
        assert_eq!(slots.get_mut(first), None);
        assert_eq!(slots.remove(first), None);
        assert_eq!(slots.get_mut(second), Some(&mut "second"));
    }
}
