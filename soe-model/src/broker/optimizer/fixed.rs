//! `none`: the weights keep their declared values.

use sim_core::{SimDuration, SimTime};

use super::{Optimizer, OptimizerBuilder};
use crate::broker::table::EntryKey;
use crate::catalogue::Kind;

pub(super) const NONE: Kind<OptimizerBuilder> = Kind {
    name: "none",
    help: "Weights never change.",
    parameters: &[],
    version: 1,
    build: |_| Box::new(Fixed),
};

#[derive(Debug)]
struct Fixed;

impl Optimizer for Fixed {
    fn sample(&mut self, _: SimTime, _: EntryKey, _: SimDuration) -> Option<f32> {
        None
    }

    fn retry_after(&self) -> Option<SimDuration> {
        None
    }
}
