//! `lru`: the instance that was used least recently gives up memory first.

use sim_core::{SimDuration, SimTime, Stream};

use super::{BuildKeepAlive, FunctionUse, Idle, KeepAlive, TTL, Window, optional};
use crate::catalogue::Kind;

pub const KIND: Kind<BuildKeepAlive> = Kind {
    name: "lru",
    help: "Evicts the instance that was used least recently.",
    parameters: &[TTL],
    version: 1,
    build: |arguments| {
        Box::new(Lru {
            ttl: arguments.duration(TTL.name),
        })
    },
};

#[derive(Clone, Debug)]
struct Lru {
    ttl: SimDuration,
}

impl KeepAlive for Lru {
    fn window(&mut self, _: &Idle) -> Window {
        optional(self.ttl)
    }

    fn priority(&mut self, now: SimTime, _: &FunctionUse, _: &mut Stream) -> f64 {
        now.as_nanos() as f64
    }
}
