//! The event calendar (future event list).
//!
//! Events leave in the order (time, sequence of scheduling). The structure is a
//! hierarchy of timing wheels (Varghese and Lauck, 1987) over the digits of the integer
//! time, read like a radix heap (Ahuja et al., 1990), behind a short sorted *front*:
//!
//! * the **front** holds the next events, sorted; a calendar of a few dozen events
//!   consists of its front only;
//! * the **wheel** holds all other events, filed by the highest digit in which their
//!   time differs from the present. When a bucket becomes current, its events are
//!   sorted into the front if they are few; otherwise they are first distributed over
//!   the next finer wheel. The effective bucket width therefore follows the density of
//!   events: there are no parameters to tune, and no load for which they are wrong;
//! * the events themselves stay in one place, in a **slab**, so that moving an event
//!   moves 16 bytes, and cancelling an event is one look-up.
//!
//! Distribution keeps the order of arrival, so simultaneous events need no comparison
//! of sequence numbers. Cancelled events leave a tombstone of 16 bytes. Tombstones are
//! removed once they outnumber the events.

mod bucket;
mod front;
mod slab;
mod wheel;

pub use slab::EventKey;

use front::Front;
use slab::Slab;
use wheel::Wheel;

use crate::SimTime;

/// Where an event is filed: its time and its place in the slab.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    time: u64,
    slot: u32,
}

/// An event that is due, as it leaves the calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due<E> {
    /// When it happens.
    pub time: SimTime,
    /// Its number in the order of scheduling, from 1.
    pub sequence: u64,
    /// What happens.
    pub event: E,
}

/// The events that are still to come, in the order (time, sequence of scheduling).
///
/// Time only moves forward: the calendar's clock stands at the last event that
/// was taken out, and an event scheduled before that is moved up to it.
///
/// ```
/// use sim_core::{Calendar, SimTime};
///
/// let mut calendar = Calendar::new();
/// let late = calendar.schedule(SimTime::from_nanos(20), "late");
/// calendar.schedule(SimTime::from_nanos(10), "first");
/// calendar.schedule(SimTime::from_nanos(10), "second");
/// assert_eq!(calendar.cancel(late), Some("late"));
/// assert_eq!(calendar.cancel(late), None);
/// assert_eq!(calendar.pop().map(|due| due.event), Some("first"));
/// assert_eq!(calendar.pop().map(|due| due.event), Some("second"));
/// assert!(calendar.pop().is_none());
/// ```
#[derive(Clone, Debug)]
pub struct Calendar<E> {
    front: Front,
    wheel: Wheel,
    slab: Slab<E>,
    /// The clock: no event is earlier.
    now: u64,
    /// Events up to and including this time belong to the front, later ones to the wheel.
    front_until: u64,
    /// Entries in front and wheel whose event was cancelled.
    tombstones: usize,
}

impl<E> Default for Calendar<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> Calendar<E> {
    /// An empty calendar whose clock stands at [`SimTime::ZERO`].
    pub fn new() -> Self {
        Self {
            front: Front::default(),
            wheel: Wheel::default(),
            slab: Slab::default(),
            now: 0,
            front_until: u64::MAX,
            tombstones: 0,
        }
    }

    /// The time of the last event taken out, or the limit of the last
    /// [`pop_until`](Self::pop_until) that found nothing.
    #[inline]
    pub fn now(&self) -> SimTime {
        SimTime::from_nanos(self.now)
    }

    /// The number of events to come.
    #[inline]
    pub fn len(&self) -> usize {
        self.slab.live()
    }

    /// Whether no event is to come.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts `event` at `time`, or at the calendar's clock if that is later.
    ///
    /// # Panics
    ///
    /// If more than 2^32 events are pending.
    #[inline]
    pub fn schedule(&mut self, time: SimTime, event: E) -> EventKey {
        let time = time.as_nanos().max(self.now);
        let key = self.slab.insert(event);
        let entry = Entry {
            time,
            slot: key.slot,
        };
        if time <= self.front_until {
            self.front.insert(entry);
            if self.front.is_overfull() {
                self.spill();
            }
        } else {
            self.wheel.insert(entry);
        }
        key
    }

