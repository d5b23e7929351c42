//! Estimators: how soon would each destination answer this call?
//!
//! A dispatcher sends each call to the destination with the smallest predicted
//! response time. The predictions are those of Cicconetti, Conti and Passarella,
//! "Low-latency Distributed Computation Offloading for Pervasive Environments"
//! (IEEE PerCom, 2019): linear fits over a window of past measurements, of the
//! time in the network over the size of the input and of the time at the
//! processor over its load.

mod delay;
mod fit;
mod load;
mod oracle;
mod probe;
mod rtt;
mod util;

use sim_core::{SimDuration, SimTime};

use crate::broker::Compatibility;
use crate::broker::table::EntryKey;
use crate::catalogue::{Arguments, Catalogue, Configured};
use crate::names::EndpointId;
use crate::units::Bytes;

/// Predicts response times.
pub trait Estimator: std::fmt::Debug + Send {
    /// Chooses whose behaviour to follow; called once, before anything else.
    fn set_compatibility(&mut self, _compatibility: Compatibility) {}

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

    /// What is to be expected of a call with `input` bytes; `None` if nothing is
    /// known. Never called on an estimator that asks.
    fn predict(&mut self, _now: SimTime, _target: Target, _input: Bytes) -> Option<Prediction> {
        None
    }

    /// A call was answered.
    fn learn(&mut self, _now: SimTime, _target: Target, _observation: &Observation) {}
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

/// An entry of the table and the destination it stands for.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The entry, which stands for one function at one destination.
    pub entry: EntryKey,
    /// The destination, which may offer several functions.
    pub destination: EndpointId,
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
pub const ESTIMATORS: Catalogue<EstimatorBuilder> = Catalogue {
    sort: "estimator",
    kinds: &[
        &rtt::KIND,
        &util::KIND,
        &delay::KIND,
        &probe::KIND,
        &oracle::KIND,
    ],
};
