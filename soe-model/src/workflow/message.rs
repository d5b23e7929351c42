//! Requests and responses that belong to a workflow.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::matter::{Matter, Sizes};
use super::plan::Plan;
use crate::units::Bytes;

/// The retcode of success.
pub const OK: &str = "OK";

/// A state in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateRef<M: Matter> {
    /// The state itself.
    Embedded(M::State),
    /// The endpoint of the state server where it lies.
    Remote(String),
}

/// States in a message, by name.
pub type States<M> = BTreeMap<String, StateRef<M>>;

/// The request to execute one step of a workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct Request<M: Matter> {
    /// The workflow.
    pub plan: Arc<Plan>,
    /// The step to execute.
    pub step: u32,
    /// The step whose outcome this is, if known: the number of the predecessor.
    pub from: Option<u32>,
    /// What the function receives.
    pub argument: M::Argument,
    /// The states that travel along.
    pub states: States<M>,
    /// Identifies the request of the client, through all steps.
    pub uuid: String,
    /// Where the result goes; `None` if it is the response.
    pub callback: Option<String>,
    /// Nodes passed so far.
    pub hops: u32,
}

impl<M: Matter> Request<M> {
    /// The function to execute.
    pub fn function(&self) -> &str {
        self.plan.function(self.step)
    }
}

/// The outcome of one step, or of a whole workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct Response<M: Matter> {
    /// [`OK`], or what went wrong.
    pub retcode: String,
    /// What the function returned, unless something went wrong.
    pub output: Option<M::Argument>,
    /// The states after the execution.
    pub states: States<M>,
    /// Who executed; empty in a synchronous response.
    pub responder: String,
    /// Nodes passed.
    pub hops: u32,
    /// The request to which this belongs, if known.
    pub uuid: Option<String>,
}

impl<M: Matter> Response<M> {
    /// Whether the execution succeeded.
    pub fn is_ok(&self) -> bool {
        self.retcode == OK
    }
}

impl Request<Sizes> {
    /// What it weighs on the wire: argument and embedded states. What describes
    /// the workflow is small and counts as part of the header of a message.
    pub fn size(&self) -> Bytes {
        Bytes(self.argument.0.saturating_add(embedded(&self.states)))
    }
}

impl Response<Sizes> {
    /// What it weighs on the wire: output and embedded states.
    pub fn size(&self) -> Bytes {
        let output = self.output.map_or(0, |output| output.0);
        Bytes(output.saturating_add(embedded(&self.states)))
    }
}

fn embedded(states: &States<Sizes>) -> u64 {
    let size = |state: &StateRef<Sizes>| match state {
        StateRef::Embedded(size) => size.0,
        StateRef::Remote(_) => 0,
    };
    states.values().map(size).fold(0, u64::saturating_add)
}
