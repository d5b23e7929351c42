//! Invocations over HTTP/2, by the `h2` crate, with one task per connection that reads
//! and writes.
//!
//! All requests of a connection have the same headers, which are built once. A
//! message is passed to `h2` as one buffer or several; `h2` cuts it into DATA frames.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use h2::client::{ResponseFuture, SendRequest};
use http::{Method, Request, Version};

use super::http2_driver::Driver;
use super::outcome::{Trouble, classify, conclude, judge};
use super::{Means, no_message};
use crate::budget::Side;
use crate::intake::{self, Unread};
use crate::limits::{CONNECTION_WINDOW, CROWDED, HEADERS, STREAM_WINDOW, TINY_FRAMES};
use crate::server::GRPC;
use crate::socket::Socket;
use crate::wire::{Frame, Outgoing};

/// A connection. When it is dropped it is closed.
pub struct Http2 {
    send: SendRequest<Outgoing>,
    request: Request<()>,
    driver: Arc<Driver>,
}

impl Http2 {
    /// Starts a connection, over which calls go to `path` at `authority`. Returns when
    /// the peer has answered for the first time; only the caller limits how long that
    /// takes.
    ///
    /// # Errors
    /// If the peer does not speak HTTP/2, or closes the connection.
    pub async fn start(
        socket: Socket,
        scheme: &str,
        authority: &str,
        path: &str,
    ) -> Result<Self, String> {
        let request = Request::builder()
            .method(Method::POST)
            .version(Version::HTTP_2)
            .uri(format!("{scheme}://{authority}{path}"))
            .header(http::header::CONTENT_TYPE, GRPC)
            .header(http::header::TE, "trailers")
            .body(())
            .map_err(|error| error.to_string())?;
        let handshake = h2::client::Builder::new()
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .data_frame_budget(TINY_FRAMES)
            .max_header_list_size(HEADERS)
            .initial_max_send_streams(CROWDED)
            .enable_push(false)
            .handshake(socket);
        let (send, connection) = handshake.await.map_err(|error| error.to_string())?;
        let driver = Driver::start(connection);
        let link = Self {
            send,
            request,
            driver,
        };
        link.driver.ask();
        link.driver.answered().await?;
        Ok(link)
    }

    /// Sends a message and waits for the response.
    ///
    /// # Errors
    /// If there is none; [`Trouble`] says whether the message may have been delivered.
    pub async fn call(&self, frame: Frame, means: Means<'_>) -> Result<Frame, Trouble> {
        let mut send = self.send.clone();
        let undelivered = |error: h2::Error| {
            self.driver.close();
            Trouble::Undelivered(error.to_string())
        };
        // A new handle need not wait until it is ready.
        let sent = send.send_request(self.request.clone(), false);
        let (response, mut body) = sent.map_err(undelivered)?;
        if let Err(error) = body.send_data(frame.into(), true) {
            return Err(classify(&error, true));
        }
        let mut opening = Opening {
            send,
            response,
            opened: false,
        };
        let response = poll_fn(|cx| opening.poll(cx)).await;
        let response = response.map_err(|error| {
            let trouble = classify(&error, opening.opened);
            if error.is_go_away() || error.is_io() {
                self.driver.close();
            }
            trouble
        })?;
        let (head, mut body) = response.into_parts();
        judge(head.status, &head.headers)?;
        let account = means.account.map(|account| (account, Side::Responses));
        let message = intake::message(&mut body, means.message, account).await;
        let message = match message {
            Ok(message) => Ok(message),
            // A response without message says why in its trailers.
            Err(unread @ Unread::Incomplete(_)) => Err(unread),
            Err(Unread::Stream(error)) => return Err(classify(&error, true)),
            Err(unread) => return Err(no_message(&unread)),
        };
        let trailers = body.trailers().await;
        let trailers = trailers.map_err(|error| classify(&error, true))?;
        conclude(trailers.as_ref())?;
        message.map_err(|unread| no_message(&unread))
    }

    /// Whether it takes no more calls.
    pub fn is_closed(&self) -> bool {
        self.driver.is_closed()
    }

    /// Sends the peer a PING, unless one is in progress.
    pub fn ask(&self) {
        self.driver.ask();
    }

    /// For how long the peer has left a PING unanswered; zero if none is in progress.
    pub fn silence(&self) -> Duration {
        self.driver.silence()
    }
}

/// A request that waits for its response.
struct Opening {
    send: SendRequest<Outgoing>,
    response: ResponseFuture,
    /// Whether the peer allowed the stream, so that the request may have left.
    opened: bool,
}

impl Opening {
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<http::Response<h2::RecvStream>, h2::Error>> {
        if !self.opened {
            self.opened = matches!(self.send.poll_ready(cx), Poll::Ready(Ok(())));
        }
        std::pin::Pin::new(&mut self.response).poll(cx)
    }
}

impl Drop for Http2 {
    fn drop(&mut self) {
        self.driver.leave();
    }
}
