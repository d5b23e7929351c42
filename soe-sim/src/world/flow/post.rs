//! Messages other than calls: questions to state servers, and results that are
//! sent to callbacks.

use std::collections::BTreeMap;

use sim_core::SimDuration;
use slab::Slab;
use soe_model::names::NodeId;
use soe_model::units::Bytes;
use soe_model::workflow::{Question, Response, Sending, Sizes, StateReply, StateRequest};

use crate::world::event::{Cx, Event};
use crate::world::ids::{ClientId, ComputerId};
use crate::world::wire::Wire;

/// How long a state server remembers where a state has gone: longer than any
/// simulated run goes on referring to it.
pub(in crate::world) const RETENTION: SimDuration = SimDuration::from_secs(1_000_000_000);

/// A state server, or the callback of a client.
#[derive(Clone, Copy, Debug)]
pub(in crate::world) struct Server {
    pub owner: Owner,
    pub node: NodeId,
}

/// The entity that has a state server.
#[derive(Clone, Copy, Debug)]
pub(in crate::world) enum Owner {
    Computer(ComputerId),
    Client(ClientId),
}

/// A message in progress.
#[derive(Debug)]
pub(in crate::world) enum Message {
    /// A computer asks a state server.
    Ask(Ask),
    /// The server replies.
    Reply {
        computer: ComputerId,
        question: Question,
        reply: StateReply<Bytes>,
    },
    /// The result of a run.
    Result {
        computer: ComputerId,
        sending: Sending,
        response: Response<Sizes>,
    },
}

/// A question to a state server.
#[derive(Debug)]
pub(in crate::world) struct Ask {
    pub computer: ComputerId,
    pub question: Question,
    pub server: Server,
    pub request: StateRequest<Bytes>,
}

/// The state servers by name, and the messages in progress.
#[derive(Debug, Default)]
pub(in crate::world) struct Post {
    servers: BTreeMap<String, Server>,
    messages: Slab<Message>,
}

impl Post {
    pub fn add_server(&mut self, name: &str, server: Server) {
        self.servers.insert(name.to_owned(), server);
    }

    pub fn server(&self, name: &str) -> Option<Server> {
        self.servers.get(name).copied()
    }

    /// Sends a message.
    pub fn send(
        &mut self,
        (from, to): (NodeId, NodeId),
        size: Bytes,
        message: Message,
        wire: &mut Wire,
        cx: &mut Cx<'_>,
    ) {
        let number = self.messages.insert(message) as u32;
        wire.send_message(from, to, size, Event::Flow(number), cx);
    }

    /// A message arrives.
    pub fn receive(&mut self, number: u32) -> Option<Message> {
        self.messages.try_remove(number as usize)
    }

    /// A computer at the node `from` asks the state server called `to`.
    pub fn ask(
        &mut self,
        (computer, from): (ComputerId, NodeId),
        question: Question,
        (to, request): (&str, StateRequest<Bytes>),
        wire: &mut Wire,
        cx: &mut Cx<'_>,
    ) {
        let Some(server) = self.server(to) else {
            let reply = StateReply::Unreachable(format!("there is no state server {to}"));
            let message = Message::Reply {
                computer,
                question,
                reply,
            };
            return self.send((from, from), Bytes(0), message, wire, cx);
        };
        let size = match &request {
            StateRequest::Put { content, .. } => *content,
            StateRequest::Get { .. } | StateRequest::Delete { .. } => Bytes(0),
        };
        let message = Message::Ask(Ask {
            computer,
            question,
            server,
            request,
        });
        self.send((from, server.node), size, message, wire, cx);
    }
}
