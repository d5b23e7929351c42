//! Serving gRPC, and invocations over QUIC.
//!
//! Every service of a process listens here. Invocations of functions (`RunLambda`)
//! are passed undecoded to an [`Invocations`]; all other calls go to tonic services,
//! to which health checking (`grpc.health.v1`) and reflection are added.
//!
//! A connection is one task that contains its calls: the calls of a batch of frames
//! are handled and answered together.

mod call;
mod connection;
mod crowd;
mod fallback;
mod incoming;
#[cfg(feature = "quic")]
mod quic;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use socket2::{Domain, Protocol, SockRef, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tonic::Status;
use tonic::service::{Routes, RoutesBuilder};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tracing::{debug, warn};

use crate::budget::{Account, Memory};
use crate::command::{Endpoint, Stop};
use crate::limits;
use crate::limits::{HANDSHAKE, Limits};
use crate::metrics::Connections;
use crate::rpc;
use crate::security::{MissingIdentity, Security};
use crate::socket::Socket;
use crate::transport::Transport;
use crate::wire::Frame;

pub(crate) use crowd::{Crowd, Place};

pub(crate) use call::GRPC;
pub use call::RUN_LAMBDA;

/// Handles invocations of functions.
pub trait Invocations: Send + Sync + 'static {
    /// Handles one, whose frame was checked. Dropping the future means that the caller
    /// is gone.
    fn invoke(self: Arc<Self>, request: Frame, caller: Caller) -> Invocation;
}

/// What is known of the caller of an invocation. The default knows nothing.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// When the caller loses interest, if it has said so.
    pub deadline: Option<Instant>,
    /// The account that pays for the memory of the response.
    pub(crate) account: Option<Arc<Account>>,
}

impl Caller {
    /// A caller that loses interest at `deadline`.
    pub fn until(deadline: Instant) -> Self {
        Self {
            deadline: Some(deadline),
            account: None,
        }
    }
}

/// An invocation in progress.
pub type Invocation = Pin<Box<dyn Future<Output = Result<Frame, Status>> + Send>>;

/// Why a service does not listen.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The endpoint is not free, or not ours.
    #[error("Could not bind to: {endpoint}: {source}")]
    Bind {
        /// The endpoint.
        endpoint: Endpoint,
        /// Why.
        source: io::Error,
    },
    /// We have no certificate to show.
    #[error(transparent)]
    Identity(#[from] MissingIdentity),
    /// Reflection cannot be offered.
    #[error("cannot offer reflection: {0}")]
    Reflection(String),
}

/// A socket that listens, not served yet.
#[derive(Debug)]
pub struct Server {
    listener: Listener,
    local: SocketAddr,
    endpoint: Endpoint,
    limits: Limits,
    connections: Option<Connections>,
}

#[derive(Debug)]
enum Listener {
    Tcp(TcpListener, Option<Arc<rustls::ServerConfig>>),
    #[cfg(feature = "quic")]
    Quic(quic::Listener),
}

impl Server {
    /// Listens at an endpoint. With port 0 the system chooses one.
    ///
    /// # Errors
    /// If it is in use, or the certificate is missing.
    pub async fn bind(endpoint: &Endpoint, security: &Security) -> Result<Self, ServeError> {
        Self::bind_over(Transport::Grpc, endpoint, security).await
    }

    /// Listens at an endpoint, for one transport. Over another transport than gRPC there
    /// are invocations only, no other services.
    ///
    /// # Errors
    /// If the endpoint is not free, there is no certificate, or the transport needs
    /// other security.
    pub async fn bind_over(
        transport: Transport,
        endpoint: &Endpoint,
        security: &Security,
    ) -> Result<Self, ServeError> {
        let bind = |source| ServeError::Bind {
            endpoint: endpoint.clone(),
            source,
        };
        let address = resolve(endpoint).await.map_err(bind)?;
        let listener = match transport {
            Transport::Grpc => {
                let tls = security.server()?;
                Listener::Tcp(listen(address).map_err(bind)?, tls)
            }
            #[cfg(feature = "quic")]
            Transport::Quic(options) => {
                let tls = quic::Identity::new(endpoint, security, options)?;
                Listener::Quic(quic::Listener::bind(address, tls).map_err(bind)?)
            }
        };
        let local = match &listener {
            Listener::Tcp(listener, _) => listener.local_addr(),
            #[cfg(feature = "quic")]
            Listener::Quic(listener) => listener.local_address(),
        };
        let local = local.map_err(bind)?;
        let endpoint = with_port(endpoint, local.port());
        Ok(Self {
            listener,
            local,
            endpoint,
            limits: Limits::default(),
            connections: None,
        })
    }

