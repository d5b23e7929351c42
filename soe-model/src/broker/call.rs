//! Events of calls that are reported to a broker, and its actions.

use sim_core::{SimDuration, SlotKey};

use super::estimator::Prediction;
use super::events::ProbeAnswer;
use crate::names::{EndpointId, FunctionId};
use crate::units::Bytes;

/// How the driver of a broker calls a call; the broker only repeats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// What a broker must know of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallHeader {
    /// The function.
    pub function: FunctionId,
    /// The size of the input.
    pub input: Bytes,
    /// Whether another broker has forwarded it: only final destinations will do.
    pub forward: bool,
    /// How many nodes it has passed.
    pub hops: u32,
    /// Whether only the time it would take is asked for.
    pub dry: bool,
}

/// A call at the broker, from arrival to response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub(super) SlotKey);

/// One attempt to have a call executed somewhere.
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

/// What an answer says about the execution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The processing time.
    pub processing: SimDuration,
    /// The load of the processor over the last second, in percent.
    pub load1: u32,
    /// Whether it only acknowledges the call, whose result follows by another
    /// way. Such an answer says nothing about how long calls take.
    pub acknowledgement: bool,
    /// Whether an instance of the function had to be started for it.
    pub cold: bool,
}

/// How an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The destination answered that it will not or cannot execute the call. That
    /// is the caller's concern.
    Application,
    /// No answer came to a call that may have been delivered, and the destination
    /// is gone or cannot be reached any more.
    Transport,
    /// The destination cannot be reached; the call was provably not delivered.
    Unreachable,
    /// The connection was lost after the call may have been delivered; the
    /// destination can be reached again.
    Lost,
    /// The destination is there but does not take the call now: it is overloaded,
    /// or a proxy before it is.
    Busy,
}

/// The outcome of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeReply {
    /// The destination answered what it expects.
    Answered(ProbeAnswer),
    /// It answered with an error, or could not be reached.
    Failed(Failure),
    /// The driver does not wait any longer.
    TimedOut,
}

/// What a broker wants done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// Send the call to a destination after some time, and report the outcome of
    /// the attempt.
    Forward {
        /// The call.
        call: CallId,
        /// The attempt to report about.
        attempt: Attempt,
        /// Where to.
        destination: EndpointId,
        /// The time the broker takes for it.
        after: SimDuration,
        /// What to send: one more hop, marked as forwarded, dry if it was.
        header: CallHeader,
    },
    /// Ask a destination how long the call would take, with a dry run, and report
    /// the reply.
    Probe {
        /// The call.
        call: CallId,
        /// The question to report about.
        probe: ProbeId,
        /// Whom to ask.
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
    /// Pass on the answer.
    Answered {
        /// Who gave it.
        destination: EndpointId,
        /// The time from sending the call, or queueing for its turn, to the answer.
        latency: SimDuration,
        /// What the broker had predicted, if it did.
        prediction: Option<Prediction>,
    },
    /// Pass on the error that the destination answered.
    Refused {
        /// Who refused.
        destination: EndpointId,
    },
    /// No destination was asked, or none could be reached.
    Rejected(Rejection),
}

/// Why a broker has no answer. The texts are the original's, except that a
/// transport error reaches the caller: the driver appends what it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// More than [`MOST_HOPS`] nodes were passed.
    #[error("loop detected")]
    LoopDetected,
    /// The function has no destination.
    #[error("No destinations found for the entry")]
    NoDestination,
    /// All destinations have failed; the last one is named, whose error the
    /// caller should see.
    #[error("RPC failed")]
    AllFailed {
        /// The last one that failed.
        last: EndpointId,
    },
}

/// A call that has passed more nodes runs in a circle.
pub const MOST_HOPS: u32 = 254;
