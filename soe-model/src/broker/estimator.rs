//! Estimators: predicted response times of destinations.
//!
//! A dispatcher sends each call to the destination with the smallest predicted
//! response time. The predictions are those of Cicconetti, Conti and Passarella,
//! "Low-latency Distributed Computation Offloading for Pervasive Environments" (IEEE
//! PerCom, 2019). They are linear fits over a window of past measurements: of the
//! network time against the size of the input, and of the processing time against the
//! load of the processor.

mod delay;
mod fit;
mod load;
mod oracle;
mod plane;
pub(super) mod prediction;
mod probe;
mod rtt;
mod util;

use sim_core::{SimDuration, SimTime, Stream};

pub use prediction::Prediction;

use crate::broker::{AttemptOutcome, Candidates, Compatibility, Failure, ProbeAnswer, Target};
use crate::catalogue::{Arguments, Catalogue, Configured};
use crate::units::Bytes;

/// Predicts response times.
///
/// All events may be ignored. Every [`sent`](Self::sent) is followed by exactly one
/// [`done`](Self::done) for the same entry, as described at
/// [`Policy`](super::policy::Policy#events).
pub trait Estimator: std::fmt::Debug + Send {
    /// Sets the compatibility mode; called once, before all other methods.
    fn set_compatibility(&mut self, _compatibility: Compatibility) {}

    /// Whether it ignores all events except `learn`. Then neither events nor
    /// the loads of [`Candidates`] are provided, which saves time.
    fn ignores_events(&self) -> bool {
        false
    }

    /// The largest number of concurrent dry runs at one destination, if it
    /// predicts by dry runs; `None` if it predicts by itself.
    fn asks(&self) -> Option<u32> {
        None
    }

    /// The exact value with which a simulation replies to its questions, if it needs one.
    fn foresees(&self) -> Option<Foresight> {
        None
    }

    /// The prediction for a call at `target`, one of the candidates; `None`
    /// without measurements. Not called on an estimator that predicts by dry runs.
    fn predict(
        &mut self,
        _now: SimTime,
        _target: Target,
        _candidates: &Candidates<'_>,
    ) -> Option<Prediction> {
        None
    }

    /// A call was answered. Dry runs and acknowledgements, which are no
    /// measurements of executions, are not reported.
    fn learn(&mut self, _now: SimTime, _target: Target, _observation: &Observation) {}

    /// A call was assigned to a destination.
    fn sent(&mut self, _now: SimTime, _target: Target) {}

    /// A call that was sent has ended, or was withdrawn from the destination.
    fn done(&mut self, _now: SimTime, _target: Target, _outcome: &AttemptOutcome) {}

    /// The destinations to probe now, for later calls: as
    /// [`Policy::wants_probes`](super::policy::Policy::wants_probes).
    fn wants_probes(
        &mut self,
        _now: SimTime,
        _candidates: &Candidates<'_>,
        _chance: &mut Stream,
        _wanted: &mut Vec<usize>,
    ) {
    }

    /// A destination has replied to a probe or a question.
    fn probed(&mut self, _now: SimTime, _target: Target, _answer: &ProbeAnswer) {}

    /// A probe or a question failed; `None` is a timeout.
    fn probe_failed(&mut self, _now: SimTime, _target: Target, _failure: Option<Failure>) {}

    /// The time at which to call `wake` next, if any.
    fn next_wake(&self) -> Option<SimTime> {
        None
    }

    /// Called at that time or later. Afterwards [`next_wake`](Self::next_wake) must
    /// be in the future.
    fn wake(&mut self, _now: SimTime) {}
}

/// The exact value that a simulation provides to an estimator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foresight {
    /// The time from the question to the response to the call.
    Own,
    /// The same, plus the total delay that the call adds to all other calls at the
    /// destination or in transit to it.
    All,
}

/// The measurements of one call.
#[derive(Clone, Copy, Debug)]
pub struct Observation {
    /// The size of its input.
    pub input: Bytes,
    /// From sending it to its answer.
    pub latency: SimDuration,
    /// The part of that at the processor.
    pub processing: SimDuration,
    /// The load of the processor, in percent.
    pub load: u32,
}

/// Builds an estimator.
pub type EstimatorBuilder = fn(&Arguments) -> Box<dyn Estimator>;
/// An estimator with its parameters.
pub type EstimatorSpec = Configured<EstimatorBuilder>;

/// All estimators.
pub static ESTIMATORS: Catalogue<EstimatorBuilder> = Catalogue::new(
    "estimator",
    "estimators",
    &[
        &rtt::KIND,
        &util::KIND,
        &delay::KIND,
        &probe::KIND,
        &oracle::KIND,
    ],
);
