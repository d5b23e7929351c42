//! The client calls every function; each function keeps its own states.

use super::{ExecutionPolicy, Meter, Step};

#[derive(Debug)]
pub(super) struct UnchainedInFunction;

impl ExecutionPolicy for UnchainedInFunction {
    fn name(&self) -> &'static str {
        "UnchainedInFunction"
    }

    fn step(&self, step: &mut Step<'_>, meter: &mut Meter<'_>) {
        meter.round_trip(step.argument(), step.result(), step.client, step.node);
    }
}
