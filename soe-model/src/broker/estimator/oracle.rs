//! `oracle`: the truth, as far as anybody can know it.
//!
//! A bound for the other estimators, which a simulation alone can provide. The driver answers
//! for each computer, at once and at no cost, after which time the call would be answered if it
//! were sent there: it knows what runs and waits at the computer to the last operation, which
//! requests are on their way to it, and what the network takes both ways. That is exact if no
//! request is sent to the computer later, and nobody changes its speed, before the call is done.
//!
//! What it does not know is the future: requests that are sent later share the processor with
//! the call and delay it. Each call is sent where it is best for itself alone, which need not be
//! best for all of them together. So it is a bound for estimators that predict from what has
//! happened so far and choose the least, and close to one for brokers of all kinds.
//!
//! A destination that is a broker is asked as `probe` does, and a call that is part of a workflow
//! is taken to be a call of its own.

use super::{Estimator, EstimatorBuilder};
use crate::catalogue::Kind;

pub(super) const KIND: Kind<EstimatorBuilder> = Kind {
    name: "oracle",
    help: "When each destination would really answer if nothing came after the call: what only a simulation can know, as a bound for the others.",
    parameters: &[],
    build: |_| Box::new(Oracle),
};

#[derive(Debug)]
struct Oracle;

impl Estimator for Oracle {
    fn asks(&self) -> Option<u32> {
        Some(u32::MAX)
    }

    fn foresees(&self) -> bool {
        true
    }
}
