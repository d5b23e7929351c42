//! Workflows in the world: requests with states, computers that call each other,
//! state servers, callbacks.

mod hosts;
mod index;
mod post;
mod runs;

use sim_core::Streams;
use soe_model::computer::Completion;
use soe_model::deployment::Deployment;
use soe_model::names::{EndpointId, FunctionId, Names, NodeId};
use soe_model::units::Bytes;
use soe_model::workflow::{Sending, StateReply};

use crate::world::client_side::{Clients, Issued};
use crate::world::computer_side::Computers;
use crate::world::event::Cx;
use crate::world::ids::{ClientId, ComputerId, LegId, RunId};
use crate::world::leg::Leg;
use crate::world::shared::{Shared, unreachable};
use hosts::{Around, Hosts};
use post::{Ask, Message, Owner, Post, Server};
use runs::Runs;

pub(super) use hosts::FLOW_TASK;

/// The part of the world for workflows; empty without workflows.
#[derive(Debug, Default)]
pub(super) struct Flows {
    /// Whether there are any.
    any: bool,
    hosts: Hosts,
    runs: Runs,
    post: Post,
}

/// The entities of the world to which workflows are added.
pub(super) struct Parts<'a, B, N> {
    pub deployment: &'a Deployment,
    pub computers: &'a Computers,
    /// Finds brokers by name.
    pub broker: B,
    /// Finds nodes by name.
    pub node: N,
    pub streams: &'a Streams,
}

impl Flows {
    /// The initial state.
    ///
    /// # Errors
    /// If the deployment contradicts itself.
    pub fn new(
        parts: &Parts<
            '_,
            impl Fn(&str) -> Option<EndpointId>,
            impl Fn(&str) -> Result<NodeId, String>,
        >,
        functions: &mut Names<FunctionId>,
    ) -> Result<Self, String> {
        let deployment = parts.deployment;
        let mut flows = Self::default();
        if deployment.workflows.is_empty() {
            return Ok(flows);
        }
        flows.any = true;
        for spec in &deployment.workflows {
            for function in spec.steps.iter().flatten() {
                functions.intern(function);
            }
        }
        for (number, computer) in (0..).zip(parts.computers.iter()) {
            let server = Server {
                owner: Owner::Computer(ComputerId(number)),
                node: computer.node(),
            };
            flows.post.add_server(computer.name(), server);
            let (hosts, broker) = (&mut flows.hosts, &parts.broker);
            hosts.add(computer.name(), deployment, broker)?;
        }
        for (number, spec) in (0..).zip(&deployment.clients) {
            let mut workflows = deployment.workflows.iter();
            let workflow = workflows.find(|workflow| workflow.name == spec.function);
            if workflow.is_some() {
                let server = Server {
                    owner: Owner::Client(ClientId(number)),
                    node: (parts.node)(&spec.node)?,
                };
                flows.post.add_server(&spec.name, server);
            }
            flows.runs.add(spec, workflow, parts.streams)?;
        }
        flows
            .runs
            .place_kept_states(&mut flows.hosts, &flows.post)?;
        Ok(flows)
    }

    /// Whether a client runs a workflow.
    #[inline]
    pub fn runs_workflow(&self, client: ClientId) -> bool {
        self.any && self.runs.has_client(client)
    }

    /// A client starts a run.
    pub fn start_run(
        &mut self,
        issued: &Issued,
        clients: &mut Clients,
        shared: &mut Shared<'_>,
        cx: &mut Cx<'_>,
    ) {
        let (hosts, post) = (&mut self.hosts, &self.post);
        if let Some(run) = self.runs.start(issued, cx.now(), hosts, post) {
            self.act_for_run(run, clients, shared, cx);
        }
    }

    /// The response to a call of a run has arrived at the client.
    pub fn response_at_run(
        &mut self,
        (run, step): (RunId, u32),
        leg: &Leg,
        clients: &mut Clients,
        shared: &mut Shared<'_>,
        cx: &mut Cx<'_>,
    ) {
        self.runs.response(run, step, leg, shared);
        self.act_for_run(run, clients, shared, cx);
    }

    /// A run is woken.
    pub fn wake_run(
        &mut self,
        run: RunId,
        clients: &mut Clients,
        shared: &mut Shared<'_>,
        cx: &mut Cx<'_>,
    ) {
        self.runs.wake(run, cx.now());
        self.act_for_run(run, clients, shared, cx);
    }

    /// Reports the runs that are still in progress to the observer.
    pub fn report_left_over(&mut self, clients: &Clients, shared: &mut Shared<'_>) {
        self.runs.report_left_over(clients, &mut shared.recorder);
    }

