//! The client calls every function and sends all states with each call, in both
//! directions.

use super::{ExecutionPolicy, Meter, Step};

#[derive(Debug)]
pub(super) struct PureFaas;

impl ExecutionPolicy for PureFaas {
    fn name(&self) -> &'static str {
        "PureFaaS"
    }

    fn step(&self, step: &mut Step<'_>, meter: &mut Meter<'_>) {
        let there = step.all_states().saturating_add(step.argument());
        let back = step.all_states().saturating_add(step.result());
        meter.round_trip(there, back, step.client, step.node);
    }
}
