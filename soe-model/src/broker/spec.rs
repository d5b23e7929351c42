//! The specification of a broker.

use sim_core::{SimDuration, Stream};

use crate::broker::estimator::EstimatorSpec;
use crate::broker::optimizer::OptimizerSpec;
use crate::broker::policy::PolicySpec;
use crate::broker::safeguards::Safeguards;

/// A broker: an e-router or an e-dispatcher.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokerSpec {
    /// Its name, by which clients and other brokers address it.
    pub name: String,
    /// Its node in the network.
    pub node: String,
    /// The controller that fills its tables, if any.
    pub controller: Option<String>,
    /// How it chooses.
    pub kind: BrokerKind,
    /// How many calls it handles at a time.
    pub limits: Limits,
    /// How long it takes to forward one call.
    pub forwarding_time: ForwardingTime,
    /// Table entries present from the start.
    pub table: Vec<TableEntrySpec>,
    /// Whether it reproduces defects of the original.
    pub compatibility: Compatibility,
    /// Whether a lost call is sent to another destination.
    pub failover: Failover,
    /// What protects the calls of a router.
    pub safeguards: Safeguards,
}

/// What a broker does with a call whose connection was lost, or whose destination
/// cannot be reached. A call that was answered, even with an error, is never
/// repeated, and no call is sent twice to a destination that may have received it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Failover {
    /// The caller gets the error.
    Never,
    /// The call goes to another destination if it was provably not delivered, or
    /// if it is a dry run, which executes nothing; otherwise the caller gets the
    /// error. No call is executed twice.
    Idempotent,
    /// The call goes to another destination. It may be executed twice: once by a
    /// destination that was lost before it answered, once by the other.
    #[default]
    Always,
}

impl Failover {
    /// The words for the three rules in scenarios and on command lines.
    pub const WORDS: [&str; 3] = ["never", "idempotent", "always"];

    /// The rule named by a word of [`Failover::WORDS`]; `None` for other words.
    pub fn named(word: &str) -> Option<Self> {
        match word {
            "never" => Some(Self::Never),
            "idempotent" => Some(Self::Idempotent),
            "always" => Some(Self::Always),
            _ => None,
        }
    }
}

/// Whether a broker reproduces those defects of the original on which published
/// results depend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compatibility {
    /// It does not.
    #[default]
    Corrected,
    /// It does. An untried destination keeps its declared weight until it
    /// happens to be selected; destinations without recent calls are never explored; the
    /// round-robin policy starves most destinations before the first measurement
    /// and probes only when a weight changes; the proportional-fairness policy
    /// never forgets; stale samples leave a window by halves; the load of one
    /// processor counts for all functions of a computer; predictions may be
    /// negative; and an error response removes its destination like a failed connection.
    Original,
}

/// How a broker chooses among destinations.
#[derive(Clone, Debug, PartialEq)]
pub enum BrokerKind {
    /// An e-router: a weight per destination, updated by an optimizer, and a
    /// policy that picks by weight.
    Router {
        /// Picks by weight.
        policy: PolicySpec,
        /// Updates the weights.
        optimizer: OptimizerSpec,
    },
    /// An e-dispatcher: predicts the response time of every destination and picks
    /// the smallest.
    Dispatcher {
        /// Predicts response times.
        estimator: EstimatorSpec,
    },
}

/// Limits on concurrent calls of a broker; `None` is unlimited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// All calls in progress, from admission to response (the original's
    /// `--num-threads`). Further calls wait in order of arrival.
    pub calls_in_progress: Option<u32>,
    /// Calls pending at one destination (the original's `max-pending-clients`).
    /// Further calls wait in order of arrival.
    pub pending_per_destination: Option<u32>,
}

/// The time a broker takes to forward one call: uniform between two bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ForwardingTime {
    /// Lower bound.
    pub min: SimDuration,
    /// Upper bound, at least `min`.
    pub max: SimDuration,
}

impl ForwardingTime {
    /// The time for one call. Equal bounds draw nothing.
    pub fn draw(self, stream: &mut Stream) -> SimDuration {
        if self.max <= self.min {
            return self.min;
        }
        let span = (self.max - self.min).as_secs_f64();
        self.min + SimDuration::from_secs_f64(span * stream.uniform())
    }
}

/// An entry of a forwarding table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableEntrySpec {
    /// The function.
    pub function: String,
    /// The computer or broker to forward it to.
    pub destination: String,
    /// The initial weight, positive; lower is better.
    pub weight: f32,
    /// Whether the destination is final, a computer.
    pub is_final: bool,
}
