//! Computers that take part in workflows.

use std::collections::BTreeMap;

use sim_core::{SimDuration, SimTime};
use soe_model::computer::{Completion, Load, TaskId};
use soe_model::deployment::Deployment;
use soe_model::names::{EndpointId, NodeId};
use soe_model::units::Bytes;
use soe_model::workflow::{
    CallKey, Host, HostAction, HostSpec, Question, Request, Response, Sending, Sizes, StateReply,
    StateRequest, StateServer, TaskKey,
};

use super::index::RunIndex;
use super::post::{Message, Owner, Post, RETENTION};
use crate::world::computer_side::Computers;
use crate::world::event::{Alarm, Cx, Event};
use crate::world::ids::{ComputerId, LegId};
use crate::world::leg::{Execution, Leg, Origin, Reply, Times};
use crate::world::recorder::StepRecord;
use crate::world::shared::Shared;

/// Marks the tasks of a computer that belong to workflows.
pub(in crate::world) const FLOW_TASK: u64 = 1 << 63;

/// A computer, as workflows see it.
#[derive(Debug)]
struct HostSide {
    machine: Host<Sizes>,
    alarm: Alarm,
    companion: Option<EndpointId>,
    /// Requests that wait for their response, by task.
    waiting: BTreeMap<u64, u64>,
    /// How their functions were executed, by request.
    executed: BTreeMap<u64, (SimDuration, Load)>,
}

impl HostSide {
    fn new(
        computer: &str,
        deployment: &Deployment,
        broker: &impl Fn(&str) -> Option<EndpointId>,
    ) -> Result<Self, String> {
        let spec = deployment.workflow_host(computer);
        let companion = spec
            .companion
            .as_ref()
            .map(|name| broker(name).ok_or_else(|| format!("there is no broker called `{name}`")));
        let deadline = deployment.workflow_deadline();
        let machine = Host::new(HostSpec {
            endpoint: computer.to_owned(),
            asynchronous: spec.companion.is_some(),
            companion: spec.companion.is_some(),
            serves_states: spec.state_server == StateServer::Own,
            state_server: match spec.state_server {
                StateServer::Own => Some(computer.to_owned()),
                StateServer::Of(other) => Some(other),
                StateServer::None => None,
            },
            join: deployment.join_rule(),
            deadline,
            patience: deadline,
            retention: RETENTION,
        });
        Ok(Self {
            machine,
            alarm: Alarm::default(),
            companion: companion.transpose()?,
            waiting: BTreeMap::new(),
            executed: BTreeMap::new(),
        })
    }
}

/// What computers use when they do something for workflows.
pub(in crate::world) struct Around<'a, 'o> {
    pub computers: &'a mut Computers,
    pub shared: &'a mut Shared<'o>,
    pub post: &'a mut Post,
    pub runs: &'a RunIndex,
}

/// All computers as workflows see them, by number; empty without workflows.
#[derive(Debug, Default)]
pub(in crate::world) struct Hosts(Vec<HostSide>);

impl Hosts {
    /// Adds the computer called `name`; `broker` finds brokers by name.
    ///
    /// # Errors
    /// If its companion is not a broker.
    pub fn add(
        &mut self,
        name: &str,
        deployment: &Deployment,
        broker: &impl Fn(&str) -> Option<EndpointId>,
    ) -> Result<(), String> {
        self.0.push(HostSide::new(name, deployment, broker)?);
        Ok(())
    }

    /// A request of a workflow has reached a computer.
    pub fn request(
        &mut self,
        id: LegId,
        number: ComputerId,
        shared: &mut Shared<'_>,
        cx: &mut Cx<'_>,
    ) {
        let leg = shared.wire.leg(id);
        let Some(request) = shared.wire.baggage.request(leg.baggage) else {
            return shared.wire.respond(id, Reply::Unreachable, cx);
        };
        let request = Request {
            hops: leg.hops,
            ..request.clone()
        };
        let host = &mut self.0[number.index()].machine;
        host.request(cx.now(), CallKey(id.key()), request);
    }

