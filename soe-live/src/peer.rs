//! Another server that invocations are sent to.
//!
//! The connection of a gRPC channel would do; here it is HTTP/2 itself, since a
//! broker passes messages on as they came. Connections are opened when they are
//! needed, up to a number per peer, and shared by all calls.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::client::SendRequest;
use h2::{Ping, PingPong, Reason, RecvStream};
use http::header::{CONTENT_TYPE, TE};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, Version};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::{Code, Status};
use tracing::{debug, trace};

use crate::command::Endpoint;
use crate::connection::CONNECT_TIMEOUT;
use crate::security::{MissingIdentity, Security};
use crate::server::{self, RUN_LAMBDA};
use crate::socket::Socket;
use crate::wire::{Frame, FrameError};

/// A connection takes so many calls before another one is opened.
const CROWDED: usize = 256;
/// How much the peer may send ahead of being read: per call and in all.
const CALL_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 16 << 20;
/// A peer that does not even answer this fast whether it is there is not there.
const SIGN_OF_LIFE: Duration = Duration::from_secs(2);

/// A server that invocations are sent to.
#[derive(Debug)]
pub struct Peer {
    endpoint: Endpoint,
    address: Uri,
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

/// A connection.
struct Link {
    send: SendRequest<Bytes>,
    ping: tokio::sync::Mutex<PingPong>,
    calls: AtomicUsize,
    lost: Arc<AtomicBool>,
}

/// What went wrong on a connection.
enum Trouble {
    /// The connection is lost.
    Lost(String),
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
        let scheme = match tls {
            Some(_) => Scheme::HTTPS,
            None => Scheme::HTTP,
        };
        let authority: Option<Authority> = endpoint.as_str().parse().ok();
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(scheme);
        parts.authority = authority;
        parts.path_and_query = Some(PathAndQuery::from_static(RUN_LAMBDA));
        Ok(Self {
            endpoint: endpoint.clone(),
            // An endpoint is a valid authority.
            address: Uri::from_parts(parts).unwrap_or_default(),
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
        let _call = link.enter();
        let call = self.send(link, frame, deadline);
        match tokio::time::timeout_at(deadline.into(), call).await {
            Ok(done) => done,
            Err(_) if link.answers().await => Err(Trouble::Refused("Deadline Exceeded".to_owned())),
            Err(_) => Err(Trouble::Lost("no sign of life".to_owned())),
        }
    }

    async fn send(&self, link: &Link, frame: &Frame, _deadline: Instant) -> Result<Frame, Trouble> {
        let mut request = Request::new(());
        *request.method_mut() = Method::POST;
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() = self.address.clone();
        let mut headers = HeaderMap::with_capacity(2);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(TE, HeaderValue::from_static("trailers"));
        *request.headers_mut() = headers;

        let mut send = link.send.clone();
        poll_fn(|cx| send.poll_ready(cx)).await.map_err(lost)?;
        let (response, mut body) = send.send_request(request, false).map_err(lost)?;
        let mut pieces = frame.pieces().peekable();
        while let Some(piece) = pieces.next() {
            let last = pieces.peek().is_none();
            // The peer may answer before it has read everything.
            if body.send_data(piece.clone(), last).is_err() {
                break;
            }
        }
        let (head, mut body) = response.await.map_err(trouble)?.into_parts();
        check(&head)?;
        let frame = read(&mut body).await?;
        let trailers = body.trailers().await.map_err(trouble)?;
        match trailers.as_ref().and_then(Status::from_header_map) {
            Some(status) if status.code() != Code::Ok => Err(refused(&status)),
            Some(_) => frame.map_err(|error| Trouble::Refused(error.to_string())),
            None => Err(Trouble::Refused("the response has no status".to_owned())),
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
        let full = link.calls() >= CROWDED.min(link.send.current_max_send_streams());
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
        let (send, mut connection) = h2::client::Builder::new()
            .initial_window_size(CALL_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .initial_max_send_streams(1 << 16)
            .enable_push(false)
            .handshake(socket)
            .await
            .map_err(|error| error.to_string())?;
        let ping = connection
            .ping_pong()
            .ok_or("no pings on this connection")?;
        let lost = Arc::new(AtomicBool::new(false));
        let ended = lost.clone();
        let endpoint = self.endpoint.clone();
        tokio::spawn(async move {
            let end = connection.await;
            ended.store(true, Ordering::Relaxed);
            if let Err(error) = end {
                debug!("{endpoint}: connection lost: {error}");
            }
        });
        Ok(Link {
            send,
            ping: tokio::sync::Mutex::new(ping),
            calls: AtomicUsize::new(0),
            lost,
        })
    }
}

impl Link {
    fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    fn enter(&self) -> Entered<'_> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        Entered(self)
    }

    /// Whether anybody is there at the other end.
    async fn answers(&self) -> bool {
        let ping = async {
            let mut ping = self.ping.lock().await;
            // One whose answer nobody waited for may still be under way.
            let _ = ping.send_ping(Ping::opaque());
            poll_fn(|cx| ping.poll_pong(cx)).await.is_ok()
        };
        let alive = tokio::time::timeout(SIGN_OF_LIFE, ping)
            .await
            .unwrap_or(false);
        if !alive {
            self.lost.store(true, Ordering::Relaxed);
        }
        alive
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link")
            .field("calls", &self.calls())
            .field("lost", &self.is_lost())
            .finish_non_exhaustive()
    }
}

/// A call on a connection.
struct Entered<'a>(&'a Link);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::Relaxed);
    }
}

impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreachable(text) | Self::Refused(text) => write!(f, "RPC failed: {text}"),
        }
    }
}

/// Checks the beginning of a response, which may be all of it.
fn check(head: &http::response::Parts) -> Result<(), Trouble> {
    if head.status != StatusCode::OK {
        // A proxy whose server is gone, or no gRPC server at all.
        return Err(Trouble::Lost(format!("HTTP status {}", head.status)));
    }
    match Status::from_header_map(&head.headers) {
        Some(status) if status.code() != Code::Ok => Err(refused(&status)),
        _ => Ok(()),
    }
}

async fn read(body: &mut RecvStream) -> Result<Result<Frame, FrameError>, Trouble> {
    let mut frame = Frame::default();
    while let Some(piece) = body.data().await {
        let piece = piece.map_err(trouble)?;
        let released = body.flow_control().release_capacity(piece.len());
        released.map_err(trouble)?;
        if let Err(error) = frame.push(piece) {
            return Ok(Err(error));
        }
    }
    Ok(frame.check().map(|()| frame))
}

/// A status that the peer answered.
fn refused(status: &Status) -> Trouble {
    let text = match status.message() {
        "" => status.code().description(),
        message => message,
    };
    match status.code() {
        Code::Unavailable => Trouble::Lost(text.to_owned()),
        _ => Trouble::Refused(text.to_owned()),
    }
}

fn lost(error: h2::Error) -> Trouble {
    Trouble::Lost(error.to_string())
}

fn trouble(error: h2::Error) -> Trouble {
    let only_this_call = error.is_reset() && error.reason() != Some(Reason::REFUSED_STREAM);
    match only_this_call {
        true => Trouble::Refused(error.to_string()),
        false => Trouble::Lost(error.to_string()),
    }
}
