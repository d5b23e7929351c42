//! The initial place of the states of workflows.

use std::sync::Arc;

use soe_model::units::Bytes;
use soe_model::workflow::{Contents, StateRef, StateReply, StateRequest, Version};

use crate::States;
use crate::state::origin;
use crate::workflow::Servers;

/// Where new states are put.
#[derive(Clone, Debug)]
pub enum Shelf {
    /// Into the messages.
    Messages,
    /// On the state server of this process, at an endpoint.
    Own(String, Arc<States>),
    /// On another state server.
    Elsewhere(String, Arc<Servers>),
}

impl Shelf {
    /// Puts a state there, as so many letters, and says how to refer to it.
    ///
    /// # Errors
    /// If it cannot be put there.
    pub async fn put(&self, name: &str, size: Bytes) -> Result<StateRef<Contents>, String> {
        let content: Arc<[u8]> = vec![b'A'; size.0 as usize].into();
        let endpoint = match self {
            Self::Messages => return Ok(StateRef::Embedded(content)),
            Self::Own(endpoint, states) => {
                states.create(name, content);
                endpoint
            }
            Self::Elsewhere(endpoint, servers) => {
                let version = Version {
                    origin: origin(),
                    count: 1,
                };
                let put = StateRequest::Put {
                    name: name.to_owned(),
                    content,
                    version: Some(version),
                };
                let refused =
                    |why: &str| Err(format!("cannot put state {name} on {endpoint}: {why}"));
                match servers.ask(endpoint, put).await {
                    StateReply::Done => {}
                    StateReply::Unreachable(text) => return refused(&text),
                    _ => return refused("the state server refused it"),
                }
                endpoint
            }
        };
        Ok(StateRef::Remote(endpoint.clone()))
    }
}