    /// A function of a workflow was executed.
    pub fn executed(
        &mut self,
        number: ComputerId,
        done: &Completion,
        now: SimTime,
        computers: &Computers,
        shared: &Shared<'_>,
    ) {
        let task = TaskKey(done.task.0 & !FLOW_TASK);
        let side = &mut self.0[number.index()];
        if let Some(call) = side.waiting.remove(&task.0) {
            side.executed.insert(call, (done.processing(), done.load));
        }
        let Some(request) = side.machine.task(task) else {
            return;
        };
        let function = shared.functions.find(request.function());
        let machine = computers.get(number).machine();
        let output = function.and_then(|function| machine.output(function));
        let output = output.map_or(Bytes(0), |output| output.size(request.argument));
        side.machine.executed(now, task, Ok(output));
    }

    /// The computer is woken.
    pub fn wake(&mut self, number: ComputerId, now: SimTime) {
        let side = &mut self.0[number.index()];
        side.alarm.rang();
        side.machine.wake(now);
    }

    /// The computer vanishes.
    pub fn fail(&mut self, number: ComputerId, shared: &mut Shared<'_>, cx: &mut Cx<'_>) {
        let side = &mut self.0[number.index()];
        side.waiting.clear();
        side.executed.clear();
        for call in side.machine.vanish() {
            let leg = LegId::of(call.0);
            shared.wire.respond(leg, Reply::Lost, cx);
        }
    }

    /// The call of the next function was acknowledged, or not.
    pub fn response(
        &mut self,
        computer: ComputerId,
        sending: Sending,
        leg: &Leg,
        now: SimTime,
        shared: &mut Shared<'_>,
    ) {
        shared.wire.baggage.unpack(leg.baggage);
        let outcome = shared.failure(leg).map_or(Ok(()), Err);
        self.sent(computer, sending, now, outcome);
    }

    /// A message to another entity was delivered, or not.
    pub fn sent(
        &mut self,
        computer: ComputerId,
        sending: Sending,
        now: SimTime,
        outcome: Result<(), String>,
    ) {
        let host = &mut self.0[computer.index()].machine;
        host.sent(now, sending, outcome);
    }

    /// A state server has replied.
    pub fn state_replied(
        &mut self,
        computer: ComputerId,
        question: Question,
        reply: StateReply<Bytes>,
        now: SimTime,
    ) {
        let host = &mut self.0[computer.index()].machine;
        host.state_replied(now, question, reply);
    }

    /// The state server of a computer answers a question.
    pub fn serve(
        &mut self,
        computer: ComputerId,
        now: SimTime,
        request: StateRequest<Bytes>,
    ) -> StateReply<Bytes> {
        self.0[computer.index()].machine.serve(now, request)
    }

    /// Creates a state at the state server of a computer.
    pub fn create_state(&mut self, computer: ComputerId, name: &str, size: Bytes, origin: u64) {
        let host = &mut self.0[computer.index()].machine;
        host.states_mut().create(name, size, origin);
    }

    /// No state server keeps a state of this name any more.
    pub fn forget_state(&mut self, name: &str) {
        for host in &mut self.0 {
            host.machine.states_mut().forget(name);
        }
    }

    /// Does what the computer wants done.
    pub fn act(&mut self, number: ComputerId, around: &mut Around<'_, '_>, cx: &mut Cx<'_>) {
        let side = &mut self.0[number.index()];
        while let Some(action) = side.machine.poll() {
            side.carry_out(number, action, around, cx);
        }
        side.set_alarm(number, cx);
    }

    /// Has the computer woken when its workflows want that.
    pub fn set_alarm(&mut self, number: ComputerId, cx: &mut Cx<'_>) {
        self.0[number.index()].set_alarm(number, cx);
    }
}

impl HostSide {
    fn set_alarm(&mut self, number: ComputerId, cx: &mut Cx<'_>) {
        let wanted = self.machine.next_wake();
        self.alarm.set(wanted, Event::Host(number), cx);
    }

