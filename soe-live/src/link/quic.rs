//! Invocations over HTTP/3, by the crates `h3` and `quinn`.
//!
//! QUIC does not tell when a process has died: its packets just stay out. Therefore a
//! connection with calls on which nothing comes asks the peer for a sign of life.

mod dialer;
mod driver;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::Duration;

use bytes::Buf;
use h3::client::{RequestStream, SendRequest};
use h3::error::{Code, StreamError};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use prost::Message;
use quinn::{Connection, ZeroRttAccepted};

use self::driver::{Driver, Early};
use super::{Means, Trouble};
use crate::budget::Side;
use crate::limits::HEADERS;
use crate::quic::body::{self, Unread};
use crate::quic::streams::{Bidi, Open, Streams};
use crate::quic::{LAMBDA, code};
use crate::rpc::LambdaResponse;
use crate::wire::{Frame, Outgoing, PREFIX};

pub use dialer::Dialer;

/// What bodies are: serialized messages.
const PROTOBUF: HeaderValue = HeaderValue::from_static("application/x-protobuf");
/// Bytes of a body that says why there is no message.
const EXPLANATION: usize = 4096;

/// A connection. When it is dropped it is closed.
pub struct Quic {
    send: SendRequest<Streams, Outgoing>,
    connection: Connection,
    request: Request<()>,
    driver: Arc<Driver>,
    open: Open,
}

