//! Calls: arriving, waiting, beginning and ending.

use sim_core::{SimDuration, SimTime};

use super::instance::{State, Waiting};
use super::keep_alive::Scope;
use super::spec::{Binding, Overflow, Scaling};
use super::tally::Warmth;
use super::{Arrival, Begun, Instances};

/// Why there is no instance for a call.
enum Lack {
    /// There are as many as there may be.
    Number,
    Memory,
}

impl Instances {
    /// A call of a function arrives, after what is due by `now`. Those that begin, this one
    /// or another, are handed out by [`poll`](Self::poll).
    ///
    /// # Panics
    /// If there is no such function.
    pub fn arrive(&mut self, now: SimTime, function: u32, call: u32) -> Arrival {
        self.wake(now);
        let known = &mut self.functions[function as usize];
        if let Some(end) = known.last_end {
            let idle = match known.running {
                0 => now.since(end),
                _ => SimDuration::ZERO,
            };
            self.keep_alive.idle_time(function as usize, idle);
        }
        let choice = known.spec.warm_choice;
        let chosen = choice.pick(&known.available, &self.slots, &mut known.choice);
        if let Some(position) = chosen {
            let slot = known.available[position];
            self.begin(now, slot, position, call);
            self.arrived(now, function);
            return Arrival::Accepted;
        }
        self.arrivals += 1;
        let waiting = Waiting {
            call,
            arrived: now,
            sequence: self.arrivals,
            caused: 0,
        };
        if !self.wait(now, function, waiting) {
            self.functions[function as usize].tally.rejected += 1;
            return Arrival::Rejected;
        }
        self.arrived(now, function);
        Arrival::Accepted
    }

    /// A call that found no free slot waits for one; returns whether it may.
    fn wait(&mut self, now: SimTime, function: u32, mut waiting: Waiting) -> bool {
        let known = &self.functions[function as usize];
        let early = known.spec.binding == Binding::Early;
        let creates = match known.spec.scaling {
            Scaling::PerRequest => true,
            Scaling::Join if early => {
                if let Some(slot) = self.joinable(function) {
                    self.reserve(slot, waiting);
                    return true;
                }
                true
            }
            Scaling::Join => {
                let slots = known.starting.len() as u64 * u64::from(known.spec.concurrency);
                known.queue.len() as u64 >= slots
            }
            Scaling::Queue => known.scaler.is_none() && known.alive.all < known.spec.min,
            Scaling::MaxOnePending => known.starting.is_empty(),
        };
        let lack = match creates {
            true => match self.admit(now, function) {
                Ok(slot) => {
                    waiting.caused = self.slots[slot as usize].number;
                    if early {
                        self.reserve(slot, waiting);
                    } else {
                        self.enqueue(function, waiting);
                    }
                    self.ready_if_due(now, slot);
                    return true;
                }
                Err(lack) => Some(lack),
            },
            false => None,
        };
        let known = &self.functions[function as usize];
        let overflows = lack.is_some() && self.overflow == Overflow::Reject;
        if overflows || known.queue.len() >= known.spec.queue {
            return false;
        }
        if let Some(Lack::Memory) = lack {
            self.blocked.push_back((waiting.sequence, function));
        }
        self.enqueue(function, waiting);
        true
    }

    fn enqueue(&mut self, function: u32, waiting: Waiting) {
        let known = &mut self.functions[function as usize];
        known.waiting += 1;
        known.queue.push_back(waiting);
    }

    fn reserve(&mut self, slot: u32, waiting: Waiting) {
        let instance = &mut self.slots[slot as usize];
        instance.reserved.push_back(waiting);
        self.functions[instance.function as usize].waiting += 1;
    }

    /// The instance that is ready soonest of those that start and have a slot left.
    fn joinable(&self, function: u32) -> Option<u32> {
        let known = &self.functions[function as usize];
        let has_room = |slot: &u32| {
            let reserved = self.slots[*slot as usize].reserved.len();
            reserved < known.spec.concurrency as usize
        };
        let starting = known.starting.iter().copied().filter(has_room);
        starting.min_by_key(|&slot| {
            let instance = &self.slots[slot as usize];
            (instance.ready, instance.number)
        })
    }

    /// Creates an instance for a call, if number and memory allow it.
    fn admit(&mut self, now: SimTime, function: u32) -> Result<u32, Lack> {
        let known = &self.functions[function as usize];
        if !known.may_grow() {
            return Err(Lack::Number);
        }
        if !self.make_room(now, function) {
            return Err(Lack::Memory);
        }
        Ok(self.create(now, function))
    }