    fn carry_out(
        &mut self,
        number: ComputerId,
        action: HostAction<Sizes>,
        around: &mut Around<'_, '_>,
        cx: &mut Cx<'_>,
    ) {
        let shared = &mut *around.shared;
        match action {
            HostAction::Acknowledge { call, hops } => {
                let execution = Execution {
                    computer: number,
                    processing: SimDuration::ZERO,
                    load: Load::default(),
                    rif: None,
                    hops,
                    output: Bytes(0),
                    path: None,
                    times: Times::default(),
                };
                let leg = LegId::of(call.0);
                shared.wire.respond(leg, Reply::Done(execution), cx);
            }
            HostAction::Refuse { call, retcode, .. } => {
                let text = shared.recorder.intern(&retcode);
                let leg = LegId::of(call.0);
                shared.wire.respond(leg, Reply::Refused(text), cx);
            }
            HostAction::Respond { call, response } => {
                self.respond(number, call, response, shared, cx);
            }
            HostAction::Execute {
                task,
                call,
                function,
                argument,
            } => {
                self.observe_step(number, task, around, cx.now());
                if let Some(call) = call {
                    self.waiting.insert(task.0, call.0);
                }
                self.execute(number, task, (&function, argument), around, cx);
            }
            HostAction::Ask {
                question,
                to,
                request,
            } => {
                let asks = (number, around.computers.get(number).node());
                let post = &mut around.post;
                post.ask(asks, question, (&to, request), &mut shared.wire, cx);
            }
            HostAction::Forward { sending, request } => {
                let from = around.computers.get(number).node();
                self.forward((number, from), sending, request, shared, cx);
            }
            HostAction::Deliver {
                sending,
                callback,
                response,
            } => deliver(number, sending, &callback, response, around, cx),
        }
    }

    fn respond(
        &mut self,
        number: ComputerId,
        call: CallKey,
        response: Response<Sizes>,
        shared: &mut Shared<'_>,
        cx: &mut Cx<'_>,
    ) {
        let executed = self.executed.remove(&call.0);
        let (processing, load) = executed.unwrap_or_default();
        let execution = Execution {
            computer: number,
            processing,
            load,
            rif: None,
            hops: response.hops,
            output: response.output.unwrap_or(Bytes(0)),
            path: None,
            times: Times::default(),
        };
        let id = LegId::of(call.0);
        let baggage = shared.wire.leg(id).baggage;
        shared.wire.baggage.answer(baggage, response);
        shared.wire.respond(id, Reply::Done(execution), cx);
    }

    fn execute(
        &mut self,
        number: ComputerId,
        task: TaskKey,
        (function, argument): (&str, Bytes),
        around: &mut Around<'_, '_>,
        cx: &mut Cx<'_>,
    ) {
        let function = around.shared.functions.intern(function);
        let id = TaskId(task.0 | FLOW_TASK);
        let work = (function, argument);
        let computers = &mut around.computers;
        if let Err(text) = computers.execute(number, id, work, around.shared, cx) {
            self.waiting.remove(&task.0);
            self.machine.executed(cx.now(), task, Err(text));
        }
    }

    fn observe_step(
        &self,
        number: ComputerId,
        task: TaskKey,
        around: &mut Around<'_, '_>,
        now: SimTime,
    ) {
        let Some(request) = self.machine.task(task) else {
            return;
        };
        around.shared.recorder.step(|| StepRecord {
            call: around.runs.find(&request.uuid).map(|run| run.call),
            at: now,
            computer: around.computers.get(number).name(),
            function: request.function(),
            argument: request.argument,
            states: &request.states,
            hops: request.hops + 1,
        });
    }

    /// Calls the next function through the companion.
    fn forward(
        &mut self,
        (computer, from): (ComputerId, NodeId),
        sending: Sending,
        request: Request<Sizes>,
        shared: &mut Shared<'_>,
        cx: &mut Cx<'_>,
    ) {
        let Some(companion) = self.companion else {
            return;
        };
        let leg = Leg {
            origin: Origin::Companion { computer, sending },
            from,
            to: companion,
            function: shared.functions.intern(request.function()),
            input: request.argument,
            call: u64::MAX,
            issued: cx.now(),
            arrives: cx.now(),
            at_brokers: SimDuration::ZERO,
            hops: request.hops,
            forward: false,
            dry: false,
            baggage: shared.wire.baggage.pack(request),
            reply: Reply::Pending,
        };
        shared.wire.send_request(leg, SimDuration::ZERO, cx);
    }
}

/// Sends the result of a run to the callback of its client.
fn deliver(
    computer: ComputerId,
    sending: Sending,
    callback: &str,
    response: Response<Sizes>,
    around: &mut Around<'_, '_>,
    cx: &mut Cx<'_>,
) {
    let Some(server) = around.post.server(callback) else {
        return;
    };
    if let Owner::Client(_) = server.owner {
        let from = around.computers.get(computer).node();
        let size = response.size();
        let message = Message::Result {
            computer,
            sending,
            response,
        };
        let wire = &mut around.shared.wire;
        around
            .post
            .send((from, server.node), size, message, wire, cx);
    }
}
