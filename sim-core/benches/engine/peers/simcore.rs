use std::cell::RefCell;
use std::rc::Rc;

use serde::Serialize;
use simcore::{Event, EventHandler, Simulation, SimulationContext, cast};

use super::Load;
use crate::harness::Run;
use crate::queue;

/// `events` events of a load with `pending` pending ones.
pub fn load<L: Load>(pending: u32, events: u64, mut load: L) -> Run {
    let mut simulation = Simulation::new(1);
    let context = simulation.create_context("load");
    let own = context.id();
    for event in 0..pending {
        context.emit(Next { event }, own, load.first(event).as_secs_f64());
    }
    let component = Rc::new(RefCell::new(Component { load, context }));
    simulation.add_handler("load", component);
    simulation.steps(u64::from(pending));
    Run::of_other(events, || {
        simulation.steps(events);
    })
}

#[derive(Clone, Serialize)]
struct Next {
    event: u32,
}

struct Component<L> {
    load: L,
    context: SimulationContext,
}

impl<L: Load> EventHandler for Component<L> {
    fn on(&mut self, event: Event) {
        cast!(match event.data {
            Next { event } => {
                let (delay, next) = self.load.next(event);
                let own = self.context.id();
                self.context
                    .emit(Next { event: next }, own, delay.as_secs_f64());
            }
        })
    }
}

/// M/M/1 with the given number of jobs.
pub fn queue(jobs: u64) -> Run {
    let mut simulation = Simulation::new(1);
    let context = simulation.create_context("queue");
    context.emit(Arrival {}, context.id(), 0.0);
    let queue = queue::Queue::new(jobs);
    let component = Rc::new(RefCell::new(Station { queue, context }));
    simulation.add_handler("queue", component);
    Run::of_other(2 * jobs, || simulation.step_until_no_events())
}

/// Empty events of a type each, as this engine allocates no memory for those.
#[derive(Clone, Serialize)]
struct Arrival {}

#[derive(Clone, Serialize)]
struct Departure {}

struct Station {
    queue: queue::Queue,
    context: SimulationContext,
}

impl Station {
    fn handle(&mut self, event: queue::Event) {
        let (context, own) = (&self.context, self.context.id());
        self.queue.on(event, |delay, event| {
            let delay = delay.as_secs_f64();
            match event {
                queue::Event::Arrival => context.emit(Arrival {}, own, delay),
                queue::Event::Departure => context.emit(Departure {}, own, delay),
            };
        });
    }
}

impl EventHandler for Station {
    fn on(&mut self, event: Event) {
        cast!(match event.data {
            Arrival {} => {
                self.handle(queue::Event::Arrival);
            }
            Departure {} => {
                self.handle(queue::Event::Departure);
            }
        })
    }
}
