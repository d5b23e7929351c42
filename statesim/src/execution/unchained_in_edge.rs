//! The client calls every function; states are kept by the central node of the edge.

use super::{ExecutionPolicy, Meter, Step};

#[derive(Debug)]
pub(super) struct UnchainedInEdge;

impl ExecutionPolicy for UnchainedInEdge {
    fn name(&self) -> &'static str {
        "UnchainedInEdge"
    }

    fn step(&self, step: &mut Step<'_>, meter: &mut Meter<'_>) {
        meter.round_trip(step.argument(), step.result(), step.client, step.node);
        meter.central_round_trip(step.needed_states(), step.client);
    }
}
