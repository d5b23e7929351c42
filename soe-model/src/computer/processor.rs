//! A processor, shared equally by the tasks that run on it.
//!
//! Egalitarian processor sharing in virtual time (after Zhang, "VirtualClock",
//! SIGCOMM 1990, and Parekh and Gallager, 1993). The processor keeps the amount of
//! work that each task has received since it started, and the amount at which the
//! task is complete. Tasks complete in the order of these amounts, independent of
//! arrivals and departures. An event therefore costs one heap operation, not a pass
//! over all tasks.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use sim_core::SimTime;

use super::load::{CoreTime, LoadMeter};
use super::task::Task;
use super::work::{Speed, Work};
use super::{ProcessorSpec, TaskId};
use crate::units::{Bytes, Operations, OpsPerSecond};

#[derive(Clone, Debug)]
pub(super) struct Processor {
    pub name: String,
    pub cores: u32,
    pub memory: Bytes,
    /// When the next task finishes, [`SimTime::MAX`] if none runs.
    pub next: SimTime,
    speed: Speed,
    free_memory: Bytes,
    // What each running task has been given, as of `settled`.
    served: Work,
    settled: SimTime,
    meter: LoadMeter,
    order: BinaryHeap<Reverse<Finish>>,
    started: u64,
    running: Vec<Task>,
    vacant: Vec<u32>,
    // Tasks that have a worker and wait for memory, in order.
    waiting: VecDeque<Task>,
}

/// When a task is done: by what it will have been given, ties by order of start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finish {
    served: Work,
    sequence: u64,
    slot: u32,
}

impl Processor {
    pub fn new(spec: &ProcessorSpec) -> Self {
        Self {
            name: spec.name.clone(),
            cores: spec.cores,
            memory: spec.memory,
            next: SimTime::MAX,
            speed: Speed::new(spec.speed),
            free_memory: spec.memory,
            served: Work::NONE,
            settled: SimTime::ZERO,
            meter: LoadMeter::new(spec.cores),
            order: BinaryHeap::new(),
            started: 0,
            running: Vec::new(),
            vacant: Vec::new(),
            waiting: VecDeque::new(),
        }
    }

    /// Serves the running tasks until `now`, which is not after `next`.
    #[inline]
    pub fn advance(&mut self, now: SimTime) {
        if now <= self.settled {
            return;
        }
        let tasks = self.running();
        let used = tasks.min(self.cores);
        self.meter.count(self.settled, now, used);
        if tasks > 0 {
            let share = Work::share(now.since(self.settled), self.cores, tasks);
            self.served = self.served.plus(share);
        }
        self.settled = now;
    }

    /// Takes a task that has a worker; returns whether it started. Otherwise it
    /// waits for memory, behind those that came before.
    #[inline]
    pub fn admit(&mut self, task: Task) -> bool {
        if self.waiting.is_empty() && task.memory <= self.free_memory {
            self.start(task);
            self.reschedule();
            return true;
        }
        self.waiting.push_back(task);
        false
    }

    /// Ends the task that finishes next, at time `next`. The memory it leaves is
    /// given out by [`Processor::start_waiting`].
    #[inline]
    pub fn finish(&mut self) -> Option<Task> {
        self.advance(self.next);
        let Reverse(finish) = self.order.pop()?;
        self.vacant.push(finish.slot);
        let task = self.running[finish.slot as usize];
        self.free_memory.0 += task.memory.0;
        self.reschedule();
        Some(task)
    }

    /// Starts the task that has waited longest for memory, if it fits now.
    #[inline]
    pub fn start_waiting(&mut self) -> Option<Task> {
        let fits = self.waiting.front()?.memory <= self.free_memory;
        let task = if fits {
            self.waiting.pop_front()?
        } else {
            return None;
        };
        self.start(task);
        self.reschedule();
        Some(task)
    }

    fn start(&mut self, mut task: Task) {
        task.started = self.settled;
        self.free_memory.0 -= task.memory.0;
        let slot = match self.vacant.pop() {
            Some(slot) => {
                self.running[slot as usize] = task;
                slot
            }
            None => {
                self.running.push(task);
                self.running.len() as u32 - 1
            }
        };
        self.order.push(Reverse(Finish {
            served: self.served.plus(self.work(task.operations)),
            sequence: self.started,
            slot,
        }));
        self.started += 1;
    }

    #[inline]
    fn reschedule(&mut self) {
        self.next = match self.order.peek() {
            Some(Reverse(first)) => {
                let left = first.served.minus(self.served);
                self.settled + left.duration(self.cores, self.running())
            }
            None => SimTime::MAX,
        };
    }

    /// The work of `operations` on this processor.
    pub fn work(&self, operations: Operations) -> Work {
        Work::of(operations, self.speed)
    }

    /// The number of running tasks.
    #[inline]
    pub fn running(&self) -> u32 {
        self.order.len() as u32
    }

    /// What is left, at the time of the last advance, of the running task of a
    /// container that finishes first.
    pub fn least_left(&self, container: u32) -> Work {
        let of_container = self
            .order
            .iter()
            .filter(|Reverse(finish)| self.running[finish.slot as usize].container == container);
        let first = of_container.map(|Reverse(finish)| finish.served).min();
        first.map_or(Work::NONE, |served| served.minus(self.served))
    }

    /// What is left of each running task, at the time of the last advance.
    pub fn left(&self) -> impl Iterator<Item = Work> {
        let finishes = self.order.iter();
        finishes.map(|Reverse(finish)| finish.served.minus(self.served))
    }

    /// Changes the speed of each core from the last advance on.
    pub fn set_speed(&mut self, speed: OpsPerSecond) {
        let speed = Speed::new(speed);
        let rescaled = self.order.drain().map(|Reverse(finish)| {
            let left = finish.served.minus(self.served);
            let left = left.rescaled(self.speed, speed);
            Reverse(Finish {
                served: self.served.plus(left),
                ..finish
            })
        });
        self.order = rescaled.collect::<Vec<_>>().into();
        self.speed = speed;
        self.reschedule();
    }

    /// Forgets every task, and reports each.
    pub fn fail(&mut self, lost: &mut Vec<(SimTime, TaskId)>) {
        let running = self.order.drain();
        lost.extend(running.map(|Reverse(finish)| {
            let task = &self.running[finish.slot as usize];
            (task.submitted, task.id)
        }));
        lost.extend(self.waiting.drain(..).map(|task| (task.submitted, task.id)));
        self.running.clear();
        self.vacant.clear();
        self.free_memory = self.memory;
        self.reschedule();
    }

    pub fn meter(&self) -> &LoadMeter {
        &self.meter
    }

    /// Use of all cores since the start of the run, as time of one core.
    pub fn busy(&self) -> CoreTime {
        self.meter.total()
    }
}
