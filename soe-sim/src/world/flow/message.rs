//! Messages other than calls: requests to state servers, and results that are sent to
//! callbacks.

use sim_core::SimDuration;
use slab::Slab;
use soe_model::names::NodeId;
use soe_model::units::Bytes;
use soe_model::workflow::{Question, Response, Sending, Sizes, StateReply, StateRequest};

use super::super::{Cx, Event, World};
use super::Server;

/// Messages under way.
#[derive(Debug, Default)]
pub(super) struct Messages(Slab<Message>);

#[derive(Debug)]
pub(super) enum Message {
    /// A computer asks a state server.
    Ask {
        computer: u32,
        question: Question,
        server: Server,
        request: StateRequest<Bytes>,
    },
    /// The server replies.
    Reply {
        computer: u32,
        question: Question,
        reply: StateReply<Bytes>,
    },
    /// The result of a run.
    Result {
        computer: u32,
        sending: Sending,
        response: Response<Sizes>,
    },
}

impl World<'_> {
    pub(super) fn send_message(
        &mut self,
        from: NodeId,
        to: NodeId,
        size: Bytes,
        message: Message,
        cx: &mut Cx<'_>,
    ) {
        self.count_traffic(from, to, size);
        let travel = self.network.transfer(from, to, size);
        let number = self.flows.messages.0.insert(message) as u32;
        cx.schedule_in(travel, Event::Flow(number));
    }

    pub(in crate::world) fn receive_message(&mut self, number: u32, cx: &mut Cx<'_>) {
        let Some(message) = self.flows.messages.0.try_remove(number as usize) else {
            return;
        };
        match message {
            Message::Ask {
                computer,
                question,
                server,
                request,
            } => self.question_at_server(computer, question, server, request, cx),
            Message::Reply {
                computer,
                question,
                reply,
            } => {
                let host = &mut self.flows.hosts[computer as usize].machine;
                host.state_replied(cx.now(), question, reply);
                self.act_for_host(computer, cx);
            }
            Message::Result {
                computer,
                sending,
                response,
            } => {
                let host = &mut self.flows.hosts[computer as usize].machine;
                host.sent(cx.now(), sending, Ok(()));
                self.act_for_host(computer, cx);
                self.result_at_client(&response, cx);
            }
        }
    }

    /// Sends a question to the state server called `to`.
    pub(super) fn ask_server(
        &mut self,
        computer: u32,
        question: Question,
        to: &str,
        request: StateRequest<Bytes>,
        cx: &mut Cx<'_>,
    ) {
        let from = self.computers[computer as usize].node;
        let Some(&server) = self.flows.servers.get(to) else {
            let reply = StateReply::Unreachable(format!("there is no state server {to}"));
            let message = Message::Reply {
                computer,
                question,
                reply,
            };
            return self.send_message(from, from, Bytes(0), message, cx);
        };
        let size = match &request {
            StateRequest::Put { content, .. } => *content,
            StateRequest::Get { .. } | StateRequest::Delete { .. } => Bytes(0),
        };
        let node = self.node_of_server(server);
        let message = Message::Ask {
            computer,
            question,
            server,
            request,
        };
        self.send_message(from, node, size, message, cx);
    }

    fn question_at_server(
        &mut self,
        computer: u32,
        question: Question,
        server: Server,
        request: StateRequest<Bytes>,
        cx: &mut Cx<'_>,
    ) {
        let now = cx.now();
        let reply = match server {
            Server::Computer(number) if self.computers[number as usize].present => self.flows.hosts
                [number as usize]
                .machine
                .serve(now, request),
            Server::Computer(number) => {
                let name = self.computers[number as usize].machine.name();
                StateReply::Unreachable(format!("RPC failed: {name} is unreachable"))
            }
            Server::Client(number) => match &mut self.flows.clients[number as usize] {
                Some(client) => client.store.answer(now, request),
                None => StateReply::Missing,
            },
        };
        let size = match &reply {
            StateReply::Found(content, _) => *content,
            _ => Bytes(0),
        };
        if let Server::Computer(number) = server {
            self.set_host_alarm(number, cx);
        }
        let from = self.node_of_server(server);
        let to = self.computers[computer as usize].node;
        let message = Message::Reply {
            computer,
            question,
            reply,
        };
        self.send_message(from, to, size, message, cx);
    }

    fn node_of_server(&self, server: Server) -> NodeId {
        match server {
            Server::Computer(number) => self.computers[number as usize].node,
            Server::Client(number) => self.clients[number as usize].node,
        }
    }
}

/// How long a state server remembers where a state has gone: longer than any
/// simulated run goes on referring to it.
pub(super) const RETENTION: SimDuration = SimDuration::from_secs(1_000_000_000);
