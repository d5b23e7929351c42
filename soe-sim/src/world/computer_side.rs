//! Computers in the world: executing requests, failing, leaving and joining.

use sim_core::SimTime;
use soe_model::computer::{Computer, CoreTime, TaskId};
use soe_model::names::{EndpointId, NodeId};
use soe_model::units::Bytes;

use super::flow::{BaggageId, FLOW_TASK};
use super::leg::{Execution, LegId, Reply};
use super::{Alarm, Cx, Event, World};

/// A computer, and where it stands.
#[derive(Debug)]
pub(super) struct ComputerSide {
    pub machine: Computer,
    pub alarm: Alarm,
    pub node: NodeId,
    pub endpoint: EndpointId,
    pub controller: Option<u32>,
    /// Whether it takes requests.
    pub present: bool,
    /// Busy time of each processor when the warm-up ended.
    busy_before: Vec<CoreTime>,
}

impl ComputerSide {
    pub fn new(
        machine: Computer,
        node: NodeId,
        endpoint: EndpointId,
        controller: Option<u32>,
        present: bool,
    ) -> Self {
        let processors = machine.processors().len();
        Self {
            busy_before: vec![CoreTime::ZERO; processors],
            machine,
            alarm: Alarm::default(),
            node,
            endpoint,
            controller,
            present,
        }
    }

    /// The warm-up ends: utilization counts from now.
    pub fn mark_busy(&mut self, now: SimTime) {
        for processor in 0..self.busy_before.len() {
            self.busy_before[processor] = self.machine.usage(now, processor).busy;
        }
    }

    /// The mean utilization of a processor since the warm-up ended at `since`; not a
    /// number if it has not ended before `now`.
    pub fn utilization(&mut self, processor: usize, since: SimTime, now: SimTime) -> f64 {
        let before = self.busy_before[processor];
        let usage = self.machine.usage(now, processor);
        usage.utilization_since(since, before, now)
    }
}

impl World<'_> {
    pub(super) fn request_at_computer(&mut self, id: LegId, number: u32, cx: &mut Cx<'_>) {
        let now = cx.now();
        let leg = &self.legs[id];
        let (function, input, hops) = (leg.function, leg.input, leg.hops);
        let computer = &mut self.computers[number as usize];
        if !computer.present {
            return self.respond(id, Reply::Unreachable, cx);
        }
        if leg.baggage != BaggageId::NONE {
            return self.flow_at_computer(id, number, cx);
        }
        let refusal = if leg.dry {
            match computer.machine.estimate(now, function, input) {
                Ok((processing, load)) => {
                    let execution = Execution {
                        computer: number,
                        processing,
                        load,
                        hops: hops + 1,
                        output: Bytes(0),
                        path: None,
                    };
                    return self.respond(id, Reply::Done(execution), cx);
                }
                Err(refusal) => refusal,
            }
        } else {
            let task = TaskId(u64::from(id.0));
            match computer.machine.submit(now, task, function, input) {
                Ok(_) => return self.set_computer_alarm(number, cx),
                Err(refusal) => refusal,
            }
        };
        let text = computer.machine.explain(refusal, &self.functions);
        let text = self.recorder.names.intern(&text);
        self.respond(id, Reply::Refused(text), cx);
    }

    pub(super) fn wake_computer(&mut self, number: u32, cx: &mut Cx<'_>) {
        let now = cx.now();
        self.computers[number as usize].alarm.rang();
        while let Some(done) = self.computers[number as usize].machine.wake(now) {
            if done.task.0 & FLOW_TASK != 0 {
                self.flow_executed(number, &done, cx);
                continue;
            }
            let id = LegId(done.task.0 as u32);
            let leg = &self.legs[id];
            let machine = &self.computers[number as usize].machine;
            let output = machine.output(leg.function);
            let execution = Execution {
                computer: number,
                processing: done.processing(),
                load: done.load,
                hops: leg.hops + 1,
                output: output.map_or(Bytes(0), |output| output.size(leg.input)),
                path: None,
            };
            self.respond(id, Reply::Done(execution), cx);
        }
        self.set_computer_alarm(number, cx);
    }

    #[inline]
    pub(super) fn set_computer_alarm(&mut self, number: u32, cx: &mut Cx<'_>) {
        let computer = &mut self.computers[number as usize];
        let wanted = computer.machine.next_wake();
        computer.alarm.set(wanted, Event::Computer(number), cx);
    }

    /// The computer vanishes: all that wait for it are informed.
    pub(super) fn fail_computer(&mut self, number: u32, cx: &mut Cx<'_>) {
        let computer = &mut self.computers[number as usize];
        computer.present = false;
        for task in computer.machine.fail(cx.now()) {
            if task.0 & FLOW_TASK != 0 {
                continue;
            }
            self.respond(LegId(task.0 as u32), Reply::Unreachable, cx);
        }
        self.fail_host(number, cx);
        self.set_computer_alarm(number, cx);
    }
}
