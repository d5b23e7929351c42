//! Calling a broker or a computer.

use std::sync::Arc;
use std::time::Duration;

use ::http::StatusCode;
use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use crate::client::describe;
use crate::limits::MESSAGE_RANGE;
use crate::rpc::edge_server_client::EdgeServerClient;
use crate::rpc::{self, LambdaRequest, LambdaResponse};

/// The way to a broker or a computer, with a bound on the calls in progress.
#[derive(Debug)]
pub struct Calls {
    client: EdgeServerClient<Channel>,
    time: Duration,
    most: usize,
    places: Arc<Semaphore>,
}

/// Why a call has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The function does not exist there.
    #[error("{0}")]
    Unknown(String),
    /// The function has failed, or was refused.
    #[error("{0}")]
    Refused(String),
    /// The broker cannot be reached.
    #[error("{0}")]
    Unreachable(String),
    /// The broker has no room for the call.
    #[error("{0}")]
    Overloaded(String),
    /// There was no answer in time.
    #[error("no answer within {} s", .0.as_secs_f64())]
    Late(Duration),
}

impl Fault {
    /// The status that fits.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Unknown(_) => StatusCode::NOT_FOUND,
            Self::Refused(_) => StatusCode::BAD_GATEWAY,
            Self::Unreachable(_) | Self::Overloaded(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Late(_) => StatusCode::GATEWAY_TIMEOUT,
        }
    }
}

/// How brokers and computers say that they do not have a function, as the original does.
const UNKNOWN: [&str; 2] = ["No destinations found", "No container for lambda"];

impl Calls {
    /// Calls over a channel, at most `most` at a time, each of which may take `time`.
    pub fn new(channel: Channel, time: Duration, most: usize) -> Self {
        let client = EdgeServerClient::new(channel);
        Self {
            client: client.max_decoding_message_size(*MESSAGE_RANGE.end()),
            time,
            most,
            places: Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))),
        }
    }

    /// How long a call may take.
    pub fn time(&self) -> Duration {
        self.time
    }

    /// The most calls at a time.
    pub fn most(&self) -> usize {
        self.most
    }

    /// The calls in progress.
    pub fn in_progress(&self) -> usize {
        let all = self.most.min(Semaphore::MAX_PERMITS);
        all.saturating_sub(self.places.available_permits())
    }

    /// A place for one more call; `None` if there is none left.
    pub fn place(&self) -> Option<OwnedSemaphorePermit> {
        self.places.clone().try_acquire_owned().ok()
    }

    /// Calls a function with a text, or with bytes if they are no text.
    ///
    /// # Errors
    /// If it was not executed.
    pub async fn call(&self, function: &str, input: Bytes) -> Result<LambdaResponse, Fault> {
        let (input, datain) = match String::from_utf8(input.into()) {
            Ok(text) => (text, Bytes::new()),
            Err(bytes) => (String::new(), bytes.into_bytes().into()),
        };
        let mut request = Request::new(LambdaRequest {
            name: function.to_owned(),
            input,
            datain,
            ..LambdaRequest::default()
        });
        request.set_timeout(self.time);
        let mut client = self.client.clone();
        let deadline = Instant::now() + self.time;
        let response = match timeout_at(deadline, client.run_lambda(request)).await {
            Ok(Ok(response)) => response.into_inner(),
            // The transport knows the deadline too, and may be the first to see it.
            Ok(Err(status)) if Instant::now() < deadline => return Err(self.fault(&status)),
            Ok(Err(_)) | Err(_) => return Err(Fault::Late(self.time)),
        };
        if response.retcode == rpc::OK {
            return Ok(response);
        }
        let is_unknown = UNKNOWN
            .iter()
            .any(|text| response.retcode.starts_with(text));
        Err(match is_unknown {
            true => Fault::Unknown(response.retcode),
            false => Fault::Refused(response.retcode),
        })
    }

    fn fault(&self, status: &Status) -> Fault {
        let text = describe(status);
        match status.code() {
            Code::Unavailable => Fault::Unreachable(text),
            Code::ResourceExhausted => Fault::Overloaded(text),
            Code::DeadlineExceeded => Fault::Late(self.time),
            // A connection that is lost during a call has this code.
            _ if std::error::Error::source(status).is_some() => Fault::Unreachable(text),
            _ => Fault::Refused(text),
        }
    }
}
