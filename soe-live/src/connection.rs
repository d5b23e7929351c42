//! Connections of clients of tonic.

use std::time::Duration;

use tonic::transport::Channel;

use crate::command::{Endpoint, EndpointError};
use crate::security::{MissingIdentity, Security};

/// How long to wait for a connection.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The text is no endpoint.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// We have no certificate to show.
    #[error(transparent)]
    Identity(#[from] MissingIdentity),
    /// Nobody answers there, or not in a language that we speak.
    #[error("cannot connect to {endpoint}: {problem}")]
    Unreachable {
        /// Where.
        endpoint: Endpoint,
        /// Why.
        problem: String,
    },
}

/// Connects to a service, within [`CONNECT_TIMEOUT`]. A channel whose connection
/// is lost connects again at the next call.
///
/// # Errors
/// If the endpoint is none, or nobody answers there in time.
pub async fn connect(endpoint: &str, security: &Security) -> Result<Channel, ConnectError> {
    let (endpoint, builder) = builder(endpoint, security)?;
    let connected = tokio::time::timeout(CONNECT_TIMEOUT, builder.connect()).await;
    let problem = match connected {
        Ok(Ok(channel)) => return Ok(channel),
        Ok(Err(error)) => innermost(&error),
        Err(_) => "no answer in time".to_owned(),
    };
    Err(ConnectError::Unreachable { endpoint, problem })
}

/// A channel that connects at the first call.
///
/// # Errors
/// If the endpoint is none.
pub fn connect_lazily(endpoint: &str, security: &Security) -> Result<Channel, ConnectError> {
    let (_, builder) = builder(endpoint, security)?;
    Ok(builder.connect_lazy())
}

fn builder(
    endpoint: &str,
    security: &Security,
) -> Result<(Endpoint, tonic::transport::Endpoint), ConnectError> {
    let endpoint: Endpoint = endpoint.parse()?;
    let unreachable = |problem: &dyn std::fmt::Display| ConnectError::Unreachable {
        endpoint: endpoint.clone(),
        problem: problem.to_string(),
    };
    let tls = security.tonic_client()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let mut builder = tonic::transport::Endpoint::from_shared(format!("{scheme}://{endpoint}"))
        .map_err(|error| unreachable(&error))?
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(1 << 24);
    if let Some(tls) = tls {
        builder = builder
            .tls_config(tls)
            .map_err(|error| unreachable(&error))?;
    }
    Ok((endpoint, builder))
}

/// The error that caused an error that caused an error.
pub(crate) fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
