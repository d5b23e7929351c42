//! From a deployment to a world at time zero.

use sim_core::{SimDuration, SimTime, Streams};
use soe_model::broker::Broker;
use soe_model::client::Client;
use soe_model::computer::Computer;
use soe_model::controller::Controller;
use soe_model::deployment::Deployment;
use soe_model::names::{EndpointId, FunctionId, Id, Names, NodeId};
use soe_model::workflow::WorkflowSpec;

use super::World;
use super::broker_side::{BrokerSide, Brokers};
use super::change::{Known, client_is_there, computer_is_there, resolve};
use super::client_side::{ClientSide, Clients};
use super::computer_side::{ComputerSide, Computers};
use super::control::Controllers;
use super::flow::{Flows, Parts};
use super::ids::{BrokerId, ComputerId, ControllerId, Receiver};
use super::mec::Contexts;
use super::recorder::{Observer, Recorder};
use super::sample::Sampler;
use super::shared::Shared;
use super::wire::{Place, Wire, WireOptions};

impl<'o> World<'o> {
    /// The world of replication number `replication` of `deployment`: all entities
    /// exist and have been announced.
    ///
    /// # Errors
    /// If the deployment contradicts itself; the message says where.
    pub(crate) fn new(
        deployment: &Deployment,
        replication: u32,
        sample_period: Option<SimDuration>,
        observer: Option<&'o mut dyn Observer>,
    ) -> Result<Self, String> {
        let plan = Plan {
            deployment,
            names: EntityNames::of(deployment)?,
            streams: Streams::new(deployment.run.seed, u64::from(replication)),
        };
        let mut functions = Names::<FunctionId>::default();
        let control = plan.controllers()?;
        let contexts = plan.contexts()?;
        let computers = plan.computers(&mut functions)?;
        let (brokers, endpoints) = plan.brokers(&mut functions)?;
        let flows = Flows::new(
            &Parts {
                deployment,
                computers: &computers,
                broker: |name: &str| plan.names.broker(name),
                node: |name: &str| plan.node(name),
                streams: &plan.streams,
            },
            &mut functions,
        )?;
        let clients = plan.clients(&mut functions)?;
        let recorder = recorder(replication, deployment, &functions, observer);
        let shared = Shared {
            wire: plan.wire(&computers, &brokers),
            recorder,
            functions,
            endpoints,
        };
        let known = Known {
            clients: &clients,
            brokers: &brokers,
            computers: &computers,
            shared: &shared,
        };
        let changes = deployment.events.iter();
        let changes = changes.map(|event| Ok((event.at, resolve(&event.change, known)?)));
        let changes = changes.collect::<Result<Vec<_>, String>>()?;
        let mut world = World {
            changes_to_come: changes.len(),
            changes,
            shared,
            clients,
            brokers,
            computers,
            control,
            contexts,
            flows,
            sampler: sample_period.map(Sampler::new),
        };
        world.hold_back_starting_clients(deployment);
        world.announce_everybody()?;
        Ok(world)
    }

    /// A client whose first planned change is its start waits for it.
    fn hold_back_starting_clients(&mut self, deployment: &Deployment) {
        for (number, spec) in self.clients.ids().zip(&deployment.clients) {
            if !client_is_there(deployment, &spec.name) {
                self.clients.hold_back(number);
            }
        }
    }

