//! What must survive a restart of the proxy.

use super::application::{Application, ApplicationKey};
use super::associations::{Association, Client};
use super::context::{Context, ContextId, ContextRequest};

/// A change of what must survive a restart. Applied in order to nothing, the records of
/// a proxy give its tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// An application is there from now on, as stated.
    Application(Application),
    /// An application is removed.
    ApplicationRemoved(ApplicationKey),
    /// An association is as stated from now on.
    Association(Association),
    /// An association is removed.
    AssociationRemoved {
        /// To which clients it applied.
        client: Client,
        /// The name of the application.
        application: String,
    },
    /// A context is as stated from now on. Its reference is left out, since it follows
    /// from the associations.
    Context {
        /// Its identifier.
        id: ContextId,
        /// What was asked for, with the current callback.
        request: ContextRequest,
        /// The reference that the device application is known to have.
        told: Option<String>,
    },
    /// A context is deleted.
    ContextRemoved(ContextId),
}

impl Context {
    /// What must survive a restart of it.
    pub(super) fn as_record(&self) -> Record {
        Record::Context {
            id: self.id,
            request: self.request.clone(),
            told: self.told.clone(),
        }
    }
}
