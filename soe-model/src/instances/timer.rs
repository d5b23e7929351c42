//! What happens by itself, in order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use sim_core::SimTime;

/// What happens. At the same time, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// The memory of an instance that was removed becomes free.
    Free { slot: u32, number: u64 },
    /// The start of an instance is over.
    Ready { slot: u32, number: u64 },
    /// An instance may expire.
    Expire { slot: u32, number: u64 },
    /// An instance of a function may be created before a call is expected.
    Prewarm { function: u32 },
    /// The autoscaler of a function decides.
    Tick { function: u32 },
}

/// All that is due. An entry may be out of date, which is found out when it is due.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers(BinaryHeap<Reverse<(SimTime, Due)>>);

impl Timers {
    #[inline]
    pub fn set(&mut self, at: SimTime, due: Due) {
        self.0.push(Reverse((at, due)));
    }

    /// When the next is due; [`SimTime::MAX`] if none is.
    #[inline]
    pub fn next(&self) -> SimTime {
        self.0.peek().map_or(SimTime::MAX, |Reverse((at, _))| *at)
    }

    /// The next that is due by `now`.
    #[inline]
    pub fn pop(&mut self, now: SimTime) -> Option<(SimTime, Due)> {
        (self.next() <= now && !self.0.is_empty()).then(|| self.0.pop().map(|it| it.0))?
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Drops what is out of date.
    pub fn retain(&mut self, is_current: impl Fn(SimTime, Due) -> bool) {
        self.0.retain(|Reverse((at, due))| is_current(*at, *due));
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}
