//! Workflows over the network: how the messages of the models' machines look on
//! the wire, and how state servers are asked and answer.
//!
//! The messages are those of the original. What its protocol has no word for (the
//! step that a request comes from, the request that a result belongs to, versions
//! of states and where they have gone) is in fields that it does not know; without
//! them everything works as the original does it.

mod message;
mod states;

pub(crate) use message::to_states;
pub use message::{Unreadable, meeting, request, response, to_request, to_response};
pub use states::{Keeper, Servers, StateService};
