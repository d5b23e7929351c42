//! What the machine promises, driven by a few lines instead of a computer.

mod eviction;
mod laws;
mod rules;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use sim_core::{SimDuration, SimTime, Stream, Streams};

use super::autoscaler::AUTOSCALERS;
use super::keep_alive::KEEP_ALIVES;
use super::*;
use crate::catalogue::Value;
use crate::duration::DURATIONS;

fn at(secs: f64) -> SimTime {
    SimTime::ZERO + SimDuration::from_secs_f64(secs)
}

fn duration(secs: f64) -> Value {
    Value::Duration(SimDuration::from_secs_f64(secs))
}

/// A function whose instances take `start` seconds to start and execute one call at a time.
fn function(start: f64) -> InstancesSpec {
    let given = vec![("duration".to_owned(), duration(start))];
    InstancesSpec {
        scaling: Scaling::PerRequest,
        binding: Binding::Early,
        warm_choice: WarmChoice::Mru,
        concurrency: 1,
        min: 0,
        max: u32::MAX,
        queue: usize::MAX,
        memory: Bytes(0),
        start: StartSpec {
            init: Some(DURATIONS.configure("fixed", given).unwrap()),
            ..StartSpec::default()
        },
        teardown: SimDuration::ZERO,
        autoscaler: None,
    }
}

fn pool(policy: &str, given: &[(&str, Value)], overflow: Overflow) -> PoolSpec {
    let given = given.iter();
    let given = given.map(|(name, value)| ((*name).to_owned(), value.clone()));
    PoolSpec {
        keep_alive: KEEP_ALIVES.configure(policy, given.collect()).unwrap(),
        overflow,
        images: None,
    }
}

fn ttl(secs: f64, overflow: Overflow) -> PoolSpec {
    pool("fixed", &[("ttl", duration(secs))], overflow)
}

fn machine(pool: &PoolSpec, memory: u64, functions: &[InstancesSpec]) -> Instances {
    let names: Vec<_> = (0..functions.len()).map(|it| format!("f{it}")).collect();
    let named = names.iter().map(String::as_str).zip(functions);
    let named: Vec<_> = named.collect();
    Instances::new("computer", pool, Bytes(memory), &named, &Streams::new(1, 0)).unwrap()
}

/// What happened to one call.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Fate {
    begun: SimTime,
    warmth: Warmth,
    start: SimDuration,
}

/// Executes calls for as long as they say.
#[derive(Debug)]
struct Driver {
    machine: Instances,
    now: SimTime,
    services: Vec<SimDuration>,
    /// By call; `None` as long as it waits or if it was rejected.
    fates: Vec<Option<Fate>>,
    running: BinaryHeap<Reverse<(SimTime, u32)>>,
    cold_service: Option<Vec<SimDuration>>,
}

impl Driver {
    fn new(machine: Instances) -> Self {
        Self {
            machine,
            now: SimTime::ZERO,
            services: Vec::new(),
            fates: Vec::new(),
            running: BinaryHeap::new(),
            cold_service: None,
        }
    }

    /// Lets time pass until `until`; what happens then happens, too.
    fn run(&mut self, until: SimTime) {
        loop {
            let done = self.running.peek().map_or(SimTime::MAX, |it| it.0.0);
            let wake = self.machine.next_wake();
            let next = done.min(wake);
            if next > until || next == SimTime::MAX {
                self.now = until;
                return;
            }
            self.now = next;
            if done <= wake {
                let Some(Reverse((_, slot))) = self.running.pop() else {
                    return;
                };
                self.machine.done(next, slot);
            } else {
                self.machine.wake(next);
            }
            self.begin();
        }
    }

    /// A call arrives at `now` and runs for `service`; returns its number if it is accepted.
    fn call(&mut self, now: SimTime, function: u32, service: SimDuration) -> Option<usize> {
        self.run(now);
        let number = self.services.len();
        self.services.push(service);
        self.fates.push(None);
        let arrival = self.machine.arrive(now, function, number as u32);
        self.begin();
        (arrival == Arrival::Accepted).then_some(number)
    }

    fn begin(&mut self) {
        while let Some(begun) = self.machine.poll() {
            let call = begun.call as usize;
            self.fates[call] = Some(Fate {
                begun: self.now,
                warmth: begun.warmth,
                start: begun.start,
            });
            let mut service = self.services[call];
            if let (true, Some(cold)) = (begun.warmth.is_cold(), &self.cold_service) {
                service = cold[call];
            }
            self.running
                .push(Reverse((self.now + service, begun.instance)));
        }
    }

    fn warmth(&self, call: usize) -> Warmth {
        self.fates[call].unwrap().warmth
    }

    fn tally(&mut self) -> Tally {
        self.machine.tally(self.now, 0).clone()
    }
}

/// The draws of a Poisson process with exponential service.
struct Traffic {
    arrivals: Stream,
    services: Stream,
    now: f64,
}

impl Traffic {
    fn new(seed: u64) -> Self {
        let streams = Streams::new(seed, 0);
        Self {
            arrivals: streams.stream("client", "arrivals"),
            services: streams.stream("client", "services"),
            now: 0.0,
        }
    }

    fn next(&mut self, rate: f64) -> SimTime {
        self.now += self.arrivals.exponential(1.0 / rate);
        at(self.now)
    }

    fn service(&mut self, mean: f64) -> SimDuration {
        SimDuration::from_secs_f64(self.services.exponential(mean))
    }
}
