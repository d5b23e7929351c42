//! `landlord`: instances pay rent (Young, "On-line file caching", Algorithmica 2002).
//!
//! A use sets the credit of an instance to the time of its start. A call that needs memory charges
//! every idle instance the same rent per byte, until enough instances have no credit left.
//! Rents paid by all are kept as one sum, so that an eviction costs no pass over the others.

use sim_core::{SimDuration, SimTime, Stream};

use super::{BuildKeepAlive, FunctionUse, Idle, KeepAlive, TTL, Window, optional};
use crate::catalogue::Kind;

pub const KIND: Kind<BuildKeepAlive> = Kind {
    name: "landlord",
    help: "Evicts the instance whose credit, the start time set at each use, is used up first by a rent \
           per byte.",
    parameters: &[TTL],
    version: 1,
    build: |arguments| {
        Box::new(Landlord {
            ttl: arguments.duration(TTL.name),
            rent: 0.0,
        })
    },
};

#[derive(Clone, Debug)]
struct Landlord {
    ttl: SimDuration,
    /// What each megabyte has paid since the start of the run.
    rent: f64,
}

impl KeepAlive for Landlord {
    fn window(&mut self, _: &Idle) -> Window {
        optional(self.ttl)
    }

    fn priority(&mut self, _: SimTime, function: &FunctionUse, _: &mut Stream) -> f64 {
        self.rent + function.start_ms / function.megabytes
    }

    fn evicted(&mut self, priority: f64) {
        self.rent = self.rent.max(priority);
    }
}
