//! Opens the connections of the client.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use ::http::Uri;
use ::http::uri::Scheme;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;

use super::tls;
use crate::connection::CONNECT_TIMEOUT;
use crate::server::tune;
use crate::socket::Socket;

/// Whose certificates a client accepts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// Those of the authorities that the system trusts.
    #[default]
    System,
    /// Those of the authorities in a PEM file.
    File(PathBuf),
    /// Everyone's: the connection is encrypted, but the other side may be anyone.
    Anyone,
}

/// Opens connections, over TCP or TLS.
#[derive(Clone)]
pub struct Dial {
    trust: Arc<Trust>,
    /// The address of this machine from which connections are opened, if it matters.
    from: Option<IpAddr>,
    /// Read at the first connection that needs it.
    tls: Arc<OnceCell<Arc<ClientConfig>>>,
    /// The connections that are open.
    pub open: Arc<AtomicUsize>,
}

impl Dial {
    pub fn new(trust: Trust) -> Self {
        Self {
            trust: Arc::new(trust),
            from: None,
            tls: Arc::default(),
            open: Arc::default(),
        }
    }

    /// The same, from an address of this machine.
    pub fn with_address(mut self, from: IpAddr) -> Self {
        self.from = Some(from);
        self
    }

    async fn connect(self, uri: Uri) -> io::Result<TokioIo<Line>> {
        let connecting = async {
            let wrong = |text: &str| io::Error::new(io::ErrorKind::InvalidInput, text.to_owned());
            let secure = uri.scheme() == Some(&Scheme::HTTPS);
            let host = uri.host().ok_or_else(|| wrong("no host"))?;
            let host = host.trim_start_matches('[').trim_end_matches(']');
            let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
            let stream = match self.from {
                None => TcpStream::connect((host, port)).await?,
                Some(from) => connect_from(from, host, port).await?,
            };
            tune(&stream)?;
            let socket = match secure {
                false => Socket::from(stream),
                true => {
                    let config = self.tls.get_or_try_init(|| self.read()).await?;
                    let name = ServerName::try_from(host.to_owned())
                        .map_err(|error| wrong(&format!("`{host}`: {error}")))?;
                    let connector = TlsConnector::from(config.clone());
                    let stream = connector.connect(name, stream).await?;
                    Socket::from(tokio_rustls::TlsStream::from(stream))
                }
            };
            self.open.fetch_add(1, Ordering::Relaxed);
            Ok(TokioIo::new(Line {
                socket,
                open: self.open.clone(),
            }))
        };
        match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
            Ok(connected) => connected,
            Err(_) => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "cannot connect in time",
            )),
        }
    }

    async fn read(&self) -> io::Result<Arc<ClientConfig>> {
        let trust = self.trust.clone();
        let reading = tokio::task::spawn_blocking(move || match &*trust {
            Trust::System => tls::trusting(None),
            Trust::File(file) => tls::trusting(Some(file)),
            Trust::Anyone => tls::trusting_anyone(),
        });
        reading.await?.map_err(io::Error::other)
    }
}

/// Connects from an address of this machine.
async fn connect_from(from: IpAddr, host: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "no address of the same kind");
    for to in tokio::net::lookup_host((host, port)).await? {
        let socket = match (from, to) {
            (IpAddr::V4(_), SocketAddr::V4(_)) => TcpSocket::new_v4()?,
            (IpAddr::V6(_), SocketAddr::V6(_)) => TcpSocket::new_v6()?,
            _ => continue,
        };
        socket.bind(SocketAddr::new(from, 0))?;
        match socket.connect(to).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

impl tower_service::Service<Uri> for Dial {
    type Response = TokioIo<Line>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<Line>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}

/// An open connection, which counts as long as it exists.
pub struct Line {
    socket: Socket,
    open: Arc<AtomicUsize>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Connection for Line {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
