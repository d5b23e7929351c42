//! The same models as real gRPC services.

mod alarm;
mod announce;
pub mod broker;
mod callback;
pub mod client;
mod clock;
pub mod command;
pub mod computer;
pub mod connection;
pub mod controller;
pub mod deployment;
mod options;
mod peer;
pub mod rpc;
pub mod security;
pub mod server;
mod slots;
mod state;
pub mod wire;

pub use callback::Callback;
pub use connection::{ConnectError, connect, connect_lazily};
pub use security::Security;
pub use state::States;
