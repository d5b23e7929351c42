//! Another server that invocations are sent to.
//!
//! Connections are opened when they are needed, up to a number per peer, and
//! shared by all calls.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tracing::trace;

use crate::command::Endpoint;
use crate::connection::CONNECT_TIMEOUT;
use crate::link::{Link, Trouble};
use crate::security::{MissingIdentity, Security};
use crate::server::{self, RUN_LAMBDA};
use crate::socket::Socket;
use crate::wire::Frame;

/// A connection takes so many calls before another one is opened.
const CROWDED: usize = 256;

/// A server that invocations are sent to.
#[derive(Debug)]
pub struct Peer {
    endpoint: Endpoint,
    tls: Option<Arc<rustls::ClientConfig>>,
    most: usize,
    links: Mutex<Vec<Arc<Link>>>,
    connecting: tokio::sync::Mutex<()>,
}

/// Why a call has no response.
#[derive(Clone, Debug)]
pub enum CallError {
    /// The peer cannot be reached, or is not there any more.
    Unreachable(String),
    /// The peer is there, but has no response; that is the caller's concern.
    Refused(String),
}

impl Peer {
    /// The server at an endpoint, with at most so many connections to it.
    ///
    /// # Errors
    /// If there is no certificate to show it.
    pub fn new(
        endpoint: &Endpoint,
        security: &Security,
        connections: usize,
    ) -> Result<Self, MissingIdentity> {
        let tls = security.client()?;
        Ok(Self {
            endpoint: endpoint.clone(),
            tls,
            most: connections.max(1),
            links: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
        })
    }

    /// Sends an invocation and waits for the response, until `deadline`.
    ///
    /// A connection that turns out to be lost is replaced once: the peer may have
    /// been restarted.
    pub async fn call(&self, frame: &Frame, deadline: Instant) -> Result<Frame, CallError> {
        let mut link = self.link().await?;
        for again in [true, false] {
            let trouble = match self.exchange(&link, frame, deadline).await {
                Ok(response) => return Ok(response),
                Err(trouble) => trouble,
            };
            match trouble {
                Trouble::Refused(text) => return Err(CallError::Refused(text)),
                Trouble::Lost(text) => {
                    trace!("{}: connection lost: {text}", self.endpoint);
                    self.forget(&link);
                    if !again || Instant::now() >= deadline {
                        return Err(CallError::Unreachable(text));
                    }
                    link = self.link().await?;
                }
            }
        }
        Err(CallError::Unreachable("connection lost".to_owned()))
    }

    /// Makes sure that there is a connection.
    pub async fn reach(&self) -> Result<(), CallError> {
        self.link().await.map(drop)
    }

    async fn exchange(
        &self,
        link: &Link,
        frame: &Frame,
        deadline: Instant,
    ) -> Result<Frame, Trouble> {
        match tokio::time::timeout_at(deadline.into(), link.call(frame)).await {
            Ok(done) => done,
            Err(_) if link.answers().await => Err(Trouble::Refused("Deadline Exceeded".to_owned())),
            Err(_) => Err(Trouble::Lost("no sign of life".to_owned())),
        }
    }

    /// A connection with room for a call.
    async fn link(&self) -> Result<Arc<Link>, CallError> {
        if let Some(link) = self.roomy() {
            return Ok(link);
        }
        let _turn = self.connecting.lock().await;
        if let Some(link) = self.roomy() {
            return Ok(link);
        }
        let link = match tokio::time::timeout(CONNECT_TIMEOUT, self.connect()).await {
            Ok(Ok(link)) => link,
            Ok(Err(problem)) => return Err(CallError::Unreachable(problem)),
            Err(_) => return Err(CallError::Unreachable("cannot connect in time".to_owned())),
        };
        let link = Arc::new(link);
        self.links().push(link.clone());
        Ok(link)
    }

    /// The connection with the fewest calls, unless another one should be opened.
    fn roomy(&self) -> Option<Arc<Link>> {
        let mut links = self.links();
        links.retain(|link| !link.is_lost());
        let link = links.iter().min_by_key(|link| link.calls())?;
        let full = link.calls() >= CROWDED.min(link.most());
        (!full || links.len() >= self.most).then(|| link.clone())
    }

    fn forget(&self, link: &Arc<Link>) {
        self.links().retain(|other| !Arc::ptr_eq(other, link));
    }

    fn links(&self) -> MutexGuard<'_, Vec<Arc<Link>>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn connect(&self) -> Result<Link, String> {
        let socket = TcpStream::connect(self.endpoint.as_str())
            .await
            .map_err(|error| error.to_string())?;
        server::tune(&socket).map_err(|error| error.to_string())?;
        match &self.tls {
            None => self.start(Socket::Plain(socket)).await,
            Some(tls) => {
                let host = self.endpoint.host().trim_matches(['[', ']']).to_owned();
                let name = ServerName::try_from(host).map_err(|error| error.to_string())?;
                let socket = TlsConnector::from(tls.clone()).connect(name, socket).await;
                let socket = socket.map_err(|error| error.to_string())?;
                self.start(Socket::Tls(Box::new(socket.into()))).await
            }
        }
    }

    async fn start(&self, socket: Socket) -> Result<Link, String> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        Link::start(socket, scheme, self.endpoint.as_str(), RUN_LAMBDA).await
    }
}

impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreachable(text) | Self::Refused(text) => write!(f, "RPC failed: {text}"),
        }
    }
}
