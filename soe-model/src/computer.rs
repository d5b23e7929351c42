//! Computers: processors that are shared by containers, which execute functions.
//!
//! The simulated computer of ServerlessOnEdge (Cicconetti, Conti, Passarella, "A
//! decentralized framework for serverless edge computing in the Internet of Things",
//! IEEE TNSM 2021). An invocation becomes a task of the container that executes its
//! function. It waits for one of the container's workers, in order of arrival. Then
//! it waits for memory, in the order in which the tasks of all containers of the
//! processor got their workers. No task overtakes another, and none starves. Running
//! tasks share the cores equally, each using at most one.
//!
//! Two methods drive a [`Computer`]: [`Computer::next_wake`] returns when the next
//! task is complete, and [`Computer::wake`] returns that task.

pub mod configuration;
pub mod platform;

mod container;
mod load;
mod pool;
mod pooled;
mod processor;
mod spec;
mod task;
mod usage;
mod work;

use std::collections::VecDeque;

use sim_core::{SimDuration, SimTime, Streams};

use crate::function::Output;
use crate::names::{FunctionId, Names};
use crate::units::{Bytes, OpsPerSecond};
use container::Container;
use pool::Pool;
use processor::Processor;
use task::{NO_TICKET, Task};
use work::Work;

pub use load::{CoreTime, Load};
pub use spec::{
    ComputerError, ComputerSpec, ContainerSpec, LifecycleSpec, ProcessorKind, ProcessorSpec,
};
pub use task::{Completion, TaskId};
pub use usage::Usage;

/// A computer that executes functions.
///
/// ```
/// use sim_core::{SimDuration, SimTime};
/// use soe_model::computer::{Computer, TaskId, platform::PLATFORMS};
/// use soe_model::names::Names;
/// use soe_model::units::Bytes;
///
/// let raspberry = PLATFORMS.configure("raspberry", vec![])?;
/// let raspberry = (raspberry.kind.build)(&raspberry.arguments);
/// let spec = raspberry.computer("host".into(), "node".into(), None);
/// let mut functions = Names::default();
/// let mut computer = Computer::new(&spec, &mut functions)?;
///
/// // 10 004 million operations on a core of 100 Gop/s.
/// let clambda0 = functions.intern("clambda0");
/// let now = SimTime::ZERO;
/// assert!(computer.submit(now, TaskId(1), clambda0, Bytes(10_000)).is_ok());
/// let now = computer.next_wake().unwrap();
/// let completion = computer.wake(now).unwrap();
/// assert_eq!(completion.processing(), SimDuration::from_micros(100_040));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Computer {
    name: String,
    processors: Vec<Processor>,
    containers: Vec<Container>,
    // Which container executes a function, sorted by function.
    functions: Vec<(FunctionId, u32)>,
    // The instances of containers that are not always warm, by processor.
    pools: Vec<Pool>,
    // What happens next: a completion on this processor or, behind the last processor, a
    // change of the instances of a pool.
    next: SimTime,
    next_processor: usize,
    // Completions that were due before something else happened.
    overdue: VecDeque<Completion>,
    in_flight: u32,
}

/// Why a computer does not execute an invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No container executes the function.
    UnknownFunction(FunctionId),
    /// The task needs more memory than its processor has.
    TooLarge {
        /// The function.
        function: FunctionId,
        /// What the task needs.
        required: Bytes,
    },
    /// There is no instance for it, and it may not wait for one.
    NoInstance(FunctionId),
}

impl Computer {
    /// The computer that `spec` describes, idle since the start of the run. What is random
    /// about it is that of a run with seed 0.
    ///
    /// # Errors
    /// If the parts do not fit together.
    pub fn new(
        spec: &ComputerSpec,
        functions: &mut Names<FunctionId>,
    ) -> Result<Self, ComputerError> {
        Self::with_streams(spec, functions, &Streams::new(0, 0))
    }