    /// Announces all brokers and the computers that are up from the start.
    fn announce_everybody(&mut self) -> Result<(), String> {
        let (control, shared) = (&mut self.control, &self.shared);
        let mut updates = Vec::new();
        for broker in self.brokers.iter() {
            if let Some(controller) = broker.controller() {
                let (endpoint, node) = (broker.endpoint(), broker.node());
                updates.extend(control.announce_broker(controller, endpoint, node, shared)?);
            }
        }
        for computer in self.computers.iter() {
            if let (Some(controller), true) = (computer.controller(), computer.is_present()) {
                updates.extend(control.announce_computer(controller, computer, shared)?);
            }
        }
        for update in updates {
            let names = self.shared.names();
            self.brokers.update(&update, SimTime::ZERO, names);
        }
        for computer in self.computers.iter() {
            if let (Some(controller), true) = (computer.controller(), computer.is_present()) {
                let (endpoint, shared) = (computer.endpoint(), &self.shared);
                let functions = shared.functions_of(computer.machine());
                let now = SimTime::ZERO;
                self.contexts
                    .computer(controller, endpoint, functions, now, shared);
            }
        }
        Ok(())
    }
}

/// What entities are made from.
struct Plan<'a> {
    deployment: &'a Deployment,
    names: EntityNames,
    streams: Streams,
}

impl Plan<'_> {
    fn controllers(&self) -> Result<Controllers, String> {
        let mut controllers = Controllers::default();
        for spec in &self.deployment.controllers {
            let chance = self.streams.stream(&spec.name, "home");
            let machine = Controller::new(&spec.installer, chance);
            controllers.push(machine, self.node(&spec.node)?);
        }
        Ok(controllers)
    }

    fn contexts(&self) -> Result<Contexts, String> {
        let mut contexts = Contexts::default();
        for spec in &self.deployment.controllers {
            contexts.push(self.node(&spec.node)?, spec.balanced);
        }
        Ok(contexts)
    }

    fn computers(&self, functions: &mut Names<FunctionId>) -> Result<Computers, String> {
        let mut computers = Computers::default();
        for spec in &self.deployment.computers {
            let machine = Computer::with_streams(spec, functions, &self.streams);
            let machine = machine.map_err(|error| error.to_string())?;
            computers.push(ComputerSide::new(
                machine,
                self.node(&spec.node)?,
                self.names.endpoint(&spec.name)?,
                self.controller(spec.controller.as_deref())?,
                computer_is_there(self.deployment, &spec.name),
            ));
        }
        Ok(computers)
    }

    /// All brokers, and the names of all endpoints.
    fn brokers(
        &self,
        functions: &mut Names<FunctionId>,
    ) -> Result<(Brokers, Names<EndpointId>), String> {
        let known = &self.names.endpoints;
        let mut endpoints = known.clone();
        let mut brokers = Brokers::default();
        for spec in &self.deployment.brokers {
            let machine = Broker::new(spec, functions, &mut endpoints, &self.streams);
            brokers.push(BrokerSide::new(
                spec.name.clone(),
                machine.map_err(|error| format!("broker `{}`: {error}", spec.name))?,
                self.node(&spec.node)?,
                self.names.endpoint(&spec.name)?,
                self.controller(spec.controller.as_deref())?,
            ));
        }
        if endpoints.len() != known.len() {
            let stranger = endpoints.name(EndpointId(known.len() as u32));
            return Err(format!(
                "there is no computer or broker called `{stranger}`"
            ));
        }
        Ok((brokers, endpoints))
    }

    fn clients(&self, functions: &mut Names<FunctionId>) -> Result<Clients, String> {
        let called = |function: &str| {
            let mut workflows = self.deployment.workflows.iter();
            let workflow = workflows.find(|workflow| workflow.name == function);
            workflow.map_or(function.to_owned(), WorkflowSpec::display_name)
        };
        let mut clients = Vec::with_capacity(self.deployment.clients.len());
        for spec in &self.deployment.clients {
            let destinations = spec.destinations.iter();
            let machine = Client::new(spec, &self.streams);
            clients.push(ClientSide::new(
                machine.map_err(|error| format!("client `{}`: {error}", spec.name))?,
                self.node(&spec.node)?,
                functions.intern(&called(&spec.function)),
                destinations
                    .map(|name| self.names.endpoint(name))
                    .collect::<Result<_, _>>()?,
                self.controller(spec.context.as_deref())?,
            ));
        }
        let limit = self.deployment.run.calls.unwrap_or(u64::MAX);
        let names = self.deployment.clients.iter();
        let names = names.map(|spec| spec.name.clone()).collect();
        Ok(Clients::new(clients, names, limit))
    }

    fn wire(&self, computers: &Computers, brokers: &Brokers) -> Wire {
        let mut machines = brokers.iter().map(BrokerSide::machine);
        let options = WireOptions {
            notes_requests: machines.any(|machine| machine.foresees().is_some()),
            counts_traffic: !self.deployment.workflows.is_empty(),
        };
        let places = self.names.places(computers, brokers);
        Wire::new(self.deployment.network.clone(), places, options)
    }

    fn node(&self, name: &str) -> Result<NodeId, String> {
        let node = self.deployment.network.nodes().find(name);
        node.ok_or_else(|| format!("there is no node called `{name}`"))
    }

    fn controller(&self, name: Option<&str>) -> Result<Option<ControllerId>, String> {
        name.map(|name| self.names.controller(name)).transpose()
    }
}

