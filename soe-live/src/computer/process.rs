//! The process of a computer.

use std::sync::Arc;
use std::time::Duration;

use soe_model::computer::ComputerSpec;
use soe_model::computer::platform::Platform;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{info, warn};

use super::simulated::SimulatedError;
use super::{
    Computer, Executor, Gateway, GatewayConf, OpenWhisk, OpenWhiskConf, Simulated, Utilization,
    WorkflowOptions,
};
use crate::announce::{self, Subject};
use crate::command::{Endpoint, Failure, Stop};
use crate::limits::Limits;
use crate::metrics::{Calls, ComputerMetrics, Connections, Exporter};
use crate::rpc::computer_info;
use crate::rpc::edge_computer_server::EdgeComputerServer;
use crate::rpc::state_server_server::StateServerServer;
use crate::security::{MissingIdentity, Security};
use crate::server::{ServeError, Server, Services};
use crate::transport::Transport;
use crate::workflow::StateService;

/// How often the list of functions behind a gateway is read.
const LISTED: Duration = Duration::from_secs(10);
/// How often the list of actions of OpenWhisk is read, as by the original.
const DISCOVERED: Duration = Duration::from_secs(1);

/// What a computer process needs to know.
#[derive(Clone, Debug)]
pub struct ComputerOptions {
    /// What executes functions.
    pub kind: Kind,
    /// Where it executes functions.
    pub server_endpoint: Endpoint,
    /// Where others reach it, if not there.
    pub announce_endpoint: Option<Endpoint>,
    /// The controller to which it announces itself.
    pub controller_endpoint: Option<Endpoint>,
    /// How often it repeats the announcement.
    pub announce_period: Duration,
    /// Where it reports the utilization of its processors.
    pub utilization_endpoint: Option<Endpoint>,
    /// What it can do for workflows.
    pub workflows: WorkflowOptions,
    /// How connections are protected.
    pub security: Security,
    /// How invocations come.
    pub server_transport: Transport,
    /// How invocations travel to the companion.
    pub client_transport: Transport,
    /// What it holds and takes at most.
    pub limits: Limits,
    /// Where metrics are served.
    pub metrics_endpoint: Option<Endpoint>,
}

impl ComputerOptions {
    /// A simulated computer that is not announced, in plaintext.
    pub fn of(platform: Platform, server_endpoint: Endpoint) -> Self {
        Self {
            kind: Kind::Simulated(platform),
            server_endpoint,
            announce_endpoint: None,
            controller_endpoint: None,
            announce_period: LISTED,
            utilization_endpoint: None,
            workflows: WorkflowOptions::default(),
            security: Security::Plaintext,
            server_transport: Transport::Grpc,
            client_transport: Transport::Grpc,
            limits: Limits::default(),
            metrics_endpoint: None,
        }
    }

    /// What a simulated computer of this name consists of; `None` if it is not
    /// simulated.
    pub fn spec(&self, name: &str) -> Option<ComputerSpec> {
        match &self.kind {
            Kind::Simulated(platform) => Some(platform.clone().computer(
                name.to_owned(),
                String::new(),
                None,
            )),
            _ => None,
        }
    }
}

/// What executes functions.
#[derive(Clone, Debug)]
pub enum Kind {
    /// The model of this platform.
    Simulated(Platform),
    /// A serverless platform behind a gateway.
    Gateway(GatewayConf),
    /// Face recognition.
    #[cfg(feature = "facerec")]
    Faces(crate::facerec::RecognizerOptions),
    /// OpenWhisk, or another deployment behind its front end.
    OpenWhisk(OpenWhiskConf),
}

