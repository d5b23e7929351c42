//! Execution policies: the place of state, and the resulting transfers of each
//! invocation.
//!
//! A policy lists the transfers that one step of a chain causes; the [`Meter`] computes
//! their cost. A new policy is one file, one `mod` line below, and one line in [`ALL`].
//!
//! The first three are of Cicconetti, Conti and Passarella, "On Realizing Stateful
//! FaaS in Serverless Edge Networks: State Propagation" (SMARTCOMP 2021), the others
//! of "In-Network Computing with Function as a Service at the Edge" (IEEE Computer 2022).

mod pure_faas;
mod state_local;
mod state_propagate;
mod unchained_external;
mod unchained_in_client;
mod unchained_in_edge;
mod unchained_in_function;

pub use crate::meter::Meter;
use crate::network::NodeId;
use crate::pool::Chain;

/// Every execution policy, in the order in which they are evaluated and written.
pub const ALL: [&dyn ExecutionPolicy; 7] = [
    &pure_faas::PureFaas,
    &state_propagate::StatePropagate,
    &state_local::StateLocal,
    &unchained_external::UnchainedExternal,
    &unchained_in_edge::UnchainedInEdge,
    &unchained_in_function::UnchainedInFunction,
    &unchained_in_client::UnchainedInClient,
];

/// What moves when the functions of a chain are invoked.
pub trait ExecutionPolicy: Sync + std::fmt::Debug {
    /// The name on the command line and in file names.
    fn name(&self) -> &'static str;

    /// Tells the meter every transfer that one step causes.
    fn step(&self, step: &mut Step<'_>, meter: &mut Meter<'_>);
}

/// The policy of that name.
pub fn by_name(name: &str) -> Option<&'static dyn ExecutionPolicy> {
    ALL.into_iter().find(|policy| policy.name() == name)
}

/// One invocation of a chain: who asks for it and where it runs.
#[derive(Debug)]
pub struct Step<'a> {
    pub(crate) chain: Chain<'a>,
    pub(crate) index: usize,
    pub(crate) client: NodeId,
    /// Where the previous step ran; the client before the first.
    pub(crate) previous: NodeId,
    pub(crate) node: NodeId,
    /// Where each state of the chain is now; at first, with the client.
    pub(crate) state_at: &'a mut [NodeId],
}

impl<'a> Step<'a> {
    /// Size of the argument of the function, in bytes.
    pub fn argument(&self) -> u64 {
        self.chain.tasks[self.index].argument
    }

    /// Size of what the function returns, in bytes.
    pub fn result(&self) -> u64 {
        self.chain.result(self.index)
    }

    /// Size of all states of the chain, in bytes.
    pub fn all_states(&self) -> u64 {
        self.chain.all_states
    }

    /// Size of the states that the function needs, in bytes.
    pub fn needed_states(&self) -> u64 {
        self.chain.tasks[self.index].state
    }

    /// Whether this is the last function of the chain.
    pub fn is_last(&self) -> bool {
        self.index + 1 == self.chain.tasks.len()
    }
}
