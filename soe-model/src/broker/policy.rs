//! Policies: which of several weighted destinations gets the next call?
//!
//! Every function of a forwarding table has a policy of its own, which is told
//! about the destinations as they come, change and go, and picks one of them for
//! each call. A weight is the expected latency in seconds: lower is better.
//!
//! `random`, `least-impedance` and `round-robin` are those of Cicconetti, Conti
//! and Passarella, "A Decentralized Framework for Serverless Edge Computing in
//! the Internet of Things" (IEEE TNSM, 2020).

mod least_impedance;
mod proportional_fairness;
mod random;
mod round_robin;

use sim_core::{SimTime, Stream};

use crate::broker::Compatibility;
use crate::catalogue::{Arguments, Catalogue, Configured};

/// Picks among the destinations of one function.
///
/// Destinations are numbered by position, in order of insertion; removing one
/// moves those behind it forward.
pub trait Policy: std::fmt::Debug + Send {
    /// Chooses whose behaviour to follow; called once, before anything else.
    fn set_compatibility(&mut self, _compatibility: Compatibility) {}

    /// Whether it sees to it by itself that untried and neglected destinations
    /// get a call now and then.
    fn explores(&self) -> bool {
        false
    }

    /// Appends a destination.
    fn add(&mut self, now: SimTime, weight: f32);

    /// Gives the destination at `position` another weight.
    fn update(&mut self, now: SimTime, position: usize, weight: f32);

    /// Forgets the destination at `position`.
    fn remove(&mut self, now: SimTime, position: usize);

    /// The position of the destination for the next call. There is at least one
    /// destination.
    fn pick(&mut self, now: SimTime, chance: &mut Stream) -> usize;
}

/// Makes a policy.
pub type PolicyBuilder = fn(&Arguments) -> Box<dyn Policy>;
/// A policy with its parameters, ready to be made.
pub type PolicySpec = Configured<PolicyBuilder>;

/// All policies.
pub const POLICIES: Catalogue<PolicyBuilder> = Catalogue {
    sort: "policy",
    kinds: &[
        &random::KIND,
        &least_impedance::KIND,
        &round_robin::KIND,
        &proportional_fairness::KIND,
    ],
};
