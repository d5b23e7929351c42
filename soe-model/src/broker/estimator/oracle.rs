//! `oracle`: a reference with the full information of the simulation.
//!
//! It is a reference for the other estimators, and only a simulation can provide it.
//! The driver answers for each computer, at once and at no cost. It knows all running
//! and waiting tasks exactly, the requests on their way to the computer, and the
//! network delay in both directions.
//!
//! * `counts = "own"`: the time until the response to the call, if it were sent to
//!   this computer. It is exact if no request is sent to the computer later, and its
//!   speed does not change, before the call is complete. It bounds the knowledge of
//!   any estimator that optimizes each call alone.
//! * `counts = "all"`: the same, plus the total delay that this call causes to all
//!   calls that the computer has or that are on their way to it. Optimizing each call
//!   alone need not be best for all calls, and is not when computers are busy.
//!
//! It does not know the future: requests that are sent later share the processor with
//! the call and delay it. It is therefore close to a bound, but not a bound in the
//! strict sense.
//!
//! A destination that is a broker is asked in the same way as by `probe`. A call that
//! is part of a workflow is treated as an independent call.

use super::{Estimator, EstimatorBuilder, Foresight};
use crate::catalogue::{Kind, Parameter, Quantity};

pub(super) const KIND: Kind<EstimatorBuilder> = Kind {
    name: "oracle",
    help: "The exact response time at each destination if no later call arrived. It works only in simulations, as a bound for the other estimators.",
    parameters: &[Parameter {
        name: "counts",
        quantity: Quantity::Word(&["own", "all"]),
        default: Some("own"),
        help: "Whether to minimize the response time of the call alone, or also the delay that it adds to other calls at the destination.",
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
