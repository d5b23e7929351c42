//! One connection with the calls that came over it.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::FuturesUnordered;
use h2::server::Connection;
use tracing::debug;

use super::call::{Incoming, handle};
use super::{HANDSHAKE, Shared};
use crate::command::Stop;
use crate::socket::Socket;

/// How much a peer may send ahead of being read: per call and in all.
const CALL_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 16 << 20;
/// Calls that a peer may have in progress over one connection.
const CALLS: u32 = 1 << 16;

/// Serves a connection to its end.
pub async fn serve(socket: Socket, shared: Arc<Shared>, stop: Stop) {
    let handshake = h2::server::Builder::new()
        .initial_window_size(CALL_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(CALLS)
        .max_header_list_size(1 << 16)
        .handshake::<_, Bytes>(socket);
    let mut connection = match tokio::time::timeout(HANDSHAKE, handshake).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => return debug!("no HTTP/2: {error}"),
        Err(_) => return debug!("no HTTP/2 in time"),
    };
    let mut calls = FuturesUnordered::new();
    let mut stopping = pin!(stop.wait());
    let mut stopped = false;
    let ended = poll_fn(|cx| {
        if !stopped && stopping.as_mut().poll(cx).is_ready() {
            stopped = true;
            connection.graceful_shutdown();
        }
        loop {
            let new = accept(&mut connection, cx, |incoming| {
                calls.push(handle(shared.clone(), incoming));
            });
            let progress = run(&mut calls, cx);
            match new {
                Accepted::Some => {}
                // What the calls wrote must be sent.
                Accepted::None if progress => {}
                Accepted::None => return Poll::Pending,
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

/// Takes all calls that have come.
fn accept(
    connection: &mut Connection<Socket, Bytes>,
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

/// Lets the calls go on; whether one has ended.
fn run<F: Future<Output = ()>>(calls: &mut FuturesUnordered<F>, cx: &mut Context<'_>) -> bool {
    let mut progress = false;
    while let Poll::Ready(Some(())) = std::pin::Pin::new(&mut *calls).poll_next(cx) {
        progress = true;
    }
    progress
}
