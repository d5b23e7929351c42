//! A serverless platform behind an HTTP gateway, such as OpenFaaS.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, Request, StatusCode, Uri};
use sim_core::SimDuration;
use soe_model::catalogue::{Quantity, Value};
use soe_model::conf::{Conf, ConfError};
use tokio::sync::Semaphore;

use super::{Done, Text};
use crate::http::{Client, Trust};

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
    http: Box<Client>,
    clients: Semaphore,
}

impl Gateway {
    /// Of the gateway that the configuration names.
    pub fn new(conf: GatewayConf) -> Self {
        let trust = conf.authorities.clone().map_or(Trust::System, Trust::File);
        Self {
            http: Box::new(Client::new(trust)),
            clients: Semaphore::new(conf.clients),
            conf,
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
            let asked = self.send(Method::GET, &path, Bytes::new(), "text/plain", LISTING);
            let (status, body) = asked.await?;
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

    /// Executes a function with a text input, or with binary input if the text is empty.
    pub(super) async fn execute(
        &self,
        function: &str,
        input: Bytes,
        datain: Bytes,
    ) -> Result<Done, String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if function.is_empty() || !function.chars().all(plain) {
            return Err(format!(
                "exception caught: `{function}` is not a function name"
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
        let sent = self.send(Method::POST, &path, body, sort, EXECUTION);
        let (status, body) = sent.await.map_err(|error| caught(&error))?;
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
            in_flight: None,
        })
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        sort: &'static str,
        time: Duration,
    ) -> Result<(StatusCode, Bytes), String> {
        let scheme = if self.conf.secure { "https" } else { "http" };
        let request = Request::builder()
            .method(method)
            .uri(format!("{scheme}://{}{path}", self.conf.authority))
            .header(CONTENT_TYPE, sort)
            .body(body)
            .map_err(|error| error.to_string())?;
        let answer = self.http.send(request, time).await;
        let (head, body) = answer.map_err(|error| error.to_string())?.into_parts();
        Ok((head.status, body))
    }
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway")
            .field("conf", &self.conf)
            .finish_non_exhaustive()
    }
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
