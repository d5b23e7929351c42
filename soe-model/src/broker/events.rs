//! Events of calls and probes that are reported to policies and estimators.

use sim_core::SimDuration;

use super::call::Failure;
use super::table::EntryKey;
use crate::names::EndpointId;

/// A destination of one function in one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The entry of the table, which stands for one function at one destination.
    pub entry: EntryKey,
    /// The destination, which may offer several functions. What a policy or an
    /// estimator remembers should be kept under this: positions shift.
    pub destination: EndpointId,
    /// Its present position among the destinations of the function.
    pub position: usize,
}

/// How a call that was sent to a destination ended there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// It was answered.
    Answered(RoundTrip),
    /// It failed.
    Failed {
        /// How.
        failure: Failure,
        /// After which time the destination asks to be called again, if it says.
        /// No driver reports this yet.
        retry_after: Option<SimDuration>,
    },
    /// The caller gave up, the call was sent elsewhere instead, or the destination
    /// was removed from the table while the call was there.
    Cancelled,
}

/// What the answer to a call says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoundTrip {
    /// The time from sending it, or from queueing for its turn, to the answer.
    pub latency: SimDuration,
    /// The part of that at the processor.
    pub processing: SimDuration,
    /// The load of the processor over the last second, in percent.
    pub load1: u32,
    /// Whether an instance of the function had to be started for it.
    pub cold: bool,
    /// Whether it only acknowledges the call, whose result follows by another way:
    /// then the times say nothing about executions.
    pub acknowledgement: bool,
    /// Whether only an estimate was asked for: then the times say nothing about
    /// executions either.
    pub dry: bool,
}

/// What a destination replied to a probe. What it did not say is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeAnswer {
    /// The processing time that it expects of the call that was asked about.
    pub processing: SimDuration,
    /// Requests in flight there, of all brokers. No driver reports this yet.
    pub rif: Option<u32>,
    /// The latency that it expects of a call that arrives now. No driver reports
    /// this yet.
    pub latency: Option<SimDuration>,
    /// The load of its processor over the last second, in percent.
    pub load1: Option<u32>,
    /// Whether an instance of the function waits there. No driver reports this yet.
    pub warm: Option<bool>,
}

impl From<SimDuration> for ProbeAnswer {
    /// An answer that tells the expected processing time only.
    fn from(processing: SimDuration) -> Self {
        Self {
            processing,
            rif: None,
            latency: None,
            load1: None,
            warm: None,
        }
    }
}