/// Why a computer does not run.
#[derive(Debug, thiserror::Error)]
pub enum ComputerError {
    /// The computer makes no sense.
    #[error(transparent)]
    Computer(#[from] SimulatedError),
    /// It does not listen.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// It has no certificate to show.
    #[error(transparent)]
    Identity(#[from] MissingIdentity),
    /// A model of face recognition cannot be used.
    #[cfg(feature = "facerec")]
    #[error(transparent)]
    Model(#[from] crate::facerec::ModelsError),
    /// The options contradict each other.
    #[error("{0}")]
    Options(&'static str),
}

impl ComputerError {
    /// How the executable ends.
    pub(crate) fn failure(self) -> Failure {
        match self {
            Self::Serve(_) => Failure::run(self),
            _ => Failure::input(self),
        }
    }
}

/// Runs a computer until it is told to stop.
///
/// # Errors
/// If it cannot start.
pub async fn run(mut options: ComputerOptions, stop: Stop) -> Result<(), ComputerError> {
    check(&options.workflows)?;
    let states = bind_states(&mut options).await?;
    let security = &options.security;
    let limits = options.limits;
    let server = Server::bind_over(options.server_transport, &options.server_endpoint, security);
    let exporter = Exporter::bind(options.metrics_endpoint.as_ref()).await?;
    let metrics = exporter.as_ref().map(|exporter| exporter.metrics().clone());
    let connections = metrics.as_ref().and_then(|it| Connections::new(it));
    let server = server.await?.with_limits(limits);
    let server = server.with_connections(connections);
    let announced = options.announce_endpoint.as_ref();
    let endpoint = announced.unwrap_or(server.endpoint()).clone();
    let name = endpoint.to_string();
    let (executor, containers) = match &options.kind {
        Kind::Simulated(platform) => {
            let spec = platform.clone();
            let spec = spec.computer(name.clone(), String::new(), None);
            let simulated = Arc::new(Simulated::new(&spec)?);
            let containers = simulated.containers().to_vec();
            (Executor::Simulated(simulated), containers)
        }
        Kind::Gateway(conf) => (Executor::Gateway(Gateway::new(conf.clone())), Vec::new()),
        Kind::OpenWhisk(conf) => (
            Executor::OpenWhisk(OpenWhisk::new(conf.clone())),
            Vec::new(),
        ),
        #[cfg(feature = "facerec")]
        Kind::Faces(options) => faces(options).await?,
    };
    // No stop for the servers before the controller knows that we go.
    let close = Stop::new();
    let mut servers = JoinSet::new();
    if let (Some(metrics), Executor::Simulated(simulated)) = (&metrics, &executor) {
        ComputerMetrics::add(metrics, simulated.clone());
    }
    if let Some(exporter) = exporter {
        servers.spawn(exporter.run(close.clone()));
    }
    let utilization = Utilization::of_executor(&executor);
    if let (Some(endpoint), Some(utilization)) = (&options.utilization_endpoint, utilization) {
        let server = Server::bind(endpoint, security).await?;
        let server = server.with_limits(limits);
        info!("utilization at {}", server.endpoint());
        let utilization = utilization.until(close.clone());
        let services = Services::new(&["uiiit.rpc.EdgeComputer"], |routes| {
            routes.add_service(EdgeComputerServer::new(utilization));
        });
        servers.spawn(server.run(None, services.await?, close.clone()));
    }
    let computer = Arc::new(Computer::new(executor, &name, &options)?);
    if let Some(server) = states {
        info!("states at {}", server.endpoint());
        let keeper = computer.clone();
        let services = Services::new(&["uiiit.rpc.StateServer"], |routes| {
            let service = StateServerServer::new(StateService::of(keeper));
            routes.add_service(service.max_decoding_message_size(limits.message));
        });
        let server = server.with_limits(limits);
        servers.spawn(server.run(None, services.await?, close.clone()));
    }
    info!("functions at {}", server.endpoint());
    let services = Services::new(&["uiiit.rpc.EdgeServer"], |_| {}).await?;
    let (health, leaving) = (services.health(), stop.clone());
    servers.spawn(async move {
        leaving.wait().await;
        health.set(false).await;
    });
    let invocations = Calls::measure(metrics.as_ref(), computer.clone());
    servers.spawn(server.run(Some(invocations), services, close.clone()));

    let (offered, offer) = watch::channel(containers);
    let listing = listing(&computer, offered, &stop);
    let announcing = async {
        match options.controller_endpoint.clone() {
            None => stop.wait().await,
            Some(controller) => {
                let subject = Subject::Computer {
                    endpoint,
                    containers: offer,
                    period: options.announce_period,
                };
                announce::keep(controller, security.clone(), subject, stop.clone()).await;
            }
        }
    };
    tokio::select! {
        _ = async { tokio::join!(announcing, listing) } => {}
        () = computer.clone().keep_time() => {}
    }
    tokio::select! {
        () = computer.workflows.drain() => {}
        () = computer.clone().keep_time() => {}
    }
    close.stop();
    while servers.join_next().await.is_some() {}
    Ok(())
}

/// Workers that search pictures, and what they offer.
#[cfg(feature = "facerec")]
async fn faces(
    options: &crate::facerec::RecognizerOptions,
) -> Result<(Executor, Vec<computer_info::Container>), ComputerError> {
    let options = options.clone();
    let faces = tokio::task::spawn_blocking(move || crate::facerec::Recognizer::new(&options));
    let faces = faces
        .await
        .map_err(|_| ComputerError::Options("a model has failed"))?;
    let faces = Arc::new(faces?);
    let usage = faces.usage().clone();
    tokio::spawn(async move { usage.watch().await });
    let workers = u32::try_from(faces.workers()).unwrap_or(u32::MAX);
    let containers = faces.functions().map(|function| computer_info::Container {
        name: function.to_owned(),
        processor: "cpu".to_owned(),
        lambda: function.to_owned(),
        num_workers: workers,
    });
    let containers = containers.collect();
    Ok((Executor::Faces(faces), containers))
}

/// Refuses options that contradict each other.
fn check(options: &WorkflowOptions) -> Result<(), ComputerError> {
    let wrong = |text| Err(ComputerError::Options(text));
    match &options.state_endpoint {
        None if options.no_state_server => {
            wrong("--no-state-server needs --state-endpoint, the address of the state server")
        }
        Some(endpoint) if endpoint.is_wildcard() => wrong(
            "--state-endpoint is a wildcard address: give the address at which others reach the \
             states of this computer",
        ),
        _ => Ok(()),
    }
}

/// Listens for questions about states, if there is a state server here.
async fn bind_states(options: &mut ComputerOptions) -> Result<Option<Server>, ServeError> {
    let workflows = &mut options.workflows;
    match &workflows.state_endpoint {
        Some(endpoint) if !workflows.no_state_server => {
            let server = Server::bind(endpoint, &options.security).await?;
            // References name it with the port that the system chose.
            workflows.state_endpoint = Some(server.endpoint().clone());
            Ok(Some(server))
        }
        _ => Ok(None),
    }
}

/// Keeps the list of functions of a platform.
async fn listing(
    computer: &Computer,
    offered: watch::Sender<Vec<computer_info::Container>>,
    stop: &Stop,
) {
    let period = match &computer.executor {
        Executor::Gateway(_) => LISTED,
        Executor::OpenWhisk(_) => DISCOVERED,
        _ => return stop.wait().await,
    };
    let mut well = true;
    loop {
        let listed = tokio::select! {
            () = stop.wait() => return,
            listed = containers(&computer.executor) => listed,
        };
        match &listed {
            Ok(_) if !well => info!("the platform lists its functions again"),
            Err(error) if well => warn!("the platform does not list its functions: {error}"),
            _ => {}
        }
        well = listed.is_ok();
        // What was known before stays while the platform is away.
        if let Ok(containers) = listed {
            offered.send_if_modified(|known| {
                let changed = *known != containers;
                *known = containers;
                changed
            });
        }
        tokio::select! {
            () = stop.wait() => return,
            () = tokio::time::sleep(period) => {}
        }
    }
}

/// What a platform offers.
async fn containers(executor: &Executor) -> Result<Vec<computer_info::Container>, String> {
    let container =
        |name: &str, processor: &str, lambda: String, workers: usize| computer_info::Container {
            name: name.to_owned(),
            processor: processor.to_owned(),
            lambda,
            num_workers: u32::try_from(workers).unwrap_or(u32::MAX),
        };
    Ok(match executor {
        Executor::Gateway(gateway) => {
            let functions = gateway.functions().await?.into_iter();
            let each = |it: String| container(&it.clone(), "gateway", it, gateway.clients());
            functions.map(each).collect()
        }
        Executor::OpenWhisk(platform) => {
            let functions = platform.functions().await?.into_iter();
            functions.map(|it| container("wsk", "wsk", it, 1)).collect()
        }
        _ => Vec::new(),
    })
}
