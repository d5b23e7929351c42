//! Every bound of the tables of a proxy.

/// Characters of the name, the provider and the version of an application (ETSI GS MEC 016,
/// table 6.2.2-1).
pub const NAME: usize = 32;
/// Characters of the description of an application (same table).
pub const DESCRIPTION: usize = 128;
/// Characters of the identifier of a device application. The standard has 32; under v1.1.1
/// the original's clients send a UUID of 36.
pub const DEVICE: usize = 128;
/// Characters of the URI to which notifications are sent.
pub const CALLBACK: usize = 2048;
/// Characters of an end-point or of a client address.
pub const ENDPOINT: usize = 260;

/// How much a proxy holds and does at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Applications (1 024).
    pub applications: usize,
    /// Associations (65 536).
    pub associations: usize,
    /// Contexts (65 536).
    pub contexts: usize,
    /// Contexts of one client address (16 384).
    pub contexts_of_client: usize,
    /// Notifications in progress (64).
    pub flights: usize,
    /// Notifications in progress to the contexts of one client address (8), so that a
    /// client that does not answer delays no other.
    pub flights_of_client: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            applications: 1024,
            associations: 1 << 16,
            contexts: 1 << 16,
            contexts_of_client: 1 << 14,
            flights: 64,
            flights_of_client: 8,
        }
    }
}
