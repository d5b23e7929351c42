//! Functions call each other and pass all states on; the last returns to the client.

use super::{ExecutionPolicy, Meter, Step};

#[derive(Debug)]
pub(super) struct StatePropagate;

impl ExecutionPolicy for StatePropagate {
    fn name(&self) -> &'static str {
        "StatePropagate"
    }

    fn step(&self, step: &mut Step<'_>, meter: &mut Meter<'_>) {
        let bytes = step.all_states().saturating_add(step.argument());
        meter.one_way(bytes, step.previous, step.node);
        if step.is_last() {
            let bytes = step.all_states().saturating_add(step.result());
            meter.one_way(bytes, step.node, step.client);
        }
    }
}
