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
mod probe;
mod rtt;
mod util;

use sim_core::{SimDuration, SimTime, Stream};

use crate::broker::{AttemptOutcome, Candidates, Compatibility, Failure, ProbeAnswer, Target};
use crate::catalogue::{Arguments, Catalogue, Configured};
use crate::units::Bytes;

/// Predicts response times.
///
/// All events may be ignored. Every [`sent`](Self::sent) is followed by exactly one
/// [`done`](Self::done) for the same entry, as told at
/// [`Policy`](super::policy::Policy#events).
pub trait Estimator: std::fmt::Debug + Send {
    /// Chooses whose behaviour to follow; called once, before anything else.
    fn set_compatibility(&mut self, _compatibility: Compatibility) {}

    /// Whether it has no use for events beyond `learn`: they and the loads of
    /// [`Candidates`] are left out then, which saves time.
    fn ignores_events(&self) -> bool {
        false
    }

    /// How many questions may be under way to one destination at a time, if it
    /// asks the destinations for their prediction with a dry run; `None` if it
    /// predicts by itself.
    fn asks(&self) -> Option<u32> {
        None
    }

    /// Which truth its questions are to be answered with, if they are, which only a
    /// simulation knows.
    fn foresees(&self) -> Option<Foresight> {
        None
    }

    /// What is to be expected of a call at `target`, one of the candidates; `None`
    /// if nothing is known. Never called on an estimator that asks.
    fn predict(
        &mut self,
        _now: SimTime,
        _target: Target,
        _candidates: &Candidates<'_>,
    ) -> Option<Prediction> {
        None
    }

    /// A call was answered that says how long calls take: neither a dry run nor an
    /// acknowledgement.
    fn learn(&mut self, _now: SimTime, _target: Target, _observation: &Observation) {}

    /// A call is assigned to a destination.
    fn sent(&mut self, _now: SimTime, _target: Target) {}

    /// A call that was sent has ended, or has left the destination.
    fn done(&mut self, _now: SimTime, _target: Target, _outcome: &AttemptOutcome) {}

    /// Which destinations to probe now, for calls to come: as
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

    /// A destination did not reply to a probe or a question: it failed, or `None`,
    /// in time.
    fn probe_failed(&mut self, _now: SimTime, _target: Target, _failure: Option<Failure>) {}

    /// When it wants to be woken next, if ever.
    fn next_wake(&self) -> Option<SimTime> {
        None
    }

    /// It is now at least the time it asked for. [`next_wake`](Self::next_wake) must
    /// then lie in the future.
    fn wake(&mut self, _now: SimTime) {}
}

/// What a simulation answers to an estimator that is to know the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foresight {
    /// The time until the response to the call would be back, counted from the question.
    Own,
    /// The same, and the delay of all other calls together that are at the destination or
    /// on their way to it.
    All,
}

/// A predicted response time, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Prediction {
    /// The part in the network, zero for estimators that do not tell the parts
    /// apart.
    pub network: f64,
    /// The part at the destination.
    pub processing: f64,
    /// The load of the destination in percent that the prediction rests on.
    pub load: u32,
}

impl Prediction {
    /// The whole response time, in seconds.
    pub fn total(&self) -> f64 {
        self.network + self.processing
    }
}

/// What was measured of one call.
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

/// Makes an estimator.
pub type EstimatorBuilder = fn(&Arguments) -> Box<dyn Estimator>;
/// An estimator with its parameters, ready to be made.
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
