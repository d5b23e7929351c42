//! Computers in the world: executing requests, failing, leaving and joining.

use sim_core::SimTime;
use soe_model::computer::{Completion, Computer, CoreTime, TaskId, Usage};
use soe_model::instances::Tally;
use soe_model::names::{EndpointId, FunctionId, NodeId};
use soe_model::units::{Bytes, OpsPerSecond};

use super::event::{Alarm, Cx, Event};
use super::ids::{ComputerId, ControllerId, LegId};
use super::leg::{Execution, Reply, Times};
use super::shared::Shared;

/// A computer and its node.
#[derive(Debug)]
pub(super) struct ComputerSide {
    machine: Computer,
    alarm: Alarm,
    node: NodeId,
    endpoint: EndpointId,
    controller: Option<ControllerId>,
    /// Whether it takes requests.
    present: bool,
    /// Busy time and backlog of each processor when the warm-up ended.
    before: Vec<(CoreTime, f64)>,
    /// Counts of the instances of each function when the warm-up ended.
    instances_before: Vec<Tally>,
}

impl ComputerSide {
    pub fn new(
        machine: Computer,
        node: NodeId,
        endpoint: EndpointId,
        controller: Option<ControllerId>,
        present: bool,
    ) -> Self {
        let processors = machine.processors().len();
        Self {
            before: vec![(CoreTime::ZERO, 0.0); processors],
            instances_before: Vec::new(),
            machine,
            alarm: Alarm::default(),
            node,
            endpoint,
            controller,
            present,
        }
    }

    /// Its model, read-only.
    pub fn machine(&self) -> &Computer {
        &self.machine
    }

    pub fn name(&self) -> &str {
        self.machine.name()
    }

    /// The names of its processors.
    pub fn processors(&self) -> impl ExactSizeIterator<Item = &str> {
        self.machine.processors()
    }

    pub fn node(&self) -> NodeId {
        self.node
    }

    pub fn endpoint(&self) -> EndpointId {
        self.endpoint
    }

    /// The number of the controller to which it is announced.
    pub fn controller(&self) -> Option<ControllerId> {
        self.controller
    }

    /// Whether it takes requests.
    #[inline]
    pub fn is_present(&self) -> bool {
        self.present
    }

    /// Whether it takes requests from now on.
    pub fn set_present(&mut self, present: bool) {
        self.present = present;
    }

    /// The use of a processor so far.
    pub fn usage(&mut self, now: SimTime, processor: usize) -> Usage {
        self.machine.usage(now, processor)
    }

    /// The warm-up ends: utilization counts from now.
    fn mark_busy(&mut self, now: SimTime) {
        for processor in 0..self.before.len() {
            let busy = self.machine.usage(now, processor).busy;
            self.before[processor] = (busy, self.machine.backlog(now, processor));
        }
        let tallies = self.machine.instances(now).map(|(_, tally, _)| tally);
        self.instances_before = tallies.collect();
    }

    /// Its model, and the counts of its instances when the warm-up ended.
    pub fn instances(&mut self) -> (&mut Computer, &[Tally]) {
        (&mut self.machine, &self.instances_before)
    }

    /// The mean utilization of a processor since the warm-up ended at `since`; NaN
    /// if it has not ended before `now`.
    pub fn utilization(&mut self, processor: usize, since: SimTime, now: SimTime) -> f64 {
        let (before, _) = self.before[processor];
        let usage = self.machine.usage(now, processor);
        usage.utilization_since(since, before, now)
    }

    /// The work that has arrived for a processor since the warm-up ended at `since`, done or
    /// not, over what its cores can do in that time.
    pub fn offered_load(&mut self, processor: usize, since: SimTime, now: SimTime) -> f64 {
        let (_, before) = self.before[processor];
        let grown = self.machine.backlog(now, processor) - before;
        let cores = f64::from(self.machine.usage(now, processor).cores);
        let measured = now.since(since).as_secs_f64();
        self.utilization(processor, since, now) + grown / (cores * measured)
    }
}

/// All computers, by number.
#[derive(Debug, Default)]
pub(super) struct Computers(Vec<ComputerSide>);

impl Computers {
    pub fn push(&mut self, computer: ComputerSide) {
        self.0.push(computer);
    }

