//! Tasks: invocations that a computer executes.

use sim_core::{SimDuration, SimTime};

use super::load::Load;
use crate::instances::Warmth;
use crate::units::{Bytes, Operations};

/// The number that the driver of a computer gives to a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub u64);

/// A task that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completion {
    /// Which one.
    pub task: TaskId,
    /// When it was submitted.
    pub submitted: SimTime,
    /// When it got a worker.
    pub assigned: SimTime,
    /// When it also had memory and began to run.
    pub started: SimTime,
    /// When it was done.
    pub finished: SimTime,
    /// The load of its processor when it was submitted.
    pub load: Load,
    /// How it found an instance of its container; always warm unless instances start and
    /// go.
    pub warmth: Warmth,
    /// For how long it waited for the start of its instance, the last part of its waiting
    /// for a worker.
    pub start: SimDuration,
}

impl Completion {
    /// How long it waited for a worker.
    pub fn waited_for_worker(&self) -> SimDuration {
        self.assigned.since(self.submitted)
    }

    /// How long it then waited for memory.
    pub fn waited_for_memory(&self) -> SimDuration {
        self.started.since(self.assigned)
    }

    /// From submission to completion, the original's `ptime`.
    pub fn processing(&self) -> SimDuration {
        self.finished.since(self.submitted)
    }
}

/// A task inside a computer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task {
    pub id: TaskId,
    pub container: u32,
    pub load: Load,
    pub operations: Operations,
    pub memory: Bytes,
    pub submitted: SimTime,
    pub assigned: SimTime,
    pub started: SimTime,
    /// What names it in the pool of its instance, or [`NO_TICKET`].
    pub ticket: u32,
}

/// The ticket of a task whose container is always warm.
pub(super) const NO_TICKET: u32 = u32::MAX;

impl Task {
    pub fn finished(&self, finished: SimTime) -> Completion {
        Completion {
            task: self.id,
            submitted: self.submitted,
            assigned: self.assigned,
            started: self.started,
            finished,
            load: self.load,
            warmth: Warmth::Warm,
            start: SimDuration::ZERO,
        }
    }
}
