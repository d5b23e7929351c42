//! The memory of instances, and the eviction of idle ones.

use sim_core::SimTime;

use super::Instances;
use super::keep_alive::Scope;
use super::life::Reason;
use crate::units::Bytes;

/// The memory that instances share.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    size: u64,
    used: u64,
    /// The part of `used` that is being given back.
    leaving: u64,
}

impl Memory {
    pub fn new(size: Bytes) -> Self {
        Self {
            size: size.0,
            used: 0,
            leaving: 0,
        }
    }

    pub fn take(&mut self, bytes: Bytes) {
        self.used += bytes.0;
    }

    /// Announces that memory will be given back.
    pub fn leave(&mut self, bytes: Bytes) {
        self.leaving += bytes.0;
    }

    /// Gives back memory whose return was announced.
    pub fn give_back(&mut self, bytes: Bytes) {
        self.leaving -= bytes.0;
        self.used -= bytes.0;
    }

    pub fn held(&self) -> Bytes {
        Bytes(self.used)
    }

    pub fn clear(&mut self) {
        (self.used, self.leaving) = (0, 0);
    }

    /// What is missing for so much more, now and when all that leaves has left.
    fn missing(&self, bytes: Bytes) -> (u64, u64) {
        let wanted = self.used.saturating_add(bytes.0);
        let now = wanted.saturating_sub(self.size);
        (now, now.saturating_sub(self.leaving))
    }

    /// Whether so much more fits without any eviction.
    pub fn fits(&self, bytes: Bytes) -> bool {
        self.missing(bytes).0 == 0
    }
}

impl Instances {
    /// Makes room for an instance of a function, by evicting idle ones of others if that
    /// helps; returns whether there is room now. If all idle ones are not enough, none is
    /// evicted.
    pub(super) fn make_room(&mut self, now: SimTime, function: u32) -> bool {
        let bytes = self.functions[function as usize].spec.memory;
        let (missing, missing_later) = self.memory.missing(bytes);
        if missing == 0 {
            return true;
        }
        if missing_later > 0 {
            self.evict(now, function, missing_later);
        }
        self.memory.fits(bytes)
    }

    /// Evicts the idle instances of least priority that hold so much together, if there are
    /// any, for another function.
    fn evict(&mut self, now: SimTime, beneficiary: u32, missing: u64) {
        let by_function = self.keep_alive.scope() == Scope::Function;
        let mut victims = Vec::new();
        let mut held = 0u64;
        for (slot, instance) in (0u32..).zip(&self.slots) {
            let function = &self.functions[instance.function as usize];
            let is_own = instance.function == beneficiary;
            if !instance.is_idle() || is_own || function.spec.memory.0 == 0 {
                continue;
            }
            let priority = match by_function {
                true => function.priority,
                false => instance.priority,
            };
            victims.push((priority, instance.idle_since, instance.number, slot));
        }
        victims.sort_unstable_by(|a, b| {
            let by_priority = a.0.total_cmp(&b.0);
            by_priority.then_with(|| (a.1, a.2).cmp(&(b.1, b.2)))
        });
        // Those that are always there stay.
        let mut spare: Vec<_> = self.functions.iter().map(|it| it.alive.all).collect();
        victims.retain(|&(.., slot)| {
            let number = self.slots[slot as usize].function as usize;
            let spec = &self.functions[number].spec;
            let stays = held >= missing || spare[number] <= spec.min;
            if !stays {
                spare[number] -= 1;
                held = held.saturating_add(spec.memory.0);
            }
            !stays
        });
        if held < missing {
            return;
        }
        for (priority, _, _, slot) in victims {
            self.keep_alive.evicted(priority);
            self.remove(now, slot, Reason::Evicted);
        }
    }
}
