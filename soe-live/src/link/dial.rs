//! Opening connections to one destination.

use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::Link;
use super::http2::Http2;
use crate::command::Endpoint;
use crate::security::{MissingIdentity, Security};
use crate::server::{self, RUN_LAMBDA};
use crate::socket::Socket;
use crate::transport::Transport;

/// Opens connections to one destination.
#[derive(Debug)]
pub struct Dialer {
    endpoint: Endpoint,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Http2(Option<Arc<rustls::ClientConfig>>),
    #[cfg(feature = "quic")]
    Quic(Box<super::quic::Dialer>),
}

impl Dialer {
    /// Connections to an endpoint.
    ///
    /// # Errors
    /// If there is no certificate to show it, or the transport needs other security.
    pub fn new(
        endpoint: &Endpoint,
        security: &Security,
        transport: Transport,
    ) -> Result<Self, MissingIdentity> {
        let way = match transport {
            Transport::Grpc => Way::Http2(security.client()?),
            #[cfg(feature = "quic")]
            Transport::Quic(options) => {
                Way::Quic(Box::new(super::quic::Dialer::new(security, options)?))
            }
        };
        Ok(Self {
            endpoint: endpoint.clone(),
            way,
        })
    }

    /// Where connections go.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Opens a connection; only the caller limits how long that takes.
    ///
    /// # Errors
    /// If the destination cannot be reached, or speaks something else.
    pub async fn connect(&self) -> Result<Link, String> {
        match &self.way {
            Way::Http2(tls) => http2(&self.endpoint, tls.as_ref()).await.map(Link::from),
            #[cfg(feature = "quic")]
            Way::Quic(dialer) => dialer.connect(&self.endpoint).await.map(Link::from),
        }
    }
}

async fn http2(
    endpoint: &Endpoint,
    tls: Option<&Arc<rustls::ClientConfig>>,
) -> Result<Http2, String> {
    let socket = TcpStream::connect(endpoint.as_str())
        .await
        .map_err(|error| error.to_string())?;
    server::tune(&socket).map_err(|error| error.to_string())?;
    let (socket, scheme) = match tls {
        None => (Socket::from(socket), "http"),
        Some(tls) => {
            let host = endpoint.host().trim_matches(['[', ']']).to_owned();
            let name = ServerName::try_from(host).map_err(|error| error.to_string())?;
            let socket = TlsConnector::from(tls.clone()).connect(name, socket).await;
            let socket = socket.map_err(|error| error.to_string())?;
            (Socket::from(tokio_rustls::TlsStream::from(socket)), "https")
        }
    };
    Http2::start(socket, scheme, endpoint.as_str(), RUN_LAMBDA).await
}
