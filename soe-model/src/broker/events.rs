//! Events of calls and probes that are reported to policies and estimators.

use sim_core::SimDuration;

/// The outcome of a call that was sent to a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// It was answered.
    Answered(RoundTrip),
    /// It failed.
    Failed {
        /// How.
        failure: Failure,
        /// The time from sending or queueing it to the failure.
        latency: SimDuration,
        /// The time after which the destination asks to be called again, if given.
        /// No driver reports this yet.
        retry_after: Option<SimDuration>,
    },
    /// The caller cancelled, the call was sent to another destination, or the
    /// destination was removed from the table while the call was pending.
    Cancelled,
}

/// How an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The destination replied with an error. It is passed on to the caller.
    Application,
    /// No response to a call that may have been delivered, and the destination
    /// has failed or can no longer be reached.
    Transport,
    /// The destination cannot be reached; the call was provably not delivered.
    Unreachable,
    /// The connection was lost after the call may have been delivered; the
    /// destination can be reached again.
    Lost,
    /// The destination is up but refuses the call: it is overloaded, or a proxy
    /// in front of it is.
    Busy,
}

/// What the response to a call reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoundTrip {
    /// The time from sending or queueing it to the response.
    pub latency: SimDuration,
    /// The part of that at the processor.
    pub processing: SimDuration,
    /// The load of the processor over the last second, in percent.
    pub load1: u32,
    /// Whether an instance of the function had to be started for it.
    pub cold: bool,
    /// Whether it only acknowledges the call, whose result follows by a callback:
    /// then the times do not measure the execution.
    pub acknowledgement: bool,
    /// Whether it was a dry run: then the times do not measure the execution either.
    pub dry: bool,
    /// Requests in flight at the destination, of all brokers, this one no longer counted; `None`
    /// if it did not say.
    pub rif: Option<u32>,
}

/// The reply of a destination to a probe. Values that it did not report are `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeAnswer {
    /// The predicted processing time of the call.
    pub processing: SimDuration,
    /// Requests in flight there, of all brokers.
    pub rif: Option<u32>,
    /// The predicted latency of a call that arrives now. No driver reports
    /// this yet.
    pub latency: Option<SimDuration>,
    /// The load of its processor over the last second, in percent.
    pub load1: Option<u32>,
    /// Whether an idle instance of the function is there. No driver reports this yet.
    pub warm: Option<bool>,
}

impl From<SimDuration> for ProbeAnswer {
    /// A reply with the predicted processing time only.
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
