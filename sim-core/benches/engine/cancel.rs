//! Loads with cancellation. The floor deletes lazily: it remembers which sequence
//! number counts for each object and skips the others.

use sim_core::{Context, EventKey, Fingerprint, Model, SimDuration, SimTime, Simulation, Stream};

use crate::harness::{Run, Workload, stream};
use crate::heap::Heap;

pub fn workloads() -> Vec<Workload> {
    let load = |name: &str, objects: u32, choice: Choice| {
        let name = format!("{name}, {objects} pending");
        let floor = move || floor(objects, EVENTS, choice);
        let engine = move || engine(objects, EVENTS, choice);
        Workload::new(name, 7, floor, engine)
    };
    vec![
        load("cancel and reschedule another", 1 << 4, another),
        load("cancel and reschedule another", 1 << 10, another),
        load("cancel and reschedule another", 1 << 16, another),
        load("set a timeout anew", 1 << 10, timeout),
    ]
}

const EVENTS: u64 = 1_000_000;

/// Which other object's event is moved, and to how far ahead.
type Choice = fn(&mut Stream, u32, u32) -> (u32, SimDuration);

/// As when a job joins a shared processor: some completion moves.
fn another(stream: &mut Stream, _: u32, objects: u32) -> (u32, SimDuration) {
    let other = stream.index(objects as usize) as u32;
    (other, SimDuration::from_secs_f64(stream.exponential(1.0)))
}

/// Half of the objects are timeouts, 1000 times farther ahead than what they guard.
fn timeout(_: &mut Stream, object: u32, objects: u32) -> (u32, SimDuration) {
    let guard = object | 1;
    (guard.min(objects - 1), SimDuration::from_secs(1000))
}

struct Objects {
    stream: Stream,
    keys: Vec<Option<EventKey>>,
    choice: Choice,
}

impl Model for Objects {
    type Event = u32;

    #[inline]
    fn handle(&mut self, object: u32, cx: &mut Context<'_, u32>) {
        let objects = self.keys.len() as u32;
        let own = SimDuration::from_secs_f64(self.stream.exponential(1.0));
        self.keys[object as usize] = Some(cx.schedule_in(own, object));
        let (other, delay) = (self.choice)(&mut self.stream, object, objects);
        if let Some(key) = self.keys[other as usize] {
            cx.cancel(key);
        }
        self.keys[other as usize] = Some(cx.schedule_in(delay, other));
    }
}

fn engine(objects: u32, events: u64, choice: Choice) -> Run {
    let mut simulation = Simulation::new(Objects {
        stream: stream("cancel"),
        keys: vec![None; objects as usize],
        choice,
    });
    for object in 0..objects {
        let delay = SimDuration::from_secs_f64(simulation.model_mut().stream.exponential(1.0));
        let key = simulation.schedule_in(delay, object);
        simulation.model_mut().keys[object as usize] = Some(key);
    }
    simulation.run_events(u64::from(objects));
    Run::time(|| {
        simulation.run_events(events);
        (events, simulation.fingerprint())
    })
}

fn floor(objects: u32, events: u64, choice: Choice) -> Run {
    let mut stream = stream("cancel");
    let mut heap = Heap::new();
    let mut counts = vec![0; objects as usize];
    let mut fingerprint = Fingerprint::new();
    for object in 0..objects {
        let delay = SimDuration::from_secs_f64(stream.exponential(1.0));
        counts[object as usize] = heap.push(delay.as_nanos(), object);
    }
    let mut run = |events: u64| {
        let mut executed = 0;
        while executed < events {
            let Some((time, sequence, object)) = heap.pop() else {
                break;
            };
            if counts[object as usize] != sequence {
                continue;
            }
            executed += 1;
            let now = SimTime::from_nanos(time);
            fingerprint.record(now, sequence);
            let own = SimDuration::from_secs_f64(stream.exponential(1.0));
            counts[object as usize] = heap.push((now + own).as_nanos(), object);
            let (other, delay) = choice(&mut stream, object, objects);
            counts[other as usize] = heap.push((now + delay).as_nanos(), other);
        }
        (events, fingerprint.value())
    };
    run(u64::from(objects));
    Run::time(|| run(events))
}
