//! The services of the server side, as their peers see them.
#![allow(clippy::unwrap_used)]

#[path = "../shared/certificates.rs"]
mod certificates;
#[path = "../shared/ports.rs"]
mod ports;

mod computing;
mod controlling;
mod corpus;
mod delivery;
mod dispatching;
#[cfg(feature = "facerec")]
mod faces;
mod failures;
mod federation;
mod front;
mod front_openfaas;
mod gateway;
mod hostile;
mod hostile_callers;
mod hostile_destinations;
mod http;
mod mec;
mod metrics;
mod offered;
#[cfg(feature = "quic")]
mod quic;
#[cfg(feature = "quic")]
mod quic_hostile;
mod raw_peer;
mod recorded;
mod recorded_http;
mod secured;
mod support;
mod workflows;