    /// Memory may be free: calls that wait for it create their instances, in order.
    pub(super) fn retry(&mut self, now: SimTime) {
        while let Some(&(sequence, function)) = self.blocked.front() {
            let queue = &self.functions[function as usize].queue;
            let position = queue.binary_search_by_key(&sequence, |waiting| waiting.sequence);
            // One that has begun meanwhile is not there any more.
            if let Ok(position) = position {
                match self.admit(now, function) {
                    Ok(slot) => self.assign(now, function, position, slot),
                    Err(Lack::Memory) => return,
                    Err(Lack::Number) => {}
                }
            }
            if self.blocked.front() == Some(&(sequence, function)) {
                self.blocked.pop_front();
            }
        }
    }

    /// An instance of a function has gone: the first call that waits may create another.
    pub(super) fn grow_for_queue(&mut self, now: SimTime, function: u32) {
        let known = &self.functions[function as usize];
        let waits = known.queue.front().is_some_and(|first| first.caused == 0);
        if !waits || !known.grows_by_calls() {
            return;
        }
        if let Ok(slot) = self.admit(now, function) {
            self.assign(now, function, 0, slot);
        }
    }

    /// Binds a call that waits in the queue to the instance that was created for it.
    fn assign(&mut self, now: SimTime, function: u32, position: usize, slot: u32) {
        let known = &mut self.functions[function as usize];
        let number = self.slots[slot as usize].number;
        if known.spec.binding == Binding::Late {
            known.queue[position].caused = number;
        } else if let Some(mut waiting) = known.queue.remove(position) {
            known.waiting -= 1;
            waiting.caused = number;
            self.reserve(slot, waiting);
        }
        self.ready_if_due(now, slot);
    }

    /// A call begins at once on the instance at this position among those with a free slot.
    #[inline]
    fn begin(&mut self, now: SimTime, slot: u32, position: usize, call: u32) {
        self.start_call(now, slot);
        let instance = &mut self.slots[slot as usize];
        let known = &mut self.functions[instance.function as usize];
        if instance.running == known.spec.concurrency {
            instance.is_listed = false;
            known.available.remove(position);
        }
        known.tally.begun(Warmth::Warm, SimDuration::ZERO);
        self.begun.push_back(Begun {
            call,
            instance: slot,
            warmth: Warmth::Warm,
            start: SimDuration::ZERO,
        });
    }

    /// A call that has waited begins on an instance.
    pub(super) fn begin_waiting(&mut self, now: SimTime, slot: u32, waiting: Waiting) {
        self.start_call(now, slot);
        let instance = &self.slots[slot as usize];
        let (warmth, start) =
            if instance.ready > waiting.arrived || waiting.caused == instance.number {
                let warmth = match waiting.caused == instance.number {
                    true => Warmth::ColdCaused,
                    false => Warmth::ColdJoined,
                };
                let since = waiting.arrived.max(instance.created);
                (warmth, instance.ready.since(since))
            } else if instance.is_fresh {
                (Warmth::QueuedBehindCold, SimDuration::ZERO)
            } else {
                (Warmth::Queued, SimDuration::ZERO)
            };
        let known = &mut self.functions[instance.function as usize];
        known.waiting -= 1;
        known.tally.begun(warmth, start);
        self.begun.push_back(Begun {
            call: waiting.call,
            instance: slot,
            warmth,
            start,
        });
    }

    #[inline]
    fn start_call(&mut self, now: SimTime, slot: u32) {
        let instance = &mut self.slots[slot as usize];
        let number = instance.function;
        let known = &mut self.functions[number as usize];
        known.account(now);
        known.alive.busy += u32::from(instance.running == 0);
        known.running += 1;
        known.uses += 1;
        instance.running += 1;
        instance.expires = SimTime::MAX;
        if instance.prewarmed.take().is_some() {
            known.tally.prewarm_hits += 1;
        }
        if self.keep_alive.scope() == Scope::Function {
            let usage = known.usage(number);
            known.priority = self.keep_alive.priority(now, &usage, &mut known.eviction);
        }
    }

    /// A call on this instance is done.
    pub fn done(&mut self, now: SimTime, slot: u32) {
        let Some(instance) = self.slots.get_mut(slot as usize) else {
            return;
        };
        if instance.state != State::Ready || instance.running == 0 {
            return;
        }
        instance.running -= 1;
        let function = instance.function;
        let known = &mut self.functions[function as usize];
        known.account(now);
        known.alive.busy -= u32::from(instance.running == 0);
        known.running -= 1;
        self.serve(now, slot);
        let known = &mut self.functions[function as usize];
        if known.running == 0 {
            known.last_end = Some(now);
        }
        known.report(now);
        self.settle(now, slot);
    }

    /// An instance takes calls that wait for any slot of their function.
    pub(super) fn serve(&mut self, now: SimTime, slot: u32) {
        loop {
            let instance = &self.slots[slot as usize];
            let known = &mut self.functions[instance.function as usize];
            if instance.running >= known.spec.concurrency {
                return;
            }
            let Some(waiting) = known.queue.pop_front() else {
                return;
            };
            self.begin_waiting(now, slot, waiting);
        }
    }
}
