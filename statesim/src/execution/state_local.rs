//! Functions call each other; a state moves to where it is needed and stays there.

use super::{ExecutionPolicy, Meter, Step};

#[derive(Debug)]
pub(super) struct StateLocal;

impl ExecutionPolicy for StateLocal {
    fn name(&self) -> &'static str {
        "StateLocal"
    }

    fn step(&self, step: &mut Step<'_>, meter: &mut Meter<'_>) {
        meter.one_way(step.argument(), step.previous, step.node);
        for &state in step.chain.needs(step.index) {
            let state = state as usize;
            meter.one_way(step.chain.states[state], step.state_at[state], step.node);
            step.state_at[state] = step.node;
        }
        if step.is_last() {
            meter.one_way(step.result(), step.node, step.client);
        }
    }
}
