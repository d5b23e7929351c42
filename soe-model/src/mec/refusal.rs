//! Why requests are refused.

use super::application::ApplicationKey;
use super::context::ContextId;

/// Why a request is refused. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A text is too short or too long.
    #[error("{what} has {found} characters: {least} to {most} are allowed")]
    Invalid {
        /// Which text.
        what: &'static str,
        /// Its length, characters.
        found: usize,
        /// The least length.
        least: usize,
        /// The greatest length.
        most: usize,
    },
    /// There is no such application.
    #[error("there is no application `{}` of `{}`, version `{}`", .0.name, .0.provider, .0.version)]
    UnknownApplication(ApplicationKey),
    /// No association applies.
    #[error("no end-point serves application `{application}` for client {client}")]
    NoEndpoint {
        /// The address of the client.
        client: String,
        /// The name of the application.
        application: String,
    },
    /// There is no such context.
    #[error("there is no such context")]
    UnknownContext,
    /// Another context has this identifier.
    #[error("context {0} exists already")]
    ContextExists(ContextId),
    /// A table is full.
    #[error("there are {most} {what} already, which is the limit")]
    Full {
        /// Of what.
        what: &'static str,
        /// How many are allowed.
        most: usize,
    },
}