    /// The same with these random numbers.
    ///
    /// # Errors
    /// If the parts do not fit together.
    pub fn with_streams(
        spec: &ComputerSpec,
        functions: &mut Names<FunctionId>,
        streams: &Streams,
    ) -> Result<Self, ComputerError> {
        spec.check()?;
        let processors: Vec<_> = spec.processors.iter().map(Processor::new).collect();
        let mut containers: Vec<_> = spec
            .containers
            .iter()
            .map(|container| Container {
                name: container.name.clone(),
                processor: processors
                    .iter()
                    .position(|processor| processor.name == container.processor)
                    .unwrap_or_default() as u32,
                function: functions.intern(&container.function.name),
                requirements: container.function.requirements,
                output: container.function.output.clone(),
                workers: container.workers,
                occupied: 0,
                running: 0,
                queue: VecDeque::new(),
                waiting_operations: Default::default(),
                pool: None,
            })
            .collect();
        let pools = pooled::pools(spec, &mut containers, streams)?;
        let mut functions: Vec<_> = (0..)
            .zip(&containers)
            .map(|(number, container)| (container.function, number))
            .collect();
        functions.sort_unstable();
        let mut computer = Self {
            name: spec.name.clone(),
            processors,
            containers,
            functions,
            pools,
            next: SimTime::MAX,
            next_processor: 0,
            overdue: VecDeque::new(),
            in_flight: 0,
        };
        computer.reschedule();
        Ok(computer)
    }

    /// Submits an invocation of `function` with `input` bytes as task `id`, and
    /// returns the load of its processor.
    ///
    /// # Errors
    /// If the computer does not execute the function, or never has the memory.
    pub fn submit(
        &mut self,
        now: SimTime,
        id: TaskId,
        function: FunctionId,
        input: Bytes,
    ) -> Result<Load, Refusal> {
        let number = self.container(function)?;
        self.settle(now);
        if self.containers[number as usize].pool.is_some() {
            self.catch_up(now);
        }
        let container = &mut self.containers[number as usize];
        let processor = &mut self.processors[container.processor as usize];
        let demand = container.requirements.of(input);
        if demand.memory > processor.memory {
            return Err(Refusal::TooLarge {
                function,
                required: demand.memory,
            });
        }
        processor.advance(now);
        self.in_flight += 1;
        let load = processor.meter().load();
        let task = Task {
            id,
            container: number,
            load,
            operations: demand.operations,
            memory: demand.memory,
            submitted: now,
            assigned: now,
            started: now,
            ticket: NO_TICKET,
        };
        if let Some((pool, place)) = container.pool {
            return match self.submit_to_pool(now, pool as usize, place, task) {
                true => Ok(load),
                false => {
                    self.in_flight -= 1;
                    Err(Refusal::NoInstance(function))
                }
            };
        }
        if container.occupied == container.workers {
            container.waits(&task);
            container.queue.push_back(task);
            return Ok(load);
        }
        container.occupied += 1;
        if processor.admit(task) {
            container.running += 1;
            self.reschedule();
        } else {
            container.waits(&task);
        }
        Ok(load)
    }

    /// When the next task is done, if any runs.
    #[inline]
    pub fn next_wake(&self) -> Option<SimTime> {
        let at = match self.overdue.front() {
            Some(completion) => completion.finished,
            None => self.next,
        };
        (at < SimTime::MAX).then_some(at)
    }

    /// The next task that is done by `now`. Repeat until it returns `None`:
    /// several tasks may be done at the same time.
    #[inline]
    pub fn wake(&mut self, now: SimTime) -> Option<Completion> {
        if !self.overdue.is_empty() {
            return self.overdue.pop_front();
        }
        while self.next <= now && self.next < SimTime::MAX {
            if self.next_processor < self.processors.len() {
                return self.complete();
            }
            self.tend_pool();
        }
        None
    }

