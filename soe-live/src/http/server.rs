//! Serving HTTP.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use ::http::request::Parts;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tracing::{debug, warn};

use super::answer::Answer;
use super::body::Held;
use super::connection::{self, Shared};
use super::request::Request;
use crate::command::{Endpoint, Stop};
use crate::limits::{DRAIN, HttpLimits};
use crate::server::{Crowd, Refusals, ServeError, listen_at, not_accepted, secured, tune};

/// Answers requests. Every function from a [`Request`] to a future of an [`Answer`] does.
pub trait Handler: Send + Sync + 'static {
    /// The answer to a request that is refused by its head, before there is memory for its
    /// body; `None` for all others.
    fn refuse(&self, _head: &Parts, _peer: SocketAddr) -> Option<Answer> {
        None
    }

    /// Answers a request. The future is dropped if the peer goes away.
    fn answer(self: Arc<Self>, request: Request) -> impl Future<Output = Answer> + Send;
}

impl<F, A> Handler for F
where
    F: Fn(Request) -> A + Send + Sync + 'static,
    A: Future<Output = Answer> + Send,
{
    fn answer(self: Arc<Self>, request: Request) -> impl Future<Output = Answer> + Send {
        self(request)
    }
}

/// A socket that listens for HTTP, not served yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    local: SocketAddr,
    endpoint: Endpoint,
    tls: Option<Arc<rustls::ServerConfig>>,
    limits: HttpLimits,
}

impl Server {
    /// Listens at an endpoint. With port 0 the system chooses one.
    ///
    /// # Errors
    /// If it is not free.
    pub async fn bind(endpoint: &Endpoint) -> Result<Self, ServeError> {
        let (listener, local, endpoint) = listen_at(endpoint).await?;
        Ok(Self {
            listener,
            local,
            endpoint,
            tls: None,
            limits: HttpLimits::default(),
        })
    }

    /// Over TLS, with what [`certificate`](super::certificate) has read.
    #[must_use]
    pub fn with_tls(mut self, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        self.tls = tls;
        self
    }

    /// With other bounds than [`HttpLimits::default`].
    #[must_use]
    pub fn with_limits(mut self, limits: HttpLimits) -> Self {
        self.limits = limits;
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

    /// Serves until it is told to stop; then takes nothing new and lets requests end, for
    /// at most [`DRAIN`].
    pub async fn run<H: Handler>(self, handler: Arc<H>, stop: Stop) {
        let shared = Arc::new(Shared {
            handler,
            limits: self.limits,
            held: Held::new(self.limits.held),
        });
        let crowd = Crowd::new(self.limits.connections);
        let peers = Arc::new(Peers::default());
        let refusals = Arc::new(Refusals::default());
        let acceptor = self.tls.map(TlsAcceptor::from);
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                () = stop.wait() => break,
                accepted = self.listener.accept() => accepted,
                Some(_) = connections.join_next() => continue,
            };
            let (socket, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    not_accepted(&error).await;
                    continue;
                }
            };
            let Some(visit) = peers.enter(peer.ip(), self.limits.peer_connections) else {
                debug!("{peer}: closed, this address has all its connections");
                continue;
            };
            let Some(place) = crowd.enter() else {
                debug!("{peer}: closed, all connections are busy");
                continue;
            };
            if let Err(error) = tune(&socket) {
                debug!("{peer}: cannot set socket options: {error}");
            }
            let (shared, stop) = (shared.clone(), stop.clone());
            let (acceptor, refusals) = (acceptor.clone(), refusals.clone());
            connections.spawn(async move {
                let _visit = visit;
                if let Some(socket) = secured(socket, peer, acceptor, &refusals).await {
                    connection::serve(socket, peer, place, shared, stop).await;
                }
            });
        }
        drop(self.listener);
        let drained = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN, drained).await.is_err() {
            warn!("{}: requests were still running", self.endpoint);
        }
    }
}

/// The connections that each address has.
#[derive(Debug, Default)]
struct Peers(Mutex<BTreeMap<IpAddr, usize>>);

/// One of them.
#[derive(Debug)]
struct Visit {
    peers: Arc<Peers>,
    address: IpAddr,
}

impl Peers {
    /// One more connection of an address, unless it has `most`.
    fn enter(self: &Arc<Self>, address: IpAddr, most: usize) -> Option<Visit> {
        let mut peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = peers.entry(address).or_default();
        if *number >= most.max(1) {
            return None;
        }
        *number += 1;
        Some(Visit {
            peers: self.clone(),
            address,
        })
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut peers = self.peers.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = peers.get_mut(&self.address) {
            *number -= 1;
            if *number == 0 {
                peers.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_connections_and_no_more() {
        let peers = Arc::new(Peers::default());
        let (one, other) = ("127.0.0.1".parse().unwrap(), "::1".parse().unwrap());
        let visits = [peers.enter(one, 2), peers.enter(one, 2)];
        assert!(visits.iter().all(Option::is_some));
        assert!(peers.enter(one, 2).is_none() && peers.enter(other, 2).is_some());
        drop(visits);
        assert!(peers.0.lock().unwrap().is_empty());
    }
}
