//! A serverless platform behind an HTTP gateway, such as OpenFaaS.

mod tls;

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use sim_core::SimDuration;
use soe_model::catalogue::{Quantity, Value};
use soe_model::conf::{Conf, ConfError};
use tokio::net::TcpStream;
use tokio::sync::{OnceCell, Semaphore};
use tokio_rustls::TlsConnector;
use tracing::debug;

use super::{Done, Text};
use crate::connection::CONNECT_TIMEOUT;
use crate::limits::MESSAGE;

/// How long a function may take.
const EXECUTION: Duration = Duration::from_secs(300);
/// How long the gateway may take to list its functions.
const LISTING: Duration = Duration::from_secs(5);

const URL: &str = "gateway-url";
const AUTHORITIES: &str = "gateway-ca";
const CLIENTS: &str = "num-clients";
const TYPE: &str = "type";
const FUNCTIONS: &str = "lambdas";
const OPEN_FAAS: &str = "OpenFaaS(0.8)";

/// Where the gateway is and how it is used: `gateway-url=http://localhost:8080/`,
/// `num-clients=5`, `type=OpenFaaS(0.8)`, and optionally `lambdas=a:b`. An address that begins
/// with `https` is reached over TLS; `gateway-ca` names a PEM file with the authorities that are
/// trusted, otherwise those of the system are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayConf {
    /// The host and port.
    authority: String,
    /// Whether it is reached over TLS.
    secure: bool,
    /// The authorities that are trusted, if not those of the system.
    authorities: Option<PathBuf>,
    /// The path that all functions have in common, with a slash at the end.
    path: String,
    /// Invocations at a time.
    clients: usize,
    /// The functions it offers; empty if it is to be asked.
    functions: Vec<String>,
}

/// What is wrong with the configuration of a gateway.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// The string is wrong.
    #[error(transparent)]
    Conf(#[from] ConfError),
    /// The address is not one.
    #[error("key `{URL}`: found `{0}`, expected an address such as http://localhost:8080/")]
    Url(String),
    /// Unknown sort of gateway.
    #[error("unknown type `{0}`, known: {OPEN_FAAS}")]
    Unknown(String),
}

impl Default for GatewayConf {
    fn default() -> Self {
        Self {
            authority: "localhost:8080".to_owned(),
            secure: false,
            authorities: None,
            path: "/".to_owned(),
            clients: 5,
            functions: Vec::new(),
        }
    }
}

impl FromStr for GatewayConf {
    type Err = GatewayError;

    fn from_str(text: &str) -> Result<Self, GatewayError> {
        let mut conf = Conf::parse(text)?;
        let mut read = Self::default();
        if let Some(url) = conf.take(URL) {
            let wrong = || GatewayError::Url(url.clone());
            let parsed: Uri = url.parse().map_err(|_| wrong())?;
            let authority = parsed.authority().ok_or_else(wrong)?;
            let port = match parsed.scheme_str() {
                Some("http") => 80,
                Some("https") => {
                    read.secure = true;
                    443
                }
                _ => return Err(wrong()),
            };
            if parsed.query().is_some() {
                return Err(wrong());
            }
            read.authority = match authority.port() {
                Some(_) => authority.to_string(),
                None => format!("{authority}:{port}"),
            };
            read.path = parsed.path().to_owned();
            if !read.path.ends_with('/') {
                read.path.push('/');
            }
        }
        read.authorities = conf.take(AUTHORITIES).map(PathBuf::from);
        if let Some(Value::Count(clients)) = conf.take_value(CLIENTS, Quantity::Count { min: 1 })? {
            read.clients = clients as usize;
        }
        if let Some(functions) = conf.take(FUNCTIONS) {
            read.functions = functions.split(':').map(str::to_owned).collect();
        }
        match conf.take(TYPE) {
            Some(found) if found != OPEN_FAAS => return Err(GatewayError::Unknown(found)),
            _ => {}
        }
        conf.finish(&[URL, AUTHORITIES, CLIENTS, TYPE, FUNCTIONS])?;
        Ok(read)
    }
}

/// Executes functions on the platform behind the gateway.
pub struct Gateway {
    conf: GatewayConf,
    tls: Box<OnceCell<TlsConnector>>,
    clients: Semaphore,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
}

impl Gateway {
    /// Of the gateway that the configuration names.
    pub fn new(conf: GatewayConf) -> Self {
        Self {
            clients: Semaphore::new(conf.clients),
            conf,
            tls: Box::default(),
            idle: Mutex::default(),
        }
    }

    /// The functions that the platform offers, in order of name.
    ///
    /// # Errors
    /// If the gateway does not tell.
    pub async fn functions(&self) -> Result<Vec<String>, String> {
        let mut functions = self.conf.functions.clone();
        if functions.is_empty() {
            let path = format!("{}system/functions", self.conf.path);
            let asked = self.send(Method::GET, &path, Bytes::new(), "text/plain");
            let (status, body) = tokio::time::timeout(LISTING, asked)
                .await
                .map_err(|_| "no answer in time".to_owned())??;
            if status != StatusCode::OK {
                return Err(format!(
                    "error HTTP response received ({})",
                    status.as_u16()
                ));
            }
            let list: serde_json::Value =
                serde_json::from_slice(&body).map_err(|error| error.to_string())?;
            let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
            let names = list
                .iter()
                .filter_map(|function| function.get("name")?.as_str());
            functions = names.map(str::to_owned).collect();
        }
        functions.sort_unstable();
        functions.dedup();
        Ok(functions)
    }

    /// How many invocations it takes at a time.
    pub fn clients(&self) -> usize {
        self.conf.clients
    }

