//! The controller as a service.
//!
//! A [`Controller`] drives the model of a controller ([`soe_model::controller`]): it
//! accepts announcements, and pushes the resulting updates of forwarding tables to
//! the brokers. [`run`] is the whole process.
//!
//! Updates of one broker are pushed in order, those of different brokers
//! concurrently, and each within [`PUSH`]. A broker that does not accept an update is
//! removed. The controller then tries to reach it, and sends everything again when it
//! succeeds.

mod command;
mod push;
mod service;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use sim_core::Streams;
use soe_model::controller::{self as model, ControllerError, InstallerSpec, Place, Push};
use soe_model::names::{EndpointId, FunctionId, Names};
use tokio::sync::oneshot;
use tracing::{info, warn};

pub use command::EdgeController;

use self::push::{Broker, Job};
use crate::command::{Endpoint, Stop};
use crate::connection::connect;
use crate::limits::{BROKER_SEARCH, Limits, PUSH};
use crate::mec::Assigner;
use crate::metrics::{Connections, ControllerMetrics, Exporter, Metrics};
use crate::rpc::edge_controller_server::EdgeControllerServer;
use crate::rpc::{ComputerInfo, EdgeRouterConf};
use crate::security::Security;
use crate::server::{ServeError, Server, Services};

/// Time between two attempts to reach a broker that was removed, at first and at most.
const FIRST_LOOK: Duration = Duration::from_millis(500);
const LAST_LOOK: Duration = Duration::from_secs(10);

/// What a controller process needs to know.
#[derive(Clone, Debug)]
pub struct ControllerOptions {
    /// Where it takes announcements.
    pub server_endpoint: Endpoint,
    /// How it fills the tables of the brokers.
    pub installer: InstallerSpec,
    /// The seed of its random draws.
    pub seed: u64,
    /// How connections are protected.
    pub security: Security,
    /// What it holds and takes at most.
    pub limits: Limits,
    /// Where metrics are served.
    pub metrics_endpoint: Option<Endpoint>,
}

/// Runs a controller until it is told to stop.
///
/// # Errors
/// If it cannot start.
pub async fn run(options: ControllerOptions, stop: Stop) -> Result<(), ServeError> {
    run_with(options, None, stop).await
}

/// The same. It also tells `assigner` about computers, if there is one.
///
/// # Errors
/// If it cannot start.
pub async fn run_with(
    options: ControllerOptions,
    assigner: Option<Assigner>,
    stop: Stop,
) -> Result<(), ServeError> {
    let server = Server::bind(&options.server_endpoint, &options.security).await?;
    let exporter = Exporter::bind(options.metrics_endpoint.as_ref()).await?;
    let metrics = exporter.as_ref().map(|exporter| exporter.metrics().clone());
    let connections = metrics.as_ref().and_then(|it| Connections::new(it));
    let server = server.with_limits(options.limits);
    let server = server.with_connections(connections);
    let controller = Controller::new(&options.installer, options.seed, options.security);
    let controller = match assigner {
        Some(assigner) => controller.with_assigner(assigner),
        None => controller,
    };
    if let Some(metrics) = &metrics {
        controller.count(metrics);
    }
    info!("announcements at {}", server.endpoint());
    let services = Services::new(&["uiiit.rpc.EdgeController"], |routes| {
        routes.add_service(
            EdgeControllerServer::new(controller).max_decoding_message_size(options.limits.message),
        );
    });
    let serving = server.run(None, services.await?, stop.clone());
    match exporter {
        None => serving.await,
        Some(exporter) => drop(tokio::join!(serving, exporter.run(stop))),
    }
    Ok(())
}

/// Takes announcements and tells the brokers.
#[derive(Clone, Debug)]
pub struct Controller {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    core: Mutex<Core>,
    security: Security,
    /// Is told about computers before brokers are.
    assigner: Option<Assigner>,
    /// What is counted for Prometheus; empty if nobody reads it.
    metrics: OnceLock<ControllerMetrics>,
}

/// The state of a controller, as an operator sees it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    /// Computers that are known.
    pub computers: usize,
    /// Brokers that get updates.
    pub brokers: usize,
    /// Changes that brokers have yet to take.
    pub changes: usize,
}

#[derive(Debug)]
struct Core {
    controller: model::Controller,
    functions: Names<FunctionId>,
    endpoints: Names<EndpointId>,
    brokers: BTreeMap<EndpointId, Broker>,
}

impl Controller {
    /// A controller to which nothing was announced yet.
    pub fn new(installer: &InstallerSpec, seed: u64, security: Security) -> Self {
        let chance = Streams::new(seed, 0).stream("controller", "home");
        let core = Core {
            controller: model::Controller::new(installer, chance),
            functions: Names::default(),
            endpoints: Names::default(),
            brokers: BTreeMap::new(),
        };
        Self {
            shared: Arc::new(Shared {
                core: Mutex::new(core),
                security,
                assigner: None,
                metrics: OnceLock::new(),
            }),
        }
    }

    /// Counts what it does from now on.
    fn count(&self, metrics: &Metrics) {
        if let Some(counts) = ControllerMetrics::of(metrics, self) {
            let _ = self.shared.metrics.set(counts);
        }
    }

    /// The state at this moment.
    pub(crate) fn seen(&self) -> Seen {
        let core = self.core();
        Seen {
            computers: core.controller.computers().count(),
            brokers: core.brokers.len(),
            changes: core.brokers.values().map(Broker::behind).sum(),
        }
    }

    fn announced(&self, kind: &'static str) {
        if let Some(metrics) = self.shared.metrics.get() {
            metrics.announced(kind);
        }
    }

