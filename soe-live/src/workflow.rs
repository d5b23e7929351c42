//! Workflows over the network: messages of the models' state machines as gRPC
//! messages, and state servers and their clients.
//!
//! The messages are those of the original. Information that its protocol cannot
//! express (the step from which a request comes, the request to which a result
//! belongs, versions of states and their new places) is in additional fields. Without
//! these fields, everything works as in the original.

mod message;
mod states;

pub(crate) use message::to_states;
pub use message::{Unreadable, meeting, request, response, to_request, to_response};
pub use states::{Keeper, Servers, StateService};