impl Quic {
    /// Starts a connection, over which calls go to `authority`. `early` says that the
    /// peer has not answered yet, and tells whether it takes what was sent before. At the
    /// end `there` says whether the peer was there until then.
    ///
    /// # Errors
    /// If the peer does not speak HTTP/3.
    pub async fn start(
        connection: Connection,
        authority: &str,
        early: Option<ZeroRttAccepted>,
        there: Arc<AtomicBool>,
    ) -> Result<Self, String> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("https://{authority}{LAMBDA}"))
            .header(CONTENT_TYPE, PROTOBUF)
            .body(())
            .map_err(|error| error.to_string())?;
        let streams = Streams::new(connection.clone(), Code::H3_REQUEST_CANCELLED);
        let open = streams.open();
        let mut builder = h3::client::builder();
        builder
            .max_field_section_size(HEADERS.into())
            .send_grease(false);
        let started = builder.build(streams).await;
        let (http, send) = started.map_err(|error| error.to_string())?;
        let driver = Driver::start(http, connection.clone(), early, there);
        Ok(Self {
            send,
            connection,
            request,
            driver,
            open,
        })
    }

    /// Sends a message and waits for the response.
    ///
    /// # Errors
    /// If there is none; [`Trouble`] says whether the message may have been delivered.
    pub async fn call(&self, frame: Frame, means: Means<'_>) -> Result<Frame, Trouble> {
        let (sent, error) = match self.exchange(frame, means).await {
            Ok(done) => return done,
            Err(failed) => failed,
        };
        let trouble = self.classify(&error, sent);
        match trouble {
            // What was sent early and not taken was not seen.
            Trouble::Lost(text) if self.driver.early().await == Early::Rejected => {
                Err(Trouble::Undelivered(text))
            }
            trouble => Err(trouble),
        }
    }

    async fn exchange(
        &self,
        frame: Frame,
        means: Means<'_>,
    ) -> Result<Result<Frame, Trouble>, (bool, StreamError)> {
        let mut request = self.request.clone();
        let len = frame.len().saturating_sub(PREFIX);
        request.headers_mut().insert(CONTENT_LENGTH, len.into());
        let mut body = Outgoing::from(frame);
        body.advance(PREFIX);
        let mut send = self.send.clone();
        let sent = send.send_request(request).await;
        let mut stream = sent.map_err(|error| (false, error))?;
        let lost = |error| (true, error);
        let sent = async {
            stream.send_data(body).await?;
            stream.finish().await
        };
        match sent.await {
            // A server may answer before it has read everything.
            Ok(()) | Err(StreamError::RemoteTerminate { .. }) => {}
            Err(error) => return Err(lost(error)),
        }
        let head = stream.recv_response().await.map_err(lost)?;
        self.response(&head, &mut stream, means).await
    }

    async fn response(
        &self,
        head: &Response<()>,
        stream: &mut RequestStream<Bidi, Outgoing>,
        means: Means<'_>,
    ) -> Result<Result<Frame, Trouble>, (bool, StreamError)> {
        let status = head.status();
        let is_message = matches!(status, StatusCode::OK | StatusCode::BAD_REQUEST);
        let refused = |text: String| Ok(Err(Trouble::Refused(text)));
        let declared = match body::declared(head.headers()) {
            Ok(declared) => declared,
            Err(error) => return refused(format!("response: {error}")),
        };
        let Some(opened) = self.open.take(stream.id()) else {
            return refused("response: no stream".to_owned());
        };
        let (most, account) = match is_message {
            true => (means.message, means.account),
            false => (EXPLANATION, None),
        };
        let account = account.map(|account| (account, Side::Responses));
        let read = body::message(stream, declared, most, account, &opened.allowance).await;
        let frame = match read {
            Ok(frame) => frame,
            Err(Unread::Stream(error)) => return Err((true, error)),
            Err(_) if !is_message => return Ok(Err(judge(status, None))),
            Err(unread) => return refused(format!("response: {unread}")),
        };
        // An empty message would be a response as well.
        if is_message && frame.len() > PREFIX {
            return Ok(Ok(frame));
        }
        Ok(Err(judge(status, Some(&frame))))
    }

    fn classify(&self, error: &StreamError, sent: bool) -> Trouble {
        let text = match self.driver.end().or_else(|| self.closed()) {
            Some(end) if !matches!(error, StreamError::RemoteTerminate { .. }) => end,
            _ => error.to_string(),
        };
        match error {
            StreamError::RemoteTerminate { code, .. } => match *code {
                Code::H3_REQUEST_REJECTED => Trouble::Undelivered(text),
                Code::H3_EXCESSIVE_LOAD => Trouble::Busy(text),
                _ => Trouble::Refused(text),
            },
            StreamError::HeaderTooBig { .. } | StreamError::StreamError { .. } => {
                Trouble::Refused(text)
            }
            // A request whose headers were not sent had no body.
            _ if !sent => {
                self.driver.close();
                Trouble::Undelivered(text)
            }
            _ => {
                self.driver.close();
                Trouble::Lost(text)
            }
        }
    }

    fn closed(&self) -> Option<String> {
        self.connection.close_reason().map(|end| end.to_string())
    }

    /// The number of calls, which whoever makes them keeps.
    pub fn calls(&self) -> Arc<AtomicUsize> {
        self.driver.calls.clone()
    }

    /// Whether it takes no more calls.
    pub fn is_closed(&self) -> bool {
        self.driver.is_closed() || self.connection.close_reason().is_some()
    }

    /// Asks the peer for a sign of life, unless that is in progress.
    pub fn ask(&self) {
        Driver::ask(&self.driver, &self.connection);
    }

    /// For how long the peer has left the question unanswered; zero if none is in
    /// progress.
    pub fn silence(&self) -> Duration {
        self.driver.silence()
    }
}

impl Drop for Quic {
    fn drop(&mut self) {
        self.driver.close();
        self.connection.close(code(Code::H3_NO_ERROR), b"");
    }
}

/// What a status without message means.
fn judge(status: StatusCode, explanation: Option<&Frame>) -> Trouble {
    let said = explanation.and_then(|frame| LambdaResponse::decode(frame.message()).ok());
    let text = match said.map(|said| said.retcode) {
        Some(said) if !said.is_empty() => said,
        _ => format!("HTTP status {}", status.as_u16()),
    };
    match super::outcome::is_busy(status) {
        true => Trouble::Busy(text),
        false => Trouble::Refused(text),
    }
}