    /// With other bounds than [`Limits::default`].
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Counts its connections over TCP.
    #[must_use]
    pub(crate) fn with_connections(mut self, connections: Option<Connections>) -> Self {
        self.connections = connections;
        self
    }

    /// Where it listens, with the port that the system chose.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The address where it listens.
    pub fn local_address(&self) -> SocketAddr {
        self.local
    }

    /// Serves until it is told to stop; then takes nothing new and lets run what
    /// runs, for a while.
    pub async fn run(
        self,
        invocations: Option<Arc<dyn Invocations>>,
        services: Services,
        stop: Stop,
    ) {
        let shared = Arc::new(Shared {
            invocations,
            routes: services.routes,
            limits: self.limits,
            memory: Memory::new(self.limits.held),
            connections: self.connections,
            health: services.health,
        });
        match self.listener {
            Listener::Tcp(listener, tls) => {
                serve(listener, tls, shared, &self.endpoint, stop).await
            }
            #[cfg(feature = "quic")]
            Listener::Quic(listener) => listener.serve(shared, &self.endpoint, stop).await,
        }
    }
}

/// Serves connections over TCP until it is told to stop.
async fn serve(
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    shared: Arc<Shared>,
    endpoint: &Endpoint,
    stop: Stop,
) {
    let (most, drain) = (shared.limits.connections, shared.limits.drain);
    let crowd = Crowd::new(most);
    let refusals = Arc::new(Refusals::default());
    let acceptor = tls.map(TlsAcceptor::from);
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.wait() => break,
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let (socket, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                not_accepted(&error).await;
                continue;
            }
        };
        let Some(place) = crowd.enter() else {
            debug!("{peer}: connection closed, all {most} connections are busy");
            if let Some(connections) = &shared.connections {
                connections.refuse();
            }
            continue;
        };
        if let Err(error) = tune(&socket) {
            debug!("{peer}: cannot set socket options: {error}");
        }
        let (shared, stop) = (shared.clone(), stop.clone());
        let (acceptor, refusals) = (acceptor.clone(), refusals.clone());
        connections.spawn(async move {
            let _open = shared.connections.as_ref().map(Connections::enter);
            if let Some(socket) = secured(socket, peer, acceptor, &refusals).await {
                connection::serve(socket, place, shared, stop).await;
            }
        });
    }
    drop(listener);
    shared.health.leave().await;
    let drained = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(drain, drained).await.is_err() {
        warn!("{}: stopped while calls were still running", endpoint);
    }
}

/// Tells why a connection was not accepted. Where it is the system that has no more sockets,
/// this takes a moment, in which some may become free.
pub(crate) async fn not_accepted(error: &io::Error) {
    debug!("cannot accept a connection: {error}");
    if !is_about_peer(error) {
        warn!("cannot accept connections at the moment: {error}");
        tokio::time::sleep(limits::NO_SOCKETS).await;
    }
}

/// A connection after the handshake of TLS, if there is to be one; `None` if that fails,
/// which is told.
pub(crate) async fn secured(
    socket: TcpStream,
    peer: SocketAddr,
    acceptor: Option<TlsAcceptor>,
    refusals: &Refusals,
) -> Option<Socket> {
    let Some(acceptor) = acceptor else {
        return Some(socket.into());
    };
    match tokio::time::timeout(HANDSHAKE, acceptor.accept(socket)).await {
        Ok(Ok(socket)) => Some(Socket::from(tokio_rustls::TlsStream::from(socket))),
        Ok(Err(error)) => {
            refusals.tell(peer, &error);
            None
        }
        Err(_) => {
            refusals.tell(peer, &"TLS handshake timed out");
            None
        }
    }
}

/// Tells of callers that are refused because of TLS: one at a time, so that they cannot
/// fill the log.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<(Option<Instant>, u64)>);

impl Refusals {
    /// Tells of one, unless another was told of a moment before.
    pub(crate) fn tell(&self, peer: SocketAddr, why: &dyn std::fmt::Display) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (told, untold) = &mut *state;
        if told.is_some_and(|told| told.elapsed() < limits::REFUSALS_APART) {
            *untold += 1;
            return debug!("{peer}: no TLS: {why}");
        }
        let before = std::mem::take(untold);
        *told = Some(Instant::now());
        drop(state);
        match before {
            0 => warn!("{peer} is refused: {why}"),
            before => warn!("{peer} refused: {why} (after {before} other refusals)"),
        }
    }
}

