//! The same models as real gRPC services.

pub mod connection;
pub mod endpoint;
pub mod rpc;
pub mod security;

pub use connection::{ConnectError, connect};
pub use endpoint::Endpoint;
pub use security::Security;
