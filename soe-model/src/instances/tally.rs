//! What is counted about the instances of a function.

use sim_core::{SimDuration, SimTime};

use crate::units::Bytes;

/// How a call found its instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Warmth {
    /// A slot was free at once.
    #[default]
    Warm,
    /// Its arrival created the instance for whose start it waited.
    ColdCaused,
    /// It waited for a start that another call, or the autoscaler, had caused.
    ColdJoined,
    /// It waited for busy instances only.
    Queued,
    /// It waited for an instance that was busy without a pause since a start for which
    /// others had waited.
    QueuedBehindCold,
}

impl Warmth {
    /// Whether it waited for a start.
    pub const fn is_cold(self) -> bool {
        matches!(self, Self::ColdCaused | Self::ColdJoined)
    }
}

/// Counts of one function since the start of the run, and times added up over its
/// instances.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// The memory of one instance.
    pub memory: Bytes,
    /// Calls that have begun on an instance, by [`Warmth`].
    pub warm: u64,
    /// See [`Warmth::ColdCaused`].
    pub cold_caused: u64,
    /// See [`Warmth::ColdJoined`].
    pub cold_joined: u64,
    /// See [`Warmth::Queued`].
    pub queued: u64,
    /// See [`Warmth::QueuedBehindCold`].
    pub queued_behind_cold: u64,
    /// Calls that were rejected.
    pub rejected: u64,
    /// Instances created.
    pub created: u64,
    /// Instances whose keep-alive window ended.
    pub expired: u64,
    /// Instances that gave up their memory for others.
    pub evicted: u64,
    /// Instances that the autoscaler removed.
    pub scaled_down: u64,
    /// Instances lost in a failure of the computer.
    pub lost: u64,
    /// Instances created before a call was expected.
    pub prewarmed: u64,
    /// Of these, those that executed a call.
    pub prewarm_hits: u64,
    /// Of these, those that were removed unused.
    pub prewarm_wasted: u64,
    /// The greatest number of instances at a time.
    pub peak: u32,
    /// The time between creation and removal, of those that were removed.
    pub lives: u128,
    /// Time spent starting, busy and idle, in nanoseconds.
    pub starting: u128,
    /// See `starting`.
    pub busy: u128,
    /// See `starting`.
    pub idle: u128,
    /// The part of the waiting of calls that was due to starts, in nanoseconds.
    pub waited_for_starts: u128,
}

impl Tally {
    /// Counts a call that begins.
    #[inline]
    pub(super) fn begun(&mut self, warmth: Warmth, start: SimDuration) {
        let count = match warmth {
            Warmth::Warm => &mut self.warm,
            Warmth::ColdCaused => &mut self.cold_caused,
            Warmth::ColdJoined => &mut self.cold_joined,
            Warmth::Queued => &mut self.queued,
            Warmth::QueuedBehindCold => &mut self.queued_behind_cold,
        };
        *count += 1;
        self.waited_for_starts += u128::from(start.as_nanos());
    }

    /// Calls that have begun on an instance.
    pub fn served(&self) -> u64 {
        self.warm + self.cold_caused + self.cold_joined + self.queued + self.queued_behind_cold
    }

    /// Of these, those that waited for a start, their own or another's.
    pub fn cold(&self) -> u64 {
        self.cold_caused + self.cold_joined
    }

    /// Of these, those that were delayed by a start, directly or behind others.
    pub fn delayed_by_cold(&self) -> u64 {
        self.cold() + self.queued_behind_cold
    }

    /// Adds the counts of another function or computer; the peak is the greater one, and the
    /// memory stays.
    pub fn add(&mut self, other: &Self) {
        self.warm += other.warm;
        self.cold_caused += other.cold_caused;
        self.cold_joined += other.cold_joined;
        self.queued += other.queued;
        self.queued_behind_cold += other.queued_behind_cold;
        self.rejected += other.rejected;
        self.created += other.created;
        self.expired += other.expired;
        self.evicted += other.evicted;
        self.scaled_down += other.scaled_down;
        self.lost += other.lost;
        self.prewarmed += other.prewarmed;
        self.prewarm_hits += other.prewarm_hits;
        self.prewarm_wasted += other.prewarm_wasted;
        self.peak = self.peak.max(other.peak);
        self.lives += other.lives;
        self.starting += other.starting;
        self.busy += other.busy;
        self.idle += other.idle;
        self.waited_for_starts += other.waited_for_starts;
    }

    /// What was counted after `earlier`; the peak is that of the whole run.
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            memory: self.memory,
            warm: self.warm - earlier.warm,
            cold_caused: self.cold_caused - earlier.cold_caused,
            cold_joined: self.cold_joined - earlier.cold_joined,
            queued: self.queued - earlier.queued,
            queued_behind_cold: self.queued_behind_cold - earlier.queued_behind_cold,
            rejected: self.rejected - earlier.rejected,
            created: self.created - earlier.created,
            expired: self.expired - earlier.expired,
            evicted: self.evicted - earlier.evicted,
            scaled_down: self.scaled_down - earlier.scaled_down,
            lost: self.lost - earlier.lost,
            prewarmed: self.prewarmed - earlier.prewarmed,
            prewarm_hits: self.prewarm_hits - earlier.prewarm_hits,
            prewarm_wasted: self.prewarm_wasted - earlier.prewarm_wasted,
            peak: self.peak,
            lives: self.lives - earlier.lives,
            starting: self.starting - earlier.starting,
            busy: self.busy - earlier.busy,
            idle: self.idle - earlier.idle,
            waited_for_starts: self.waited_for_starts - earlier.waited_for_starts,
        }
    }
}

/// How many instances there are, and since when.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Alive {
    /// Starting, idle or busy.
    pub all: u32,
    pub starting: u32,
    pub busy: u32,
    since: SimTime,
}

impl Alive {
    /// Adds the time since the last change to the tally.
    #[inline]
    pub fn account(&mut self, now: SimTime, tally: &mut Tally) {
        let elapsed = u128::from(now.since(self.since).as_nanos());
        if elapsed > 0 {
            tally.starting += elapsed * u128::from(self.starting);
            tally.busy += elapsed * u128::from(self.busy);
            tally.idle += elapsed * u128::from(self.all - self.starting - self.busy);
            self.since = now;
        }
    }
}