    /// A request of a workflow has reached a computer.
    pub fn request_at_host(
        &mut self,
        id: LegId,
        computer: ComputerId,
        computers: &mut Computers,
        shared: &mut Shared<'_>,
        cx: &mut Cx<'_>,
    ) {
        self.hosts.request(id, computer, shared, cx);
        self.act_for_host(computer, computers, shared, cx);
    }

    /// A function of a workflow was executed.
    pub fn executed(
        &mut self,
        computer: ComputerId,
        done: &Completion,
        computers: &mut Computers,
        shared: &mut Shared<'_>,
        cx: &mut Cx<'_>,
    ) {
        let hosts = &mut self.hosts;
        hosts.executed(computer, done, cx.now(), computers, shared);
        self.act_for_host(computer, computers, shared, cx);
    }

    /// The call of the next function was acknowledged, or not.
    pub fn response_at_host(
        &mut self,
        (computer, sending): (ComputerId, Sending),
        leg: &Leg,
        computers: &mut Computers,
        shared: &mut Shared<'_>,
        cx: &mut Cx<'_>,
    ) {
        let hosts = &mut self.hosts;
        hosts.response(computer, sending, leg, cx.now(), shared);
        self.act_for_host(computer, computers, shared, cx);
    }

    /// The workflows at a computer are woken.
    pub fn wake_host(
        &mut self,
        computer: ComputerId,
        computers: &mut Computers,
        shared: &mut Shared<'_>,
        cx: &mut Cx<'_>,
    ) {
        self.hosts.wake(computer, cx.now());
        self.act_for_host(computer, computers, shared, cx);
    }

    /// A computer fails.
    pub fn fail_host(
        &mut self,
        computer: ComputerId,
        computers: &mut Computers,
        shared: &mut Shared<'_>,
        cx: &mut Cx<'_>,
    ) {
        if self.any {
            self.hosts.fail(computer, shared, cx);
            self.act_for_host(computer, computers, shared, cx);
        }
    }

    /// A message other than a call arrives.
    pub fn receive(
        &mut self,
        message: u32,
        computers: &mut Computers,
        clients: &mut Clients,
        shared: &mut Shared<'_>,
        cx: &mut Cx<'_>,
    ) {
        match self.post.receive(message) {
            Some(Message::Ask(ask)) => self.answer(ask, computers, shared, cx),
            Some(Message::Reply {
                computer,
                question,
                reply,
            }) => {
                let hosts = &mut self.hosts;
                hosts.state_replied(computer, question, reply, cx.now());
                self.act_for_host(computer, computers, shared, cx);
            }
            Some(Message::Result {
                computer,
                sending,
                response,
            }) => {
                self.hosts.sent(computer, sending, cx.now(), Ok(()));
                self.act_for_host(computer, computers, shared, cx);
                if let Some(run) = self.runs.called_back(&response, shared) {
                    self.act_for_run(run, clients, shared, cx);
                }
            }
            None => {}
        }
    }

    /// A question has reached a state server, which replies.
    fn answer(
        &mut self,
        ask: Ask,
        computers: &Computers,
        shared: &mut Shared<'_>,
        cx: &mut Cx<'_>,
    ) {
        let now = cx.now();
        let Ask {
            computer,
            question,
            server,
            request,
        } = ask;
        let reply = match server.owner {
            Owner::Computer(number) => {
                let owner = computers.get(number);
                let reply = match owner.is_present() {
                    true => self.hosts.serve(number, now, request),
                    false => StateReply::Unreachable(unreachable(owner.name())),
                };
                self.hosts.set_alarm(number, cx);
                reply
            }
            Owner::Client(number) => self.runs.serve(number, now, request),
        };
        let size = match &reply {
            StateReply::Found(content, _) => *content,
            _ => Bytes(0),
        };
        let way = (server.node, computers.get(computer).node());
        let message = Message::Reply {
            computer,
            question,
            reply,
        };
        self.post.send(way, size, message, &mut shared.wire, cx);
    }

    fn act_for_run(
        &mut self,
        run: RunId,
        clients: &mut Clients,
        shared: &mut Shared<'_>,
        cx: &mut Cx<'_>,
    ) {
        self.runs.act(run, clients, &mut self.hosts, shared, cx);
    }

    fn act_for_host(
        &mut self,
        computer: ComputerId,
        computers: &mut Computers,
        shared: &mut Shared<'_>,
        cx: &mut Cx<'_>,
    ) {
        let mut around = Around {
            computers,
            shared,
            post: &mut self.post,
            runs: self.runs.index(),
        };
        self.hosts.act(computer, &mut around, cx);
    }
}
