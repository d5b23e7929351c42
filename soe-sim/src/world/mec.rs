//! Contexts of ETSI MEC in the world: which computer each client calls.
//!
//! The proxy and the balanced assignment of a controller stand where the controller
//! stands. Requests for contexts, notifications and their answers travel through the
//! network like other messages of the control plane. The address of a client is its node.

use sim_core::{SimDuration, SimTime};
use slab::Slab;
use soe_model::mec::{
    ApiVersion, Application, ApplicationKey, Assignment, Balancer, ContextId, ContextRequest,
    Limits, Outcome, Patience, Proxy,
};
use soe_model::names::{EndpointId, NodeId};

use super::client_side::Clients;
use super::event::{Cx, Event};
use super::ids::{ClientId, ControllerId};
use super::shared::Shared;

/// The provider and the version of all applications.
const PROVIDER: &str = "scenario";
const VERSION: &str = "1.0";

/// The proxies of all controllers that have one, and messages under way.
#[derive(Debug, Default)]
pub(super) struct Contexts {
    /// By controller.
    sides: Vec<Option<Side>>,
    messages: Slab<Message>,
}

/// A proxy with what assigns its clients.
#[derive(Debug)]
struct Side {
    node: NodeId,
    period: SimDuration,
    proxy: Proxy,
    balancer: Balancer,
    /// Contexts created until now; the last is the identifier of the next.
    created: u32,
    /// The client of each context, by its identifier.
    clients: Vec<ClientId>,
}

#[derive(Clone, Debug)]
enum Message {
    /// A client wants a context.
    Ask(ControllerId, ClientId),
    /// A client has a context, or not.
    Granted(ClientId, Option<(ContextId, EndpointId)>),
    /// A client must call another computer from now on.
    Notify {
        controller: ControllerId,
        client: ClientId,
        context: ContextId,
        number: u64,
        endpoint: EndpointId,
    },
    /// It knows.
    Told(ControllerId, u64),
    /// A client needs its context no longer.
    Delete(ControllerId, ContextId),
    /// It is time to assign clients.
    Balance(ControllerId),
}

/// What a client is told.
#[derive(Clone, Copy, Debug)]
pub(super) enum Arrived {
    /// It has a context, or not.
    Granted(ClientId, Option<(ContextId, EndpointId)>),
    /// It must call another computer from now on.
    Notified(ClientId, ContextId, EndpointId),
}

impl Contexts {
    /// The next controller, with a proxy if it assigns clients.
    pub fn push(&mut self, node: NodeId, period: Option<SimDuration>) {
        self.sides.push(period.map(|period| Side {
            node,
            period,
            proxy: Proxy::new(unlimited(), Patience::default()),
            balancer: Balancer::default(),
            created: 0,
            clients: Vec::new(),
        }));
    }

    /// Whether some controller assigns clients.
    pub fn is_used(&self) -> bool {
        self.sides.iter().any(Option::is_some)
    }

    /// How many contexts refer to each end-point that has some.
    pub fn references(&self) -> impl Iterator<Item = &str> {
        let proxies = self.sides.iter().flatten().map(|side| &side.proxy);
        proxies
            .flat_map(Proxy::contexts)
            .map(|context| context.reference())
    }

    /// Assigns clients for the first time.
    pub fn start(&mut self, cx: &mut Cx<'_>) {
        for number in 0..self.sides.len() as u32 {
            if self.sides[number as usize].is_some() {
                let message = Message::Balance(ControllerId(number));
                self.schedule(cx.now(), message, cx);
            }
        }
    }

    /// A computer offers these functions to a controller from now on; none if it is gone.
    pub fn computer(
        &mut self,
        controller: ControllerId,
        endpoint: EndpointId,
        functions: impl IntoIterator<Item = String>,
        now: SimTime,
        shared: &Shared<'_>,
    ) {
        let Some(side) = &mut self.sides[controller.index()] else {
            return;
        };
        let functions = functions.into_iter().collect();
        let endpoint = shared.endpoints.name(endpoint);
        let assignments = side.balancer.announce(endpoint, functions);
        side.apply(assignments, now);
    }

    /// Sends the notifications that follow from what has happened.
    pub fn notify(
        &mut self,
        controller: ControllerId,
        clients: &Clients,
        shared: &Shared<'_>,
        cx: &mut Cx<'_>,
    ) {
        loop {
            let Some(side) = &mut self.sides[controller.index()] else {
                return;
            };
            let Some(notification) = side.proxy.poll(cx.now()) else {
                return;
            };
            let client = side.clients[notification.context.0 as usize];
            let (from, to) = (side.node, clients.get(client).node());
            let Some(endpoint) = shared.endpoints.find(&notification.reference) else {
                continue;
            };
            let message = Message::Notify {
                controller,
                client,
                context: notification.context,
                number: notification.number,
                endpoint,
            };
            self.send(from, to, message, shared, cx);
        }
    }

    /// A client wants a context.
    pub fn ask(
        &mut self,
        client: ClientId,
        clients: &Clients,
        shared: &Shared<'_>,
        cx: &mut Cx<'_>,
    ) {
        let side = clients.get(client);
        if let Some(controller) = side.context() {
            self.tell_controller(
                client,
                controller,
                Message::Ask(controller, client),
                clients,
                shared,
                cx,
            );
        }
    }

