//! The simulation loop: takes events off the calendar and hands them to the model.

use crate::{Calendar, EventKey, Fingerprint, SimDuration, SimTime};

/// What is simulated: a state, and what each event does to it.
///
/// ```
/// use sim_core::{Context, Model, SimDuration, Simulation, SimTime, StopReason};
///
/// /// Counts down once per second.
/// struct Countdown(u32);
///
/// struct Tick;
///
/// impl Model for Countdown {
///     type Event = Tick;
///
///     fn handle(&mut self, Tick: Tick, cx: &mut Context<'_, Tick>) {
///         self.0 -= 1;
///         if self.0 > 0 {
///             cx.schedule_in(SimDuration::from_secs(1), Tick);
///         }
///     }
/// }
///
/// let mut simulation = Simulation::new(Countdown(10));
/// simulation.schedule_at(SimTime::ZERO, Tick);
/// assert_eq!(simulation.run_to_end(), StopReason::Empty);
/// assert_eq!(simulation.now(), SimTime::ZERO + SimDuration::from_secs(9));
/// assert_eq!(simulation.executed(), 10);
/// ```
pub trait Model {
    /// What can happen; usually an enum. It is stored inline in the calendar, so
    /// a small event makes a fast simulation.
    type Event;

    /// Something happens, at time [`cx.now()`](Context::now).
    fn handle(&mut self, event: Self::Event, cx: &mut Context<'_, Self::Event>);

    /// A number that tells events apart in the
    /// [fingerprint](Simulation::fingerprint), beside their time and sequence.
    #[inline]
    fn digest(&self, _event: &Self::Event) -> u64 {
        0
    }
}

/// What a model can do to the simulation while it handles an event.
#[derive(Debug)]
pub struct Context<'a, E> {
    calendar: &'a mut Calendar<E>,
    stopped: bool,
}

impl<E> Context<'_, E> {
    /// The present.
    #[inline]
    pub fn now(&self) -> SimTime {
        self.calendar.now()
    }

    /// Lets `event` happen after `delay`; with no delay, after all other events of
    /// the present that are scheduled already.
    #[inline]
    pub fn schedule_in(&mut self, delay: SimDuration, event: E) -> EventKey {
        self.calendar.schedule(self.calendar.now() + delay, event)
    }

    /// Lets `event` happen at `time`, or now if that is past.
    #[inline]
    pub fn schedule_at(&mut self, time: SimTime, event: E) -> EventKey {
        self.calendar.schedule(time, event)
    }

    /// Takes back an event; `None` if it has happened or was cancelled already.
    #[inline]
    pub fn cancel(&mut self, key: EventKey) -> Option<E> {
        self.calendar.cancel(key)
    }

    /// Lets the run end after this event. Events to come stay scheduled.
    #[inline]
    pub fn stop(&mut self) {
        self.stopped = true;
    }
}

/// Why a run returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StopReason {
    /// No event is left.
    Empty,
    /// All events up to the given time have happened.
    TimeReached,
    /// The given number of events have happened.
    CountReached,
    /// The model asked for it with [`Context::stop`].
    Stopped,
}

/// A model together with its clock and its calendar.
///
/// Every run method goes on where the one before ended.
#[derive(Clone, Debug)]
pub struct Simulation<M: Model> {
    model: M,
    calendar: Calendar<M::Event>,
    executed: u64,
    fingerprint: Fingerprint,
}

impl<M: Model> Simulation<M> {
    /// A simulation of `model` at time zero, with nothing scheduled.
    pub fn new(model: M) -> Self {
        Self {
            model,
            calendar: Calendar::new(),
            executed: 0,
            fingerprint: Fingerprint::new(),
        }
    }

    /// The present: the time of the last event, or the time up to which the last
    /// [`run_until`](Self::run_until) went.
    pub fn now(&self) -> SimTime {
        self.calendar.now()
    }

    /// The model.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// The model, to be changed between runs.
    pub fn model_mut(&mut self) -> &mut M {
        &mut self.model
    }

    /// The model, at the end of the simulation.
    pub fn into_model(self) -> M {
        self.model
    }

    /// Lets `event` happen after `delay` from the present.
    pub fn schedule_in(&mut self, delay: SimDuration, event: M::Event) -> EventKey {
        self.calendar.schedule(self.calendar.now() + delay, event)
    }

    /// Lets `event` happen at `time`, or at the present if that is past.
    pub fn schedule_at(&mut self, time: SimTime, event: M::Event) -> EventKey {
        self.calendar.schedule(time, event)
    }

    /// Takes back an event; `None` if it has happened or was cancelled already.
    pub fn cancel(&mut self, key: EventKey) -> Option<M::Event> {
        self.calendar.cancel(key)
    }

    /// The number of events to come.
    pub fn pending(&self) -> usize {
        self.calendar.len()
    }

    /// When the next event happens.
    pub fn next_time(&self) -> Option<SimTime> {
        self.calendar.peek_time()
    }

    /// The number of events that have happened.
    pub fn executed(&self) -> u64 {
        self.executed
    }

    /// A digest of which events ([`Model::digest`]) have happened, when and in which
    /// order. Two runs of
    /// the same model with the same seed have the same fingerprint, on every platform.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint.value()
    }

    /// Lets the next event happen: `CountReached`, or `Empty` if there was none, or
    /// `Stopped`.
    pub fn step(&mut self) -> StopReason {
        self.run_events(1)
    }

    /// Runs until no event is left or the model stops.
    pub fn run_to_end(&mut self) -> StopReason {
        self.run(u64::MAX, Calendar::pop)
    }

    /// Runs all events up to and including `time`. The clock then stands at `time`,
    /// even if no event is left, unless the model stopped before.
    pub fn run_until(&mut self, time: SimTime) -> StopReason {
        match self.run(u64::MAX, |calendar| calendar.pop_until(time)) {
            StopReason::Empty if !self.calendar.is_empty() => StopReason::TimeReached,
            reason => reason,
        }
    }

    /// Runs the next `count` events.
    pub fn run_events(&mut self, count: u64) -> StopReason {
        self.run(count, Calendar::pop)
    }

    /// The loop behind all run methods; each gets its own copy.
    #[inline(always)]
    fn run(
        &mut self,
        count: u64,
        mut next: impl FnMut(&mut Calendar<M::Event>) -> Option<crate::Due<M::Event>>,
    ) -> StopReason {
        for _ in 0..count {
            let Some(due) = next(&mut self.calendar) else {
                return StopReason::Empty;
            };
            self.executed += 1;
            let what = self.model.digest(&due.event);
            let sequence = due.sequence ^ what.rotate_left(32);
            self.fingerprint.record(due.time, sequence);
            let mut context = Context {
                calendar: &mut self.calendar,
                stopped: false,
            };
            self.model.handle(due.event, &mut context);
            if context.stopped {
                return StopReason::Stopped;
            }
        }
        StopReason::CountReached
    }
}
