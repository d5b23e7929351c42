//! Serving invocations over QUIC.
//!
//! A handshake costs this side more than the caller. Therefore their number is bounded,
//! callers must prove their address when there are many, and a caller takes the place of
//! an idle connection only when its handshake is done.

mod call;
mod connection;

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use quinn::crypto::rustls::QuicServerConfig;
use quinn::{EndpointConfig, Incoming, ServerConfig, TokioRuntime};
use tokio::task::JoinSet;
use tracing::{debug, warn};

use super::crowd::Crowd;
use super::{Refusals, Shared};
use crate::command::{Endpoint, Stop};
use crate::limits::{HANDSHAKE, HANDSHAKES, QUIC_FLUSH, UNPROVEN};
use crate::quic::{code, identity, tuning};
use crate::security::{MissingIdentity, Security};
use crate::transport::QuicOptions;

use h3::error::Code;

/// Bytes that the system keeps for this socket, if it allows so many.
const RECEIVED: usize = 2 << 20;
/// Bytes of callers whose handshake has not begun, each and in all.
const BUFFERED: (u64, u64) = (64 << 10, 16 << 20);

/// What a server is to its callers.
pub struct Identity {
    tls: QuicServerConfig,
    endpoint: EndpointConfig,
    early: bool,
}

impl Identity {
    /// The server at an endpoint.
    ///
    /// # Errors
    /// If there is no certificate, or the options contradict each other.
    pub fn new(
        endpoint: &Endpoint,
        security: &Security,
        options: QuicOptions,
    ) -> Result<Self, MissingIdentity> {
        Ok(Self {
            tls: identity::server(endpoint, security, options)?,
            endpoint: identity::endpoint(endpoint, security),
            early: options.early_data,
        })
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

/// A socket that listens, not served yet.
#[derive(Debug)]
pub struct Listener {
    socket: UdpSocket,
    identity: Identity,
}

impl Listener {
    /// Listens at an address.
    pub fn bind(address: SocketAddr, identity: Identity) -> io::Result<Self> {
        let socket = UdpSocket::bind(address)?;
        let sized = socket2::SockRef::from(&socket).set_recv_buffer_size(RECEIVED);
        if let Err(error) = sized {
            debug!("{address}: {error}");
        }
        Ok(Self { socket, identity })
    }

    /// Where it listens.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until it is told to stop; then takes nothing new and lets run what runs,
    /// for a while.
    pub async fn serve(self, shared: Arc<Shared>, name: &Endpoint, stop: Stop) {
        let Identity {
            tls,
            endpoint,
            early,
        } = self.identity;
        let mut config = ServerConfig::with_crypto(Arc::new(tls));
        config
            .transport_config(Arc::new(tuning(shared.limits.calls, None)))
            .max_incoming(HANDSHAKES)
            .incoming_buffer_size(BUFFERED.0)
            .incoming_buffer_size_total(BUFFERED.1);
        let runtime = Arc::new(TokioRuntime);
        let endpoint = match quinn::Endpoint::new(endpoint, Some(config), self.socket, runtime) {
            Ok(endpoint) => endpoint,
            Err(error) => return warn!("{name}: cannot serve: {error}"),
        };
        let host = Arc::new(Host {
            responder: (!name.is_wildcard()).then(|| name.to_string()),
            crowd: Crowd::new(shared.limits.connections),
            refusals: Refusals::default(),
            early,
            unfinished: Arc::default(),
            shared,
        });
        let mut handshakes = JoinSet::new();
        let mut connections = JoinSet::new();
        loop {
            let incoming = tokio::select! {
                () = stop.wait() => break,
                Some(_) = connections.join_next() => continue,
                Some(shaken) = handshakes.join_next() => {
                    if let Ok(Some(caller)) = shaken {
                        connections.spawn(connection::serve(host.clone(), caller, stop.clone()));
                    }
                    continue;
                }
                incoming = endpoint.accept() => incoming,
            };
            let Some(incoming) = incoming else { break };
            let early = host.unfinished.load(Ordering::Relaxed);
            match admission(&incoming, handshakes.len() + early) {
                Admission::Handshake => {
                    handshakes.spawn(connection::handshake(host.clone(), incoming));
                }
                Admission::Proof => drop(incoming.retry()),
                Admission::Refusal => incoming.refuse(),
            }
        }
        // No new connections, with a word to those who try.
        endpoint.set_server_config(None);
        handshakes.abort_all();
        let drained = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(host.shared.limits.drain, drained)
            .await
            .is_err()
        {
            warn!("{name}: stopped while calls were still running");
            connections.abort_all();
        }
        endpoint.close(code(Code::H3_NO_ERROR), b"");
        // The last packets leave.
        let _ = tokio::time::timeout(QUIC_FLUSH, endpoint.wait_idle()).await;
    }
}

/// What the connections of a server share.
struct Host {
    shared: Arc<Shared>,
    crowd: Arc<Crowd>,
    refusals: Refusals,
    early: bool,
    /// Connections that are served although their handshake is not finished.
    unfinished: Arc<AtomicUsize>,
    /// Who executes calls according to responses that do not say it.
    responder: Option<String>,
}

/// What is done about a caller.
enum Admission {
    Handshake,
    /// It has to prove that it receives at its address.
    Proof,
    Refusal,
}

fn admission(incoming: &Incoming, handshakes: usize) -> Admission {
    let proven = incoming.remote_address_validated();
    match handshakes {
        HANDSHAKES.. => Admission::Refusal,
        UNPROVEN.. if !proven && incoming.may_retry() => Admission::Proof,
        _ => Admission::Handshake,
    }
}

/// Waits for the end of a handshake.
async fn within<F: Future>(handshake: F) -> Result<F::Output, tokio::time::error::Elapsed> {
    tokio::time::timeout(HANDSHAKE, handshake).await
}
