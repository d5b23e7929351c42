//! The hold model: the event list alone, at a constant number of pending events.

use sim_core::{Calendar, Fingerprint, SimDuration, SimTime, Stream};

use crate::harness::{Run, Workload, stream};
use crate::heap::Heap;
use crate::peers::{Load, nexosim, simcore};

const EVENTS: u64 = 1_000_000;

pub fn workloads() -> Vec<Workload> {
    let exponential = |stream: &mut Stream| SimDuration::from_secs_f64(stream.exponential(1.0));
    // Half of the events lie a million times farther ahead than the others.
    let far = |stream: &mut Stream| {
        let mean = if stream.chance(0.5) { 1e-3 } else { 1e3 };
        SimDuration::from_secs_f64(stream.exponential(mean))
    };
    let none = |_: &mut Stream| SimDuration::ZERO;
    let mut workloads: Vec<Workload> = [4, 6, 8, 10, 12, 14, 16, 18, 20]
        .map(|bits| {
            let pending = 1 << bits;
            let rounds = if bits == 20 { 3 } else { 7 };
            let hold = move || Hold(stream("hold"), exponential);
            let workload = workload("hold", pending, rounds, exponential)
                .simcore(move || simcore::load(pending, EVENTS / 4, hold()));
            if bits % 6 == 4 {
                workload.nexosim(move || nexosim::load(pending, 20_000, hold()))
            } else {
                workload
            }
        })
        .into();
    workloads.push(workload("all at one time", 1 << 16, 7, none));
    workloads.push(workload("far-future events", 1 << 16, 7, far));
    workloads
}

type Delay = fn(&mut Stream) -> SimDuration;

fn workload(name: &str, pending: u32, rounds: usize, delay: Delay) -> Workload {
    let name = format!("{name}, {pending} pending");
    let floor = move || floor(pending, EVENTS, delay);
    let engine = move || engine(pending, EVENTS, delay);
    Workload::new(name, rounds, floor, engine)
}

struct Hold(Stream, Delay);

impl Load for Hold {
    fn first(&mut self, _: u32) -> SimDuration {
        (self.1)(&mut self.0)
    }

    fn next(&mut self, event: u32) -> (SimDuration, u32) {
        ((self.1)(&mut self.0), event)
    }
}

fn engine(pending: u32, events: u64, delay: impl Fn(&mut Stream) -> SimDuration) -> Run {
    let mut stream = stream("hold");
    let mut calendar = Calendar::new();
    let mut fingerprint = Fingerprint::new();
    for event in 0..pending {
        calendar.schedule(SimTime::ZERO + delay(&mut stream), event);
    }
    let mut run = |events: u64| {
        for _ in 0..events {
            let Some(due) = calendar.pop() else { break };
            fingerprint.record(due.time, due.sequence);
            calendar.schedule(due.time + delay(&mut stream), due.event);
        }
        (events, fingerprint.value())
    };
    run(u64::from(pending));
    Run::time(|| run(events))
}

fn floor(pending: u32, events: u64, delay: impl Fn(&mut Stream) -> SimDuration) -> Run {
    let mut stream = stream("hold");
    let mut heap = Heap::new();
    let mut fingerprint = Fingerprint::new();
    for event in 0..pending {
        heap.push(delay(&mut stream).as_nanos(), event);
    }
    let mut run = |events: u64| {
        for _ in 0..events {
            let Some((time, sequence, event)) = heap.pop() else {
                break;
            };
            let now = SimTime::from_nanos(time);
            fingerprint.record(now, sequence);
            heap.push((now + delay(&mut stream)).as_nanos(), event);
        }
        (events, fingerprint.value())
    };
    run(u64::from(pending));
    Run::time(|| run(events))
}
