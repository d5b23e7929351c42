//! The executables of ETSI MEC as their users meet them.

#![allow(clippy::unwrap_used)]

#[path = "../shared/executables.rs"]
mod executables;
#[path = "../../soe-live/tests/shared/ports.rs"]
mod ports;
#[path = "../shared/processes.rs"]
mod processes;

mod clients;
mod command_line;
mod restart;
mod support;
