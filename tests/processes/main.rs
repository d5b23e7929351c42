//! Processes that talk to each other, and how they end.

#![allow(clippy::unwrap_used)]

#[path = "../../soe-live/tests/shared/certificates.rs"]
mod certificates;
#[path = "../shared/executables.rs"]
mod executables;
#[path = "../../soe-live/tests/shared/ports.rs"]
mod ports;

mod command_line;
mod example;
mod hierarchy;
mod secured;
mod support;
