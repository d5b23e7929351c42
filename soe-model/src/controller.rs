//! The controller decides which brokers know which computers.
//!
//! Computers and brokers announce themselves. The controller responds to each event
//! with the resulting updates of forwarding tables. The flat installer informs every
//! broker about every computer. The hierarchical installer follows Cicconetti, Conti
//! and Passarella, "A Decentralized Framework for Serverless Edge Computing in the
//! Internet of Things" (IEEE TNSM, 2020): a computer is known to one *home* broker
//! near it, and the other brokers know that broker.
//!
//! ```
//! use soe_model::controller::*;
//! use soe_model::names::Names;
//! use sim_core::Streams;
//!
//! let (mut functions, mut endpoints) = (Names::default(), Names::default());
//! let chance = Streams::new(42, 0).stream("controller", "home");
//! let mut controller = Controller::new(&InstallerSpec::Flat, chance);
//!
//! let router = Place { endpoint: endpoints.intern("router"), node: "edge" };
//! let computer = Place { endpoint: endpoints.intern("computer"), node: "edge" };
//! let container = Container {
//!     name: "ccontainer0".into(),
//!     processor: "arm".into(),
//!     function: functions.intern("clambda0"),
//!     workers: 4,
//! };
//! controller.announce_broker(router, &endpoints)?;
//! let pushes = controller.announce_computer(computer, &[container], &endpoints)?;
//! assert_eq!(pushes.len(), 1);
//! assert_eq!(pushes[0].broker, router.endpoint);
//! # Ok::<(), ControllerError>(())
//! ```

mod distances;
mod hierarchical;
mod spec;

use std::collections::BTreeMap;

use sim_core::Stream;

pub use distances::DistancesError;
pub use spec::{ControllerSpec, Distances, InstallerSpec, Objective};

use hierarchical::Hierarchy;

use crate::broker::Command;
use crate::names::{EndpointId, FunctionId, Names};

/// A controller with what was announced to it.
///
/// Every method returns the updates to be pushed, broker by broker in the order
/// in which they are to be sent. If a push fails, the driver says so with
/// [`forget_broker`](Controller::forget_broker). An announcement that is refused
/// changes nothing.
#[derive(Debug)]
pub struct Controller {
    /// By the name of the endpoint: updates go out in this order.
    computers: BTreeMap<String, Computer>,
    /// By the name of the endpoint.
    brokers: BTreeMap<String, Broker>,
    installer: Installer,
}

/// Where a computer or broker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// Where it receives calls.
    pub endpoint: EndpointId,
    /// The node on which it stands; in the live system the address part of the
    /// endpoint. Only the hierarchical installer looks at it.
    pub node: &'a str,
}

/// A container of a computer, as it is announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// The processor it runs on.
    pub processor: String,
    /// The function it executes.
    pub function: FunctionId,
    /// How many workers it has.
    pub workers: u32,
}

/// Updates for one broker, to be applied in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Push {
    /// The broker.
    pub broker: EndpointId,
    /// The updates.
    pub commands: Vec<Command>,
}

/// Why an announcement was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControllerError {
    /// The hierarchical installer does not know the node.
    #[error(
        "`{endpoint}` is on node `{node}`, which is not in the topology; its nodes are \
             {known}"
    )]
    UnknownNode {
        /// What was announced.
        endpoint: String,
        /// Where it stands.
        node: String,
        /// The nodes of the topology, separated by commas.
        known: String,
    },
}

/// The weight with which controllers install entries.
pub const INITIAL_WEIGHT: f32 = 1.0;

#[derive(Debug)]
struct Computer {
    endpoint: EndpointId,
    /// The number of its node, for the hierarchical installer.
    node: usize,
    containers: Vec<Container>,
}

#[derive(Debug)]
struct Broker {
    endpoint: EndpointId,
    node: usize,
}

#[derive(Debug)]
enum Installer {
    Flat,
    Hierarchical(Hierarchy),
}

impl Controller {
    /// A controller to which nothing was announced yet. The stream decides among
    /// home brokers on the same node.
    pub fn new(installer: &InstallerSpec, chance: Stream) -> Self {
        let installer = match installer {
            InstallerSpec::Flat => Installer::Flat,
            InstallerSpec::Hierarchical {
                distances,
                objective,
            } => Installer::Hierarchical(Hierarchy::new(distances.clone(), *objective, chance)),
        };
        Self {
            computers: BTreeMap::new(),
            brokers: BTreeMap::new(),
            installer,
        }
    }

    /// A computer announces itself. If it did before with other containers or
    /// from another node, it is removed first; if nothing has changed, nothing
    /// happens.
    ///
    /// # Errors
    /// If the hierarchical installer does not know its node.
    pub fn announce_computer(
        &mut self,
        place: Place<'_>,
        containers: &[Container],
        endpoints: &Names<EndpointId>,
    ) -> Result<Vec<Push>, ControllerError> {
        let node = self.installer.node(place, endpoints)?;
        let name = endpoints.name(place.endpoint);
        let mut pushes = Pushes::default();
        if let Some(known) = self.computers.get(name) {
            if known.containers == containers && known.node == node {
                return Ok(Vec::new());
            }
            self.take_computer(name, &mut pushes);
        }
        let computer = Computer {
            endpoint: place.endpoint,
            node,
            containers: containers.to_vec(),
        };
        match &mut self.installer {
            Installer::Flat => {
                for broker in self.brokers.values() {
                    pushes.extend(broker.endpoint, computer.installed());
                }
            }
            Installer::Hierarchical(hierarchy) => {
                hierarchy.add(&computer, &self.brokers, &mut pushes);
            }
        }
        self.computers.insert(name.to_owned(), computer);
        Ok(pushes.0)
    }

