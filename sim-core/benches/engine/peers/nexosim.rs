use std::time::Duration;

use nexosim::model::{Context, Model, ProtoModel, schedulable};
use nexosim::simulation::{Mailbox, SimInit, Simulation};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};
use sim_core::SimDuration;

use super::Load;
use crate::harness::Run;
use crate::queue;

/// `events` events of a load with `pending` pending ones, on one thread.
pub fn load<L: Load>(pending: u32, events: u64, load: L) -> Run {
    let model = Component {
        pending,
        load: Some(Box::new(load)),
    };
    steps(start(model), events)
}

/// M/M/1 with the given number of jobs, on one thread.
pub fn queue(jobs: u64) -> Run {
    let model = Station {
        queue: Some(queue::Queue::new(jobs)),
    };
    steps(start(model), 2 * jobs)
}

fn start<M: Model<Env = ()> + ProtoModel<Model = M>>(model: M) -> Simulation {
    SimInit::with_num_threads(1)
        .add_model(model, Mailbox::new(), "model")
        .init(MonotonicTime::EPOCH)
        .unwrap()
}

/// A step takes all events of one instant; with continuous delays that is one.
fn steps(mut simulation: Simulation, events: u64) -> Run {
    Run::of_other(events, || {
        for _ in 0..events {
            simulation.step().unwrap();
        }
    })
}

/// The engine allows no event at the present.
fn delay_of(delay: SimDuration) -> Duration {
    Duration::from(delay).max(Duration::from_nanos(1))
}

#[derive(Serialize, Deserialize)]
struct Component {
    pending: u32,
    #[serde(skip)]
    load: Option<Box<dyn Load>>,
}

#[Model]
impl Component {
    #[nexosim(init)]
    async fn init(&mut self, cx: &Context<Self>) {
        for event in 0..self.pending {
            if let Some(load) = &mut self.load {
                let delay = delay_of(load.first(event));
                cx.schedule_event(delay, schedulable!(Self::next), event)
                    .unwrap();
            }
        }
    }

    #[nexosim(schedulable)]
    fn next(&mut self, event: u32, cx: &Context<Self>) {
        if let Some(load) = &mut self.load {
            let (delay, next) = load.next(event);
            cx.schedule_event(delay_of(delay), schedulable!(Self::next), next)
                .unwrap();
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Station {
    #[serde(skip)]
    queue: Option<queue::Queue>,
}

#[Model]
impl Station {
    #[nexosim(init)]
    async fn init(&mut self, cx: &Context<Self>) {
        let delay = Duration::from_nanos(1);
        cx.schedule_event(delay, schedulable!(Self::on), queue::Event::Arrival)
            .unwrap();
    }

    #[nexosim(schedulable)]
    fn on(&mut self, event: queue::Event, cx: &Context<Self>) {
        if let Some(queue) = &mut self.queue {
            queue.on(event, |delay, event| {
                cx.schedule_event(delay_of(delay), schedulable!(Self::on), event)
                    .unwrap();
            });
        }
    }
}
