//! Sending requests over HTTP/1.1.

use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ::http::header::{CONNECTION, HeaderValue};
use ::http::{Request, Response, Uri};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::Semaphore;

use super::dial::Dial;
pub use super::dial::Trust;
use crate::connection::innermost;
use crate::limits::{
    HTTP_CLIENT_CONNECTIONS, HTTP_CLIENT_IDLE, HTTP_CLIENT_PEER_IDLE, HTTP_EXCHANGES, HTTP_HEADERS,
    MESSAGE,
};

/// Sends requests, over connections that are kept for the next one. A request that
/// provably did not reach the other side over a kept connection is sent again over
/// another; no request is executed twice.
pub struct Client {
    inner: legacy::Client<Dial, Full<Bytes>>,
    dial: Dial,
    exchanges: Semaphore,
    most: usize,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The address is none that this client can use.
    #[error("`{0}` is not an address such as http://host:port/path")]
    Address(String),
    /// There is no connection: the request was not delivered.
    #[error("{0}")]
    Connect(String),
    /// The connection was lost: the request may have been delivered.
    #[error("{0}")]
    Lost(String),
    /// There was no answer in time.
    #[error("no answer in time")]
    Timeout,
    /// The answer has too large a body.
    #[error("the answer has more than {0} bytes")]
    TooLarge(usize),
}

impl Client {
    /// A client that accepts the certificates of some, and answers of at most
    /// [`MESSAGE`] bytes.
    pub fn new(trust: Trust) -> Self {
        Self::over(Dial::new(trust))
    }

    /// The same, whose connections are opened from an address of this machine.
    #[must_use]
    pub fn with_address(self, from: IpAddr) -> Self {
        let most = self.most;
        Self::over(self.dial.with_address(from)).with_most(most)
    }

    fn over(dial: Dial) -> Self {
        let inner = legacy::Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(HTTP_CLIENT_IDLE)
            .pool_max_idle_per_host(HTTP_CLIENT_PEER_IDLE)
            .http1_max_buf_size(HTTP_HEADERS)
            .build(dial.clone());
        Self {
            inner,
            dial,
            exchanges: Semaphore::new(HTTP_EXCHANGES),
            most: MESSAGE,
        }
    }

    /// The same, for answers of at most so many bytes.
    #[must_use]
    pub fn with_most(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    /// Sends a request and reads the answer, all within `time`. The address of the request
    /// is a whole one, with `http` or `https` and a host.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn send(
        &self,
        mut request: Request<Bytes>,
        time: Duration,
    ) -> Result<Response<Bytes>, ClientError> {
        if !is_usable(request.uri()) {
            let found = request.uri().to_string();
            return Err(ClientError::Address(found.chars().take(200).collect()));
        }
        let exchange = async {
            let _turn = self.exchanges.acquire().await;
            if self.dial.open.load(Ordering::Relaxed) >= HTTP_CLIENT_CONNECTIONS {
                let close = HeaderValue::from_static("close");
                request.headers_mut().insert(CONNECTION, close);
            }
            let sent = self.inner.request(request.map(Full::new)).await;
            let (head, body) = match sent {
                Ok(response) => response.into_parts(),
                Err(error) if error.is_connect() => {
                    return Err(ClientError::Connect(innermost(&error)));
                }
                Err(error) => return Err(ClientError::Lost(innermost(&error))),
            };
            match Limited::new(body, self.most).collect().await {
                Ok(body) => Ok(Response::from_parts(head, body.to_bytes())),
                Err(error) if error.is::<LengthLimitError>() => {
                    Err(ClientError::TooLarge(self.most))
                }
                Err(error) => Err(ClientError::Lost(innermost(&*error))),
            }
        };
        match tokio::time::timeout(time, exchange).await {
            Ok(answer) => answer,
            Err(_) => Err(ClientError::Timeout),
        }
    }
}

fn is_usable(uri: &Uri) -> bool {
    matches!(uri.scheme_str(), Some("http" | "https"))
        && uri.host().is_some_and(|it| !it.is_empty())
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}
