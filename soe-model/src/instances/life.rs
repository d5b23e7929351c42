//! From the creation of an instance to its removal.

use sim_core::{SimDuration, SimTime};

use super::Instances;
use super::instance::{Instance, State};
use super::keep_alive::{Idle, Scope};
use super::timer::Due;

/// Why an instance is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Expired,
    Evicted,
    ScaledDown,
}

impl Instances {
    /// Creates an instance, for which there is room; the caller sees to it that it becomes
    /// ready if its start takes no time.
    pub(super) fn create(&mut self, now: SimTime, function: u32) -> u32 {
        let known = &mut self.functions[function as usize];
        let start = known.start.draw(now, function, self.images.as_mut());
        let slot = self.insert(now, function, now + start);
        let number = self.slots[slot as usize].number;
        self.functions[function as usize].starting.push(slot);
        if !start.is_zero() {
            self.timers.set(now + start, Due::Ready { slot, number });
        }
        slot
    }

    /// Puts an instance that starts into a slot.
    fn insert(&mut self, now: SimTime, function: u32, ready: SimTime) -> u32 {
        self.created += 1;
        let instance = Instance::new(function, self.created, now, ready);
        let known = &mut self.functions[function as usize];
        known.account(now);
        known.alive.all += 1;
        known.alive.starting += 1;
        known.tally.created += 1;
        known.tally.peak = known.tally.peak.max(known.alive.all);
        self.memory.take(known.spec.memory);
        match self.vacant.pop() {
            Some(slot) => {
                self.slots[slot as usize] = instance;
                slot
            }
            None => {
                self.slots.push(instance);
                self.slots.len() as u32 - 1
            }
        }
    }

    /// Creates the instances that are there from the start, as far as they fit.
    pub(super) fn create_first(&mut self, function: u32) {
        let now = SimTime::ZERO;
        let known = &self.functions[function as usize];
        let initial = known.scaler.as_ref().map_or(0, |scaler| scaler.initial());
        let first = known.spec.min.max(initial).min(known.spec.max);
        self.functions[function as usize].wanted = initial;
        for _ in 0..first {
            let memory = self.functions[function as usize].spec.memory;
            if !self.memory.fits(memory) {
                break;
            }
            let slot = self.insert(now, function, now);
            self.functions[function as usize].starting.push(slot);
            self.ready(now, slot);
        }
        if initial > 0 {
            self.start_ticking(now, function);
        }
    }

    /// Creates an instance before a call is expected, if there is none and it fits.
    pub(super) fn prewarm(&mut self, now: SimTime, function: u32) {
        let known = &mut self.functions[function as usize];
        if known.prewarm_timer != now {
            return;
        }
        known.prewarm_timer = SimTime::MAX;
        let Some((at, keep)) = known.prewarm else {
            return;
        };
        if at > now {
            known.prewarm_timer = at;
            return self.timers.set(at, Due::Prewarm { function });
        }
        known.prewarm = None;
        let is_alone = known.alive.all + known.expiring == 0;
        if !is_alone || !self.memory.fits(known.spec.memory) {
            return;
        }
        known.tally.prewarmed += 1;
        let slot = self.create(now, function);
        self.slots[slot as usize].prewarmed = Some(keep);
        self.ready_if_due(now, slot);
    }

    /// Ends a start that takes no time.
    pub(super) fn ready_if_due(&mut self, now: SimTime, slot: u32) {
        if self.slots[slot as usize].ready <= now {
            self.ready(now, slot);
        }
    }

    /// The start of an instance is over: it serves the calls that wait.
    pub(super) fn ready(&mut self, now: SimTime, slot: u32) {
        let instance = &mut self.slots[slot as usize];
        instance.state = State::Ready;
        let function = instance.function;
        let reserved = std::mem::take(&mut instance.reserved);
        let took = now.since(instance.created);
        let known = &mut self.functions[function as usize];
        known.account(now);
        known.alive.starting -= 1;
        known.starting.retain(|&starting| starting != slot);
        if now > SimTime::ZERO || !took.is_zero() {
            known.start.measure(took);
        }
        for waiting in reserved {
            self.begin_waiting(now, slot, waiting);
        }
        self.serve(now, slot);
        self.settle(now, slot);
    }

    /// An instance has served all it could: it is idle, or has a free slot, or neither.
    pub(super) fn settle(&mut self, now: SimTime, slot: u32) {
        let instance = &self.slots[slot as usize];
        let (function, running) = (instance.function as usize, instance.running);
        if running == 0 {
            self.rest(now, slot);
        } else if running < self.functions[function].spec.concurrency {
            self.list(slot);
        }
    }

    /// Puts an instance behind the others with a free slot.
    fn list(&mut self, slot: u32) {
        let instance = &mut self.slots[slot as usize];
        let known = &mut self.functions[instance.function as usize];
        if instance.is_listed {
            if !known.spec.warm_choice.is_by_time() {
                return;
            }
            let position = known.available.iter().rposition(|&listed| listed == slot);
            if let Some(position) = position {
                known.available.remove(position);
            }
        }
        instance.is_listed = true;
        known.available.push_back(slot);
    }

