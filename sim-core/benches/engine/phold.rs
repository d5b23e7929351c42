//! PHOLD: each event goes on to a random object after 0.1 + Exp(1).

use sim_core::{Context, Fingerprint, Model, SimDuration, SimTime, Simulation, Stream};

use crate::harness::{Run, Workload, stream};
use crate::heap::Heap;
use crate::peers::{Load, nexosim, simcore};

const EVENTS: u64 = 1_000_000;

pub fn workloads() -> Vec<Workload> {
    let nexosim_events = [100_000, 50_000, 20_000];
    [(1 << 10, 7), (1 << 16, 7), (1 << 20, 3)]
        .into_iter()
        .zip(nexosim_events)
        .map(|((objects, rounds), nexosim_events)| {
            let name = format!("PHOLD, {objects} objects");
            let floor = move || floor(objects, EVENTS);
            let engine = move || engine(objects, EVENTS);
            Workload::new(name, rounds, floor, engine)
                .simcore(move || simcore::load(objects, EVENTS / 2, Objects::new(objects)))
                .nexosim(move || nexosim::load(objects, nexosim_events, Objects::new(objects)))
        })
        .collect()
}

struct Objects {
    stream: Stream,
    visits: Vec<u32>,
}

impl Objects {
    fn new(objects: u32) -> Self {
        Self {
            stream: stream("phold"),
            visits: vec![0; objects as usize],
        }
    }

    #[inline]
    fn delay(&mut self) -> SimDuration {
        SimDuration::from_secs_f64(0.1 + self.stream.exponential(1.0))
    }

    #[inline]
    fn visit(&mut self, object: u32) -> (SimDuration, u32) {
        self.visits[object as usize] += 1;
        let next = self.stream.index(self.visits.len()) as u32;
        (self.delay(), next)
    }
}

impl Load for Objects {
    fn first(&mut self, _: u32) -> SimDuration {
        self.delay()
    }

    fn next(&mut self, event: u32) -> (SimDuration, u32) {
        self.visit(event)
    }
}

impl Model for Objects {
    type Event = u32;

    #[inline]
    fn handle(&mut self, object: u32, cx: &mut Context<'_, u32>) {
        let (delay, next) = self.visit(object);
        cx.schedule_in(delay, next);
    }
}

fn engine(objects: u32, events: u64) -> Run {
    let mut simulation = Simulation::new(Objects::new(objects));
    for object in 0..objects {
        let delay = simulation.model_mut().delay();
        simulation.schedule_in(delay, object);
    }
    simulation.run_events(u64::from(objects));
    Run::time(|| {
        simulation.run_events(events);
        (events, simulation.fingerprint())
    })
}

fn floor(objects: u32, events: u64) -> Run {
    let mut model = Objects::new(objects);
    let mut heap = Heap::new();
    let mut fingerprint = Fingerprint::new();
    for object in 0..objects {
        heap.push(model.delay().as_nanos(), object);
    }
    let mut run = |events: u64| {
        for _ in 0..events {
            let Some((time, sequence, object)) = heap.pop() else {
                break;
            };
            let now = SimTime::from_nanos(time);
            fingerprint.record(now, sequence);
            let (delay, next) = model.visit(object);
            heap.push((now + delay).as_nanos(), next);
        }
        (events, fingerprint.value())
    };
    run(u64::from(objects));
    Run::time(|| run(events))
}
