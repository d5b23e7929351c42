//! Containers whose instances start and go: the tasks that wait for an instance, and those
//! that run on one.

use sim_core::{SimDuration, SimTime, Streams};

use super::spec::{ComputerError, ContainerSpec};
use super::task::Task;
use crate::instances::{Arrival, Instances, InstancesSpec, Warmth};
use crate::units::Bytes;

/// The containers of one processor whose instances start and go.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    pub processor: u32,
    pub instances: Instances,
    /// The container of each function of the pool.
    pub containers: Vec<u32>,
    tickets: Vec<Ticket>,
    vacant: Vec<u32>,
}

/// A task from its submission until it is done.
#[derive(Clone, Copy, Debug)]
struct Ticket {
    task: Task,
    instance: u32,
    warmth: Warmth,
    start: SimDuration,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Vacant,
    Waiting,
    Begun,
}

impl Pool {
    /// The pool of a processor with so much memory; `containers` with their numbers.
    ///
    /// # Errors
    /// If the life cycle of a container contradicts itself.
    pub fn new(
        computer: &str,
        (processor, memory): (u32, Bytes),
        containers: &[(u32, &ContainerSpec)],
        streams: &Streams,
    ) -> Result<Option<Self>, ComputerError> {
        let lifecycle = |&(number, spec): &(u32, &ContainerSpec)| {
            let lifecycle = spec.lifecycle.clone()?;
            let instances = InstancesSpec {
                concurrency: spec.workers,
                ..lifecycle.instances
            };
            Some((
                number,
                spec.function.name.clone(),
                lifecycle.pool,
                instances,
            ))
        };
        let managed: Vec<_> = containers.iter().filter_map(lifecycle).collect();
        let Some((_, _, pool, _)) = managed.first() else {
            return Ok(None);
        };
        let functions = managed.iter();
        let functions = functions.map(|(_, name, _, spec)| (name.as_str(), spec));
        let functions: Vec<_> = functions.collect();
        let instances = Instances::new(computer, pool, memory, &functions, streams);
        let instances = instances.map_err(|(part, error)| ComputerError::StartTime {
            part,
            error: error.to_string(),
        })?;
        Ok(Some(Self {
            processor,
            instances,
            containers: managed.iter().map(|&(number, ..)| number).collect(),
            tickets: Vec::new(),
            vacant: Vec::new(),
        }))
    }

    /// A task of this function of the pool arrives; returns whether it is accepted.
    #[inline]
    pub fn submit(&mut self, now: SimTime, function: u32, mut task: Task) -> bool {
        let number = match self.vacant.pop() {
            Some(number) => number,
            None => self.tickets.len() as u32,
        };
        task.ticket = number;
        let ticket = Ticket {
            task,
            instance: 0,
            warmth: Warmth::Warm,
            start: SimDuration::ZERO,
            state: State::Waiting,
        };
        match self.tickets.get_mut(number as usize) {
            Some(place) => *place = ticket,
            None => self.tickets.push(ticket),
        }
        let accepted = self.instances.arrive(now, function, number) == Arrival::Accepted;
        if !accepted {
            self.free(number);
        }
        accepted
    }

    /// The next task that has got an instance, at `now`.
    #[inline]
    pub fn next_begun(&mut self, now: SimTime) -> Option<Task> {
        let begun = self.instances.poll()?;
        let ticket = &mut self.tickets[begun.call as usize];
        ticket.instance = begun.instance;
        ticket.warmth = begun.warmth;
        ticket.start = begun.start;
        ticket.state = State::Begun;
        ticket.task.assigned = now;
        Some(ticket.task)
    }

    /// The task with this ticket is done; returns how it found its instance, and for how
    /// long it waited for the start of that.
    #[inline]
    pub fn done(&mut self, now: SimTime, number: u32) -> (Warmth, SimDuration) {
        let ticket = self.tickets[number as usize];
        self.free(number);
        self.instances.done(now, ticket.instance);
        (ticket.warmth, ticket.start)
    }

    fn free(&mut self, number: u32) {
        self.tickets[number as usize].state = State::Vacant;
        self.vacant.push(number);
    }

    /// Loses every instance and task; reports the tasks that have no instance yet.
    pub fn fail(&mut self, now: SimTime, mut lost: impl FnMut(&Task)) {
        self.instances.fail(now);
        let waiting = self.tickets.iter();
        let waiting = waiting.filter(|ticket| ticket.state == State::Waiting);
        waiting.for_each(|ticket| lost(&ticket.task));
        self.tickets.clear();
        self.vacant.clear();
    }
}
