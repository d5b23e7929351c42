//! The M/M/1 queue that all engines run: arrival rate 0.8, service rate 1.

use serde::{Deserialize, Serialize};
use sim_core::{Context, Model, SimDuration, Stream};

use crate::harness::stream;

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