    /// An instance is idle: its window begins.
    fn rest(&mut self, now: SimTime, slot: u32) {
        let instance = &mut self.slots[slot as usize];
        let number = instance.function;
        let known = &mut self.functions[number as usize];
        instance.is_fresh = false;
        instance.idle_since = now;
        let first = *instance.first_idle.get_or_insert(now);
        if known.scaler.is_some() {
            instance.expires = SimTime::MAX;
            if known.alive.all > known.wanted.max(known.spec.min) {
                return self.remove(now, slot, Reason::ScaledDown);
            }
        } else {
            let idle = Idle {
                now,
                first,
                is_function_idle: known.running == 0,
                function: known.usage(number),
            };
            let (keep, prewarm) = match instance.prewarmed {
                Some(keep) => (Some(keep), None),
                None => {
                    let window = self.keep_alive.window(&idle);
                    (window.keep, window.prewarm)
                }
            };
            if let Some(prewarm) = prewarm {
                let at = now + prewarm.after;
                known.prewarm = Some((at, prewarm.keep));
                if at < known.prewarm_timer {
                    known.prewarm_timer = at;
                    self.timers.set(at, Due::Prewarm { function: number });
                }
            }
            let can_go = known.alive.all > known.spec.min;
            match keep {
                Some(SimDuration::ZERO) if can_go => {
                    return self.remove(now, slot, Reason::Expired);
                }
                Some(keep) if !keep.is_zero() => self.expire_at(slot, now + keep),
                _ => self.slots[slot as usize].expires = SimTime::MAX,
            }
        }
        self.list(slot);
        if self.keep_alive.scope() == Scope::Instance {
            let known = &mut self.functions[number as usize];
            let usage = known.usage(number);
            let priority = self.keep_alive.priority(now, &usage, &mut known.eviction);
            self.slots[slot as usize].priority = priority;
        }
        if !self.blocked.is_empty() {
            self.retry(now);
        }
    }

    fn expire_at(&mut self, slot: u32, at: SimTime) {
        let instance = &mut self.slots[slot as usize];
        instance.expires = at;
        if at < instance.timer {
            instance.timer = at;
            let number = instance.number;
            self.timers.set(at, Due::Expire { slot, number });
            self.forget_old_timers();
        }
    }

    /// Timers that were set and then preceded by earlier ones must not pile up.
    fn forget_old_timers(&mut self) {
        let current = 3 * self.slots.len() + 3 * self.functions.len();
        if self.timers.len() <= 2 * current + 64 {
            return;
        }
        let (slots, functions) = (&self.slots, &self.functions);
        self.timers.retain(|at, due| match due {
            Due::Expire { slot, number } => {
                let instance = &slots[slot as usize];
                instance.number == number && instance.timer == at
            }
            Due::Prewarm { function } => functions[function as usize].prewarm_timer == at,
            Due::Tick { function } => functions[function as usize].tick == at,
            Due::Free { .. } | Due::Ready { .. } => true,
        });
    }

    /// A timer of an instance rings, which may have been in use meanwhile.
    pub(super) fn may_expire(&mut self, now: SimTime, slot: u32, number: u64) {
        let instance = &mut self.slots[slot as usize];
        if instance.number != number || instance.timer != now {
            return;
        }
        instance.timer = SimTime::MAX;
        if !instance.is_idle() || instance.expires == SimTime::MAX {
            return;
        }
        if instance.expires > now {
            let expires = instance.expires;
            return self.expire_at(slot, expires);
        }
        let known = &self.functions[instance.function as usize];
        match known.alive.all > known.spec.min {
            true => self.remove(now, slot, Reason::Expired),
            false => instance.expires = SimTime::MAX,
        }
    }

    /// Removes an idle instance.
    pub(super) fn remove(&mut self, now: SimTime, slot: u32, reason: Reason) {
        let instance = &mut self.slots[slot as usize];
        let known = &mut self.functions[instance.function as usize];
        known.account(now);
        known.alive.all -= 1;
        let count = match reason {
            Reason::Expired => &mut known.tally.expired,
            Reason::Evicted => &mut known.tally.evicted,
            Reason::ScaledDown => &mut known.tally.scaled_down,
        };
        *count += 1;
        known.tally.lives += u128::from(now.since(instance.created).as_nanos());
        if instance.prewarmed.is_some() {
            known.tally.prewarm_wasted += 1;
        }
        if instance.is_listed {
            instance.is_listed = false;
            let position = known.available.iter().position(|&listed| listed == slot);
            if let Some(position) = position {
                known.available.remove(position);
            }
        }
        if known.alive.all == 0 {
            known.uses = 0;
        }
        instance.timer = SimTime::MAX;
        self.memory.leave(known.spec.memory);
        let (number, teardown) = (instance.number, known.spec.teardown);
        instance.state = State::Expiring;
        known.expiring += 1;
        if teardown.is_zero() {
            self.vacate(slot);
            // An eviction has a purpose, which its cause sees to.
            if reason != Reason::Evicted && !self.blocked.is_empty() {
                self.retry(now);
            }
        } else {
            self.timers.set(now + teardown, Due::Free { slot, number });
        }
    }

    /// The memory of an instance that was removed becomes free.
    pub(super) fn freed(&mut self, now: SimTime, slot: u32, number: u64) {
        let instance = &self.slots[slot as usize];
        if instance.number != number || instance.state != State::Expiring {
            return;
        }
        let function = instance.function;
        self.vacate(slot);
        self.retry(now);
        self.grow_for_queue(now, function);
    }

    fn vacate(&mut self, slot: u32) {
        let instance = &mut self.slots[slot as usize];
        let known = &mut self.functions[instance.function as usize];
        instance.state = State::Gone;
        instance.number = 0;
        known.expiring -= 1;
        self.memory.give_back(known.spec.memory);
        self.vacant.push(slot);
    }
}
