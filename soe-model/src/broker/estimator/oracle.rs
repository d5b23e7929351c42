//! `oracle`: the truth, as far as anybody can know it.
//!
//! A bound for the other estimators, which a simulation alone can provide. The driver answers
//! for each computer, at once and at no cost: it knows what runs and waits there to the last
//! operation, which requests are on their way to it, and what the network takes both ways.
//!
//! * `counts = "own"`: after which time the call would be answered if it were sent there. That is
//!   exact if no request is sent to the computer later, and nobody changes its speed, before
//!   the call is done. It bounds what an estimator can know that looks after each call alone.
//! * `counts = "all"`: the same, and by how much all the calls together that the computer has, or
//!   that are on their way to it, would be answered later because of this one. Looking after each
//!   call alone need not be best for all of them, and is not where computers are busy.
//!
//! What it does not know is the future: requests that are sent later share the processor with
//! the call and delay it. It is therefore near a bound, and no bound in the strict sense.
//!
//! A destination that is a broker is asked as `probe` does, and a call that is part of a workflow
//! is taken to be a call of its own.

use super::{Estimator, EstimatorBuilder, Foresight};
use crate::catalogue::{Kind, Parameter, Quantity};

pub(super) const KIND: Kind<EstimatorBuilder> = Kind {
    name: "oracle",
    help: "When each destination would really answer if nothing came after the call: what only a simulation can know, as a bound for the others.",
    parameters: &[Parameter {
        name: "counts",
        quantity: Quantity::Word(&["own", "all"]),
        default: Some("own"),
        help: "Whether the time of the call alone counts, or also by how much it delays the others at the destination.",
    }],
    version: 1,
    build: |arguments| {
        Box::new(Oracle(match arguments.word("counts") {
            "all" => Foresight::All,
            _ => Foresight::Own,
        }))
    },
};

#[derive(Debug)]
struct Oracle(Foresight);

impl Estimator for Oracle {
    fn ignores_events(&self) -> bool {
        true
    }

    fn asks(&self) -> Option<u32> {
        Some(u32::MAX)
    }

    fn foresees(&self) -> Option<Foresight> {
        Some(self.0)
    }
}
