//! The load of a processor, sampled every second.
//!
//! A sample is the share of the cores that was in use during one whole second of the
//! run. There is no periodic event: elapsed seconds are accounted for when the load
//! is read. The number of cores in use is the smaller of the number of tasks and the
//! number of cores, so that a load never exceeds the capacity of the cores.

use std::fmt;

use sim_core::{SimDuration, SimTime};

const SECOND: SimDuration = SimDuration::from_secs(1);
const WINDOW: usize = 30;
const SHORT_WINDOW: usize = 10;

/// The load of a processor in percent, 0 to 100, rounded half up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// In the last completed second.
    pub one: u8,
    /// Mean over the last 10 completed seconds, or as many as there were.
    pub ten: u8,
    /// Mean over the last 30 completed seconds, or as many as there were.
    pub thirty: u8,
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.one, self.ten, self.thirty)
    }
}

/// Time during which cores were in use, added up over the cores, in nanoseconds.
///
/// Exact: the longest run there is, on as many cores as a processor can have, uses
/// less than 2^96 of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct CoreTime(u128);

impl CoreTime {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// Nanoseconds of one core.
    pub const fn as_nanos(self) -> u128 {
        self.0
    }

    /// Seconds of one core, rounded to the nearest `f64`.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The time from `earlier` until this; zero if `earlier` is more.
    pub const fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }
}

/// Accumulates the use of the cores of one processor.
#[derive(Clone, Debug)]
pub(super) struct LoadMeter {
    cores: u32,
    // Nanoseconds of cores in use, in all and in the second in progress.
    total: CoreTime,
    current: u128,
    second_ends: SimTime,
    // The last samples, `newest` the position after the most recent.
    samples: [u128; WINDOW],
    // Of the last ten and of all of them.
    short_sum: u128,
    long_sum: u128,
    newest: usize,
    filled: usize,
    load: Load,
}

impl LoadMeter {
    pub fn new(cores: u32) -> Self {
        Self {
            cores,
            total: CoreTime::ZERO,
            current: 0,
            second_ends: SimTime::ZERO + SECOND,
            samples: [0; WINDOW],
            short_sum: 0,
            long_sum: 0,
            newest: 0,
            filled: 0,
            load: Load::default(),
        }
    }

    /// Counts that `used` cores were in use between two instants.
    #[inline]
    pub fn count(&mut self, from: SimTime, to: SimTime, used: u32) {
        let amount = core_time(to.since(from), used);
        self.total.0 += amount;
        if to < self.second_ends {
            self.current += amount;
        } else {
            self.complete_seconds(from, to, used);
        }
    }

    #[cold]
    fn complete_seconds(&mut self, from: SimTime, to: SimTime, used: u32) {
        let first = self.current + core_time(self.second_ends.since(from), used);
        self.sample(first);
        let more = to.since(self.second_ends).as_nanos() / SECOND.as_nanos();
        for _ in 0..more.min(WINDOW as u64) {
            self.sample(core_time(SECOND, used));
        }
        let begins = self.second_ends + SECOND * more;
        self.current = core_time(to.since(begins), used);
        self.second_ends = begins + SECOND;
        self.load = Load {
            one: self.percent(self.samples[(self.newest + WINDOW - 1) % WINDOW], 1),
            ten: self.percent(self.short_sum, SHORT_WINDOW),
            thirty: self.percent(self.long_sum, WINDOW),
        };
    }

    fn sample(&mut self, amount: u128) {
        // Samples that were never taken are zero and may leave unnoticed.
        let leaves_short = self.samples[(self.newest + WINDOW - SHORT_WINDOW) % WINDOW];
        self.short_sum = self.short_sum + amount - leaves_short;
        self.long_sum = self.long_sum + amount - self.samples[self.newest];
        self.samples[self.newest] = amount;
        self.newest = (self.newest + 1) % WINDOW;
        self.filled = (self.filled + 1).min(WINDOW);
    }

    /// What the sum of `window` samples, or of as many as there are, is in percent
    /// of full use, rounded half up.
    fn percent(&self, sum: u128, window: usize) -> u8 {
        let count = window.min(self.filled).max(1) as u128;
        let full = core_time(SECOND, self.cores) * count;
        // A second has a multiple of 200 nanoseconds, so this is exact.
        let half_percent = full / 200;
        ((sum + half_percent) / (2 * half_percent)).min(100) as u8
    }

    pub fn load(&self) -> Load {
        self.load
    }

    /// Use of the cores since the start, as time of one core.
    pub fn total(&self) -> CoreTime {
        self.total
    }

    /// The share of the cores that was in use in the last completed second.
    pub fn last_second(&self) -> f64 {
        let newest = self.samples[(self.newest + WINDOW - 1) % WINDOW];
        newest as f64 / core_time(SECOND, self.cores) as f64
    }
}

fn core_time(time: SimDuration, cores: u32) -> u128 {
    u128::from(time.as_nanos()) * u128::from(cores)
}
