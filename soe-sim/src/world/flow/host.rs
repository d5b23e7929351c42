//! Computers that take part in workflows.

use std::collections::BTreeMap;

use sim_core::SimDuration;
use soe_model::computer::{Completion, Load, TaskId};
use soe_model::names::{EndpointId, NodeId};
use soe_model::units::Bytes;
use soe_model::workflow::{
    CallKey, Host, HostAction, HostSpec, Request, Response, Sending, Sizes, StateServer, TaskKey,
};

use super::super::leg::{Execution, Leg, LegId, Origin, Reply};
use super::super::recorder::StepRecord;
use super::super::{Alarm, Cx, Event, Receiver, World};
use super::Parts;
use super::message::{Message, RETENTION};

/// Marks the tasks of a computer that belong to workflows.
pub(in crate::world) const FLOW_TASK: u64 = 1 << 63;

/// A computer, as workflows see it.
#[derive(Debug)]
pub(super) struct HostSide {
    pub machine: Host<Sizes>,
    alarm: Alarm,
    companion: Option<EndpointId>,
    /// Requests that wait for their response, by task.
    waiting: BTreeMap<u64, u64>,
    /// How their functions were executed, by request.
    executed: BTreeMap<u64, (SimDuration, Load)>,
}

impl HostSide {
    pub fn new(computer: &str, parts: &Parts<'_>) -> Result<Self, String> {
        let deployment = parts.deployment;
        let spec = deployment.workflow_host(computer);
        let companion = spec.companion.as_ref().map(|name| {
            let endpoint = parts.endpoints.find(name);
            let is_broker = |endpoint: &EndpointId| {
                matches!(parts.receivers[endpoint.0 as usize], Receiver::Broker(_))
            };
            endpoint
                .filter(is_broker)
                .ok_or_else(|| format!("there is no broker called `{name}`"))
        });
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

impl World<'_> {
    /// A request of a workflow has reached a computer.
    pub(in crate::world) fn flow_at_computer(&mut self, id: LegId, number: u32, cx: &mut Cx<'_>) {
        let leg = &self.legs[id];
        let Some(request) = self.flows.baggage.request(leg.baggage) else {
            return self.respond(id, Reply::Unreachable, cx);
        };
        let request = Request {
            hops: leg.hops,
            ..request.clone()
        };
        let host = &mut self.flows.hosts[number as usize].machine;
        host.request(cx.now(), CallKey(u64::from(id.0)), request);
        self.act_for_host(number, cx);
    }

    /// A function of a workflow was executed.
    pub(in crate::world) fn flow_executed(
        &mut self,
        number: u32,
        done: &Completion,
        cx: &mut Cx<'_>,
    ) {
        let task = TaskKey(done.task.0 & !FLOW_TASK);
        let side = &mut self.flows.hosts[number as usize];
        if let Some(call) = side.waiting.remove(&task.0) {
            side.executed.insert(call, (done.processing(), done.load));
        }
        let Some(request) = side.machine.task(task) else {
            return;
        };
        let function = self.functions.find(request.function());
        let machine = &self.computers[number as usize].machine;
        let output = function.and_then(|function| machine.output(function));
        let output = output.map_or(Bytes(0), |output| output.size(request.argument));
        side.machine.executed(cx.now(), task, Ok(output));
        self.act_for_host(number, cx);
    }

    pub(in crate::world) fn wake_host(&mut self, number: u32, cx: &mut Cx<'_>) {
        let side = &mut self.flows.hosts[number as usize];
        side.alarm.rang();
        side.machine.wake(cx.now());
        self.act_for_host(number, cx);
    }

    /// The computer vanishes.
    pub(in crate::world) fn fail_host(&mut self, number: u32, cx: &mut Cx<'_>) {
        if !self.flows.any {
            return;
        }
        let side = &mut self.flows.hosts[number as usize];
        side.waiting.clear();
        side.executed.clear();
        for call in side.machine.vanish() {
            self.respond(LegId(call.0 as u32), Reply::Unreachable, cx);
        }
        self.act_for_host(number, cx);
    }

    /// Does what the computer wants done.
    pub(super) fn act_for_host(&mut self, number: u32, cx: &mut Cx<'_>) {
        while let Some(action) = self.flows.hosts[number as usize].machine.poll() {
            match action {
                HostAction::Acknowledge { call, hops } => {
                    let execution = Execution {
                        computer: number,
                        processing: SimDuration::ZERO,
                        load: Load::default(),
                        hops,
                        output: Bytes(0),
                        path: None,
                    };
                    let leg = LegId(call.0 as u32);
                    self.respond(leg, Reply::Done(execution), cx);
                }
                HostAction::Refuse { call, retcode, .. } => {
                    let text = self.recorder.names.intern(&retcode);
                    let leg = LegId(call.0 as u32);
                    self.respond(leg, Reply::Refused(text), cx);
                }
                HostAction::Respond { call, response } => {
                    self.respond_for_host(number, call, response, cx);
                }
                HostAction::Execute {
                    task,
                    call,
                    function,
                    argument,
                } => self.execute_for_host(number, task, call, &function, argument, cx),
                HostAction::Ask {
                    question,
                    to,
                    request,
                } => self.ask_server(number, question, &to, request, cx),
                HostAction::Forward { sending, request } => {
                    self.forward_for_host(number, sending, request, cx);
                }
                HostAction::Deliver {
                    sending,
                    callback,
                    response,
                } => self.deliver_for_host(number, sending, &callback, response, cx),
            }
        }
        self.set_host_alarm(number, cx);
    }

    pub(super) fn set_host_alarm(&mut self, number: u32, cx: &mut Cx<'_>) {
        let side = &mut self.flows.hosts[number as usize];
        let wanted = side.machine.next_wake();
        side.alarm.set(wanted, Event::Host(number), cx);
    }

    fn respond_for_host(
        &mut self,
        number: u32,
        call: CallKey,
        response: Response<Sizes>,
        cx: &mut Cx<'_>,
    ) {
        let side = &mut self.flows.hosts[number as usize];
        let executed = side.executed.remove(&call.0);
        let (processing, load) = executed.unwrap_or_default();
        let execution = Execution {
            computer: number,
            processing,
            load,
            hops: response.hops,
            output: response.output.unwrap_or(Bytes(0)),
            path: None,
        };
        let id = LegId(call.0 as u32);
        let baggage = self.legs[id].baggage;
        self.flows.baggage.answer(baggage, response);
        self.respond(id, Reply::Done(execution), cx);
    }

    fn execute_for_host(
        &mut self,
        number: u32,
        task: TaskKey,
        call: Option<CallKey>,
        function: &str,
        argument: Bytes,
        cx: &mut Cx<'_>,
    ) {
        self.observe_step(number, task, cx);
        if let Some(call) = call {
            let side = &mut self.flows.hosts[number as usize];
            side.waiting.insert(task.0, call.0);
        }
        let machine = &mut self.computers[number as usize].machine;
        let function = self.functions.intern(function);
        let id = TaskId(task.0 | FLOW_TASK);
        if let Err(refusal) = machine.submit(cx.now(), id, function, argument) {
            let text = machine.explain(refusal, &self.functions);
            let side = &mut self.flows.hosts[number as usize];
            side.waiting.remove(&task.0);
            side.machine.executed(cx.now(), task, Err(text));
        } else {
            self.set_computer_alarm(number, cx);
        }
    }

    fn observe_step(&mut self, number: u32, task: TaskKey, cx: &Cx<'_>) {
        let Some(observer) = self.recorder.observer.as_deref_mut() else {
            return;
        };
        let Some(request) = self.flows.hosts[number as usize].machine.task(task) else {
            return;
        };
        let run = self.flows.by_uuid.get(&request.uuid);
        let call = run.and_then(|run| self.flows.runs.get(run));
        observer.step(&StepRecord {
            call: call.map(|run| run.call),
            at: cx.now(),
            computer: self.computers[number as usize].machine.name(),
            function: request.function(),
            argument: request.argument,
            states: &request.states,
            hops: request.hops + 1,
        });
    }

    /// Calls the next function through the companion.
    fn forward_for_host(
        &mut self,
        number: u32,
        sending: Sending,
        request: Request<Sizes>,
        cx: &mut Cx<'_>,
    ) {
        let Some(companion) = self.flows.hosts[number as usize].companion else {
            return;
        };
        let computer = number;
        let leg = Leg {
            origin: Origin::Companion { computer, sending },
            from: self.computers[number as usize].node,
            to: companion,
            function: self.functions.intern(request.function()),
            input: request.argument,
            call: u64::MAX,
            issued: cx.now(),
            hops: request.hops,
            forward: false,
            dry: false,
            baggage: self.flows.baggage.pack(request),
            reply: Reply::Pending,
        };
        self.send_request(leg, SimDuration::ZERO, cx);
    }

    /// The call of the next function was acknowledged, or not.
    pub(in crate::world) fn response_at_host(
        &mut self,
        computer: u32,
        sending: Sending,
        leg: &Leg,
        cx: &mut Cx<'_>,
    ) {
        self.flows.baggage.unpack(leg.baggage);
        let outcome = match leg.reply {
            Reply::Done(_) => Ok(()),
            Reply::Refused(text) => Err(self.recorder.names.resolve(text).to_owned()),
            Reply::Unreachable | Reply::Pending => Err(self.unreachable(leg.to)),
        };
        let host = &mut self.flows.hosts[computer as usize].machine;
        host.sent(cx.now(), sending, outcome);
        self.act_for_host(computer, cx);
    }

    fn deliver_for_host(
        &mut self,
        number: u32,
        sending: Sending,
        callback: &str,
        response: Response<Sizes>,
        cx: &mut Cx<'_>,
    ) {
        let client = self.client_names.iter().position(|name| name == callback);
        let to: Option<NodeId> = client.map(|client| self.clients[client].node);
        if let Some(to) = to {
            let from = self.computers[number as usize].node;
            let message = Message::Result {
                computer: number,
                sending,
                response: response.clone(),
            };
            self.send_message(from, to, response.size(), message, cx);
        }
    }

    pub(super) fn unreachable(&self, endpoint: EndpointId) -> String {
        let name = self.endpoints.name(endpoint);
        format!("RPC failed: {name} is unreachable")
    }
}
