//! `freq`: GreedyDual without the memory of instances.

use sim_core::{SimDuration, SimTime, Stream};

use super::{BuildKeepAlive, FunctionUse, Idle, KeepAlive, Scope, TTL, Window, optional};
use crate::catalogue::Kind;

pub const KIND: Kind<BuildKeepAlive> = Kind {
    name: "freq",
    help: "Evicts by clock + calls · start time.",
    parameters: &[TTL],
    version: 1,
    build: |arguments| {
        Box::new(Freq {
            ttl: arguments.duration(TTL.name),
            clock: 0.0,
        })
    },
};

#[derive(Clone, Debug)]
struct Freq {
    ttl: SimDuration,
    /// The greatest priority of an instance that was evicted.
    clock: f64,
}

impl KeepAlive for Freq {
    fn window(&mut self, _: &Idle) -> Window {
        optional(self.ttl)
    }

    fn priority(&mut self, _: SimTime, function: &FunctionUse, _: &mut Stream) -> f64 {
        self.clock + function.uses as f64 * function.start_ms
    }

    fn scope(&self) -> Scope {
        Scope::Function
    }

    fn evicted(&mut self, priority: f64) {
        self.clock = self.clock.max(priority);
    }
}