fn recorder<'o>(
    replication: u32,
    deployment: &Deployment,
    functions: &Names<FunctionId>,
    observer: Option<&'o mut dyn Observer>,
) -> Recorder<'o> {
    let clients = deployment.clients.iter();
    let clients: Vec<_> = clients.map(|spec| spec.name.clone()).collect();
    let functions: Vec<_> = functions.iter().map(|(_, name)| name.to_owned()).collect();
    let computers = deployment.computers.iter();
    let computers: Vec<_> = computers.map(|spec| spec.name.clone()).collect();
    Recorder::new(
        replication,
        &deployment.run,
        &clients,
        &functions,
        &computers,
        observer,
    )
}

/// Entities by name.
struct EntityNames {
    endpoints: Names<EndpointId>,
    receivers: Vec<Receiver>,
    controllers: Vec<String>,
}

impl EntityNames {
    fn of(deployment: &Deployment) -> Result<Self, String> {
        let mut endpoints = Names::default();
        let mut receivers = Vec::new();
        for (number, computer) in (0..).zip(&deployment.computers) {
            endpoints.intern(&computer.name);
            receivers.push(Receiver::Computer(ComputerId(number)));
        }
        for (number, broker) in (0..).zip(&deployment.brokers) {
            endpoints.intern(&broker.name);
            receivers.push(Receiver::Broker(BrokerId(number)));
        }
        if endpoints.len() != receivers.len() {
            return Err("two computers or brokers have the same name".to_owned());
        }
        let controllers = deployment.controllers.iter();
        Ok(Self {
            endpoints,
            receivers,
            controllers: controllers.map(|spec| spec.name.clone()).collect(),
        })
    }

    fn endpoint(&self, name: &str) -> Result<EndpointId, String> {
        let endpoint = self.endpoints.find(name);
        endpoint.ok_or_else(|| format!("there is no computer or broker called `{name}`"))
    }

    /// The endpoint of a broker.
    fn broker(&self, name: &str) -> Option<EndpointId> {
        let endpoint = self.endpoints.find(name)?;
        let receiver = self.receivers[endpoint.index()];
        matches!(receiver, Receiver::Broker(_)).then_some(endpoint)
    }

    /// All endpoints, by number.
    fn places(&self, computers: &Computers, brokers: &Brokers) -> Vec<Place> {
        let computers = computers.iter().map(ComputerSide::node);
        let nodes = computers.chain(brokers.iter().map(BrokerSide::node));
        let places = nodes.zip(&self.receivers);
        let places = places.map(|(node, &receiver)| Place { receiver, node });
        places.collect()
    }

    fn controller(&self, name: &str) -> Result<ControllerId, String> {
        let number = self
            .controllers
            .iter()
            .position(|controller| controller == name);
        let number = number.ok_or_else(|| format!("there is no controller called `{name}`"))?;
        Ok(ControllerId(number as u32))
    }
}
