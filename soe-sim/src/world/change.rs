//! Planned changes: computers fail, leave, join, slow down; links, weights and
//! clients change.

use soe_model::broker::Command;
use soe_model::deployment::{Change, Deployment};
use soe_model::names::{EndpointId, FunctionId, NodeId};
use soe_model::network::Link;
use soe_model::units::OpsPerSecond;

use super::control::Message;
use super::{Cx, World};

/// A change with numbers in place of names.
#[derive(Clone, Copy, Debug)]
pub(super) enum ResolvedChange {
    Fail(u32),
    Leave(u32),
    Join(u32),
    Slow {
        computer: u32,
        processor: Option<usize>,
        speed: OpsPerSecond,
    },
    Link {
        from: NodeId,
        to: NodeId,
        link: Link,
    },
    Weight {
        broker: u32,
        function: FunctionId,
        destination: EndpointId,
        weight: f32,
    },
    Start(u32),
    Stop(u32),
}

/// Whether a computer is there from the start: not if the first that is planned
/// for it is that it joins.
pub fn computer_is_there(deployment: &Deployment, name: &str) -> bool {
    let mut changes = deployment.events.iter().filter_map(|event| {
        let (computer, joins) = match &event.change {
            Change::ComputerJoins { computer } => (computer, true),
            Change::ComputerFails { computer } | Change::ComputerLeaves { computer } => {
                (computer, false)
            }
            _ => return None,
        };
        (computer == name).then_some(joins)
    });
    changes.next() != Some(true)
}

/// Whether a client calls from its start time on: not if the first that is planned
/// for it is that it starts.
pub fn client_is_there(deployment: &Deployment, name: &str) -> bool {
    let mut changes = deployment.events.iter().filter_map(|event| {
        let (client, starts) = match &event.change {
            Change::ClientStarts { client } => (client, true),
            Change::ClientStops { client } => (client, false),
            _ => return None,
        };
        (client == name).then_some(starts)
    });
    changes.next() != Some(true)
}

impl World<'_> {
    /// Puts numbers in place of names.
    pub(super) fn resolve_change(&self, change: &Change) -> Result<ResolvedChange, String> {
        let computer = |name: &str| {
            let mut computers = self.computers.iter();
            let found = computers.position(|computer| computer.machine.name() == name);
            found
                .map(|number| number as u32)
                .ok_or_else(|| unknown("computer", name))
        };
        let node = |name: &str| {
            let node = self.network.nodes().find(name);
            node.ok_or_else(|| unknown("node", name))
        };
        let client = |name: &str| {
            let found = self.client_names.iter().position(|client| client == name);
            found
                .map(|number| number as u32)
                .ok_or_else(|| unknown("client", name))
        };
        Ok(match change {
            Change::ComputerFails { computer: name } => ResolvedChange::Fail(computer(name)?),
            Change::ComputerLeaves { computer: name } => ResolvedChange::Leave(computer(name)?),
            Change::ComputerJoins { computer: name } => ResolvedChange::Join(computer(name)?),
            Change::ComputerSlows {
                computer: name,
                processor,
                speed,
            } => {
                let computer = computer(name)?;
                let position = |wanted: &String| {
                    let machine = &self.computers[computer as usize].machine;
                    let position = machine.processors().position(|name| name == wanted);
                    position.ok_or_else(|| unknown("processor", wanted))
                };
                ResolvedChange::Slow {
                    computer,
                    processor: processor.as_ref().map(position).transpose()?,
                    speed: *speed,
                }
            }
            Change::LinkChanges { from, to, link } => ResolvedChange::Link {
                from: node(from)?,
                to: node(to)?,
                link: *link,
            },
            Change::WeightSet {
                broker,
                function,
                destination,
                weight,
            } => {
                let number = self.brokers.iter().position(|side| side.name == *broker);
                let function_id = self.functions.find(function);
                let endpoint = self.endpoints.find(destination);
                ResolvedChange::Weight {
                    broker: number.ok_or_else(|| unknown("broker", broker))? as u32,
                    function: function_id.ok_or_else(|| unknown("function", function))?,
                    destination: endpoint.ok_or_else(|| unknown("destination", destination))?,
                    weight: *weight,
                }
            }
            Change::ClientStarts { client: name } => ResolvedChange::Start(client(name)?),
            Change::ClientStops { client: name } => ResolvedChange::Stop(client(name)?),
        })
    }

    pub(super) fn change(&mut self, number: u32, cx: &mut Cx<'_>) {
        let now = cx.now();
        self.changes_to_come -= 1;
        match self.changes[number as usize] {
            ResolvedChange::Fail(computer) => self.fail_computer(computer, cx),
            ResolvedChange::Leave(computer) => {
                let side = &mut self.computers[computer as usize];
                side.present = false;
                let (endpoint, node) = (side.endpoint, side.node);
                if let Some(controller) = side.controller {
                    let message = Message::Remove {
                        controller,
                        endpoint,
                    };
                    self.send_control(node, message, cx);
                }
            }
            ResolvedChange::Join(computer) => {
                let side = &mut self.computers[computer as usize];
                side.present = true;
                let node = side.node;
                if let Some(controller) = side.controller {
                    let message = Message::Announce {
                        controller,
                        computer,
                    };
                    self.send_control(node, message, cx);
                }
            }
            ResolvedChange::Slow {
                computer,
                processor,
                speed,
            } => {
                let machine = &mut self.computers[computer as usize].machine;
                let processors = machine.processors().len();
                let chosen = processor.map_or(0..processors, |one| one..one + 1);
                chosen.for_each(|processor| machine.set_speed(now, processor, speed));
                self.set_computer_alarm(computer, cx);
            }
            ResolvedChange::Link { from, to, link } => self.network.join_nodes(from, to, link),
            ResolvedChange::Weight {
                broker,
                function,
                destination,
                weight,
            } => self.set_weight(broker, function, destination, weight, cx),
            ResolvedChange::Start(client) => {
                self.clients[client as usize].machine.start(now);
                self.set_client_alarm(client, cx);
            }
            ResolvedChange::Stop(client) => {
                self.clients[client as usize].machine.stop();
                self.set_client_alarm(client, cx);
            }
        }
        self.stop_if_over(cx);
    }

    /// Gives a destination another weight; whether it is final stays as it is.
    fn set_weight(
        &mut self,
        broker: u32,
        function: FunctionId,
        destination: EndpointId,
        weight: f32,
        cx: &mut Cx<'_>,
    ) {
        let machine = &self.brokers[broker as usize].machine;
        let is_final = machine.tables().next().and_then(|table| {
            let entry = table.entry(table.find(function, destination)?)?;
            Some(entry.is_final)
        });
        let is_computer = matches!(
            self.receivers[destination.0 as usize],
            super::Receiver::Computer(_)
        );
        let command = Command::Change {
            function,
            destination,
            weight,
            is_final: is_final.unwrap_or(is_computer),
        };
        self.configure_broker(broker, &command, cx);
    }
}

fn unknown(what: &str, name: &str) -> String {
    format!("planned change: there is no {what} called `{name}`")
}