    /// A client needs its context no longer.
    pub fn delete(
        &mut self,
        client: ClientId,
        context: ContextId,
        clients: &Clients,
        shared: &Shared<'_>,
        cx: &mut Cx<'_>,
    ) {
        if let Some(controller) = clients.get(client).context() {
            let message = Message::Delete(controller, context);
            self.tell_controller(client, controller, message, clients, shared, cx);
        }
    }

    /// A message arrives; returns what it tells a client, if it is for one.
    pub fn receive(
        &mut self,
        number: u32,
        clients: &Clients,
        shared: &Shared<'_>,
        cx: &mut Cx<'_>,
    ) -> Option<Arrived> {
        let now = cx.now();
        match self.messages.try_remove(number as usize)? {
            Message::Ask(controller, client) => {
                let side = self.sides[controller.index()].as_mut()?;
                let granted = side.create(client, clients, shared, now);
                let (from, to) = (side.node, clients.get(client).node());
                self.send(from, to, Message::Granted(client, granted), shared, cx);
                None
            }
            Message::Granted(client, granted) => Some(Arrived::Granted(client, granted)),
            Message::Notify {
                controller,
                client,
                context,
                number,
                endpoint,
            } => {
                let told = Message::Told(controller, number);
                self.tell_controller(client, controller, told, clients, shared, cx);
                Some(Arrived::Notified(client, context, endpoint))
            }
            Message::Told(controller, number) => {
                let side = self.sides[controller.index()].as_mut()?;
                side.proxy
                    .settled(now, number, Outcome::Answered { status: 204 });
                self.notify(controller, clients, shared, cx);
                None
            }
            Message::Delete(controller, context) => {
                let side = self.sides[controller.index()].as_mut()?;
                // It may be gone already.
                let _ = side.proxy.delete(ApiVersion::V1, context);
                None
            }
            Message::Balance(controller) => {
                let side = self.sides[controller.index()].as_mut()?;
                side.balance(now);
                let next = now + side.period;
                self.notify(controller, clients, shared, cx);
                self.schedule(next, Message::Balance(controller), cx);
                None
            }
        }
    }

    fn tell_controller(
        &mut self,
        client: ClientId,
        controller: ControllerId,
        message: Message,
        clients: &Clients,
        shared: &Shared<'_>,
        cx: &mut Cx<'_>,
    ) {
        if let Some(side) = &self.sides[controller.index()] {
            let (from, to) = (clients.get(client).node(), side.node);
            self.send(from, to, message, shared, cx);
        }
    }

    fn send(
        &mut self,
        from: NodeId,
        to: NodeId,
        message: Message,
        shared: &Shared<'_>,
        cx: &mut Cx<'_>,
    ) {
        let number = self.messages.insert(message) as u32;
        shared
            .wire
            .send_control(from, to, Event::Context(number), cx);
    }

    fn schedule(&mut self, at: SimTime, message: Message, cx: &mut Cx<'_>) {
        let number = self.messages.insert(message) as u32;
        cx.schedule_at(at, Event::Context(number));
    }
}

impl Side {
    fn create(
        &mut self,
        client: ClientId,
        clients: &Clients,
        shared: &Shared<'_>,
        now: SimTime,
    ) -> Option<(ContextId, EndpointId)> {
        let side = clients.get(client);
        let id = ContextId(u128::from(self.created));
        let request = ContextRequest {
            version: ApiVersion::V1,
            client: shared.wire.nodes().name(side.node()).to_owned(),
            device: format!("client-{}", client.0),
            callback: Some("the client".to_owned()),
            application: key(shared.functions.name(side.function())),
        };
        let context = self.proxy.create(now, id, request).ok()?;
        let endpoint = shared.endpoints.find(context.reference())?;
        self.proxy.take_records();
        self.created += 1;
        self.clients.push(client);
        Some((id, endpoint))
    }

    fn balance(&mut self, now: SimTime) {
        let contexts = self.proxy.contexts().map(|context| {
            let request = context.request();
            (request.client.as_str(), request.application.name.as_str())
        });
        let assignments = self.balancer.balance(contexts);
        self.apply(assignments, now);
    }

    /// What is too long for a table was refused when the scenario was read.
    fn apply(&mut self, assignments: Vec<Assignment>, now: SimTime) {
        for assignment in assignments {
            match assignment {
                Assignment::AddApplication(function) => {
                    let application = Application::plain(key(&function));
                    let _ = self.proxy.add_application(application);
                }
                Assignment::RemoveApplication(function) => {
                    self.proxy.remove_application(&key(&function));
                }
                Assignment::Associate {
                    client,
                    function,
                    endpoint,
                } => {
                    let _ = self.proxy.associate(now, client, &function, &endpoint);
                }
                Assignment::Dissociate { client, function } => {
                    self.proxy.dissociate(now, &client, &function);
                }
            }
        }
        // Nothing is kept beyond the run.
        self.proxy.take_records();
    }
}

fn key(function: &str) -> ApplicationKey {
    ApplicationKey::new(function, PROVIDER, VERSION)
}

/// A simulated network carries any number of notifications at a time.
fn unlimited() -> Limits {
    Limits {
        applications: usize::MAX,
        associations: usize::MAX,
        contexts: usize::MAX,
        contexts_of_client: usize::MAX,
        flights: usize::MAX,
        flights_of_client: usize::MAX,
    }
}