    /// The same, which also tells a proxy of ETSI MEC about computers. Nobody else may
    /// have this controller yet.
    #[must_use]
    pub fn with_assigner(mut self, assigner: Assigner) -> Self {
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.assigner = Some(assigner);
        }
        self
    }

    async fn announce_computer(
        &self,
        endpoint: &Endpoint,
        computer: &ComputerInfo,
    ) -> Result<(), ControllerError> {
        let pushed = {
            let mut core = self.core();
            let Core {
                controller,
                functions,
                endpoints,
                ..
            } = &mut *core;
            let containers = computer.model_containers(functions);
            let place = place(endpoint, endpoints);
            let is_known = controller.computers().any(|each| each == place.endpoint);
            let pushes = controller.announce_computer(place, &containers, endpoints)?;
            if !is_known || !pushes.is_empty() {
                info!("computer {endpoint}");
            }
            core.push(pushes)
        };
        if let Some(assigner) = &self.shared.assigner {
            let containers = computer.containers.iter();
            let functions = containers
                .map(|container| container.lambda.clone())
                .collect();
            assigner.computer(endpoint.as_str(), functions).await;
        }
        finished(pushed).await;
        Ok(())
    }

    async fn remove_computer(&self, endpoint: &str) {
        let pushed = {
            let mut core = self.core();
            let Some(known) = core.endpoints.find(endpoint) else {
                return;
            };
            let Core {
                controller,
                endpoints,
                ..
            } = &mut *core;
            let is_known = controller.computers().any(|each| each == known);
            let pushes = controller.remove_computer(known, endpoints);
            if is_known {
                info!("computer {endpoint} leaves");
            }
            core.push(pushes)
        };
        if let Some(assigner) = &self.shared.assigner {
            assigner.computer(endpoint, BTreeSet::new()).await;
        }
        finished(pushed).await;
    }

    async fn announce_broker(
        &self,
        endpoint: &Endpoint,
        tables: &Endpoint,
    ) -> Result<(), ControllerError> {
        let pushed = {
            let mut core = self.core();
            let Core {
                controller,
                endpoints,
                ..
            } = &mut *core;
            let place = place(endpoint, endpoints);
            let known = place.endpoint;
            let pushes = controller.announce_broker(place, endpoints)?;
            info!("broker {endpoint} with tables at {tables}");
            let broker = Broker::start(self.clone(), known, tables.clone());
            core.brokers.insert(known, broker);
            core.push(pushes)
        };
        finished(pushed).await;
        Ok(())
    }

    async fn remove_broker(&self, endpoint: &str) {
        let pushed = {
            let mut core = self.core();
            let Some(known) = core.endpoints.find(endpoint) else {
                return;
            };
            info!("broker {endpoint} leaves");
            core.forget(known)
        };
        finished(pushed).await;
    }

    /// A broker does not take its updates.
    fn broker_failed(&self, broker: EndpointId, tables: &Endpoint) {
        let mut core = self.core();
        let current = core.brokers.get(&broker);
        if current.is_none_or(|current| current.tables() != tables) {
            return;
        }
        let Ok(endpoint) = core.endpoints.name(broker).parse::<Endpoint>() else {
            return;
        };
        warn!("broker {endpoint} cannot be reached at {tables} and is removed");
        core.forget(broker);
        if let Some(metrics) = self.shared.metrics.get() {
            metrics.broker_failed();
        }
        tokio::spawn(self.clone().look_for(broker, endpoint, tables.clone()));
    }

    /// Waits until a broker can be reached again.
    async fn look_for(self, broker: EndpointId, endpoint: Endpoint, tables: Endpoint) {
        let since = Instant::now();
        let mut pause = FIRST_LOOK;
        while since.elapsed() < BROKER_SEARCH {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LAST_LOOK);
            if self.core().brokers.contains_key(&broker) {
                return;
            }
            if connect(tables.as_str(), &self.shared.security)
                .await
                .is_ok()
            {
                if !self.core().brokers.contains_key(&broker) {
                    // It was accepted before, so it is again.
                    let _ = self.announce_broker(&endpoint, &tables).await;
                }
                return;
            }
        }
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        let core = self.shared.core.lock();
        core.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    fn forget(&mut self, broker: EndpointId) -> Vec<oneshot::Receiver<()>> {
        self.brokers.remove(&broker);
        let pushes = self.controller.forget_broker(broker, &self.endpoints);
        self.push(pushes)
    }

    /// Hands updates over to those who push them.
    fn push(&self, pushes: Vec<Push>) -> Vec<oneshot::Receiver<()>> {
        let pushed = pushes.into_iter().filter_map(|push| {
            let broker = self.brokers.get(&push.broker)?;
            let commands = push.commands.iter();
            let changes = commands
                .map(|command| EdgeRouterConf::of(command, &self.functions, &self.endpoints));
            let (done, pushed) = oneshot::channel();
            broker.hand_over(Job {
                changes: changes.collect(),
                done,
            });
            Some(pushed)
        });
        pushed.collect()
    }
}

/// Waits until updates are pushed, or have failed.
async fn finished(pushed: Vec<oneshot::Receiver<()>>) {
    let all = async {
        for pushed in pushed {
            // An error means that the broker was forgotten meanwhile.
            let _ = pushed.await;
        }
    };
    // Each push ends by itself in time, unless others wait before it.
    let _ = tokio::time::timeout(PUSH, all).await;
}

fn place<'a>(endpoint: &'a Endpoint, endpoints: &mut Names<EndpointId>) -> Place<'a> {
    let host = endpoint.host();
    let node = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    Place {
        endpoint: endpoints.intern(endpoint.as_str()),
        node: node
            .filter(|node| node.parse::<IpAddr>().is_ok())
            .unwrap_or(host),
    }
}
