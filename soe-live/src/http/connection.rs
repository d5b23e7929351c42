//! One connection with its requests.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::debug;

use super::body::{self, Held, Outgoing};
use super::request::Request;
use super::server::Handler;
use crate::command::Stop;
use crate::limits::{
    HTTP_FIELDS, HTTP_HEADERS, HTTP_STREAM_WINDOW, HTTP_WINDOW, HttpLimits, LINGER,
};
use crate::server::Place;
use crate::socket::Socket;

/// What the connections of a server share.
pub struct Shared<H> {
    pub handler: Arc<H>,
    pub limits: HttpLimits,
    pub held: Arc<Held>,
}

/// Serves a connection to its end: until the peer closes it, it was idle for too long, it
/// has to make room for another one, or the server stops.
pub async fn serve<H: Handler>(
    socket: Socket,
    peer: SocketAddr,
    place: Place,
    shared: Arc<Shared<H>>,
    stop: Stop,
) {
    let limits = shared.limits;
    let activity = Arc::new(Activity::of(place));
    let builder = builder(&limits);
    let doing = activity.clone();
    let service = service_fn(move |request| {
        let (shared, running) = (shared.clone(), doing.begin());
        async move {
            let answer = shared.answer(request, peer).await;
            drop(running);
            Ok::<_, Infallible>(answer)
        }
    });
    let mut connection = pin!(builder.serve_connection(TokioIo::new(socket), service));
    let mut end: Option<Instant> = None;
    loop {
        let leaving = end.is_some();
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    debug!("{peer}: connection lost: {error}");
                }
                return;
            }
            () = activity.place.leave().wait() => return,
            () = tokio::time::sleep_until(end.unwrap_or_else(Instant::now)), if leaving => return,
            // The server ends what takes too long then.
            () = stop.wait(), if !leaving => {
                connection.as_mut().graceful_shutdown();
                end = Some(Instant::now() + crate::limits::DRAIN);
            }
            () = activity.idle_for(limits.idle), if !leaving => {
                connection.as_mut().graceful_shutdown();
                end = Some(Instant::now() + LINGER);
            }
        }
    }
}

fn builder(limits: &HttpLimits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle)
        .max_headers(HTTP_FIELDS)
        .max_buf_size(HTTP_HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(HTTP_HEADERS as u32)
        .max_send_buf_size(HTTP_HEADERS)
        .initial_stream_window_size(HTTP_STREAM_WINDOW)
        .initial_connection_window_size(HTTP_WINDOW);
    builder
}

impl<H: Handler> Shared<H> {
    async fn answer(
        &self,
        request: ::http::Request<Incoming>,
        peer: SocketAddr,
    ) -> ::http::Response<Outgoing> {
        let (head, body) = request.into_parts();
        if let Some(refusal) = self.handler.refuse(&head, peer) {
            body::discard(&head.headers, body).await;
            return Outgoing::of(refusal, &self.held);
        }
        let read = body::read(&head.headers, body, &self.limits, &self.held).await;
        let (body, _share) = match read {
            Ok(read) => read,
            Err(refusal) => return Outgoing::of(refusal, &self.held),
        };
        let request = Request { head, body, peer };
        let answer = self.handler.clone().answer(request).await;
        Outgoing::of(answer, &self.held)
    }
}

/// Whether a connection has requests in progress.
struct Activity {
    running: AtomicUsize,
    changed: Notify,
    place: Place,
}

/// One request in progress.
struct Running(Arc<Activity>);

impl Activity {
    fn of(place: Place) -> Self {
        Self {
            running: AtomicUsize::new(0),
            changed: Notify::new(),
            place,
        }
    }

    fn begin(self: &Arc<Self>) -> Running {
        if self.running.fetch_add(1, Ordering::Relaxed) == 0 {
            self.place.has_calls(true);
        }
        self.changed.notify_one();
        Running(self.clone())
    }

    /// Waits until there was no request for so long.
    async fn idle_for(&self, time: std::time::Duration) {
        loop {
            if self.running.load(Ordering::Relaxed) > 0 {
                self.changed.notified().await;
                continue;
            }
            tokio::select! {
                () = self.changed.notified() => {}
                () = tokio::time::sleep(time) => return,
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.0.running.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.place.has_calls(false);
        }
        self.0.changed.notify_one();
    }
}
