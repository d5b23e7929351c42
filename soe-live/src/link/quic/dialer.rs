//! Opening connections of QUIC to one destination.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use quinn::{ClientConfig, Connecting, Connection, EndpointConfig, TokioRuntime, ZeroRttAccepted};

use super::Quic;
use crate::command::Endpoint;
use crate::limits::{KEEPALIVE, NEXT_ADDRESS};
use crate::quic::{identity, tuning};
use crate::security::{MissingIdentity, Security};
use crate::transport::QuicOptions;

/// Opens connections to one destination, all from one socket.
#[derive(Debug)]
pub struct Dialer {
    config: ClientConfig,
    early: bool,
    /// Whether the destination was there when it was heard of last: only then calls are
    /// sent before it answers.
    there: Arc<AtomicBool>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// The sockets, for IPv4 and IPv6.
    sockets: [Option<quinn::Endpoint>; 2],
    /// The address at which the destination has answered.
    answered: Option<SocketAddr>,
}

impl Dialer {
    /// Connections with such certificates.
    ///
    /// # Errors
    /// If there is no certificate, or the options contradict each other.
    pub fn new(security: &Security, options: QuicOptions) -> Result<Self, MissingIdentity> {
        let mut config = ClientConfig::new(Arc::new(identity::client(security, options)?));
        // Servers of HTTP/3 open no streams for calls.
        config.transport_config(Arc::new(tuning(0, Some(KEEPALIVE))));
        Ok(Self {
            config,
            early: options.early_data,
            there: Arc::default(),
            known: Mutex::default(),
        })
    }

    /// Opens a connection. Of several addresses the first that answers is taken.
    ///
    /// # Errors
    /// If none answers, or it does not speak HTTP/3.
    pub async fn connect(&self, endpoint: &Endpoint) -> Result<Quic, String> {
        let text = |error: io::Error| error.to_string();
        let found = tokio::net::lookup_host(endpoint.as_str()).await;
        let addresses: Vec<SocketAddr> = found.map_err(text)?.collect();
        let answered = self.known().answered;
        let answered = answered.filter(|address| addresses.contains(address));
        let early = self.early && self.there.load(Ordering::Relaxed);
        if let (true, Some(address)) = (early, answered) {
            return match self.begin(address, endpoint)?.into_0rtt() {
                Ok((connection, early)) => self.start(endpoint, connection, Some(early)).await,
                // There is no session to resume.
                Err(connecting) => {
                    let connection = connecting.await.map_err(|error| error.to_string())?;
                    self.start(endpoint, connection, None).await
                }
            };
        }
        let mut attempts: FuturesUnordered<_> = (0..)
            .zip(addresses)
            .map(|(before, address)| async move {
                tokio::time::sleep(NEXT_ADDRESS * before).await;
                let connected = self.begin(address, endpoint)?.await;
                let connection = connected.map_err(|error| error.to_string())?;
                Ok((address, connection))
            })
            .collect();
        let mut last = "no address".to_owned();
        while let Some(attempt) = attempts.next().await {
            match attempt {
                Ok((address, connection)) => {
                    self.known().answered = Some(address);
                    return self.start(endpoint, connection, None).await;
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn start(
        &self,
        endpoint: &Endpoint,
        connection: Connection,
        early: Option<ZeroRttAccepted>,
    ) -> Result<Quic, String> {
        self.there.store(true, Ordering::Relaxed);
        Quic::start(connection, endpoint.as_str(), early, self.there.clone()).await
    }

    fn begin(&self, address: SocketAddr, endpoint: &Endpoint) -> Result<Connecting, String> {
        let socket = self.socket(address).map_err(|error| error.to_string())?;
        let name = endpoint.host().trim_matches(['[', ']']);
        let connecting = socket.connect_with(self.config.clone(), address, name);
        connecting.map_err(|error| error.to_string())
    }

    /// The socket for such addresses.
    fn socket(&self, address: SocketAddr) -> io::Result<quinn::Endpoint> {
        let mut known = self.known();
        let (number, any): (_, SocketAddr) = match address {
            SocketAddr::V4(_) => (0, (Ipv4Addr::UNSPECIFIED, 0).into()),
            SocketAddr::V6(_) => (1, (Ipv6Addr::UNSPECIFIED, 0).into()),
        };
        if let Some(socket) = &known.sockets[number] {
            return Ok(socket.clone());
        }
        let socket = UdpSocket::bind(any)?;
        let (config, runtime) = (EndpointConfig::default(), Arc::new(TokioRuntime));
        let socket = quinn::Endpoint::new(config, None, socket, runtime)?;
        known.sockets[number] = Some(socket.clone());
        Ok(socket)
    }

    /// Goes on from another port.
    #[cfg(test)]
    pub fn rebind(&self) {
        for socket in self.known().sockets.iter().flatten() {
            socket
                .rebind(UdpSocket::bind("127.0.0.1:0").unwrap())
                .unwrap();
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
