//! The control plane in the world: announcements, removals and table updates.
//!
//! At the start of a run, all entities have already been announced. Later changes
//! travel through the network.

use sim_core::SimTime;
use slab::Slab;
use soe_model::broker::Command;
use soe_model::controller::{Container, Controller, Place, Push};
use soe_model::names::{EndpointId, FunctionId, Id, Names, NodeId};
use soe_model::units::Bytes;

use super::computer_side::ComputerSide;
use super::{Cx, Event, Receiver, World};

/// A controller, and where it stands.
#[derive(Debug)]
pub(super) struct ControllerSide {
    pub machine: Controller,
    pub node: NodeId,
}

/// All controllers, and the messages to and from them that are under way.
#[derive(Debug, Default)]
pub(super) struct Controllers {
    pub controllers: Vec<ControllerSide>,
    messages: Slab<Message>,
}

/// A message of the control plane.
#[derive(Clone, Debug)]
pub(super) enum Message {
    /// A computer is there.
    Announce { controller: u32, computer: u32 },
    /// A computer leaves, or a broker could not reach it.
    Remove {
        controller: u32,
        endpoint: EndpointId,
    },
    /// A broker has to update its tables.
    Update { broker: u32, commands: Vec<Command> },
}

impl World<'_> {
    /// Announces all brokers and the computers that are there from the start.
    pub(super) fn announce_everybody(&mut self) -> Result<(), String> {
        let mut pushes = Vec::new();
        for broker in &self.brokers {
            if let Some(controller) = broker.controller {
                let endpoint = self.endpoints.find(&broker.name);
                let endpoint = endpoint.ok_or("a broker without endpoint")?;
                let node = self.network.nodes().name(broker.node);
                let place = Place { endpoint, node };
                let machine = &mut self.control.controllers[controller as usize].machine;
                let announced = machine.announce_broker(place, &self.endpoints);
                pushes.extend(announced.map_err(|error| error.to_string())?);
            }
        }
        for number in 0..self.computers.len() {
            let computer = &self.computers[number];
            if let (Some(controller), true) = (computer.controller, computer.present) {
                let machine = &mut self.control.controllers[controller as usize].machine;
                let node = self.network.nodes().name(computer.node);
                let announced = announce(machine, computer, node, &self.endpoints);
                pushes.extend(announced?);
            }
        }
        for push in pushes {
            if let Receiver::Broker(broker) = self.receivers[push.broker.index()] {
                self.apply(broker, &push.commands, SimTime::ZERO);
            }
        }
        Ok(())
    }

    /// A broker could not reach a destination.
    pub(super) fn report_failure(&mut self, broker: u32, endpoint: EndpointId, cx: &mut Cx<'_>) {
        let side = &self.brokers[broker as usize];
        let node = side.node;
        if let Some(controller) = side.controller {
            let message = Message::Remove {
                controller,
                endpoint,
            };
            self.send_control(node, message, cx);
        }
    }

    /// Sends a message of the control plane.
    pub(super) fn send_control(&mut self, from: NodeId, message: Message, cx: &mut Cx<'_>) {
        let to = match &message {
            Message::Announce { controller, .. } | Message::Remove { controller, .. } => {
                self.control.controllers[*controller as usize].node
            }
            Message::Update { broker, .. } => self.brokers[*broker as usize].node,
        };
        let travel = self.network.transfer(from, to, Bytes(0));
        let number = self.control.messages.insert(message) as u32;
        cx.schedule_in(travel, Event::Control(number));
    }

    pub(super) fn receive_control(&mut self, number: u32, cx: &mut Cx<'_>) {
        let Some(message) = self.control.messages.try_remove(number as usize) else {
            return;
        };
        match message {
            Message::Announce {
                controller,
                computer,
            } => {
                let computer = &self.computers[computer as usize];
                let machine = &mut self.control.controllers[controller as usize].machine;
                let node = self.network.nodes().name(computer.node);
                // A place that the controller does not know was refused at the
                // start of the run already.
                let pushes = announce(machine, computer, node, &self.endpoints);
                self.push(controller, pushes.unwrap_or_default(), cx);
            }
            Message::Remove {
                controller,
                endpoint,
            } => {
                let machine = &mut self.control.controllers[controller as usize].machine;
                let pushes = machine.remove_computer(endpoint, &self.endpoints);
                self.push(controller, pushes, cx);
            }
            Message::Update { broker, commands } => {
                self.apply(broker, &commands, cx.now());
                self.act_for_broker(broker, cx);
            }
        }
    }

    /// Carries out one command at a broker, at once.
    pub(super) fn configure_broker(&mut self, broker: u32, command: &Command, cx: &mut Cx<'_>) {
        let machine = &mut self.brokers[broker as usize].machine;
        // An impossible entry changes nothing, as when an operator mistypes.
        let _ = machine.configure(cx.now(), command, &self.endpoints);
        self.act_for_broker(broker, cx);
    }

    fn push(&mut self, controller: u32, pushes: Vec<Push>, cx: &mut Cx<'_>) {
        let from = self.control.controllers[controller as usize].node;
        for Push { broker, commands } in pushes {
            if let Receiver::Broker(broker) = self.receivers[broker.index()] {
                self.send_control(from, Message::Update { broker, commands }, cx);
            }
        }
    }

    fn apply(&mut self, broker: u32, commands: &[Command], now: SimTime) {
        let machine = &mut self.brokers[broker as usize].machine;
        for command in commands {
            let _ = machine.configure(now, command, &self.endpoints);
        }
    }
}

fn announce(
    controller: &mut Controller,
    computer: &ComputerSide,
    node: &str,
    endpoints: &Names<EndpointId>,
) -> Result<Vec<Push>, String> {
    let containers: Vec<_> = computer
        .machine
        .functions()
        .map(|function: FunctionId| Container {
            name: String::new(),
            processor: String::new(),
            function,
            workers: 1,
        })
        .collect();
    let place = Place {
        endpoint: computer.endpoint,
        node,
    };
    controller
        .announce_computer(place, &containers, endpoints)
        .map_err(|error| error.to_string())
}
