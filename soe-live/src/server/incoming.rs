//! A request on a connection, before it is decided who handles it.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;

use h2::RecvStream;
use h2::server::SendResponse;
use http::Request;
use tokio::sync::Semaphore;
use tonic::{Code, Status};

use super::Shared;
use crate::budget::Account;
use crate::wire::{FrameError, Outgoing};

/// What the calls of a connection share.
pub struct Host {
    pub shared: Arc<Shared>,
    pub account: Arc<Account>,
    /// Calls of services other than invocations that may be executed.
    pub services: Semaphore,
}

/// A request, and the way to respond to it.
pub struct Incoming {
    pub request: Request<RecvStream>,
    pub respond: SendResponse<Outgoing>,
}

/// Waits for `future` until the caller resets the stream.
pub async fn unless_reset<F: Future + Unpin>(
    respond: &mut SendResponse<Outgoing>,
    future: &mut F,
) -> Result<F::Output, h2::Error> {
    poll_fn(|cx| match std::pin::Pin::new(&mut *future).poll(cx) {
        Poll::Ready(done) => Poll::Ready(Ok(done)),
        Poll::Pending => match respond.poll_reset(cx)? {
            Poll::Ready(reason) => Poll::Ready(Err(h2::Error::from(reason))),
            Poll::Pending => Poll::Pending,
        },
    })
    .await
}

/// The error for a request that does not arrive in time.
pub const LATE: &str = "the request did not arrive in time";

/// The status for an invalid frame.
pub fn status(error: FrameError) -> Status {
    let code = match error {
        FrameError::TooLarge { .. } => Code::ResourceExhausted,
        FrameError::Compressed => Code::Unimplemented,
        FrameError::NotOne => Code::InvalidArgument,
    };
    Status::new(code, error.to_string())
}
