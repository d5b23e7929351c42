//! Allocation policies: which node runs a function.
//!
//! Every task is assigned, job after job, to the node with the smallest sum of
//! processing time and the network cost of the policy, given the tasks that the nodes
//! already have. A new policy is one file, one `mod` line below, and one line in
//! [`ALL`].

mod greedy;
mod proc_net;
mod proc_only;

use crate::model::Corrections;

pub(crate) use greedy::{Allocator, Placement, processing_seconds};

/// Every allocation policy, in the order in which they are evaluated and written.
pub const ALL: [&dyn AllocationPolicy; 2] = [&proc_only::ProcOnly, &proc_net::ProcNet];

/// What an allocation policy weighs besides processing.
pub trait AllocationPolicy: Sync + std::fmt::Debug {
    /// The name on the command line and in file names.
    fn name(&self) -> &'static str;

    /// What the network adds to the cost of a node.
    fn network_cost(&self, corrections: Corrections) -> NetworkCost;
}

/// What the network adds to the cost of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkCost {
    /// Nothing.
    Nothing,
    /// A round trip between client and node of the argument and the result, both
    /// together with all states of the chain.
    RoundTripOfAllStates,
    /// What the step costs under the execution policy.
    AsExecuted,
}

/// The policy of that name.
pub fn by_name(name: &str) -> Option<&'static dyn AllocationPolicy> {
    ALL.into_iter().find(|policy| policy.name() == name)
}
