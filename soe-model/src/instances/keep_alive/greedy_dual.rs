//! `greedy-dual`: FaasCache's priority (Fuerst and Sharma, "FaasCache", ASPLOS 2021), after
//! GreedyDual-Size-Frequency of web caches.

use sim_core::{SimDuration, SimTime, Stream};

use super::{BuildKeepAlive, FunctionUse, Idle, KeepAlive, Scope, TTL, Window, optional};
use crate::catalogue::Kind;

pub const KIND: Kind<BuildKeepAlive> = Kind {
    name: "greedy-dual",
    help: "Evicts by clock + calls · start time / memory: keeps what is called often, starts slowly and \
           is small.",
    parameters: &[TTL],
    version: 1,
    build: |arguments| {
        Box::new(GreedyDual {
            ttl: arguments.duration(TTL.name),
            clock: 0.0,
        })
    },
};

#[derive(Clone, Debug)]
struct GreedyDual {
    ttl: SimDuration,
    /// The greatest priority of an instance that was evicted.
    clock: f64,
}

impl KeepAlive for GreedyDual {
    fn window(&mut self, _: &Idle) -> Window {
        optional(self.ttl)
    }

    fn priority(&mut self, _: SimTime, function: &FunctionUse, _: &mut Stream) -> f64 {
        self.clock + function.uses as f64 * function.start_ms / function.megabytes
    }

    fn scope(&self) -> Scope {
        Scope::Function
    }

    fn evicted(&mut self, priority: f64) {
        self.clock = self.clock.max(priority);
    }
}
