//! A server to which invocations are sent.
//!
//! Connections are opened when they are needed, up to a number per peer, and shared
//! by all calls. Calls without a connection wait for one attempt to open it, each
//! until its own deadline, and all get the same outcome. A call is sent again only if
//! it was provably not delivered the first time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use soe_model::broker::Failure;
use tokio::sync::{Semaphore, watch};
use tracing::debug;

use crate::command::Endpoint;
use crate::limits::{ASK_BEFORE, CONNECT, CROWDED, DELIVERIES, GIVEN_UP, SIGN_OF_LIFE};
use crate::link::{Dialer, Link, Means, SILENT, Trouble};
use crate::security::{MissingIdentity, Security};
use crate::transport::Transport;
use crate::wire::Frame;

/// A server that invocations are sent to.
#[derive(Debug)]
pub struct Peer {
    most: usize,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    dialer: Dialer,
    /// Bounds the attempts of all peers.
    attempts: Arc<Semaphore>,
    connections: Mutex<Connections>,
}

#[derive(Debug, Default)]
struct Connections {
    links: Vec<Arc<Link>>,
    /// The attempt in progress.
    attempt: Option<watch::Receiver<Option<Outcome>>>,
    /// When the last one failed.
    failed: Option<Instant>,
}

/// What an attempt to connect came to, for all who wait for it.
type Outcome = Result<Arc<Link>, Arc<str>>;

/// Why a call has no response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The peer cannot be reached, or is not there any more.
    Unreachable {
        /// Why.
        reason: String,
        /// Whether it may have received the call before.
        delivered: bool,
    },
    /// The connection was lost after the call may have been delivered; the peer can be
    /// reached again.
    Lost(String),
    /// The peer is there, but does not take the call now.
    Busy(String),
    /// The peer is there, but has no response; that is the caller's concern.
    Refused(String),
}

impl Peer {
    /// The server at an endpoint, with at most so many connections to it. `attempts`
    /// bounds the attempts to connect of all peers that share it.
    ///
    /// # Errors
    /// If there is no certificate to show it, or the transport needs other security.
    pub fn new(
        endpoint: &Endpoint,
        security: &Security,
        transport: Transport,
        connections: usize,
        attempts: Arc<Semaphore>,
    ) -> Result<Self, MissingIdentity> {
        let shared = Shared {
            dialer: Dialer::new(endpoint, security, transport)?,
            attempts,
            connections: Mutex::default(),
        };
        Ok(Self {
            most: connections.max(1),
            shared: Arc::new(shared),
        })
    }

    /// Sends an invocation and waits for the response, until `deadline`.
    ///
    /// # Errors
    /// If no response arrives in time.
    pub async fn call(
        &self,
        frame: Frame,
        means: Means<'_>,
        deadline: Instant,
    ) -> Result<Frame, CallError> {
        for delivery in 1.. {
            let link = self.link(deadline).await?;
            // A copy shares the bytes.
            let trouble = match self.exchange(&link, frame.clone(), means, deadline).await {
                Ok(response) => return Ok(response),
                Err(trouble) => trouble,
            };
            match trouble {
                Trouble::Refused(text) => return Err(CallError::Refused(text)),
                Trouble::Busy(text) => return Err(CallError::Busy(text)),
                Trouble::Lost(text) => return Err(self.after_loss(text, deadline).await),
                Trouble::Undelivered(text) if delivery >= DELIVERIES => {
                    return Err(CallError::Busy(text));
                }
                Trouble::Undelivered(text) => debug!("{}: {text}", self.shared.dialer.endpoint()),
            }
        }
        Err(late())
    }

    /// Makes sure that there is a connection.
    ///
    /// # Errors
    /// If there is none.
    pub async fn reach(&self) -> Result<(), CallError> {
        let deadline = Instant::now() + 2 * CONNECT;
        self.link(deadline).await.map(drop)
    }

    /// A call over one connection. The peer is asked for a sign of life some time
    /// before the deadline, so that it is known then whether it is there.
    async fn exchange(
        &self,
        link: &Link,
        frame: Frame,
        means: Means<'_>,
        deadline: Instant,
    ) -> Result<Frame, Trouble> {
        let mut call = std::pin::pin!(link.call(frame, means));
        let left = deadline.saturating_duration_since(Instant::now());
        let ask = deadline - ASK_BEFORE.min(left / 2);
        let mut given_up = GivenUp::new(link);
        if let Ok(done) = tokio::time::timeout_at(ask.into(), &mut call).await {
            given_up.not();
            return done;
        }
        link.ask();
        given_up.not();
        if let Ok(done) = tokio::time::timeout_at(deadline.into(), &mut call).await {
            return done;
        }
        if link.silence() < SIGN_OF_LIFE {
            return Err(Trouble::Refused(DEADLINE.to_owned()));
        }
        self.shared.forget(link);
        Err(Trouble::Lost(SILENT.to_owned()))
    }

