//! From a deployment to a world at time zero.

use sim_core::{SimDuration, SimTime, Streams};
use soe_model::broker::Broker;
use soe_model::client::Client;
use soe_model::computer::Computer;
use soe_model::controller::Controller;
use soe_model::deployment::Deployment;
use soe_model::names::{EndpointId, FunctionId, Id, Names};
use soe_model::workflow::WorkflowSpec;

use super::World;
use super::broker_side::{BrokerSide, Brokers};
use super::change::{Known, client_is_there, computer_is_there, resolve};
use super::client_side::{ClientSide, Clients};
use super::computer_side::{ComputerSide, Computers};
use super::control::Controllers;
use super::flow::{Flows, Parts};
use super::ids::{BrokerId, ComputerId, ControllerId, Receiver};
use super::recorder::{Observer, Recorder};
use super::sample::Sampler;
use super::shared::Shared;
use super::wire::{Place, Wire, WireOptions};

impl<'o> World<'o> {
    /// The world of replication number `replication` of `deployment`: everybody is
    /// there and has been announced.
    ///
    /// # Errors
    /// If the deployment contradicts itself; the message says where.
    pub(crate) fn new(
        deployment: &Deployment,
        replication: u32,
        sample_period: Option<SimDuration>,
        observer: Option<&'o mut dyn Observer>,
    ) -> Result<Self, String> {
        let run = &deployment.run;
        let streams = Streams::new(run.seed, u64::from(replication));
        let names = EntityNames::of(deployment)?;
        let mut functions = Names::<FunctionId>::default();
        let node = |name: &str| {
            let node = deployment.network.nodes().find(name);
            node.ok_or_else(|| format!("there is no node called `{name}`"))
        };
        let controller = |name: &Option<String>| {
            name.as_deref()
                .map(|name| names.controller(name))
                .transpose()
        };

        let mut control = Controllers::default();
        for spec in &deployment.controllers {
            let chance = streams.stream(&spec.name, "home");
            control.push(Controller::new(&spec.installer, chance), node(&spec.node)?);
        }
        let mut endpoints = names.endpoints.clone();
        let mut computers = Computers::default();
        for spec in &deployment.computers {
            let machine = Computer::new(spec, &mut functions).map_err(|error| error.to_string())?;
            computers.push(ComputerSide::new(
                machine,
                node(&spec.node)?,
                names.endpoint(&spec.name)?,
                controller(&spec.controller)?,
                computer_is_there(deployment, &spec.name),
            ));
        }
        let mut brokers = Brokers::default();
        for spec in &deployment.brokers {
            let machine = Broker::new(spec, &mut functions, &mut endpoints, &streams);
            brokers.push(BrokerSide::new(
                spec.name.clone(),
                machine.map_err(|error| format!("broker `{}`: {error}", spec.name))?,
                node(&spec.node)?,
                names.endpoint(&spec.name)?,
                controller(&spec.controller)?,
            ));
        }
        if endpoints.len() != names.endpoints.len() {
            let stranger = endpoints.name(EndpointId(names.endpoints.len() as u32));
            return Err(format!(
                "there is no computer or broker called `{stranger}`"
            ));
        }
        let flows = Flows::new(
            &Parts {
                deployment,
                computers: &computers,
                broker: |name: &str| names.broker(name),
                node,
                streams: &streams,
            },
            &mut functions,
        )?;
        let called = |function: &str| {
            let mut workflows = deployment.workflows.iter();
            let workflow = workflows.find(|workflow| workflow.name == function);
            workflow.map_or(function.to_owned(), WorkflowSpec::display_name)
        };
        let mut clients = Vec::with_capacity(deployment.clients.len());
        for spec in &deployment.clients {
            let destination = |name: &String| names.endpoint(name);
            let machine = Client::new(spec, &streams);
            clients.push(ClientSide::new(
                spec.name.clone(),
                machine.map_err(|error| format!("client `{}`: {error}", spec.name))?,
                node(&spec.node)?,
                functions.intern(&called(&spec.function)),
                spec.destinations
                    .iter()
                    .map(destination)
                    .collect::<Result<_, _>>()?,
            ));
        }
        let clients = Clients::new(clients, run.calls.unwrap_or(u64::MAX));
        let client_names: Vec<_> = clients.iter().map(|it| it.name().to_owned()).collect();
        let computer_names: Vec<_> = computers.iter().map(|it| it.name().to_owned()).collect();
        let function_names: Vec<_> = functions.iter().map(|(_, name)| name.to_owned()).collect();
        let foresees = brokers.iter().any(|it| it.machine().foresees().is_some());
        let options = WireOptions {
            notes_requests: foresees,
            counts_traffic: !deployment.workflows.is_empty(),
        };
        let places = names.places(&computers, &brokers);
        let shared = Shared {
            wire: Wire::new(deployment.network.clone(), places, options),
            recorder: Recorder::new(
                replication,
                run.warm_up,
                &client_names,
                &function_names,
                &computer_names,
                observer,
            ),
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
            flows,
            sampler: sample_period.map(Sampler::new),
        };
        world.hold_back_starting_clients(deployment);
        world.announce_everybody()?;
        Ok(world)
    }

    /// A client whose first planned change is that it starts waits for that.
    fn hold_back_starting_clients(&mut self, deployment: &Deployment) {
        for (number, spec) in self.clients.ids().zip(&deployment.clients) {
            if !client_is_there(deployment, &spec.name) {
                self.clients.hold_back(number);
            }
        }
    }

    /// Announces all brokers and the computers that are there from the start.
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
            let endpoints = &self.shared.endpoints;
            self.brokers.update(&update, SimTime::ZERO, endpoints);
        }
        Ok(())
    }
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
