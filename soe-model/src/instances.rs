//! The life cycle of containers: instances of functions that start, execute calls, stay
//! idle for a while and go.
//!
//! An [`Instances`] machine keeps the instances of the functions that share the memory of
//! one processor. A call takes a free slot of an idle or busy instance, or causes a start,
//! or waits, as [`Scaling`], [`Binding`] and [`Overflow`] say. An idle instance is kept for
//! the window of the [keep-alive policy](keep_alive), and gives up its memory earlier if a
//! new instance needs it. An [autoscaler] may decide how many instances there are.
//!
//! Two methods drive it besides those of calls: [`Instances::next_wake`] and
//! [`Instances::wake`]. Calls that begin are handed out by [`Instances::poll`]. At the same
//! time, starts end first, then instances expire, then calls arrive.
//!
//! ```
//! use sim_core::{SimDuration, SimTime, Streams};
//! use soe_model::duration::DURATIONS;
//! use soe_model::catalogue::Value;
//! use soe_model::instances::{
//!     Arrival, Binding, Instances, InstancesSpec, Overflow, PoolSpec, Scaling, StartSpec,
//!     Warmth, WarmChoice, keep_alive::KEEP_ALIVES,
//! };
//! use soe_model::units::Bytes;
//!
//! let half_a_second = Value::Duration(SimDuration::from_millis(500));
//! let start = DURATIONS.configure("fixed", vec![("duration".to_owned(), half_a_second)])?;
//! let resize = InstancesSpec {
//!     scaling: Scaling::PerRequest,
//!     binding: Binding::Early,
//!     warm_choice: WarmChoice::Mru,
//!     concurrency: 1,
//!     min: 0,
//!     max: 10,
//!     queue: usize::MAX,
//!     memory: Bytes(128_000_000),
//!     start: StartSpec { init: Some(start), ..StartSpec::default() },
//!     teardown: SimDuration::ZERO,
//!     autoscaler: None,
//! };
//! let pool = PoolSpec {
//!     keep_alive: KEEP_ALIVES.configure("fixed", vec![])?,
//!     overflow: Overflow::Queue,
//!     images: None,
//! };
//! let functions = [("resize", &resize)];
//! let memory = Bytes(1_000_000_000);
//! let mut instances = Instances::new("edge", &pool, memory, &functions, &Streams::new(1, 0))
//!     .map_err(|(_, error)| error)?;
//!
//! // The first call causes a start and waits for it.
//! let now = SimTime::ZERO;
//! assert_eq!(instances.arrive(now, 0, 7), Arrival::Accepted);
//! let now = instances.next_wake();
//! assert_eq!(now, SimTime::ZERO + SimDuration::from_millis(500));
//! instances.wake(now);
//! let begun = instances.poll().expect("the instance is ready");
//! assert_eq!((begun.call, begun.warmth), (7, Warmth::ColdCaused));
//! instances.done(now, begun.instance);
//!
//! // The next one finds it warm.
//! assert_eq!(instances.arrive(now, 0, 8), Arrival::Accepted);
//! assert_eq!(instances.poll().map(|begun| begun.warmth), Some(Warmth::Warm));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod autoscaler;
pub mod keep_alive;
pub mod theory;

mod calls;
mod function;
mod image;
mod instance;
mod life;
mod memory;
mod scale;
mod spec;
mod start;
mod tally;
mod timer;
mod warm;

use std::collections::VecDeque;

use sim_core::{SimDuration, SimTime, Streams};

use crate::catalogue::ArgumentError;
use crate::units::Bytes;
use function::Function;
use image::ImageCache;
use instance::Instance;
use keep_alive::KeepAlive;
use memory::Memory;
use timer::{Due, Timers};

pub use spec::{Binding, ImageCacheSpec, InstancesSpec, Overflow, PoolSpec, Scaling};
pub use start::StartSpec;
pub use tally::{Tally, Warmth};
pub use warm::WarmChoice;

/// The instances of the functions that share one memory.
#[derive(Clone, Debug)]
pub struct Instances {
    functions: Vec<Function>,
    slots: Vec<Instance>,
    vacant: Vec<u32>,
    timers: Timers,
    memory: Memory,
    images: Option<ImageCache>,
    keep_alive: Box<dyn KeepAlive>,
    overflow: Overflow,
    /// Calls that have begun and were not handed out yet.
    begun: VecDeque<Begun>,
    /// Calls that wait for memory for an instance of their function, in order of arrival.
    blocked: VecDeque<(u64, u32)>,
    /// Calls and instances so far.
    arrivals: u64,
    created: u64,
}

/// Whether a call is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It begins, now or later.
    Accepted,
    /// It is rejected: there is no instance for it and no room in the queue.
    Rejected,
}

/// A call that begins on an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// The call.
    pub call: u32,
    /// The slot of its instance, for [`Instances::done`].
    pub instance: u32,
    /// How it found the instance.
    pub warmth: Warmth,
    /// The last part of its waiting, which was due to the start of the instance.
    pub start: SimDuration,
}

