//! One connection with its calls.

use std::pin::pin;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use h3::error::Code;
use quinn::{Connection, Incoming};
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

/// Takes a caller. `None` if that fails, or there is no room.
pub async fn handshake(host: Arc<Host>, incoming: Incoming) -> Option<(Connection, Place)> {
    let peer = incoming.remote_address();
    let connecting = match incoming.accept() {
        Ok(connecting) => connecting,
        Err(error) => {
            debug!("{peer}: {error}");
            return None;
        }
    };
    let connection = match host.early {
        // Calls that came with the first packets do not wait for the end of the handshake.
        true => match connecting.into_0rtt() {
            Ok((connection, _)) => connection,
            Err(_) => return None,
        },
        false => match within(connecting).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => {
                host.refusals.tell(peer, &error);
                return None;
            }
            Err(_) => {
                host.refusals.tell(peer, &"no handshake in time");
                return None;
            }
        },
    };
    let Some(place) = host.crowd.enter() else {
        debug!("{peer}: closed, all connections are busy");
        connection.close(code(Code::H3_EXCESSIVE_LOAD), b"too many connections");
        return None;
    };
    Some((connection, place))
}

/// Serves a connection to its end.
pub async fn serve(host: Arc<Host>, connection: Connection, place: Place, stop: Stop) {
    let peer = connection.remote_address();
    let streams = Streams::new(connection.clone(), Code::H3_REQUEST_REJECTED);
    let calls = Calls::new(host, streams.open());
    let mut builder = h3::server::builder();
    builder
        .max_field_section_size(HEADERS.into())
        .send_grease(false);
    let mut http: Http = match within(builder.build(streams)).await {
        Ok(Ok(http)) => http,
        Ok(Err(error)) => return debug!("{peer}: no HTTP/3: {error}"),
        Err(_) => return debug!("{peer}: no HTTP/3 in time"),
    };
    run(&mut http, &calls, &place, &stop).await;
    connection.close(code(Code::H3_NO_ERROR), b"");
}

async fn run(http: &mut Http, calls: &Arc<Calls>, place: &Place, stop: &Stop) {
    let mut running = FuturesUnordered::new();
    let mut stopping = pin!(stop.wait());
    let mut leaving = pin!(place.leave().wait());
    let mut stopped = false;
    // Once it runs, the last response has been written.
    let mut flushed: Option<std::pin::Pin<Box<Sleep>>> = None;
    loop {
        place.has_calls(!running.is_empty());
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
            () = &mut leaving => return,
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

async fn wait(sleep: &mut Option<std::pin::Pin<Box<Sleep>>>) {
    match sleep {
        Some(sleep) => sleep.await,
        None => std::future::pending().await,
    }
}
