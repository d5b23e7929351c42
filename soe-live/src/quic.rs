//! QUIC: what both sides of a connection have in common.
//!
//! `quinn` is the transport and `h3` is HTTP/3. [`streams`] connects the two, with a
//! bound on what a peer can have `h3` keep in memory; [`body`] reads a message;
//! [`identity`] has the certificates.

pub mod body;
pub mod identity;
pub mod streams;

use std::time::Duration;

use quinn::{IdleTimeout, TransportConfig, VarInt};

use crate::limits::{CONNECTION_WINDOW, QUIC_IDLE, QUIC_SEND_WINDOW, STREAM_WINDOW, UNI_STREAMS};

/// The path of invocations.
pub const LAMBDA: &str = "/lambda";

/// The bounds of a connection on which the peer may have so many calls in progress.
pub fn tuning(calls: u32, keep_alive: Option<Duration>) -> TransportConfig {
    let mut tuning = TransportConfig::default();
    tuning
        .max_concurrent_bidi_streams(calls.into())
        .max_concurrent_uni_streams(UNI_STREAMS.into())
        .stream_receive_window(STREAM_WINDOW.into())
        .receive_window(CONNECTION_WINDOW.into())
        .send_window(QUIC_SEND_WINDOW)
        .max_idle_timeout(IdleTimeout::try_from(QUIC_IDLE).ok())
        .keep_alive_interval(keep_alive)
        .datagram_receive_buffer_size(None);
    tuning
}

/// A code of HTTP/3 as QUIC writes it.
pub fn code(code: h3::error::Code) -> VarInt {
    VarInt::from_u64(code.value()).unwrap_or(VarInt::MAX)
}
