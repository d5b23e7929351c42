//! How invocations travel between processes.

/// How invocations travel: all other services are always gRPC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// gRPC: HTTP/2 over TCP.
    #[default]
    Grpc,
    /// HTTP/3 over QUIC.
    #[cfg(feature = "quic")]
    Quic(QuicOptions),
}

/// What may be chosen of QUIC.
#[cfg(feature = "quic")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuicOptions {
    /// Whether the calls of a resumed connection travel in its first packets (0-RTT)
    /// and are taken from there. Who records these packets can send them again: for
    /// functions only that may be executed twice.
    pub early_data: bool,
    /// Whether a server shows a certificate that it has signed itself, and a client
    /// takes any: encrypted, but neither side knows whom it talks to.
    pub insecure: bool,
}
