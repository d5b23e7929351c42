//! The same models as real gRPC services.

pub mod client;
pub mod command;
pub mod connection;
pub mod rpc;
pub mod security;

pub use connection::{ConnectError, connect, connect_lazily};
pub use security::Security;
