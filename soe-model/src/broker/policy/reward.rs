//! What bandits have in common: the reward of a call, and the choice of the greatest score.
//!
//! Each destination is an arm of a bandit whose reward is `-ln(latency in ms)`, as in
//! Serverledge. Equal ratios of latencies thus are equal differences of rewards.

use sim_core::{SimDuration, Stream};

use crate::broker::AttemptOutcome;
use crate::catalogue::{Parameter, Quantity};

/// The latency as which failures count.
pub(super) const PENALTY: Parameter = Parameter {
    name: "failure-penalty",
    quantity: Quantity::Duration,
    default: Some("5 s"),
    help: "The latency that a failed call counts as, such as the deadline of calls.",
};

/// The reward of a call that has ended; `None` if it says nothing about the destination: it
/// was cancelled or dry, only acknowledged, or an instance had to be started for it.
pub(super) fn reward(outcome: &AttemptOutcome, penalty: SimDuration) -> Option<f64> {
    match outcome {
        AttemptOutcome::Answered(trip) => {
            let counts = !trip.cold && !trip.acknowledgement && !trip.dry;
            counts.then(|| of_latency(trip.latency))
        }
        AttemptOutcome::Failed { latency, .. } => Some(of_latency((*latency).max(penalty))),
        AttemptOutcome::Cancelled => None,
    }
}

/// The reward of a latency.
pub(super) fn of_latency(latency: SimDuration) -> f64 {
    // Latencies come in whole nanoseconds, possibly zero.
    -libm::log(latency.as_millis_f64().max(1e-6))
}

/// The position with the greatest score, chosen at random among equals.
pub(super) fn greatest(count: usize, chance: &mut Stream, score: impl Fn(usize) -> f64) -> usize {
    let (mut best, mut greatest, mut ties) = (0, f64::NEG_INFINITY, 0);
    for position in 0..count {
        let score = score(position);
        if score > greatest || ties == 0 {
            (best, greatest, ties) = (position, score, 1);
        } else if score == greatest {
            ties += 1;
        }
    }
    if ties > 1 {
        let chosen = chance.index(ties);
        let mut tied = (0..count).filter(|&position| score(position) == greatest);
        best = tied.nth(chosen).unwrap_or(best);
    }
    best
}
