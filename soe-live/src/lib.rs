//! The same models as real gRPC services.

pub mod command;