    /// Executes a function with a text, or if there is none with binary input.
    pub(super) async fn execute(
        &self,
        function: &str,
        input: Bytes,
        datain: Bytes,
    ) -> Result<Done, String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if function.is_empty() || !function.chars().all(plain) {
            return Err(format!(
                "exception caught: `{function}` is no function name"
            ));
        }
        let queued = Instant::now();
        let caught = |text: &str| format!("exception caught: {text}");
        let _turn = self.clients.acquire().await;
        let (body, sort) = match input.is_empty() && !datain.is_empty() {
            true => (datain, "application/octet-stream"),
            false => (input, "text/plain"),
        };
        let path = format!("{}function/{function}", self.conf.path);
        let sent = self.send(Method::POST, &path, body, sort);
        let (status, body) = tokio::time::timeout(EXECUTION, sent)
            .await
            .map_err(|_| caught("no answer in time"))?
            .map_err(|error| caught(&error))?;
        if status != StatusCode::OK {
            return Err(format!(
                "error HTTP response received ({})",
                status.as_u16()
            ));
        }
        let output =
            String::from_utf8(body.into()).map_err(|_| caught("the output is not valid UTF-8"))?;
        let nanos = u64::try_from(queued.elapsed().as_nanos()).unwrap_or(u64::MAX);
        Ok(Done {
            output: Text::Own(output),
            processing: SimDuration::from_nanos(nanos),
            loads: [0; 3],
        })
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        sort: &'static str,
    ) -> Result<(StatusCode, Bytes), String> {
        let host =
            HeaderValue::from_str(&self.conf.authority).map_err(|error| error.to_string())?;
        let request = || {
            let mut request = Request::new(Full::new(body.clone()));
            *request.method_mut() = method.clone();
            *request.uri_mut() = path.parse().unwrap_or_default();
            let headers = request.headers_mut();
            headers.insert(HOST, host.clone());
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(sort));
            request
        };
        // A connection that was idle may have been closed on the other side; a
        // request that was not taken can be sent again.
        while let Some(mut client) = self.idle() {
            if client.ready().await.is_err() {
                continue;
            }
            match client.try_send_request(request()).await {
                Ok(response) => return self.receive(client, response).await,
                Err(error) if error.message().is_some() => continue,
                Err(error) => return Err(error.error().to_string()),
            }
        }
        let mut client = self.connect().await?;
        let response = client.send_request(request()).await;
        let response = response.map_err(|error| error.to_string())?;
        self.receive(client, response).await
    }

    async fn receive(
        &self,
        client: SendRequest<Full<Bytes>>,
        response: http::Response<hyper::body::Incoming>,
    ) -> Result<(StatusCode, Bytes), String> {
        let status = response.status();
        let body = Limited::new(response.into_body(), MESSAGE);
        let body = body.collect().await.map_err(|error| error.to_string())?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(client);
        Ok((status, body.to_bytes()))
    }

    fn idle(&self) -> Option<SendRequest<Full<Bytes>>> {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, String> {
        let connecting = async {
            let socket = TcpStream::connect(&self.conf.authority)
                .await
                .map_err(|error| error.to_string())?;
            match self.conf.secure {
                false => speak(TokioIo::new(socket)).await,
                true => {
                    let connector = self.tls.get_or_try_init(|| self.connector()).await?;
                    let authority = &self.conf.authority;
                    let host = authority.rsplit_once(':').map_or(&**authority, |it| it.0);
                    let socket = tls::secure(connector, host, socket).await?;
                    speak(TokioIo::new(socket)).await
                }
            }
        };
        match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
            Ok(connected) => connected,
            Err(_) => Err("cannot connect in time".to_owned()),
        }
    }

    async fn connector(&self) -> Result<TlsConnector, String> {
        let file = self.conf.authorities.clone();
        let read = tokio::task::spawn_blocking(move || tls::connector(file.as_deref()));
        read.await.map_err(|error| error.to_string())?
    }
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway")
            .field("conf", &self.conf)
            .finish_non_exhaustive()
    }
}

/// Speaks HTTP/1.1 on a connection.
async fn speak(
    socket: impl Read + Write + Unpin + Send + 'static,
) -> Result<SendRequest<Full<Bytes>>, String> {
    let (client, connection) = http1::handshake(socket)
        .await
        .map_err(|error| error.to_string())?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            debug!("connection to the gateway lost: {error}");
        }
    });
    Ok(client)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_are_read_and_checked() {
        let default = "gateway-url=http://localhost:8080/,num-clients=5,type=OpenFaaS(0.8)";
        assert_eq!(default.parse(), Ok(GatewayConf::default()));
        assert_eq!("".parse(), Ok(GatewayConf::default()));
        let conf: GatewayConf = "gateway-url=http://faas/base,lambdas=a:b".parse().unwrap();
        assert_eq!((&*conf.authority, &*conf.path), ("faas:80", "/base/"));
        assert_eq!(conf.functions, ["a", "b"]);
        let conf: GatewayConf = "gateway-url=https://faas,gateway-ca=ca.crt"
            .parse()
            .unwrap();
        assert_eq!((&*conf.authority, conf.secure), ("faas:443", true));
        for (wrong, part) in [
            ("gateway-url=ftp://host/", "http://localhost:8080/"),
            ("gateway-url=host", "http://localhost:8080/"),
            ("type=Fission", "known: OpenFaaS(0.8)"),
            ("num-clients=0", "num-clients"),
            ("clients=1", "known: gateway-url"),
        ] {
            let error = wrong.parse::<GatewayConf>().unwrap_err().to_string();
            assert!(error.contains(part), "{wrong}: {error}");
        }
    }
}
