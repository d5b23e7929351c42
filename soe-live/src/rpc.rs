//! The wire format, generated from the files under `proto/`, and its translation to
//! the models.
//!
//! Package `uiiit.rpc`, proto3. Bytes are [`bytes::Bytes`], which share the buffers
//! of the network; maps are ordered by key.

#[allow(missing_docs, clippy::all, clippy::unwrap_used)]
mod generated {
    tonic::include_proto!("uiiit.rpc");
}
mod meaning;

/// The tables of a proxy of ETSI MEC, package `uiiit.etsimec.rpc`.
#[allow(missing_docs, clippy::all, clippy::unwrap_used)]
pub mod mec {
    tonic::include_proto!("uiiit.etsimec.rpc");
}

pub use generated::*;
pub use meaning::{InvalidAction, forwarding_table};

/// The wire format itself, encoded as a `FileDescriptorSet`, for reflection.
pub const DESCRIPTOR: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor.bin"));

/// The text that says that a call, or a change, succeeded.
pub const OK: &str = "OK";