/// What the connections of a server share.
struct Shared {
    invocations: Option<Arc<dyn Invocations>>,
    routes: Routes,
    limits: Limits,
    memory: Arc<Memory>,
    connections: Option<Connections>,
    health: Health,
}

/// The services of tonic behind one endpoint, health checking and reflection
/// included.
#[derive(Clone, Debug)]
pub struct Services {
    routes: Routes,
    health: Health,
}

impl Services {
    /// With what `add` adds. `names` are those of all services offered, for health
    /// checking.
    ///
    /// # Errors
    /// If reflection cannot be offered.
    pub async fn new(
        names: &[&str],
        add: impl FnOnce(&mut RoutesBuilder),
    ) -> Result<Self, ServeError> {
        let wrong = |error: &dyn std::fmt::Display| ServeError::Reflection(error.to_string());
        let (reporter, health) = tonic_health::server::health_reporter();
        let mut reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(rpc::DESCRIPTOR)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET);
        for name in names {
            reporter
                .set_service_status(*name, ServingStatus::Serving)
                .await;
            reflection = reflection.with_service_name(*name);
        }
        let reflection = reflection
            .with_service_name("grpc.health.v1.Health")
            .build_v1()
            .map_err(|error| wrong(&error))?;
        let mut older = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(rpc::DESCRIPTOR)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .with_service_name("grpc.health.v1.Health");
        for name in names {
            older = older.with_service_name(*name);
        }
        let older = older.build_v1alpha().map_err(|error| wrong(&error))?;
        let mut builder = Routes::builder();
        builder
            .add_service(health)
            .add_service(reflection)
            .add_service(older);
        add(&mut builder);
        let names = names.iter().map(|name| (*name).to_owned());
        Ok(Self {
            routes: builder.routes().prepare(),
            health: Health {
                reporter,
                names: std::iter::once(String::new()).chain(names).collect(),
            },
        })
    }

    /// What health checking says of them.
    pub fn health(&self) -> Health {
        self.health.clone()
    }
}

/// What health checking (`grpc.health.v1`) says of the services of a server: SERVING at
/// first, NOT_SERVING from the moment at which the server stops.
#[derive(Clone, Debug)]
pub struct Health {
    reporter: HealthReporter,
    /// With the empty one, which stands for the whole server.
    names: Arc<[String]>,
}

impl Health {
    /// Says whether the services are ready. Who watches is told, so only changes belong
    /// here.
    pub async fn set(&self, ready: bool) {
        let status = match ready {
            true => ServingStatus::Serving,
            false => ServingStatus::NotServing,
        };
        for name in self.names.iter() {
            self.reporter.set_service_status(name, status).await;
        }
    }

    /// Says that nothing is ready any more, and ends the streams of those who watch.
    async fn leave(&self) {
        self.set(false).await;
        let mut reporter = self.reporter.clone();
        for name in self.names.iter() {
            reporter.clear_service_status(name).await;
        }
    }
}

/// Sets what every connection needs: no delay, and an end if the peer vanishes.
pub(crate) fn tune(socket: &TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(limits::KEEPALIVE)
        .with_interval(limits::KEEPALIVE / 4);
    SockRef::from(socket).set_tcp_keepalive(&keepalive)
}

/// Listens at an endpoint; with port 0 the system chooses one. The address and the endpoint
/// that are returned have the port that was chosen.
pub(crate) async fn listen_at(
    endpoint: &Endpoint,
) -> Result<(TcpListener, SocketAddr, Endpoint), ServeError> {
    let bind = |source| ServeError::Bind {
        endpoint: endpoint.clone(),
        source,
    };
    let address = resolve(endpoint).await.map_err(bind)?;
    let listener = listen(address).map_err(bind)?;
    let local = listener.local_addr().map_err(bind)?;
    Ok((listener, local, with_port(endpoint, local.port())))
}

/// The first address of an endpoint.
async fn resolve(endpoint: &Endpoint) -> io::Result<SocketAddr> {
    let mut addresses = tokio::net::lookup_host(endpoint.as_str()).await?;
    addresses
        .next()
        .ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
}

/// The endpoint, with the port that the system chose if it was 0.
fn with_port(endpoint: &Endpoint, port: u16) -> Endpoint {
    match endpoint.port() {
        0 => format!("{}:{port}", endpoint.host())
            .parse()
            .unwrap_or_else(|_| endpoint.clone()),
        _ => endpoint.clone(),
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket2::Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(4096)?;
    TcpListener::from_std(socket.into())
}

/// Whether a connection could not be accepted because the peer has given up.
pub(crate) fn is_about_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}
