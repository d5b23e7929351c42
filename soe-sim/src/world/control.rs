//! The control plane in the world: announcements, removals and table updates.
//!
//! At the start of a run, all entities have already been announced. Later changes
//! travel through the network.

use slab::Slab;
use soe_model::broker::Command;
use soe_model::controller::{Container, Controller, Place, Push};
use soe_model::names::{EndpointId, FunctionId, NodeId};

use super::computer_side::{ComputerSide, Computers};
use super::event::{Cx, Event};
use super::ids::{BrokerId, ComputerId, ControllerId, Receiver};
use super::shared::Shared;
use super::wire::Wire;

/// All controllers, and the messages to and from them that are in progress.
#[derive(Debug, Default)]
pub(super) struct Controllers {
    controllers: Vec<ControllerSide>,
    messages: Slab<Message>,
}

/// A controller and its node.
#[derive(Debug)]
struct ControllerSide {
    machine: Controller,
    node: NodeId,
}

/// A message of the control plane.
#[derive(Clone, Debug)]
enum Message {
    /// A computer is there.
    Announce {
        controller: ControllerId,
        computer: ComputerId,
    },
    /// A computer leaves, or a broker could not reach it.
    Remove {
        controller: ControllerId,
        endpoint: EndpointId,
    },
    /// A broker must update its tables.
    Update(Update),
}

/// A broker must apply commands to its tables.
#[derive(Clone, Debug)]
pub(super) struct Update {
    pub broker: BrokerId,
    pub commands: Vec<Command>,
}

impl Controllers {
    pub fn push(&mut self, machine: Controller, node: NodeId) {
        self.controllers.push(ControllerSide { machine, node });
    }

    /// Announces a broker at the start; returns the updates that follow.
    ///
    /// # Errors
    /// If the controller does not know its node.
    pub fn announce_broker(
        &mut self,
        controller: ControllerId,
        endpoint: EndpointId,
        node: NodeId,
        shared: &Shared<'_>,
    ) -> Result<Vec<Update>, String> {
        let node = shared.wire.nodes().name(node);
        let machine = &mut self.controllers[controller.index()].machine;
        let announced = machine.announce_broker(Place { endpoint, node }, &shared.endpoints);
        let pushes = announced.map_err(|error| error.to_string())?;
        Ok(updates(pushes, &shared.wire).collect())
    }

    /// Announces a computer at the start; returns the updates that follow.
    ///
    /// # Errors
    /// If the controller does not know its node.
    pub fn announce_computer(
        &mut self,
        controller: ControllerId,
        computer: &ComputerSide,
        shared: &Shared<'_>,
    ) -> Result<Vec<Update>, String> {
        let pushes = self.announce(controller, computer, shared)?;
        Ok(updates(pushes, &shared.wire).collect())
    }

    /// A computer joins: tells its controller.
    pub fn joined(
        &mut self,
        number: ComputerId,
        computer: &ComputerSide,
        wire: &Wire,
        cx: &mut Cx<'_>,
    ) {
        if let Some(controller) = computer.controller() {
            let message = Message::Announce {
                controller,
                computer: number,
            };
            let to = self.controllers[controller.index()].node;
            self.send(computer.node(), to, message, wire, cx);
        }
    }

    /// An entity at the node `from` reports to a controller that a computer has failed.
    pub fn gone(
        &mut self,
        controller: ControllerId,
        endpoint: EndpointId,
        from: NodeId,
        wire: &Wire,
        cx: &mut Cx<'_>,
    ) {
        let message = Message::Remove {
            controller,
            endpoint,
        };
        let to = self.controllers[controller.index()].node;
        self.send(from, to, message, wire, cx);
    }

    /// Which computer a message tells a controller about, if it does, and whether that is
    /// there.
    pub fn about(
        &self,
        number: u32,
        computers: &Computers,
    ) -> Option<(ControllerId, EndpointId, bool)> {
        match *self.messages.get(number as usize)? {
            Message::Announce {
                controller,
                computer,
            } => Some((controller, computers.get(computer).endpoint(), true)),
            Message::Remove {
                controller,
                endpoint,
            } => Some((controller, endpoint, false)),
            Message::Update(_) => None,
        }
    }

    /// A message arrives; if at a broker, returns the updates to apply.
    pub fn receive(
        &mut self,
        number: u32,
        computers: &Computers,
        shared: &Shared<'_>,
        cx: &mut Cx<'_>,
    ) -> Option<Update> {
        let (controller, pushes) = match self.messages.try_remove(number as usize)? {
            Message::Announce {
                controller,
                computer,
            } => {
                // A place that the controller does not know was refused at the
                // start of the run already.
                let pushes = self.announce(controller, computers.get(computer), shared);
                (controller, pushes.unwrap_or_default())
            }
            Message::Remove {
                controller,
                endpoint,
            } => {
                let machine = &mut self.controllers[controller.index()].machine;
                let pushes = machine.remove_computer(endpoint, &shared.endpoints);
                (controller, pushes)
            }
            Message::Update(update) => return Some(update),
        };
        let from = self.controllers[controller.index()].node;
        for Push { broker, commands } in pushes {
            let to = shared.wire.node_of(broker);
            if let Receiver::Broker(broker) = shared.wire.receiver(broker) {
                let update = Message::Update(Update { broker, commands });
                self.send(from, to, update, &shared.wire, cx);
            }
        }
        None
    }

    fn send(&mut self, from: NodeId, to: NodeId, message: Message, wire: &Wire, cx: &mut Cx<'_>) {
        let number = self.messages.insert(message) as u32;
        wire.send_control(from, to, Event::Control(number), cx);
    }

    fn announce(
        &mut self,
        controller: ControllerId,
        computer: &ComputerSide,
        shared: &Shared<'_>,
    ) -> Result<Vec<Push>, String> {
        let functions = computer.machine().functions();
        let containers: Vec<_> = functions
            .map(|function: FunctionId| Container {
                name: String::new(),
                processor: String::new(),
                function,
                workers: 1,
            })
            .collect();
        let place = Place {
            endpoint: computer.endpoint(),
            node: shared.wire.nodes().name(computer.node()),
        };
        let machine = &mut self.controllers[controller.index()].machine;
        machine
            .announce_computer(place, &containers, &shared.endpoints)
            .map_err(|error| error.to_string())
    }
}

/// What a controller pushes, for brokers by their number.
fn updates(pushes: Vec<Push>, wire: &Wire) -> impl Iterator<Item = Update> {
    let update = |Push { broker, commands }| match wire.receiver(broker) {
        Receiver::Broker(broker) => Some(Update { broker, commands }),
        Receiver::Computer(_) => None,
    };
    pushes.into_iter().filter_map(update)
}