    /// Ends the task that is done next and starts those that waited for it.
    fn complete(&mut self) -> Option<Completion> {
        let processor = &mut self.processors[self.next_processor];
        let finished = processor.next;
        let task = processor.finish()?;
        self.in_flight -= 1;
        let container = &mut self.containers[task.container as usize];
        container.running -= 1;
        container.occupied -= 1;
        if let Some((pool, _)) = container.pool {
            return Some(self.complete_in_pool(finished, pool as usize, &task));
        }
        if let Some(mut next) = container.queue.pop_front() {
            container.occupied += 1;
            next.assigned = finished;
            if processor.admit(next) {
                container.started_waiting(&next);
            }
        }
        while let Some(next) = processor.start_waiting() {
            self.containers[next.container as usize].started_waiting(&next);
        }
        self.reschedule();
        Some(task.finished(finished))
    }

    /// How long an invocation submitted at `now` would take if nothing came after
    /// it and its processor stayed shared as it is, and the load of the processor:
    /// the original's dry run, which ignores memory.
    ///
    /// With *r* tasks running, it is the time for all that waits in front of the
    /// container, plus, if all workers are busy, what is left of the task of the
    /// container that finishes first, all at the present rate of one task; and
    /// the time of the task itself, at the rate with *r* + 1 tasks if a worker is
    /// free. A task that would cause a start, or wait for one, also takes the time of that.
    ///
    /// # Errors
    /// If the computer does not execute the function.
    pub fn estimate(
        &mut self,
        now: SimTime,
        function: FunctionId,
        input: Bytes,
    ) -> Result<(SimDuration, Load), Refusal> {
        let number = self.container(function)?;
        self.settle(now);
        let container = &self.containers[number as usize];
        let processor = &mut self.processors[container.processor as usize];
        processor.advance(now);
        let (is_free, start) = match container.pool {
            Some((pool, place)) => {
                let instances = &self.pools[pool as usize].instances;
                let start = instances.start_expected(now, place);
                (instances.has_free_slot(place) || !start.is_zero(), start)
            }
            None => (container.running < container.workers, SimDuration::ZERO),
        };
        let (cores, tasks) = (processor.cores, processor.running());
        let own = processor.work(container.requirements.of(input).operations);
        let mut before = processor.work(container.waiting_operations);
        let mut estimate = start;
        if is_free {
            estimate += own.duration(cores, tasks + 1);
        } else {
            before = before.plus(processor.least_left(number)).plus(own);
        }
        if tasks > 0 && before != Work::NONE {
            estimate += before.duration(cores, tasks);
        }
        Ok((estimate, processor.meter().load()))
    }

    /// Changes the speed of each core of a processor, by its position in the
    /// specification, from `now` on. Unknown processors are ignored.
    pub fn set_speed(&mut self, now: SimTime, processor: usize, speed: OpsPerSecond) {
        self.settle(now);
        if let Some(processor) = self.processors.get_mut(processor) {
            processor.advance(now);
            processor.set_speed(speed);
            self.reschedule();
        }
    }

    /// Loses every task, and returns them in the order in which they were
    /// submitted.
    pub fn fail(&mut self, now: SimTime) -> Vec<TaskId> {
        self.settle(now);
        let mut lost = Vec::new();
        self.in_flight = 0;
        for processor in &mut self.processors {
            processor.advance(now);
            processor.fail(&mut lost);
        }
        for container in &mut self.containers {
            lost.extend(container.queue.iter().map(|task| (task.submitted, task.id)));
            container.fail();
        }
        for pool in &mut self.pools {
            pool.fail(now, |task| lost.push((task.submitted, task.id)));
        }
        self.reschedule();
        lost.sort_unstable();
        lost.into_iter().map(|(_, task)| task).collect()
    }

    /// The name of the computer.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The functions it executes, in order of their identifiers.
    pub fn functions(&self) -> impl Iterator<Item = FunctionId> {
        self.functions.iter().map(|&(function, _)| function)
    }

