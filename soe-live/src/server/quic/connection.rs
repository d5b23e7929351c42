//! One connection with its calls.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use h3::error::Code;
use quinn::{Connection, Incoming, ZeroRttAccepted};
use tokio::time::Sleep;
use tracing::debug;

use super::super::crowd::Place;
use super::call::{Calls, handle};
use super::{Host, within};
use crate::command::Stop;
use crate::limits::{HEADERS, QUIC_FLUSH};
use crate::quic::code;
use crate::quic::streams::Streams;
use crate::wire::Outgoing;

type Http = h3::server::Connection<Streams, Outgoing>;

/// A caller whose handshake has succeeded, or goes on while it is served.
pub struct Shaken {
    connection: Connection,
    /// The end of the handshake, and one of those that are not finished until then.
    unfinished: Option<(ZeroRttAccepted, Unfinished)>,
}

/// A connection that is served although its handshake is not finished.
struct Unfinished(Arc<AtomicUsize>);

impl Unfinished {
    fn new(host: &Host) -> Self {
        host.unfinished.fetch_add(1, Ordering::Relaxed);
        Self(host.unfinished.clone())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Takes a caller. `None` if that fails.
pub async fn handshake(host: Arc<Host>, incoming: Incoming) -> Option<Shaken> {
    let peer = incoming.remote_address();
    let connecting = match incoming.accept() {
        Ok(connecting) => connecting,
        Err(error) => {
            debug!("{peer}: {error}");
            return None;
        }
    };
    if host.early {
        // Calls that came with the first packets do not wait for the end of the handshake.
        let (connection, finished) = connecting.into_0rtt().ok()?;
        let unfinished = Some((finished, Unfinished::new(&host)));
        return Some(Shaken {
            connection,
            unfinished,
        });
    }
    match within(connecting).await {
        Ok(Ok(connection)) => Some(Shaken {
            connection,
            unfinished: None,
        }),
        Ok(Err(error)) => {
            host.refusals.tell(peer, &error);
            None
        }
        Err(_) => {
            host.refusals.tell(peer, &"no handshake in time");
            None
        }
    }
}

/// Serves a connection to its end.
pub async fn serve(host: Arc<Host>, caller: Shaken, stop: Stop) {
    let Shaken {
        connection,
        unfinished,
    } = caller;
    let peer = connection.remote_address();
    let entering = entering(&host, &connection, unfinished);
    let streams = Streams::new(connection.clone(), Code::H3_REQUEST_REJECTED);
    let calls = Calls::new(host.clone(), streams.open());
    let mut builder = h3::server::builder();
    builder
        .max_field_section_size(HEADERS.into())
        .send_grease(false);
    let mut http: Http = match within(builder.build(streams)).await {
        Ok(Ok(http)) => http,
        Ok(Err(error)) => return debug!("{peer}: no HTTP/3: {error}"),
        Err(_) => return debug!("{peer}: no HTTP/3 in time"),
    };
    run(&mut http, &calls, entering, &stop).await;
    connection.close(code(Code::H3_NO_ERROR), b"");
}

/// Waits for the end of the handshake, and takes a place. `None` if it does not end, or
/// there is no place.
async fn entering(
    host: &Host,
    connection: &Connection,
    unfinished: Option<(ZeroRttAccepted, Unfinished)>,
) -> Option<Place> {
    let peer = connection.remote_address();
    if let Some((finished, _counted)) = unfinished {
        let finished = within(finished).await;
        if finished.is_err() || connection.close_reason().is_some() {
            host.refusals.tell(peer, &"no handshake in time");
            return None;
        }
    }
    let place = host.crowd.enter();
    if place.is_none() {
        debug!("{peer}: closed, all connections are busy");
        connection.close(code(Code::H3_EXCESSIVE_LOAD), b"too many connections");
    }
    place
}

async fn run(
    http: &mut Http,
    calls: &Arc<Calls>,
    entering: impl Future<Output = Option<Place>>,
    stop: &Stop,
) {
    let mut running = FuturesUnordered::new();
    let mut stopping = pin!(stop.wait());
    let mut entering = pin!(entering);
    let mut place: Option<Place> = None;
    let mut stopped = false;
    // Once it runs, the last response has been written.
    let mut flushed: Option<std::pin::Pin<Box<Sleep>>> = None;
    loop {
        if let Some(place) = &place {
            place.has_calls(!running.is_empty());
        }
        if stopped && running.is_empty() {
            flushed.get_or_insert_with(|| Box::pin(tokio::time::sleep(QUIC_FLUSH)));
        }
        tokio::select! {
            accepted = http.accept() => match accepted {
                Ok(Some(resolver)) => running.push(handle(calls.clone(), resolver)),
                Ok(None) => return,
                Err(error) => return debug!("connection lost: {error}"),
            },
            Some(()) = running.next() => {}
            entered = &mut entering, if place.is_none() => match entered {
                None => return,
                entered => place = entered,
            },
            () = told_to_leave(place.as_ref()) => return,
            () = &mut stopping, if !stopped => {
                stopped = true;
                // Calls that come from now on are refused unseen.
                if http.shutdown(0).await.is_err() {
                    return;
                }
            }
            () = wait(&mut flushed) => return,
        }
    }
}

async fn told_to_leave(place: Option<&Place>) {
    match place {
        Some(place) => place.leave().wait().await,
        None => std::future::pending().await,
    }
}

async fn wait(sleep: &mut Option<std::pin::Pin<Box<Sleep>>>) {
    match sleep {
        Some(sleep) => sleep.await,
        None => std::future::pending().await,
    }
}