    /// After a lost connection, tells a restarted peer from one that is unreachable.
    async fn after_loss(&self, text: String, deadline: Instant) -> CallError {
        let gone = |reason| CallError::Unreachable {
            reason,
            delivered: true,
        };
        if text == SILENT {
            return gone(text);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let attempt = self.shared.attempt();
        match tokio::time::timeout(left, outcome(attempt)).await {
            Ok(Err(reason)) => {
                debug!("{}: {reason}", self.shared.dialer.endpoint());
                gone(text)
            }
            Ok(Ok(_)) | Err(_) => CallError::Lost(text),
        }
    }

    /// A connection with room for a call.
    async fn link(&self, deadline: Instant) -> Result<Arc<Link>, CallError> {
        if let Some(link) = self.roomy() {
            return Ok(link);
        }
        let attempt = self.shared.attempt();
        match tokio::time::timeout_at(deadline.into(), outcome(attempt)).await {
            Ok(Ok(link)) => Ok(link),
            Ok(Err(reason)) => Err(CallError::Unreachable {
                reason: reason.to_string(),
                delivered: false,
            }),
            Err(_) => Err(late()),
        }
    }

    /// The connection with the fewest calls. If all are crowded another one is opened,
    /// for later calls.
    fn roomy(&self) -> Option<Arc<Link>> {
        let (link, crowded) = {
            let mut connections = self.shared.connections();
            // One that leaves a PING unanswered gets no more calls: a new attempt tells
            // whether the peer is there.
            connections
                .links
                .retain(|link| !link.is_closed() && link.silence() < SIGN_OF_LIFE);
            let links = &connections.links;
            let link = links.iter().min_by_key(|link| link.calls())?.clone();
            let full = link.calls() >= CROWDED && links.len() < self.most;
            // A peer that takes no more connections is not bothered for every call.
            let failed = connections.failed;
            let again = failed.is_none_or(|failed| failed.elapsed() > CONNECT);
            (link, full && again && connections.attempt.is_none())
        };
        if crowded {
            self.shared.attempt();
        }
        Some(link)
    }
}

/// Asks the peer for a sign of life if a call is given up after a second without an
/// answer: callers that leave early must not hide that a peer is dead.
struct GivenUp<'a> {
    link: &'a Link,
    since: Option<Instant>,
}

impl<'a> GivenUp<'a> {
    fn new(link: &'a Link) -> Self {
        let since = Some(Instant::now());
        Self { link, since }
    }

    /// The call was not given up.
    fn not(&mut self) {
        self.since = None;
    }
}

impl Drop for GivenUp<'_> {
    fn drop(&mut self) {
        if self.since.is_some_and(|since| since.elapsed() >= GIVEN_UP) {
            self.link.ask();
        }
    }
}

/// The error for a caller whose deadline has passed.
const DEADLINE: &str = "Deadline Exceeded";

fn late() -> CallError {
    CallError::Refused(DEADLINE.to_owned())
}

/// Waits for the outcome of a connection attempt.
async fn outcome(mut attempt: watch::Receiver<Option<Outcome>>) -> Outcome {
    match attempt.wait_for(Option::is_some).await {
        Ok(outcome) => outcome.clone().unwrap_or_else(|| Err("no outcome".into())),
        Err(_) => Err("the connection attempt was cancelled".into()),
    }
}

impl Shared {
    fn connections(&self) -> MutexGuard<'_, Connections> {
        let locked = self.connections.lock();
        locked.unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self, link: &Link) {
        let mut connections = self.connections();
        connections
            .links
            .retain(|other| !std::ptr::eq(Arc::as_ptr(other), link));
    }

    /// The attempt to connect that is in progress, or a new one.
    fn attempt(self: &Arc<Self>) -> watch::Receiver<Option<Outcome>> {
        let mut connections = self.connections();
        if let Some(attempt) = &connections.attempt {
            return attempt.clone();
        }
        let (tell, attempt) = watch::channel(None);
        connections.attempt = Some(attempt.clone());
        drop(connections);
        let shared = self.clone();
        tokio::spawn(async move {
            // However the task ends, the next call may try again.
            let over = Over(&shared);
            let outcome = shared.try_to_connect().await;
            let outcome = outcome.map(Arc::new).map_err(Arc::from);
            match &outcome {
                Ok(link) => shared.connections().links.push(link.clone()),
                Err(_) => shared.connections().failed = Some(Instant::now()),
            }
            drop(over);
            tell.send_replace(Some(outcome));
        });
        attempt
    }

    async fn try_to_connect(&self) -> Result<Link, String> {
        let closed = |_| "no further connection attempts".to_owned();
        let _turn = self.attempts.acquire().await.map_err(closed)?;
        match tokio::time::timeout(CONNECT, self.dialer.connect()).await {
            Ok(connected) => connected,
            Err(_) => Err("cannot connect in time".to_owned()),
        }
    }
}

/// No attempt is in progress any more when it is dropped.
struct Over<'a>(&'a Shared);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.connections().attempt = None;
    }
}

impl CallError {
    /// What the model is told.
    pub fn failure(&self) -> Failure {
        match self {
            Self::Unreachable {
                delivered: false, ..
            } => Failure::Unreachable,
            Self::Unreachable { .. } => Failure::Transport,
            Self::Lost(_) => Failure::Lost,
            Self::Busy(_) => Failure::Busy,
            Self::Refused(_) => Failure::Application,
        }
    }
}

impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreachable { reason: text, .. }
            | Self::Lost(text)
            | Self::Busy(text)
            | Self::Refused(text) => write!(f, "RPC failed: {text}"),
        }
    }
}
