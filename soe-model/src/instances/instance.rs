//! One instance of a function.

use std::collections::VecDeque;

use sim_core::{SimDuration, SimTime};

/// A call that waits, and since when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub call: u32,
    pub arrived: SimTime,
    /// In order of arrival over all functions.
    pub sequence: u64,
    /// The number of the instance that its arrival has created, or 0.
    pub caused: u64,
}

/// What an instance is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Its slot is vacant.
    Gone,
    /// Pulling its image, creating its sandbox, initializing.
    Starting,
    /// Idle or busy.
    Ready,
    /// Removed, with its memory still held.
    Expiring,
}

/// One instance of a function.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    pub function: u32,
    /// In order of creation over all functions, from 1.
    pub number: u64,
    pub state: State,
    pub created: SimTime,
    /// When its start is or was over.
    pub ready: SimTime,
    /// Calls that it executes.
    pub running: u32,
    /// Calls that wait for its start, in order.
    pub reserved: VecDeque<Waiting>,
    /// Whether it is among the instances with a free slot.
    pub is_listed: bool,
    /// Whether it has executed calls without a pause since its start.
    pub is_fresh: bool,
    pub idle_since: SimTime,
    /// When it was idle for the first time.
    pub first_idle: Option<SimTime>,
    /// When it expires unless a call comes before.
    pub expires: SimTime,
    /// When the earliest of its timers rings.
    pub timer: SimTime,
    /// For how long it is kept unused, if it was created before a call was expected.
    pub prewarmed: Option<SimDuration>,
    /// Of this instance; for policies that have one for each.
    pub priority: f64,
}

impl Instance {
    pub fn new(function: u32, number: u64, created: SimTime, ready: SimTime) -> Self {
        Self {
            function,
            number,
            state: State::Starting,
            created,
            ready,
            running: 0,
            reserved: VecDeque::new(),
            is_listed: false,
            is_fresh: true,
            idle_since: created,
            first_idle: None,
            expires: SimTime::MAX,
            timer: SimTime::MAX,
            prewarmed: None,
            priority: 0.0,
        }
    }

    pub fn is_idle(&self) -> bool {
        self.state == State::Ready && self.running == 0
    }
}
