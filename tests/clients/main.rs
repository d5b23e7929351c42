//! The client executables as their users and their servers meet them: real
//! processes against services in this process.

#![allow(clippy::unwrap_used)]

#[path = "../shared/executables.rs"]
mod executables;

mod calls;
mod command_line;
mod signals;
mod support;
mod tables;
mod traces;
mod utilization;
mod wire;
