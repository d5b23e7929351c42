//! One call over the network.

mod openwhisk;
#[cfg(feature = "quic")]
mod quic;

use std::time::Duration;

use soe_model::units::Bytes;
use tokio::time::{Instant, timeout_at};
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::command::Failure;
use crate::connection::connect_lazily;
use crate::http::Root;
use crate::limits::MESSAGE_RANGE;
use crate::rpc;
use crate::rpc::edge_server_client::EdgeServerClient;
use crate::{Security, Transport};

/// What the text around the letters of a payload takes, in bytes.
const FRAME: u64 = 12;

/// The input of a call: a JSON text of exactly this size with the key `input`, or
/// the shortest there is if that is longer.
pub fn payload(size: Bytes) -> String {
    let letters = size.0.saturating_sub(FRAME) as usize;
    format!(r#"{{"input":"{}"}}"#, "A".repeat(letters))
}

/// Calls the functions behind one endpoint. The connection is made at the first
/// call and made anew when it is lost.
#[derive(Clone, Debug)]
pub struct Caller {
    endpoint: String,
    wire: Wire,
    timeout: Duration,
}

#[derive(Clone, Debug)]
enum Wire {
    Grpc(EdgeServerClient<Channel>),
    #[cfg(feature = "quic")]
    Quic(quic::Quic),
    OpenWhisk(openwhisk::OpenWhisk),
}

/// Why a call was not executed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// It was refused, with this text.
    #[error("{0}")]
    Refused(String),
    /// The peer replied with this gRPC error.
    #[error("RPC failed: {0}")]
    Status(String),
    /// The network or the peer failed.
    #[error("RPC failed: {0}")]
    Transport(String),
    /// No response arrived in time.
    #[error("RPC failed: no answer within {} s", .0.as_secs_f64())]
    Timeout(Duration),
    /// None of several destinations executed it, and the last one did not respond.
    #[error("none of the destinations responded correctly ({0})")]
    Nobody(String),
    /// The caller has stopped waiting.
    #[error("cancelled while waiting for the answer")]
    GivenUp,
}

impl Caller {
    /// Calls `endpoint`, and waits for each answer no longer than `timeout`.
    ///
    /// # Errors
    /// If the text is not an endpoint, or the client certificate is missing.
    pub fn new(endpoint: &str, security: &Security, timeout: Duration) -> Result<Self, Failure> {
        Self::over(Transport::Grpc, endpoint, security, timeout)
    }

    /// The same over another transport.
    ///
    /// # Errors
    /// If the text is no endpoint, or there is no certificate to show, or the transport
    /// needs other security.
    pub fn over(
        transport: Transport,
        endpoint: &str,
        security: &Security,
        timeout: Duration,
    ) -> Result<Self, Failure> {
        let wire = match transport {
            Transport::Grpc => {
                let channel = connect_lazily(endpoint, security).map_err(Failure::input)?;
                let client = EdgeServerClient::new(channel);
                Wire::Grpc(client.max_decoding_message_size(*MESSAGE_RANGE.end()))
            }
            #[cfg(feature = "quic")]
            Transport::Quic(_) => Wire::Quic(quic::Quic::new(transport, endpoint, security)?),
        };
        Ok(Self {
            endpoint: endpoint.to_owned(),
            wire,
            timeout,
        })
    }

    /// The same through an OpenWhisk front end, whose address is `root`.
    pub fn open_whisk(root: Root, timeout: Duration) -> Self {
        Self {
            endpoint: root.endpoint().to_string(),
            wire: Wire::OpenWhisk(openwhisk::OpenWhisk::new(root)),
            timeout,
        }
    }

    /// Whom it calls.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Calls a function.
    ///
    /// # Errors
    /// If it was not executed.
    pub async fn call(
        &self,
        request: rpc::LambdaRequest,
    ) -> Result<rpc::LambdaResponse, CallError> {
        let response = match &self.wire {
            Wire::Grpc(client) => self.over_grpc(client.clone(), request).await?,
            #[cfg(feature = "quic")]
            Wire::Quic(quic) => quic.call(&request, self.timeout).await?,
            Wire::OpenWhisk(front) => front.call(request, self.timeout).await?,
        };
        match response.retcode.as_str() {
            rpc::OK => Ok(response),
            _ => Err(CallError::Refused(response.retcode)),
        }
    }

    async fn over_grpc(
        &self,
        mut client: EdgeServerClient<Channel>,
        request: rpc::LambdaRequest,
    ) -> Result<rpc::LambdaResponse, CallError> {
        let mut request = Request::new(request);
        request.set_timeout(self.timeout);
        let deadline = Instant::now() + self.timeout;
        let answer = timeout_at(deadline, client.run_lambda(request)).await;
        match answer {
            Ok(Ok(response)) => Ok(response.into_inner()),
            // The transport knows the deadline too, and may be the first to see it.
            Ok(Err(status)) if Instant::now() < deadline => {
                // What this side makes up has a cause, what came does not.
                let came = std::error::Error::source(&status).is_none();
                let text = describe(&status);
                Err(match came {
                    true => CallError::Status(text),
                    false => CallError::Transport(text),
                })
            }
            Ok(Err(_)) | Err(_) => Err(CallError::Timeout(self.timeout)),
        }
    }
}

/// What a failed call of any service means to a person.
pub fn describe(status: &Status) -> String {
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(status);
    let mut text = status.message().to_owned();
    while let Some(error) = cause {
        text = error.to_string();
        cause = error.source();
    }
    if text.is_empty() {
        text = status.code().description().to_owned();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_has_exactly_the_size_that_was_asked_for() {
        assert_eq!(payload(Bytes(20)), r#"{"input":"AAAAAAAA"}"#);
        for size in [12, 13, 100, 10_000] {
            assert_eq!(payload(Bytes(size)).len() as u64, size);
        }
        for size in [0, 1, 11] {
            assert_eq!(payload(Bytes(size)), r#"{"input":""}"#);
        }
    }
}
