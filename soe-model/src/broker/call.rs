//! Events of calls that are reported to a broker, and its actions.

use sim_core::{SimDuration, SlotKey};

use super::estimator::prediction::Prediction;
use super::events::{Failure, ProbeAnswer};
use crate::names::{EndpointId, FunctionId};
use crate::units::Bytes;

/// The driver's identifier of a call; the broker only passes it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// The properties of a call that a broker needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallHeader {
    /// The function.
    pub function: FunctionId,
    /// The size of the input.
    pub input: Bytes,
    /// Whether another broker has forwarded it: then only final destinations are eligible.
    pub forward: bool,
    /// The number of nodes it has passed.
    pub hops: u32,
    /// Whether it is a dry run, which only asks for the processing time.
    pub dry: bool,
}

impl CallHeader {
    /// The header with which a broker forwards the call.
    pub(super) fn forwarded(&self) -> Self {
        Self {
            forward: true,
            hops: self.hops + 1,
            ..*self
        }
    }
}

/// A call at the broker, from arrival to response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub(super) SlotKey);

/// One attempt to have a call executed at a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attempt {
    pub(super) ticket: Ticket,
    pub(super) number: u32,
}

impl Attempt {
    /// The call.
    pub fn ticket(&self) -> Ticket {
        self.ticket
    }

    /// Its number, from 1.
    pub fn number(&self) -> u32 {
        self.number
    }
}

/// A question to one destination about one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProbeId(pub(super) SlotKey);

/// What a response reports about the execution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The processing time.
    pub processing: SimDuration,
    /// The load of the processor over the last second, in percent.
    pub load1: u32,
    /// Whether it only acknowledges the call, whose result follows by a
    /// callback. Such a response is not a measurement of the execution.
    pub acknowledgement: bool,
    /// Whether an instance of the function had to be started for it.
    pub cold: bool,
    /// Requests in flight at the destination, of all brokers, this one no longer counted; `None`
    /// if it did not say.
    pub rif: Option<u32>,
}

/// The outcome of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeReply {
    /// The destination replied with its prediction.
    Answered(ProbeAnswer),
    /// It replied with an error, or could not be reached.
    Failed(Failure),
    /// The driver's timeout has passed.
    TimedOut,
}

/// An action that the driver of a broker must execute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// Send the call to a destination after a delay, and report the outcome of
    /// the attempt.
    Forward {
        /// The call.
        call: CallId,
        /// The attempt whose outcome to report.
        attempt: Attempt,
        /// The destination.
        destination: EndpointId,
        /// The forwarding time of the broker.
        after: SimDuration,
        /// The header to send: with one more hop, marked as forwarded, and dry if the call was.
        header: CallHeader,
    },
    /// Ask a destination for the processing time of the call with a dry run, and
    /// report the reply.
    Probe {
        /// The call.
        call: CallId,
        /// The question whose reply to report.
        probe: ProbeId,
        /// The destination.
        destination: EndpointId,
        /// What to send.
        header: CallHeader,
    },
    /// Respond to the caller. The broker forgets the call.
    Respond {
        /// The call.
        call: CallId,
        /// Its outcome.
        outcome: Outcome,
    },
    /// Tell the controller that a destination has failed.
    ReportFailure {
        /// The destination, which has left the tables.
        destination: EndpointId,
    },
}

/// The outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// Pass on the response.
    Answered {
        /// The destination that responded.
        destination: EndpointId,
        /// The time from sending or queueing the call to the response.
        latency: SimDuration,
        /// The prediction of the broker, if any.
        prediction: Option<Prediction>,
    },
    /// Pass on the error with which the destination replied.
    Refused {
        /// The destination that refused.
        destination: EndpointId,
    },
    /// No destination was available or could be reached.
    Rejected(Rejection),
}

/// Why a broker has no response. The texts are the original's, except that
/// the driver appends the transport error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// More than [`MOST_HOPS`] nodes were passed.
    #[error("loop detected")]
    LoopDetected,
    /// The function has no destination.
    #[error("No destinations found for the entry")]
    NoDestination,
    /// All destinations have failed; the caller gets the error of the last one.
    #[error("RPC failed")]
    AllFailed {
        /// The last one that failed.
        last: EndpointId,
    },
}

/// A call that has passed more nodes is in a loop.
pub const MOST_HOPS: u32 = 254;
