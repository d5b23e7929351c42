//! Processes that talk to each other, and how they end.

#![allow(clippy::unwrap_used)]

#[path = "../shared/certificates.rs"]
mod certificates;
#[path = "../shared/executables.rs"]
mod executables;
#[path = "../shared/ports.rs"]
mod ports;

mod command_line;
mod example;
mod hierarchy;
mod secured;
mod support;
