//! The client calls every function and sends the states that the function needs, in
//! both directions.

use super::{ExecutionPolicy, Meter, Step};

#[derive(Debug)]
pub(super) struct UnchainedInClient;

impl ExecutionPolicy for UnchainedInClient {
    fn name(&self) -> &'static str {
        "UnchainedInClient"
    }

    fn step(&self, step: &mut Step<'_>, meter: &mut Meter<'_>) {
        let there = step.needed_states().saturating_add(step.argument());
        let back = step.needed_states().saturating_add(step.result());
        meter.round_trip(there, back, step.client, step.node);
    }
}
