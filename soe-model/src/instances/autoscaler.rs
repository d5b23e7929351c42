//! Autoscalers: how many instances a function should have.
//!
//! An autoscaler is told how many calls of its function are in progress, running or
//! waiting, and decides once per [period](Autoscaler::period).

mod knative;
mod window;

use std::fmt;

use sim_core::{SimDuration, SimTime};

use crate::catalogue::{Arguments, Catalogue, Configured};

/// Decides how many instances a function should have.
pub trait Autoscaler: CloneAutoscaler + fmt::Debug + Send {
    /// The time between two decisions.
    fn period(&self) -> SimDuration;

    /// How many instances there are at the start of the run, ready at once.
    fn initial(&self) -> u32;

    /// Whether a call that finds no instance at all creates one at once.
    fn pokes(&self) -> bool;

    /// From now on so many calls are in progress, running or waiting.
    fn in_progress(&mut self, now: SimTime, calls: u32);

    /// A call has arrived.
    fn arrived(&mut self, now: SimTime);

    /// How many instances there should be, while so many are ready.
    fn decide(&mut self, now: SimTime, ready: u32) -> u32;

    /// Whether further decisions are the same as the last one until a call arrives.
    fn is_settled(&self) -> bool;

    /// Every instance was lost.
    fn failed(&mut self, now: SimTime);
}

/// Clones an autoscaler behind a pointer.
pub trait CloneAutoscaler {
    /// The same autoscaler in the same state.
    fn clone_boxed(&self) -> Box<dyn Autoscaler>;
}

impl<T: Autoscaler + Clone + 'static> CloneAutoscaler for T {
    fn clone_boxed(&self) -> Box<dyn Autoscaler> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn Autoscaler> {
    fn clone(&self) -> Self {
        self.as_ref().clone_boxed()
    }
}

/// Builds an autoscaler for instances that execute so many calls at a time.
pub type BuildAutoscaler = fn(&Arguments, u32) -> Box<dyn Autoscaler>;
/// An autoscaler with its parameters.
pub type AutoscalerSpec = Configured<BuildAutoscaler>;

/// All autoscalers.
pub static AUTOSCALERS: Catalogue<BuildAutoscaler> =
    Catalogue::new("autoscaler", "autoscalers", &[&knative::KIND]);
