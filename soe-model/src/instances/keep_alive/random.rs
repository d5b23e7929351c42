//! `random`: any idle instance gives up memory.

use sim_core::{SimDuration, SimTime, Stream};

use super::{BuildKeepAlive, FunctionUse, Idle, KeepAlive, TTL, Window, optional};
use crate::catalogue::Kind;

pub const KIND: Kind<BuildKeepAlive> = Kind {
    name: "random",
    help: "Evicts an idle instance at random.",
    parameters: &[TTL],
    version: 1,
    build: |arguments| {
        Box::new(Random {
            ttl: arguments.duration(TTL.name),
        })
    },
};

#[derive(Clone, Debug)]
struct Random {
    ttl: SimDuration,
}

impl KeepAlive for Random {
    fn window(&mut self, _: &Idle) -> Window {
        optional(self.ttl)
    }

    fn priority(&mut self, _: SimTime, _: &FunctionUse, chance: &mut Stream) -> f64 {
        chance.uniform()
    }
}