    pub fn iter(&self) -> impl Iterator<Item = &ComputerSide> {
        self.0.iter()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut ComputerSide> {
        self.0.iter_mut()
    }

    #[inline]
    pub fn get(&self, number: ComputerId) -> &ComputerSide {
        &self.0[number.index()]
    }

    #[inline]
    pub fn get_mut(&mut self, number: ComputerId) -> &mut ComputerSide {
        &mut self.0[number.index()]
    }

    /// The number of the computer called `name`.
    pub fn find(&self, name: &str) -> Option<ComputerId> {
        let found = self.iter().position(|computer| computer.name() == name);
        found.map(|position| ComputerId(position as u32))
    }

    /// A request that carries no baggage has reached a computer.
    pub fn request(
        &mut self,
        id: LegId,
        number: ComputerId,
        shared: &mut Shared<'_>,
        cx: &mut Cx<'_>,
    ) {
        let now = cx.now();
        let leg = shared.wire.leg(id);
        let (function, input, hops) = (leg.function, leg.input, leg.hops);
        let computer = &mut self.0[number.index()];
        if !computer.present {
            return shared.wire.respond(id, Reply::Unreachable, cx);
        }
        let refusal = if leg.dry {
            match computer.machine.estimate(now, function, input) {
                Ok((processing, load)) => {
                    let execution = Execution {
                        computer: number,
                        processing,
                        load,
                        rif: Some(computer.machine.in_flight()),
                        hops: hops + 1,
                        output: Bytes(0),
                        path: None,
                        times: Times::default(),
                    };
                    return shared.wire.respond(id, Reply::Done(execution), cx);
                }
                Err(refusal) => refusal,
            }
        } else {
            let task = TaskId(id.key());
            match computer.machine.submit(now, task, function, input) {
                Ok(_) => return self.set_alarm(number, cx),
                Err(refusal) => refusal,
            }
        };
        let text = computer.machine.explain(refusal, &shared.functions);
        let text = shared.recorder.intern(&text);
        shared.wire.respond(id, Reply::Refused(text), cx);
    }

    /// The computer executes a function as this task.
    ///
    /// # Errors
    /// If it refuses; the message says why.
    pub fn execute(
        &mut self,
        number: ComputerId,
        task: TaskId,
        (function, argument): (FunctionId, Bytes),
        shared: &Shared<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<(), String> {
        let machine = &mut self.0[number.index()].machine;
        match machine.submit(cx.now(), task, function, argument) {
            Ok(_) => self.set_alarm(number, cx),
            Err(refusal) => return Err(machine.explain(refusal, &shared.functions)),
        }
        Ok(())
    }

    /// The computer is woken.
    #[inline]
    pub fn rang(&mut self, number: ComputerId) {
        self.0[number.index()].alarm.rang();
    }

    /// The next task that is done by now.
    #[inline]
    pub fn next_done(&mut self, number: ComputerId, now: SimTime) -> Option<Completion> {
        self.0[number.index()].machine.wake(now)
    }

    /// The task of a leg is done: the leg is answered.
    #[inline]
    pub fn answer(
        &mut self,
        number: ComputerId,
        done: &Completion,
        shared: &mut Shared<'_>,
        cx: &mut Cx<'_>,
    ) {
        let id = LegId::of(done.task.0);
        let leg = shared.wire.leg(id);
        let output = self.get(number).machine.output(leg.function);
        let execution = Execution {
            computer: number,
            processing: done.processing(),
            load: done.load,
            rif: Some(self.get(number).machine.in_flight()),
            hops: leg.hops + 1,
            output: output.map_or(Bytes(0), |output| output.size(leg.input)),
            path: None,
            times: Times::of(leg, done),
        };
        shared.wire.respond(id, Reply::Done(execution), cx);
    }

    /// Schedules the wake-up of a computer for its next completion.
    #[inline]
    pub fn set_alarm(&mut self, number: ComputerId, cx: &mut Cx<'_>) {
        let computer = &mut self.0[number.index()];
        let wanted = computer.machine.next_wake();
        computer.alarm.set(wanted, Event::Computer(number), cx);
    }

    /// The computer fails; returns its tasks.
    pub fn fail(&mut self, number: ComputerId, now: SimTime) -> Vec<TaskId> {
        let computer = &mut self.0[number.index()];
        computer.present = false;
        computer.machine.fail(now)
    }

    /// Changes the speed of one processor, or of all.
    pub fn slow(
        &mut self,
        number: ComputerId,
        processor: Option<usize>,
        speed: OpsPerSecond,
        cx: &mut Cx<'_>,
    ) {
        let now = cx.now();
        let machine = &mut self.0[number.index()].machine;
        let processors = machine.processors().len();
        let chosen = processor.map_or(0..processors, |one| one..one + 1);
        chosen.for_each(|processor| machine.set_speed(now, processor, speed));
        self.set_alarm(number, cx);
    }

    /// The warm-up ends: utilization counts from now.
    pub fn mark_busy(&mut self, now: SimTime) {
        for computer in &mut self.0 {
            computer.mark_busy(now);
        }
    }
}
