//! Policies: the selection of one of several destinations for each call.
//!
//! Every function of a forwarding table has its own policy. The policy is informed
//! when destinations are added, change and are removed, when calls are sent to them
//! and when these end. It selects a destination for each call.
//!
//! `random`, `least-impedance` and `round-robin` are those of Cicconetti, Conti
//! and Passarella, "A Decentralized Framework for Serverless Edge Computing in
//! the Internet of Things" (IEEE TNSM, 2020).

mod bounded_loads;
mod ch_rlu;
mod d_ucb;
mod draws;
mod epsilon_greedy;
mod idle;
mod join_idle_queue;
mod least_connections;
mod least_impedance;
mod linucb;
mod order;
mod peak_ewma;
mod prequal;
mod proportional_fairness;
mod pull;
mod random;
mod rendezvous;
mod reward;
mod round_robin;
mod stale_board;
mod tree;
mod two_choices;
mod ucb1;
mod warm_aware;
mod watch;

use sim_core::{SimTime, Stream};

use crate::broker::{
    AttemptOutcome, CallHeader, Candidates, Compatibility, Failure, ProbeAnswer, Target,
};
use crate::catalogue::{Arguments, Catalogue, Configured};
use crate::names::FunctionId;

/// Picks among the destinations of one function.
///
/// Only [`pick`](Self::pick) must be written; all events may be ignored.
///
/// Destinations are numbered by position, in order of insertion; removing one
/// moves those behind it forward. A policy that keeps something for a destination
/// keeps it by position and follows [`add`](Self::add) and
/// [`remove`](Self::remove), or by its endpoint. What belongs to a destination
/// whichever function is called there (pending calls, load) is kept by the broker
/// and shown in the [`Candidates`].
///
/// # Events
///
/// Every [`sent`](Self::sent) is followed by exactly one [`done`](Self::done) for
/// the same entry, also if the call is cancelled or chooses again. If the entry is
/// removed while calls are in progress there, each of them is
/// [cancelled](AttemptOutcome::Cancelled) first, then `remove` is called (unless no
/// entry is left: then the policy is dropped), and nothing is told about the entry
/// later. After each event the policy is asked
/// [when to wake it](Self::next_wake).
pub trait Policy: std::fmt::Debug + Send {
    /// Sets the compatibility mode; called once, before all other methods.
    fn set_compatibility(&mut self, _compatibility: Compatibility) {}

    /// Whether it has no use for events beyond `add`, `update` and `remove`: those of
    /// calls and probes, `key`, waking and the loads of [`Candidates`] are left out then,
    /// which saves time.
    fn ignores_events(&self) -> bool {
        false
    }

    /// How it uses the weights that the optimizer measures.
    fn weights(&self) -> WeightUse {
        WeightUse::Ignored
    }

    /// A destination was appended.
    fn add(&mut self, _now: SimTime, _weight: f32) {}

    /// The weight of the destination at `position` has changed, in seconds.
    fn update(&mut self, _now: SimTime, _position: usize, _weight: f32) {}

    /// The destination at `position` was removed.
    fn remove(&mut self, _now: SimTime, _position: usize) {}

    /// The position of the destination for the next call. There is at least one
    /// candidate; a call whose position is out of range is rejected.
    fn pick(&mut self, now: SimTime, candidates: &Candidates<'_>, chance: &mut Stream) -> usize;

    /// A hash by which calls should go to the same destination (affinity), if any.
    /// Called before each pick, which finds the result in [`Candidates::key`].
    fn key(&self, _function: FunctionId, _call: &CallHeader) -> Option<u64> {
        None
    }

    /// A call was assigned to a destination. Not every such call was picked:
    /// branches of a workflow that must meet, and trials for the optimizer, are not.
    fn sent(&mut self, _now: SimTime, _target: Target) {}

    /// A call that was sent has ended, or was withdrawn from the destination.
    fn done(&mut self, _now: SimTime, _target: Target, _outcome: &AttemptOutcome) {}

    /// Appends to `wanted` the positions of the destinations to probe now. Called
    /// whenever a call has been sent; the call does not wait for the replies. At most
    /// [`MOST_PROBES`](crate::broker::MOST_PROBES) are sent. `chance` is a separate
    /// stream, so that probing does not change picks.
    fn wants_probes(
        &mut self,
        _now: SimTime,
        _candidates: &Candidates<'_>,
        _chance: &mut Stream,
        _wanted: &mut Vec<usize>,
    ) {
    }

    /// A destination has replied to a probe.
    fn probed(&mut self, _now: SimTime, _target: Target, _answer: &ProbeAnswer) {}

    /// A probe failed; `None` is a timeout.
    fn probe_failed(&mut self, _now: SimTime, _target: Target, _failure: Option<Failure>) {}

    /// The time at which to call `wake` next, if any.
    fn next_wake(&self) -> Option<SimTime> {
        None
    }

    /// Called at that time or later. Afterwards [`next_wake`](Self::next_wake) must
    /// be in the future.
    fn wake(&mut self, _now: SimTime) {}
}

/// How a policy uses weights, and whether the policy or the router explores
/// destinations without recent measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightUse {
    /// It does not use weights, so no destination is explored.
    Ignored,
    /// It picks by weights. The router sends a trial call to a destination
    /// whose weight was only declared or was not measured recently (see
    /// [`Optimizer::retry_after`](super::optimizer::Optimizer::retry_after)).
    Measured,
    /// It picks by weights and explores destinations itself.
    Explored,
}

/// Builds a policy.
pub type PolicyBuilder = fn(&Arguments) -> Box<dyn Policy>;
/// A policy with its parameters.
pub type PolicySpec = Configured<PolicyBuilder>;

/// All policies.
pub static POLICIES: Catalogue<PolicyBuilder> = Catalogue::new(
    "policy",
    "policies",
    &[
        &random::KIND,
        &least_impedance::KIND,
        &round_robin::KIND,
        &proportional_fairness::KIND,
        &two_choices::KIND,
        &least_connections::KIND,
        &peak_ewma::KIND,
        &rendezvous::KIND,
        &bounded_loads::KIND,
        &ch_rlu::KIND,
        &warm_aware::KIND,
        &pull::KIND,
        &join_idle_queue::KIND,
        &prequal::KIND,
        &stale_board::KIND,
        &epsilon_greedy::KIND,
        &ucb1::KIND,
        &d_ucb::KIND,
        &linucb::KIND,
    ],
);
