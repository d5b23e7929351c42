//! The same models as real gRPC services.
