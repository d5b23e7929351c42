//! Workflows in the world: requests with states, computers that call each other,
//! state servers, callbacks.

mod baggage;
mod client;
mod host;
mod message;

use std::collections::BTreeMap;

use soe_model::deployment::Deployment;
use soe_model::names::{EndpointId, FunctionId, Names, NodeId};
use soe_model::units::Bytes;

use super::computer_side::ComputerSide;
use super::{Receiver, World};
use baggage::AllBaggage;
use client::{ActiveRun, FlowClient};
use host::HostSide;
use message::Messages;

pub(super) use baggage::BaggageId;
pub(super) use host::FLOW_TASK;

/// All that workflows add to the world; empty if there are none.
#[derive(Debug, Default)]
pub(super) struct Flows {
    /// Whether there are any.
    pub any: bool,
    pub baggage: AllBaggage,
    /// By number of the computer.
    hosts: Vec<HostSide>,
    /// By number of the client.
    clients: Vec<Option<FlowClient>>,
    runs: BTreeMap<u32, ActiveRun>,
    by_uuid: BTreeMap<String, u32>,
    next_run: u32,
    messages: Messages,
    /// Who has a state server, by name.
    servers: BTreeMap<String, Server>,
    /// Bytes sent between different nodes since the end of the warm-up.
    traffic: u128,
}

/// Whose state server.
#[derive(Clone, Copy, Debug)]
enum Server {
    Computer(u32),
    Client(u32),
}

/// What there is when workflows are added.
pub(super) struct Parts<'a> {
    pub deployment: &'a Deployment,
    pub computers: &'a [ComputerSide],
    pub endpoints: &'a Names<EndpointId>,
    pub receivers: &'a [Receiver],
    pub streams: &'a sim_core::Streams,
}

impl Flows {
    /// Everything at rest.
    ///
    /// # Errors
    /// If the deployment contradicts itself.
    pub fn new(parts: &Parts<'_>, functions: &mut Names<FunctionId>) -> Result<Self, String> {
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
        for (number, computer) in (0..).zip(parts.computers) {
            let name = computer.machine.name();
            let server = Server::Computer(number);
            flows.servers.insert(name.to_owned(), server);
            flows.hosts.push(HostSide::new(name, parts)?);
        }
        for (number, spec) in (0..).zip(&deployment.clients) {
            let mut workflows = deployment.workflows.iter();
            let Some(workflow) = workflows.find(|workflow| workflow.name == spec.function) else {
                flows.clients.push(None);
                continue;
            };
            flows
                .servers
                .insert(spec.name.clone(), Server::Client(number));
            let client = FlowClient::new(spec, workflow, parts.streams)?;
            flows.clients.push(Some(client));
        }
        for number in 0..flows.clients.len() {
            flows.place_kept_states(number)?;
        }
        Ok(flows)
    }

    /// What a request weighs on the wire.
    #[inline]
    pub fn size_of_request(&self, baggage: BaggageId, input: Bytes) -> Bytes {
        match baggage {
            BaggageId::NONE => input,
            some => self.baggage.request(some).map_or(input, |it| it.size()),
        }
    }

    /// What a response weighs on the wire.
    #[inline]
    pub fn size_of_response(&self, baggage: BaggageId, output: Bytes) -> Bytes {
        match baggage {
            BaggageId::NONE => output,
            some => self.baggage.response(some).map_or(output, |it| it.size()),
        }
    }
}

impl World<'_> {
    /// A message leaves one node for another.
    #[inline]
    pub(super) fn count_traffic(&mut self, from: NodeId, to: NodeId, size: Bytes) {
        if self.flows.any && from != to {
            self.flows.traffic += u128::from(size.0) + u128::from(self.network.header().0);
        }
    }

    /// Bytes sent between different nodes since the end of the warm-up, if they were
    /// counted.
    pub(super) fn traffic(&self) -> Option<u128> {
        self.flows.any.then_some(self.flows.traffic)
    }

    /// The warm-up ends.
    pub(super) fn mark_traffic(&mut self) {
        self.flows.traffic = 0;
    }
}
