//! One connection with its calls.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::Stream;
use futures_util::stream::FuturesUnordered;
use h2::Reason;
use h2::server::Connection;
use tokio::sync::Semaphore;
use tracing::debug;

use super::Shared;
use super::call::handle;
use super::crowd::Place;
use super::incoming::{Host, Incoming};
use crate::command::Stop;
use crate::limits::{
    CONNECTION_WINDOW, HANDSHAKE, HEADERS, SERVICE_CALLS, STREAM_WINDOW, TINY_FRAMES,
};
use crate::socket::Socket;
use crate::wire::Outgoing;

/// Serves a connection to its end.
pub async fn serve(socket: Socket, place: Place, shared: Arc<Shared>, stop: Stop) {
    let handshake = h2::server::Builder::new()
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .data_frame_budget(TINY_FRAMES)
        .max_concurrent_streams(shared.limits.calls)
        .max_header_list_size(HEADERS)
        .handshake::<_, Outgoing>(socket);
    let mut connection = match tokio::time::timeout(HANDSHAKE, handshake).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => return debug!("HTTP/2 handshake failed: {error}"),
        Err(_) => return debug!("HTTP/2 handshake timed out"),
    };
    let host = Arc::new(Host {
        account: shared.memory.open(shared.limits.message),
        services: Semaphore::new(SERVICE_CALLS),
        shared,
    });
    let mut calls = FuturesUnordered::new();
    let mut stopping = pin!(stop.wait());
    let mut leaving = pin!(place.leave().wait());
    let mut stopped = false;
    let ended = poll_fn(|cx| {
        if !stopped && stopping.as_mut().poll(cx).is_ready() {
            stopped = true;
            connection.graceful_shutdown();
        }
        if leaving.as_mut().poll(cx).is_ready() {
            connection.abrupt_shutdown(Reason::NO_ERROR);
            // The peer is told if that is possible at once.
            let _ = connection.poll_closed(cx);
            return Poll::Ready(Ok(()));
        }
        loop {
            let new = accept(&mut connection, cx, |incoming| {
                calls.push(handle(host.clone(), incoming));
            });
            let progress = run(&mut calls, cx);
            match new {
                Accepted::Some => {}
                // What the calls wrote must be sent.
                Accepted::None if progress => {}
                Accepted::None => {
                    place.has_calls(!calls.is_empty());
                    return Poll::Pending;
                }
                Accepted::End(end) => return Poll::Ready(end),
            }
        }
    });
    if let Err(error) = ended.await {
        debug!("connection lost: {error}");
    }
}

enum Accepted {
    Some,
    None,
    End(Result<(), h2::Error>),
}

/// Accepts all requests that have arrived.
fn accept(
    connection: &mut Connection<Socket, Outgoing>,
    cx: &mut Context<'_>,
    mut each: impl FnMut(Incoming),
) -> Accepted {
    let mut accepted = Accepted::None;
    loop {
        match connection.poll_accept(cx) {
            Poll::Ready(Some(Ok((request, respond)))) => {
                each(Incoming { request, respond });
                accepted = Accepted::Some;
            }
            Poll::Ready(Some(Err(error))) => return Accepted::End(Err(error)),
            Poll::Ready(None) => return Accepted::End(Ok(())),
            Poll::Pending => return accepted,
        }
    }
}

/// Polls the calls; returns whether one has ended.
fn run<F: Future<Output = ()>>(calls: &mut FuturesUnordered<F>, cx: &mut Context<'_>) -> bool {
    let mut progress = false;
    while let Poll::Ready(Some(())) = std::pin::Pin::new(&mut *calls).poll_next(cx) {
        progress = true;
    }
    progress
}
