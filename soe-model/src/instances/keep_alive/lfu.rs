//! `lfu`: the function with the fewest calls gives up memory first.

use sim_core::{SimDuration, SimTime, Stream};

use super::{BuildKeepAlive, FunctionUse, Idle, KeepAlive, Scope, TTL, Window, optional};
use crate::catalogue::Kind;

pub const KIND: Kind<BuildKeepAlive> = Kind {
    name: "lfu",
    help: "Evicts the function with the fewest calls since its first living instance.",
    parameters: &[TTL],
    version: 1,
    build: |arguments| {
        Box::new(Lfu {
            ttl: arguments.duration(TTL.name),
        })
    },
};

#[derive(Clone, Debug)]
struct Lfu {
    ttl: SimDuration,
}

impl KeepAlive for Lfu {
    fn window(&mut self, _: &Idle) -> Window {
        optional(self.ttl)
    }

    fn priority(&mut self, _: SimTime, function: &FunctionUse, _: &mut Stream) -> f64 {
        function.uses as f64
    }

    fn scope(&self) -> Scope {
        Scope::Function
    }
}
