//! Keep-alive policies: how long an idle instance is kept, and which idle instance gives up
//! its memory first.
//!
//! A policy answers two questions. When an instance becomes idle, it sets the
//! [window](KeepAlive::window) after which the instance expires. When memory is short,
//! idle instances are evicted in the order of their [priority](KeepAlive::priority), the
//! lowest first; among equals the instance that is idle longest, then the oldest.

mod fixed;
mod freq;
mod greedy_dual;
mod histogram;
mod infinite;
mod landlord;
mod lfu;
mod lru;
mod none;
mod random;
mod size;

use std::fmt;

use sim_core::{SimDuration, SimTime, Stream};

use crate::catalogue::{Arguments, Catalogue, Configured, Parameter, Quantity};

/// Decides how long idle instances are kept, and which are evicted first.
pub trait KeepAlive: CloneKeepAlive + fmt::Debug + Send {
    /// For how long an instance that has just become idle is kept.
    fn window(&mut self, idle: &Idle) -> Window;

    /// The priority of a function or of one of its instances; the lowest is evicted first.
    fn priority(&mut self, _now: SimTime, _function: &FunctionUse, _chance: &mut Stream) -> f64 {
        0.0
    }

    /// What has a priority, and when it is computed anew.
    fn scope(&self) -> Scope {
        Scope::Instance
    }

    /// An instance with this priority was evicted.
    fn evicted(&mut self, _priority: f64) {}

    /// A call of a function arrived this long after the end of its last execution; zero
    /// if some call of the function was still running.
    fn idle_time(&mut self, _function: usize, _idle: SimDuration) {}
}

/// What has a priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Each instance, from the time when it becomes idle.
    Instance,
    /// All instances of a function together, from each beginning of a call.
    Function,
}

/// Use of a function so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FunctionUse {
    /// Its number within the pool.
    pub function: usize,
    /// Calls that have begun since its first living instance was created.
    pub uses: u64,
    /// The time that an instance takes to start, in milliseconds: the mean of those
    /// measured, or what is configured until one is.
    pub start_ms: f64,
    /// The memory of an instance in megabytes, above 0.
    pub megabytes: f64,
}

/// An instance that has just become idle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Idle {
    /// Now.
    pub now: SimTime,
    /// Since when it was idle for the first time.
    pub first: SimTime,
    /// Whether no call of its function runs.
    pub is_function_idle: bool,
    /// Its function.
    pub function: FunctionUse,
}

/// For how long an idle instance is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// It expires after this time without a call; `None` is never.
    pub keep: Option<SimDuration>,
    /// When an instance is created again before a call is expected.
    pub prewarm: Option<Prewarm>,
}

/// The plan to create an instance before a call is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prewarm {
    /// This long after the function became idle.
    pub after: SimDuration,
    /// It expires this long after it has become idle unused.
    pub keep: SimDuration,
}

impl Window {
    /// The instance never expires.
    pub const FOREVER: Self = Self {
        keep: None,
        prewarm: None,
    };

    /// The instance expires after this time.
    pub const fn of(keep: SimDuration) -> Self {
        Self {
            keep: Some(keep),
            prewarm: None,
        }
    }
}

/// Clones a policy behind a pointer.
pub trait CloneKeepAlive {
    /// The same policy in the same state.
    fn clone_boxed(&self) -> Box<dyn KeepAlive>;
}

impl<T: KeepAlive + Clone + 'static> CloneKeepAlive for T {
    fn clone_boxed(&self) -> Box<dyn KeepAlive> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn KeepAlive> {
    fn clone(&self) -> Self {
        self.as_ref().clone_boxed()
    }
}

/// Builds a keep-alive policy.
pub type BuildKeepAlive = fn(&Arguments) -> Box<dyn KeepAlive>;
/// A keep-alive policy with its parameters.
pub type KeepAliveSpec = Configured<BuildKeepAlive>;

/// All keep-alive policies.
pub static KEEP_ALIVES: Catalogue<BuildKeepAlive> = Catalogue::new(
    "keep-alive policy",
    "keep-alive",
    &[
        &none::KIND,
        &infinite::KIND,
        &fixed::KIND,
        &histogram::KIND,
        &greedy_dual::KIND,
        &lru::KIND,
        &lfu::KIND,
        &freq::KIND,
        &size::KIND,
        &landlord::KIND,
        &random::KIND,
    ],
);

/// The optional window of policies that order evictions.
const TTL: Parameter = Parameter {
    name: "ttl",
    quantity: Quantity::Duration,
    default: Some("0 s"),
    help: "An idle instance also expires after this time; 0 s is never.",
};

/// The window of such a policy.
fn optional(ttl: SimDuration) -> Window {
    match ttl.is_zero() {
        true => Window::FOREVER,
        false => Window::of(ttl),
    }
}
