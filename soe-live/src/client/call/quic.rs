//! Calls over QUIC, on the connections that brokers have as well.

use std::sync::Arc;
use std::time::Duration;

use prost::Message;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::CallError;
use crate::command::{Endpoint, Failure};
use crate::limits::{ATTEMPTS, MESSAGE_RANGE};
use crate::link::Means;
use crate::peer::{self, Peer};
use crate::rpc::{LambdaRequest, LambdaResponse};
use crate::wire::Frame;
use crate::{Security, Transport};

/// Connections to one endpoint.
const CONNECTIONS: usize = 4;

/// Calls the functions behind one endpoint.
#[derive(Clone, Debug)]
pub struct Quic(Arc<Peer>);

impl Quic {
    /// Calls `endpoint`.
    ///
    /// # Errors
    /// If the text is not an endpoint, or the client certificate is missing.
    pub fn new(transport: Transport, endpoint: &str, security: &Security) -> Result<Self, Failure> {
        let endpoint: Endpoint = endpoint.parse().map_err(Failure::input)?;
        let attempts = Arc::new(Semaphore::new(ATTEMPTS));
        let peer = Peer::new(&endpoint, security, transport, CONNECTIONS, attempts);
        peer.map(|peer| Self(Arc::new(peer)))
            .map_err(Failure::input)
    }

    /// Calls a function.
    ///
    /// # Errors
    /// If there is no response within `timeout`.
    pub async fn call(
        &self,
        request: &LambdaRequest,
        timeout: Duration,
    ) -> Result<LambdaResponse, CallError> {
        let means = Means {
            message: *MESSAGE_RANGE.end(),
            account: None,
        };
        let deadline = Instant::now() + timeout;
        let answer = self
            .0
            .call(Frame::encode(request), means, deadline.into_std());
        match answer.await {
            Ok(frame) => LambdaResponse::decode(frame.message())
                .map_err(|error| CallError::Status(error.to_string())),
            Err(_) if Instant::now() >= deadline => Err(CallError::Timeout(timeout)),
            Err(peer::CallError::Refused(text) | peer::CallError::Busy(text)) => {
                Err(CallError::Status(text))
            }
            Err(
                peer::CallError::Lost(text) | peer::CallError::Unreachable { reason: text, .. },
            ) => Err(CallError::Transport(text)),
        }
    }
}
