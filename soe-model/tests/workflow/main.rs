//! Workflows: what is accepted, what runs when, and what becomes of states.

#![allow(clippy::unwrap_used)]

mod client_driven;
mod files;
mod hop_by_hop;
mod hosts;
mod joins;
mod plans;
