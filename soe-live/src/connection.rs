//! Connections of tonic clients.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tonic::transport::Channel;

use crate::command::{Endpoint, EndpointError, Stop};
use crate::limits;
use crate::security::{MissingIdentity, Security};

/// How long to wait for a connection.
pub const CONNECT_TIMEOUT: Duration = crate::limits::CONNECT;

/// Why a connection could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The text is not an endpoint.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// We have no certificate to show.
    #[error(transparent)]
    Identity(#[from] MissingIdentity),
    /// No server answers there, or it uses an unknown protocol.
    #[error("cannot connect to {endpoint}: {problem}")]
    Unreachable {
        /// Where.
        endpoint: Endpoint,
        /// Why.
        problem: String,
    },
}

/// Connects to a service, within [`CONNECT_TIMEOUT`]. A channel whose connection
/// is lost connects again at the next call.
///
/// # Errors
/// If the endpoint is not valid, or no server answers there in time.
pub async fn connect(endpoint: &str, security: &Security) -> Result<Channel, ConnectError> {
    let (endpoint, builder) = builder(endpoint, security)?;
    let connected = tokio::time::timeout(CONNECT_TIMEOUT, builder.connect()).await;
    let problem = match connected {
        Ok(Ok(channel)) => return Ok(channel),
        Ok(Err(error)) => innermost(&error),
        Err(_) => "no answer in time".to_owned(),
    };
    Err(ConnectError::Unreachable { endpoint, problem })
}

/// A channel that connects at the first call.
///
/// # Errors
/// If the endpoint is not valid.
pub fn connect_lazily(endpoint: &str, security: &Security) -> Result<Channel, ConnectError> {
    let (_, builder) = builder(endpoint, security)?;
    Ok(builder.connect_lazy())
}

/// Channels to peers whose endpoints come with requests, kept for the next one.
#[derive(Debug)]
pub(crate) struct Channels {
    security: Security,
    known: Mutex<BTreeMap<String, Channel>>,
}

impl Channels {
    /// None so far.
    pub(crate) fn new(security: Security) -> Self {
        Self {
            security,
            known: Mutex::default(),
        }
    }

    /// The channel to an endpoint.
    ///
    /// # Errors
    /// If the endpoint is not valid.
    pub(crate) fn to(&self, endpoint: &str) -> Result<Channel, ConnectError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(channel) = known.get(endpoint) {
            return Ok(channel.clone());
        }
        let channel = connect_lazily(endpoint, &self.security)?;
        if known.len() >= limits::CHANNELS {
            // What is not used any more must not pile up.
            known.pop_first();
        }
        known.insert(endpoint.to_owned(), channel.clone());
        Ok(channel)
    }
}

/// A channel over one connection that tells when it is lost.
pub(crate) struct Watched {
    pub(crate) channel: Channel,
    pub(crate) lost: Stop,
    /// The address from which the peer is reached.
    pub(crate) local: Option<IpAddr>,
}

/// Connects to a service, and tells when the connection is lost.
pub(crate) async fn connect_watched(
    endpoint: &str,
    security: &Security,
) -> Result<Watched, ConnectError> {
    let (endpoint, builder) = builder(endpoint, security)?;
    let lost = Stop::new();
    let local = Arc::new(Mutex::new(None));
    let dial = Dial {
        endpoint: endpoint.clone(),
        lost: lost.clone(),
        local: local.clone(),
    };
    let connecting = builder.connect_with_connector(dial);
    let problem = match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
        Ok(Ok(channel)) => {
            let local = *local.lock().unwrap_or_else(PoisonError::into_inner);
            return Ok(Watched {
                channel,
                lost,
                local,
            });
        }
        Ok(Err(error)) => innermost(&error),
        Err(_) => "no answer in time".to_owned(),
    };
    Err(ConnectError::Unreachable { endpoint, problem })
}

/// Opens the socket under a channel.
struct Dial {
    endpoint: Endpoint,
    lost: Stop,
    local: Arc<Mutex<Option<IpAddr>>>,
}

impl tower_service::Service<http::Uri> for Dial {
    type Response = TokioIo<Socket>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<Socket>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Uri) -> Self::Future {
        let (endpoint, lost) = (self.endpoint.clone(), self.lost.clone());
        let known = self.local.clone();
        Box::pin(async move {
            let stream = TcpStream::connect(endpoint.as_str()).await?;
            crate::server::tune(&stream)?;
            let local = stream.local_addr().ok().map(|address| address.ip());
            *known.lock().unwrap_or_else(PoisonError::into_inner) = local;
            Ok(TokioIo::new(Socket { stream, lost }))
        })
    }
}

/// A socket that tells when it is closed.
struct Socket {
    stream: TcpStream,
    lost: Stop,
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.lost.stop();
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

fn builder(
    endpoint: &str,
    security: &Security,
) -> Result<(Endpoint, tonic::transport::Endpoint), ConnectError> {
    let endpoint: Endpoint = endpoint.parse()?;
    let unreachable = |problem: &dyn std::fmt::Display| ConnectError::Unreachable {
        endpoint: endpoint.clone(),
        problem: problem.to_string(),
    };
    let tls = security.tonic_client()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let mut builder = tonic::transport::Endpoint::from_shared(format!("{scheme}://{endpoint}"))
        .map_err(|error| unreachable(&error))?
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(1 << 24);
    if let Some(tls) = tls {
        builder = builder
            .tls_config(tls)
            .map_err(|error| unreachable(&error))?;
    }
    Ok((endpoint, builder))
}

/// The error that caused an error that caused an error.
pub(crate) fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