    /// A computer leaves, or a broker reports that it has failed. Nothing happens
    /// if it is unknown.
    pub fn remove_computer(
        &mut self,
        endpoint: EndpointId,
        endpoints: &Names<EndpointId>,
    ) -> Vec<Push> {
        let mut pushes = Pushes::default();
        self.take_computer(endpoints.name(endpoint), &mut pushes);
        pushes.0
    }

    /// A broker announces itself; it gets everything it has to know. If it did
    /// before, it is replaced.
    ///
    /// # Errors
    /// If the hierarchical installer does not know its node.
    pub fn announce_broker(
        &mut self,
        place: Place<'_>,
        endpoints: &Names<EndpointId>,
    ) -> Result<Vec<Push>, ControllerError> {
        let node = self.installer.node(place, endpoints)?;
        let endpoint = place.endpoint;
        let name = endpoints.name(endpoint).to_owned();
        self.brokers.insert(name, Broker { endpoint, node });
        let mut pushes = Pushes::default();
        match &mut self.installer {
            Installer::Flat => {
                for computer in self.computers.values() {
                    pushes.extend(endpoint, computer.installed());
                }
            }
            Installer::Hierarchical(hierarchy) => {
                hierarchy.reinstall(&self.computers, &self.brokers, &mut pushes);
            }
        }
        Ok(pushes.0)
    }

    /// A broker leaves, or an update could not be pushed to it. Nothing happens if
    /// it is unknown.
    pub fn forget_broker(
        &mut self,
        endpoint: EndpointId,
        endpoints: &Names<EndpointId>,
    ) -> Vec<Push> {
        let mut pushes = Pushes::default();
        if self.brokers.remove(endpoints.name(endpoint)).is_some()
            && let Installer::Hierarchical(hierarchy) = &mut self.installer
        {
            hierarchy.reinstall(&self.computers, &self.brokers, &mut pushes);
        }
        pushes.0
    }

    /// The computers that are known, in the order of their names.
    pub fn computers(&self) -> impl Iterator<Item = EndpointId> {
        self.computers.values().map(|computer| computer.endpoint)
    }

    /// The brokers that are known, in the order of their names.
    pub fn brokers(&self) -> impl Iterator<Item = EndpointId> {
        self.brokers.values().map(|broker| broker.endpoint)
    }

    fn take_computer(&mut self, name: &str, pushes: &mut Pushes) {
        let Some(computer) = self.computers.remove(name) else {
            return;
        };
        match &mut self.installer {
            Installer::Flat => {
                for broker in self.brokers.values() {
                    pushes.extend(broker.endpoint, computer.removed());
                }
            }
            Installer::Hierarchical(hierarchy) => {
                hierarchy.remove(&computer, &self.computers, &self.brokers, pushes);
            }
        }
    }
}

impl Computer {
    /// The functions it offers, each once, in the order of the announcement.
    fn functions(&self) -> impl Iterator<Item = FunctionId> {
        let containers = self.containers.iter().enumerate();
        containers.filter_map(|(i, container)| {
            let mut before = self.containers[..i].iter();
            let again = before.any(|other| other.function == container.function);
            (!again).then_some(container.function)
        })
    }

    fn offers(&self, function: FunctionId) -> bool {
        self.functions().any(|offered| offered == function)
    }

    fn installed(&self) -> impl Iterator<Item = Command> {
        self.functions().map(|function| Command::Change {
            function,
            destination: self.endpoint,
            weight: INITIAL_WEIGHT,
            is_final: true,
        })
    }

    fn removed(&self) -> impl Iterator<Item = Command> {
        self.functions().map(|function| Command::Remove {
            function,
            destination: self.endpoint,
        })
    }
}

impl Installer {
    /// The number of the node of what is announced.
    fn node(
        &self,
        place: Place<'_>,
        endpoints: &Names<EndpointId>,
    ) -> Result<usize, ControllerError> {
        match self {
            Self::Flat => Ok(0),
            Self::Hierarchical(hierarchy) => {
                let distances = hierarchy.distances();
                distances
                    .node(place.node)
                    .ok_or_else(|| ControllerError::UnknownNode {
                        endpoint: endpoints.name(place.endpoint).to_owned(),
                        node: place.node.to_owned(),
                        known: distances.nodes.join(", "),
                    })
            }
        }
    }
}

/// Updates in the order in which they are to be pushed.
#[derive(Debug, Default)]
struct Pushes(Vec<Push>);

impl Pushes {
    fn extend(&mut self, broker: EndpointId, commands: impl Iterator<Item = Command>) {
        for command in commands {
            match self.0.iter_mut().find(|push| push.broker == broker) {
                Some(push) => push.commands.push(command),
                None => self.0.push(Push {
                    broker,
                    commands: vec![command],
                }),
            }
        }
    }
}
