//! From a deployment to a world at time zero.

use sim_core::{SimDuration, Streams};
use soe_model::broker::Broker;
use soe_model::client::Client;
use soe_model::computer::Computer;
use soe_model::controller::Controller;
use soe_model::deployment::Deployment;
use soe_model::names::{EndpointId, FunctionId, Names};
use soe_model::workflow::WorkflowSpec;

use super::broker_side::BrokerSide;
use super::change::{client_is_there, computer_is_there};
use super::client_side::ClientSide;
use super::computer_side::ComputerSide;
use super::control::{ControllerSide, Controllers};
use super::flow::{Flows, Parts};
use super::foresight::OnTheWay;
use super::leg::Legs;
use super::recorder::{Observer, Recorder};
use super::sample::Sampler;
use super::{Alarm, Cx, Event, Receiver, World};

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
            control.controllers.push(ControllerSide {
                machine: Controller::new(&spec.installer, streams.stream(&spec.name, "home")),
                node: node(&spec.node)?,
            });
        }
        let mut endpoints = names.endpoints.clone();
        let mut computers = Vec::with_capacity(deployment.computers.len());
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
        let mut brokers = Vec::with_capacity(deployment.brokers.len());
        for spec in &deployment.brokers {
            let machine = Broker::new(spec, &mut functions, &mut endpoints, &streams);
            brokers.push(BrokerSide {
                name: spec.name.clone(),
                machine: machine.map_err(|error| format!("broker `{}`: {error}", spec.name))?,
                alarm: Alarm::default(),
                node: node(&spec.node)?,
                controller: controller(&spec.controller)?,
            });
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
                endpoints: &endpoints,
                receivers: &names.receivers,
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
            clients.push(ClientSide {
                machine: machine.map_err(|error| format!("client `{}`: {error}", spec.name))?,
                alarm: Alarm::default(),
                node: node(&spec.node)?,
                function: functions.intern(&called(&spec.function)),
                destinations: spec
                    .destinations
                    .iter()
                    .map(destination)
                    .collect::<Result<_, _>>()?,
            });
        }
        let client_names: Vec<_> = deployment
            .clients
            .iter()
            .map(|spec| spec.name.clone())
            .collect();
        let computer_names: Vec<_> = deployment
            .computers
            .iter()
            .map(|spec| spec.name.clone())
            .collect();
        let function_names: Vec<_> = functions.iter().map(|(_, name)| name.to_owned()).collect();
        let foresees = brokers.iter().any(|side| side.machine.foresees().is_some());
        let mut world = World {
            on_the_way: foresees.then(OnTheWay::default),
            network: deployment.network.clone(),
            receivers: names.receivers,
            functions,
            endpoints,
            recorder: Recorder::new(
                replication,
                run.warm_up,
                &client_names,
                &function_names,
                &computer_names,
                observer,
            ),
            client_names,
            clients,
            brokers,
            computers,
            control,
            flows,
            legs: Legs::default(),
            changes: Vec::new(),
            changes_to_come: deployment.events.len(),
            planned: deployment.events.iter().map(|event| event.at).collect(),
            sampler: sample_period.map(Sampler::new),
            call_limit: run.calls.unwrap_or(u64::MAX),
            under_way: 0,
            awake_clients: 0,
        };
        let resolve =
            |event: &soe_model::deployment::TimedEvent| world.resolve_change(&event.change);
        world.changes = deployment
            .events
            .iter()
            .map(resolve)
            .collect::<Result<_, _>>()?;
        world.hold_back_starting_clients(deployment);
        world.announce_everybody()?;
        Ok(world)
    }

    /// A client whose first planned change is that it starts waits for that.
    fn hold_back_starting_clients(&mut self, deployment: &Deployment) {
        for (number, spec) in deployment.clients.iter().enumerate() {
            if !client_is_there(deployment, &spec.name) {
                self.clients[number].machine.stop();
            }
        }
    }

    /// Sets the world going: everybody says when to be woken first.
    pub(super) fn start(&mut self, cx: &mut Cx<'_>) {
        for (number, &at) in (0..).zip(&self.planned) {
            cx.schedule_at(at, Event::Change(number));
        }
        for number in 0..self.brokers.len() as u32 {
            self.act_for_broker(number, cx);
        }
        for number in 0..self.clients.len() as u32 {
            self.set_client_alarm(number, cx);
        }
        if self.sampler.is_some() {
            cx.schedule_at(cx.now(), Event::Sample);
        }
        self.stop_if_over(cx);
    }

    /// How many calls were issued so far.
    pub(crate) fn calls_issued(&self) -> u64 {
        self.recorder.calls_issued()
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
            receivers.push(Receiver::Computer(number));
        }
        for (number, broker) in (0..).zip(&deployment.brokers) {
            endpoints.intern(&broker.name);
            receivers.push(Receiver::Broker(number));
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

    fn controller(&self, name: &str) -> Result<u32, String> {
        let number = self
            .controllers
            .iter()
            .position(|controller| controller == name);
        let number = number.ok_or_else(|| format!("there is no controller called `{name}`"))?;
        Ok(number as u32)
    }
}
