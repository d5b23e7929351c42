//! M/M/1 with arrival rate 0.8 and service rate 1.

use serde::{Deserialize, Serialize};
use sim_core::{Context, Fingerprint, Model, SimDuration, SimTime, Simulation, Stream};

use crate::harness::{Run, Workload, stream};
use crate::heap::Heap;
use crate::peers::{nexosim, simcore};

const JOBS: u64 = 1_000_000;

pub fn workloads() -> Vec<Workload> {
    vec![
        Workload::new("M/M/1, 1 000 000 jobs", 9, floor, engine)
            .simcore(|| simcore::queue(JOBS))
            .nexosim(|| nexosim::queue(JOBS / 10)),
    ]
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Event {
    Arrival,
    Departure,
}

pub struct Queue {
    arrivals: Stream,
    services: Stream,
    to_come: u64,
    present: u64,
}

impl Queue {
    pub fn new(jobs: u64) -> Self {
        Self {
            arrivals: stream("arrivals"),
            services: stream("services"),
            to_come: jobs,
            present: 0,
        }
    }

    #[inline]
    fn interarrival(&mut self) -> SimDuration {
        SimDuration::from_secs_f64(self.arrivals.exponential(1.0 / 0.8))
    }

    #[inline]
    fn service(&mut self) -> SimDuration {
        SimDuration::from_secs_f64(self.services.exponential(1.0))
    }

    #[inline]
    pub fn on(&mut self, event: Event, mut schedule: impl FnMut(SimDuration, Event)) {
        match event {
            Event::Arrival => {
                self.to_come -= 1;
                if self.to_come > 0 {
                    schedule(self.interarrival(), Event::Arrival);
                }
                self.present += 1;
                if self.present == 1 {
                    schedule(self.service(), Event::Departure);
                }
            }
            Event::Departure => {
                self.present -= 1;
                if self.present > 0 {
                    schedule(self.service(), Event::Departure);
                }
            }
        }
    }
}

impl Model for Queue {
    type Event = Event;

    #[inline]
    fn handle(&mut self, event: Event, cx: &mut Context<'_, Event>) {
        self.on(event, |delay, event| {
            cx.schedule_in(delay, event);
        });
    }
}

fn engine() -> Run {
    let mut simulation = Simulation::new(Queue::new(JOBS));
    simulation.schedule_at(SimTime::ZERO, Event::Arrival);
    Run::time(|| {
        simulation.run_to_end();
        (simulation.executed(), simulation.fingerprint())
    })
}

fn floor() -> Run {
    let mut queue = Queue::new(JOBS);
    let mut heap = Heap::new();
    heap.push(0, Event::Arrival);
    Run::time(|| {
        let (mut events, mut fingerprint) = (0, Fingerprint::new());
        while let Some((time, sequence, event)) = heap.pop() {
            events += 1;
            let now = SimTime::from_nanos(time);
            fingerprint.record(now, sequence);
            queue.on(event, |delay, event| {
                heap.push((now + delay).as_nanos(), event);
            });
        }
        (events, fingerprint.value())
    })
}
