//! The state of one function: its instances with a free slot, and the calls that wait.

use std::collections::VecDeque;

use sim_core::{SimDuration, SimTime, Stream};

use super::autoscaler::Autoscaler;
use super::instance::Waiting;
use super::keep_alive::FunctionUse;
use super::spec::{InstancesSpec, Scaling};
use super::start::StartTime;
use super::tally::{Alive, Tally};
use crate::catalogue::ArgumentError;

#[derive(Clone, Debug)]
pub(super) struct Function {
    pub spec: InstancesSpec,
    pub start: StartTime,
    pub choice: Stream,
    pub eviction: Stream,
    pub alive: Alive,
    /// Instances that were removed and still hold memory.
    pub expiring: u32,
    /// Instances with a free slot, in the order in which their last slot became free.
    pub available: VecDeque<u32>,
    /// Instances that are starting, in order of creation.
    pub starting: Vec<u32>,
    /// Calls that run, and calls that wait in the queue or for a start.
    pub running: u32,
    pub waiting: usize,
    /// Calls that wait for any slot, in order of arrival.
    pub queue: VecDeque<Waiting>,
    /// Calls begun since the first living instance was created.
    pub uses: u64,
    /// Of all its instances; for policies that have one for each function.
    pub priority: f64,
    /// When the last execution ended that left no call running.
    pub last_end: Option<SimTime>,
    /// When an instance is to be created before a call is expected, and kept for how long.
    pub prewarm: Option<(SimTime, SimDuration)>,
    pub prewarm_timer: SimTime,
    pub scaler: Option<Box<dyn Autoscaler>>,
    /// How many instances the autoscaler wants.
    pub wanted: u32,
    /// When it decides next.
    pub tick: SimTime,
    pub tally: Tally,
}

impl Function {
    pub fn new(
        spec: &InstancesSpec,
        stream: impl Fn(&str) -> Stream,
    ) -> Result<Self, (&'static str, ArgumentError)> {
        let scaler = spec.autoscaler.as_ref();
        let scaler = scaler.map(|it| (it.kind.build)(&it.arguments, spec.concurrency));
        Ok(Self {
            start: StartTime::new(&spec.start, stream("start time"))?,
            choice: stream("warm choice"),
            eviction: stream("eviction"),
            spec: spec.clone(),
            alive: Alive::default(),
            expiring: 0,
            available: VecDeque::new(),
            starting: Vec::new(),
            running: 0,
            waiting: 0,
            queue: VecDeque::new(),
            uses: 0,
            priority: 0.0,
            last_end: None,
            prewarm: None,
            prewarm_timer: SimTime::MAX,
            scaler,
            wanted: 0,
            tick: SimTime::MAX,
            tally: Tally {
                memory: spec.memory,
                ..Tally::default()
            },
        })
    }

    /// Adds the time since the last change to the tally.
    #[inline]
    pub fn account(&mut self, now: SimTime) {
        self.alive.account(now, &mut self.tally);
    }

    /// What keep-alive policies know about it.
    pub fn usage(&self, number: u32) -> FunctionUse {
        FunctionUse {
            function: number as usize,
            uses: self.uses,
            start_ms: self.start.mean().as_millis_f64(),
            megabytes: (self.spec.memory.0 as f64 / 1e6).max(1e-6),
        }
    }

    /// Whether there may be one more instance, as far as their number is concerned.
    pub fn may_grow(&self) -> bool {
        self.alive.all + self.expiring < self.spec.max
    }

    /// Whether calls may create instances.
    pub fn grows_by_calls(&self) -> bool {
        self.spec.scaling != Scaling::Queue
    }

    /// Tells the autoscaler how many calls are in progress.
    #[inline]
    pub fn report(&mut self, now: SimTime) {
        if let Some(scaler) = &mut self.scaler {
            let waiting = u32::try_from(self.waiting).unwrap_or(u32::MAX);
            scaler.in_progress(now, self.running.saturating_add(waiting));
        }
    }

    /// Loses every instance and call.
    pub fn fail(&mut self, now: SimTime) {
        self.account(now);
        self.tally.lost += u64::from(self.alive.all);
        self.alive.all = 0;
        self.alive.starting = 0;
        self.alive.busy = 0;
        self.expiring = 0;
        self.available.clear();
        self.starting.clear();
        self.running = 0;
        self.waiting = 0;
        self.queue.clear();
        self.uses = 0;
        self.last_end = None;
        self.prewarm = None;
        self.prewarm_timer = SimTime::MAX;
        self.wanted = 0;
        self.tick = SimTime::MAX;
        if let Some(scaler) = &mut self.scaler {
            scaler.failed(now);
        }
    }
}
