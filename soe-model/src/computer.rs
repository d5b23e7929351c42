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
mod processor;
mod spec;
mod task;
mod work;

use std::collections::VecDeque;

use sim_core::{SimDuration, SimTime};

use crate::function::Output;
use crate::names::{FunctionId, Names};
use crate::units::{Bytes, OpsPerSecond};
use container::Container;
use processor::Processor;
use task::Task;
use work::Work;

pub use load::{CoreTime, Load};
pub use spec::{ComputerError, ComputerSpec, ContainerSpec, ProcessorKind, ProcessorSpec};
pub use task::{Completion, TaskId};

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
    // The next completion and the processor where it happens.
    next: SimTime,
    next_processor: usize,
    // Completions that were due before something else happened.
    overdue: VecDeque<Completion>,
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
}

impl Computer {
    /// The computer that `spec` describes, idle since the start of the run.
    ///
    /// # Errors
    /// If the parts do not fit together.
    pub fn new(
        spec: &ComputerSpec,
        functions: &mut Names<FunctionId>,
    ) -> Result<Self, ComputerError> {
        spec.check()?;
        let processors: Vec<_> = spec.processors.iter().map(Processor::new).collect();
        let containers: Vec<_> = spec
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
            })
            .collect();
        let mut functions: Vec<_> = (0..)
            .zip(&containers)
            .map(|(number, container)| (container.function, number))
            .collect();
        functions.sort_unstable();
        Ok(Self {
            name: spec.name.clone(),
            processors,
            containers,
            functions,
            next: SimTime::MAX,
            next_processor: 0,
            overdue: VecDeque::new(),
        })
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
        };
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
        if self.next > now || self.next == SimTime::MAX {
            return None;
        }
        self.complete()
    }

    /// Ends the task that is done next and starts those that waited for it.
    fn complete(&mut self) -> Option<Completion> {
        let processor = &mut self.processors[self.next_processor];
        let finished = processor.next;
        let task = processor.finish()?;
        let container = &mut self.containers[task.container as usize];
        container.running -= 1;
        container.occupied -= 1;
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
    /// free.
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
        let (cores, tasks) = (processor.cores, processor.running());
        let own = processor.work(container.requirements.of(input).operations);
        let mut before = processor.work(container.waiting_operations);
        let mut estimate = SimDuration::ZERO;
        if container.running < container.workers {
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
        for processor in &mut self.processors {
            processor.advance(now);
            processor.fail(&mut lost);
        }
        for container in &mut self.containers {
            lost.extend(container.queue.iter().map(|task| (task.submitted, task.id)));
            container.fail();
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
    }
}

/// How much a processor was used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// The number of its cores.
    pub cores: u32,
    /// For how long its cores were in use since the start of the run, all added
    /// up: the utilization of an interval is the increase of this over the cores
    /// times the length of the interval.
    pub busy: CoreTime,
    /// The share of the cores in use during the last completed second, 0 to 1.
    pub last_second: f64,
    /// The load as calls see it.
    pub load: Load,
}

impl Usage {
    /// The mean share of the cores in use since the start of the run, 0 to 1; not a
    /// number if no time has passed.
    pub fn utilization(&self, now: SimTime) -> f64 {
        self.utilization_since(SimTime::ZERO, CoreTime::ZERO, now)
    }

    /// The mean share of the cores in use from an earlier instant, when `busy`
    /// was `before`, until `now`, 0 to 1; not a number if no time has passed.
    pub fn utilization_since(&self, since: SimTime, before: CoreTime, now: SimTime) -> f64 {
        let elapsed = now.since(since).as_secs_f64() * f64::from(self.cores);
        if elapsed > 0.0 {
            self.busy.since(before).as_secs_f64() / elapsed
        } else {
            f64::NAN
        }
    }
}