    /// Takes an event out before it happens; `None` if it has happened or was
    /// cancelled already. Amortized O(1).
    #[inline]
    pub fn cancel(&mut self, key: EventKey) -> Option<E> {
        let event = self.slab.cancel(key)?;
        self.tombstones += 1;
        if self.tombstones > self.slab.live() + SPARED_TOMBSTONES {
            self.sweep();
        }
        Some(event)
    }

    /// Takes out the next event and moves the clock to it.
    #[inline]
    pub fn pop(&mut self) -> Option<Due<E>> {
        loop {
            while let Some(entry) = self.front.pop() {
                if let Some(due) = self.take(entry) {
                    return Some(due);
                }
            }
            if !self.refill(u64::MAX) {
                return None;
            }
        }
    }

    /// Takes out the next event if it happens at `limit` or earlier; otherwise
    /// moves the clock to `limit` (if that is later) and gives `None`.
    #[inline]
    pub fn pop_until(&mut self, limit: SimTime) -> Option<Due<E>> {
        let limit = limit.as_nanos();
        loop {
            while let Some(entry) = self.front.first() {
                if entry.time > limit && self.slab.is_live(entry.slot) {
                    self.now = self.now.max(limit);
                    return None;
                }
                self.front.pop();
                if let Some(due) = self.take(entry) {
                    return Some(due);
                }
            }
            if !self.refill(limit) {
                self.now = self.now.max(limit);
                return None;
            }
        }
    }

    /// When the next event happens.
    ///
    /// Looks through one bucket if the front happens to be empty; a loop that is
    /// to stop at some time had better use [`pop_until`](Self::pop_until).
    pub fn peek_time(&self) -> Option<SimTime> {
        let live = |entry: &Entry| self.slab.is_live(entry.slot);
        let time = match self.front.iter().find(|&entry| live(entry)) {
            Some(entry) => Some(entry.time),
            None => self.wheel.earliest(live),
        };
        time.map(SimTime::from_nanos)
    }

    /// The event of an entry that leaves, unless it is a tombstone.
    #[inline]
    fn take(&mut self, entry: Entry) -> Option<Due<E>> {
        match self.slab.remove(entry.slot) {
            Some((sequence, event)) => {
                self.now = entry.time;
                Some(Due {
                    time: SimTime::from_nanos(entry.time),
                    sequence,
                    event,
                })
            }
            None => {
                self.tombstones -= 1;
                None
            }
        }
    }

    /// Fills the empty front from the wheel, with buckets that begin at `limit` or
    /// earlier; `false` if there is none.
    ///
    /// The wheel's origin moves to the beginning of the bucket, so the caller must
    /// leave the clock there or later: at the event found, or at `limit`.
    fn refill(&mut self, limit: u64) -> bool {
        let slab = &mut self.slab;
        let tombstones = &mut self.tombstones;
        let filled = self.wheel.advance(limit, &mut self.front, |entry| {
            if *tombstones == 0 || slab.is_live(entry.slot) {
                return true;
            }
            slab.free(entry.slot);
            *tombstones -= 1;
            false
        });
        self.front_until = match filled {
            _ if self.wheel.is_empty() => u64::MAX,
            Some(until) => until,
            None => return false,
        };
        filled.is_some()
    }

    /// Moves the later part of an overfull front into the wheel.
    #[cold]
    #[inline(never)]
    fn spill(&mut self) {
        let until = self.front.split_time();
        if self.wheel.is_empty() {
            self.wheel.set_origin(self.now);
        }
        self.front_until = until;
        for &entry in self.front.after(until) {
            self.wheel.insert(entry);
        }
        self.front.truncate_after(until);
    }

    /// Drops all tombstones.
    #[cold]
    #[inline(never)]
    fn sweep(&mut self) {
        let slab = &mut self.slab;
        let mut keep = |entry: &Entry| {
            let live = slab.is_live(entry.slot);
            if !live {
                slab.free(entry.slot);
            }
            live
        };
        self.front.retain(&mut keep);
        self.wheel.retain(&mut keep);
        self.tombstones = 0;
        if self.wheel.is_empty() {
            self.front_until = u64::MAX;
        }
    }
}

/// So many tombstones are not worth a sweep.
const SPARED_TOMBSTONES: usize = 64;

#[cfg(test)]
mod tests;
