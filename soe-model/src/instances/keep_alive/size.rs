//! `size`: GreedyDual without the time of starts.

use sim_core::{SimDuration, SimTime, Stream};

use super::{BuildKeepAlive, FunctionUse, Idle, KeepAlive, Scope, TTL, Window, optional};
use crate::catalogue::Kind;

pub const KIND: Kind<BuildKeepAlive> = Kind {
    name: "size",
    help: "Evicts by clock + calls / memory.",
    parameters: &[TTL],
    version: 1,
    build: |arguments| {
        Box::new(Size {
            ttl: arguments.duration(TTL.name),
            clock: 0.0,
        })
    },
};

#[derive(Clone, Debug)]
struct Size {
    ttl: SimDuration,
    /// The greatest priority of an instance that was evicted.
    clock: f64,
}

impl KeepAlive for Size {
    fn window(&mut self, _: &Idle) -> Window {
        optional(self.ttl)
    }

    fn priority(&mut self, _: SimTime, function: &FunctionUse, _: &mut Stream) -> f64 {
        self.clock + function.uses as f64 / function.megabytes
    }

    fn scope(&self) -> Scope {
        Scope::Function
    }

    fn evicted(&mut self, priority: f64) {
        self.clock = self.clock.max(priority);
    }
}
