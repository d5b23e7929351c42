//! A container: the workers of one function on one processor, and the queue in
//! front of them.

use std::collections::VecDeque;

use super::task::Task;
use crate::function::{Output, Requirements};
use crate::names::FunctionId;
use crate::units::Operations;

#[derive(Clone, Debug)]
pub(super) struct Container {
    pub name: String,
    pub processor: u32,
    pub function: FunctionId,
    pub requirements: Requirements,
    pub output: Output,
    pub workers: u32,
    /// Workers that have a task, running or waiting for memory.
    pub occupied: u32,
    /// Tasks that run.
    pub running: u32,
    /// Tasks that wait for a worker, in order.
    pub queue: VecDeque<Task>,
    /// What all tasks that do not run yet will need.
    pub waiting_operations: Operations,
    /// The pool of its instances and its number there, unless it is always warm.
    pub pool: Option<(u32, u32)>,
}

impl Container {
    /// Notes that a task starts that waited before.
    pub fn started_waiting(&mut self, task: &Task) {
        self.running += 1;
        let left = self.waiting_operations.0.saturating_sub(task.operations.0);
        self.waiting_operations = Operations(left);
    }

    /// Notes that a task waits.
    pub fn waits(&mut self, task: &Task) {
        let all = self.waiting_operations.0.saturating_add(task.operations.0);
        self.waiting_operations = Operations(all);
    }

    /// The number of tasks that do not run yet.
    pub fn waiting(&self) -> usize {
        self.queue.len() + (self.occupied - self.running) as usize
    }

    /// Forgets every task.
    pub fn fail(&mut self) {
        self.occupied = 0;
        self.running = 0;
        self.queue.clear();
        self.waiting_operations = Operations(0);
    }
}
