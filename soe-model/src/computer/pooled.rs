//! The part of a computer whose containers are not always warm: tasks go through the
//! instances of a pool to the processor.

use sim_core::{SimTime, Streams};

use super::Computer;
use super::container::Container;
use super::pool::Pool;
use super::spec::{ComputerError, ComputerSpec};
use super::task::{Completion, Task};
use crate::instances::{Instances, Tally};
use crate::names::FunctionId;
use crate::units::Bytes;

impl Computer {
    /// The instances of each function that is not always warm: the function, the counts
    /// until `now`, and the instances that are starting, busy and idle.
    pub fn instances(
        &mut self,
        now: SimTime,
    ) -> impl Iterator<Item = (FunctionId, Tally, (u32, u32, u32))> {
        self.settle(now);
        let containers = &self.containers;
        self.pools.iter_mut().flat_map(move |pool| {
            let instances = &mut pool.instances;
            let functions = pool.containers.iter();
            (0u32..).zip(functions).map(move |(place, &container)| {
                let function = containers[container as usize].function;
                let tally = instances.tally(now, place).clone();
                (function, tally, instances.alive(place))
            })
        })
    }

    /// Whether some of its containers are not always warm.
    pub fn has_instances(&self) -> bool {
        !self.pools.is_empty()
    }

    /// The memory that its instances hold.
    pub fn instance_memory(&self) -> Bytes {
        let pools = self.pools.iter().map(|pool| &pool.instances);
        let held = pools.map(Instances::memory_held);
        Bytes(held.map(|held| held.0).sum())
    }

    /// Ends a task of an instance, which then serves others.
    pub(super) fn complete_in_pool(
        &mut self,
        now: SimTime,
        pool: usize,
        task: &Task,
    ) -> Completion {
        let (warmth, start) = self.pools[pool].done(now, task.ticket);
        self.admit_begun(now, pool);
        self.reschedule();
        Completion {
            warmth,
            start,
            ..task.finished(now)
        }
    }

    /// Hands a task to a pool; returns whether it is accepted.
    pub(super) fn submit_to_pool(
        &mut self,
        now: SimTime,
        pool: usize,
        place: u32,
        task: Task,
    ) -> bool {
        let container = &mut self.containers[task.container as usize];
        let accepted = self.pools[pool].submit(now, place, task);
        if accepted {
            container.occupied += 1;
            container.waits(&task);
        }
        self.admit_begun(now, pool);
        self.reschedule();
        accepted
    }

    /// The instances of the pool that is due next change.
    pub(super) fn tend_pool(&mut self) {
        let now = self.next;
        let pool = self.next_processor - self.processors.len();
        let processor = self.pools[pool].processor;
        self.processors[processor as usize].advance(now);
        self.pools[pool].instances.wake(now);
        self.admit_begun(now, pool);
        self.reschedule();
    }

    /// Runs the tasks that have got an instance, as far as there is memory for them.
    #[inline]
    fn admit_begun(&mut self, now: SimTime, pool: usize) {
        let pool = &mut self.pools[pool];
        let processor = &mut self.processors[pool.processor as usize];
        while let Some(task) = pool.next_begun(now) {
            if processor.admit(task) {
                self.containers[task.container as usize].started_waiting(&task);
            }
        }
        while let Some(task) = processor.start_waiting() {
            self.containers[task.container as usize].started_waiting(&task);
        }
    }

    /// Does what is due at `now`, before a task arrives at an instance.
    pub(super) fn catch_up(&mut self, now: SimTime) {
        while self.next <= now && self.next < SimTime::MAX {
            if self.next_processor >= self.processors.len() {
                self.tend_pool();
                continue;
            }
            let Some(completion) = self.complete() else {
                break;
            };
            self.overdue.push_back(completion);
        }
    }
}

/// The pools of the containers that are not always warm, one for each processor.
pub(super) fn pools(
    spec: &ComputerSpec,
    containers: &mut [Container],
    streams: &Streams,
) -> Result<Vec<Pool>, ComputerError> {
    let mut pools = Vec::new();
    for (number, processor) in (0..).zip(&spec.processors) {
        let own = (0..).zip(&spec.containers);
        let own = own.filter(|(_, container)| container.processor == processor.name);
        let own: Vec<_> = own.collect();
        let memory = processor.memory;
        if let Some(pool) = Pool::new(&spec.name, (number, memory), &own, streams)? {
            for (place, &container) in (0..).zip(&pool.containers) {
                let position = pools.len() as u32;
                containers[container as usize].pool = Some((position, place));
            }
            pools.push(pool);
        }
    }
    Ok(pools)
}
