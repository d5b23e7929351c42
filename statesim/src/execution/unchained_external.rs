//! The client calls every function, which fetches its states from the cloud and
//! stores them there.

use super::{ExecutionPolicy, Meter, Step};

#[derive(Debug)]
pub(super) struct UnchainedExternal;

impl ExecutionPolicy for UnchainedExternal {
    fn name(&self) -> &'static str {
        "UnchainedExternal"
    }

    fn step(&self, step: &mut Step<'_>, meter: &mut Meter<'_>) {
        meter.round_trip(step.argument(), step.result(), step.client, step.node);
        meter.cloud_round_trip(step.needed_states(), step.node);
    }
}