    /// What an invocation of `function` returns, if it executes that.
    pub fn output(&self, function: FunctionId) -> Option<&Output> {
        let container = self.container(function).ok()?;
        Some(&self.containers[container as usize].output)
    }

    /// The names of its processors, in the order of the specification.
    pub fn processors(&self) -> impl ExactSizeIterator<Item = &str> {
        self.processors
            .iter()
            .map(|processor| processor.name.as_str())
    }

    /// The use of a processor until `now`, by its position in the specification.
    ///
    /// # Panics
    /// If there is no such processor.
    pub fn usage(&mut self, now: SimTime, processor: usize) -> Usage {
        self.settle(now);
        let processor = &mut self.processors[processor];
        processor.advance(now);
        Usage {
            cores: processor.cores,
            busy: processor.busy(),
            last_second: processor.meter().last_second(),
            load: processor.meter().load(),
        }
    }

    /// The time that one core would need for all that a processor has yet to do, in
    /// seconds: what is left of running tasks, and the tasks that wait.
    ///
    /// # Panics
    /// If there is no such processor.
    pub fn backlog(&mut self, now: SimTime, processor: usize) -> f64 {
        self.settle(now);
        let machine = &mut self.processors[processor];
        machine.advance(now);
        let containers = self.containers.iter();
        let waiting = containers
            .filter(|container| container.processor as usize == processor)
            .map(|container| machine.work(container.waiting_operations).as_secs_f64());
        machine.left().map(Work::as_secs_f64).chain(waiting).sum()
    }

    /// The number of tasks that run or wait.
    #[inline]
    pub fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// The number of tasks that run.
    pub fn running(&self) -> usize {
        let running = self.processors.iter().map(Processor::running);
        running.sum::<u32>() as usize
    }

    /// The number of tasks that wait for a worker or for memory.
    pub fn queued(&self) -> usize {
        self.containers.iter().map(Container::waiting).sum()
    }

    /// A refusal in the words of the original.
    pub fn explain(&self, refusal: Refusal, functions: &Names<FunctionId>) -> String {
        match refusal {
            Refusal::UnknownFunction(function) => format!(
                "No container for lambda {} found in computer computer@{}",
                functions.name(function),
                self.name
            ),
            Refusal::NoInstance(function) => format!(
                "No instance for lambda {} available in computer computer@{}",
                functions.name(function),
                self.name
            ),
            Refusal::TooLarge { function, required } => {
                let container = self.container(function).ok();
                let container = container.map(|number| &self.containers[number as usize]);
                let total = container
                    .map(|container| self.processors[container.processor as usize].memory.0);
                format!(
                    "Container {} cannot handle request {} since the memory requirements exceed \
                     the total available in the processor: {} <= {}",
                    container.map_or("", |container| &container.name),
                    functions.name(function),
                    total.unwrap_or_default(),
                    required.0
                )
            }
        }
    }

    #[inline]
    fn container(&self, function: FunctionId) -> Result<u32, Refusal> {
        let found = self
            .functions
            .binary_search_by_key(&function, |&(function, _)| function);
        let found = found.map_err(|_| Refusal::UnknownFunction(function))?;
        Ok(self.functions[found].1)
    }

    /// Completes what was done before `now`, for drivers that are late.
    #[inline]
    fn settle(&mut self, now: SimTime) {
        while self.next < now {
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

    #[inline]
    fn reschedule(&mut self) {
        self.next = SimTime::MAX;
        for (number, processor) in self.processors.iter().enumerate() {
            if processor.next < self.next {
                self.next = processor.next;
                self.next_processor = number;
            }
        }
        // At the same time, tasks are done first.
        for (number, pool) in self.pools.iter().enumerate() {
            let next = pool.instances.next_wake();
            if next < self.next {
                self.next = next;
                self.next_processor = self.processors.len() + number;
            }
        }
    }
}