impl Instances {
    /// The instances of `functions` with so much memory on `computer`; those that are
    /// always there are ready. The order of the functions numbers them.
    ///
    /// # Errors
    /// The first part of a start time whose arguments contradict each other, and why.
    pub fn new(
        computer: &str,
        pool: &PoolSpec,
        memory: Bytes,
        functions: &[(&str, &InstancesSpec)],
        streams: &Streams,
    ) -> Result<Self, (&'static str, ArgumentError)> {
        let functions = functions.iter();
        let functions = functions.map(|(name, spec)| {
            let stream = |purpose: &str| streams.stream(computer, &format!("{name} {purpose}"));
            Function::new(spec, stream)
        });
        let mut instances = Self {
            functions: functions.collect::<Result<_, _>>()?,
            slots: Vec::new(),
            vacant: Vec::new(),
            timers: Timers::default(),
            memory: Memory::new(memory),
            images: pool.images.as_ref().map(ImageCache::new),
            keep_alive: (pool.keep_alive.kind.build)(&pool.keep_alive.arguments),
            overflow: pool.overflow,
            begun: VecDeque::new(),
            blocked: VecDeque::new(),
            arrivals: 0,
            created: 0,
        };
        for function in 0..instances.functions.len() as u32 {
            instances.create_first(function);
        }
        Ok(instances)
    }

    /// When something happens next without a call; [`SimTime::MAX`] if nothing does.
    #[inline]
    pub fn next_wake(&self) -> SimTime {
        self.timers.next()
    }

    /// Does what is due by `now`.
    #[inline]
    pub fn wake(&mut self, now: SimTime) {
        while let Some((at, due)) = self.timers.pop(now) {
            self.happen(at, due);
        }
    }

    /// The next call that has begun. Repeat until it returns `None`.
    #[inline]
    pub fn poll(&mut self) -> Option<Begun> {
        self.begun.pop_front()
    }

    /// Loses every instance and every call.
    pub fn fail(&mut self, now: SimTime) {
        for function in &mut self.functions {
            function.fail(now);
        }
        self.slots.clear();
        self.vacant.clear();
        self.timers.clear();
        self.memory.clear();
        self.begun.clear();
        self.blocked.clear();
    }

    /// The counts of a function until `now`.
    ///
    /// # Panics
    /// If there is no such function.
    pub fn tally(&mut self, now: SimTime, function: u32) -> &Tally {
        let function = &mut self.functions[function as usize];
        function.account(now);
        &function.tally
    }

    /// How many instances of a function there are: starting, busy and idle.
    ///
    /// # Panics
    /// If there is no such function.
    pub fn alive(&self, function: u32) -> (u32, u32, u32) {
        let alive = &self.functions[function as usize].alive;
        let idle = alive.all - alive.starting - alive.busy;
        (alive.starting, alive.busy, idle)
    }

    /// The memory that instances hold.
    pub fn memory_held(&self) -> Bytes {
        self.memory.held()
    }

    /// The number of calls that wait for an instance.
    ///
    /// # Panics
    /// If there is no such function.
    pub fn waiting(&self, function: u32) -> usize {
        self.functions[function as usize].waiting
    }

    /// Whether a call that arrives begins at once.
    ///
    /// # Panics
    /// If there is no such function.
    pub fn has_free_slot(&self, function: u32) -> bool {
        !self.functions[function as usize].available.is_empty()
    }

    /// How long a call that arrived now would wait for a start: until the start of an
    /// instance with room for it is over, the mean time of a start if it had to cause one,
    /// and nothing if a slot is free or busy instances are all there may be.
    ///
    /// # Panics
    /// If there is no such function.
    pub fn start_expected(&self, now: SimTime, function: u32) -> SimDuration {
        let known = &self.functions[function as usize];
        if !known.available.is_empty() {
            return SimDuration::ZERO;
        }
        let soonest = known.starting.iter();
        let soonest = soonest.map(|&slot| self.slots[slot as usize].ready).min();
        match soonest {
            Some(ready) if known.spec.scaling != Scaling::PerRequest => ready.since(now),
            _ if known.may_grow() && known.grows_by_calls() => known.start.mean(),
            Some(ready) => ready.since(now),
            None => SimDuration::ZERO,
        }
    }

    fn happen(&mut self, now: SimTime, due: Due) {
        match due {
            Due::Free { slot, number } => self.freed(now, slot, number),
            Due::Ready { slot, number } => {
                let instance = &self.slots[slot as usize];
                if instance.number == number && instance.state == instance::State::Starting {
                    self.ready(now, slot);
                }
            }
            Due::Expire { slot, number } => self.may_expire(now, slot, number),
            Due::Prewarm { function } => self.prewarm(now, function),
            Due::Tick { function } => self.tick(now, function),
        }
    }
}

#[cfg(test)]
mod tests;
