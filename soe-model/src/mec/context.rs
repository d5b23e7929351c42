//! Contexts: the use of an application by a device application.

use std::fmt;

use super::application::ApplicationKey;
use super::delivery::Trying;

/// The version of the interface through which a context was created. It is visible
/// only there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ApiVersion {
    /// ETSI GS MEC 016 v1.1.1, as the original implements it.
    V1,
    /// ETSI GS MEC 016 v2.2.1.
    V2,
}

/// The identifier of a context: 128 random bits, drawn by the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContextId(pub u128);

/// 32 hexadecimal digits.
impl fmt::Display for ContextId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// What a device application asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextRequest {
    /// The version of the interface.
    pub version: ApiVersion,
    /// The address from which the request came.
    pub client: String,
    /// The identifier of the device application, chosen by it.
    pub device: String,
    /// Where it wants to be notified, if at all.
    pub callback: Option<String>,
    /// The application.
    pub application: ApplicationKey,
}

/// A context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    pub(super) id: ContextId,
    pub(super) request: ContextRequest,
    /// Follows from the associations; empty if there is none.
    pub(super) reference: String,
    /// The reference that the device application is known to have; `None` if a
    /// notification may or may not have reached it.
    pub(super) told: Option<String>,
    pub(super) trying: Option<Trying>,
}

impl Context {
    /// Its identifier.
    pub fn id(&self) -> ContextId {
        self.id
    }

    /// What was asked for, with the callback of the last update.
    pub fn request(&self) -> &ContextRequest {
        &self.request
    }

    /// The end-point that the device application must call; empty if no association
    /// applies any more.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// The reference that the device application is known to have, from the response
    /// or a delivered notification.
    pub fn told(&self) -> Option<&str> {
        self.told.as_deref()
    }

    /// Whether the device application wants to know what it has not been told.
    pub(super) fn is_behind(&self) -> bool {
        self.request.callback.is_some()
            && !self.reference.is_empty()
            && self.told.as_ref() != Some(&self.reference)
    }
}
