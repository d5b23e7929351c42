//! M/M/1 with arrival rate 0.8 and service rate 1.

use sim_core::{Fingerprint, SimTime, Simulation};

use crate::harness::{Run, Workload};
use crate::heap::Heap;
use crate::peers::{nexosim, simcore};
use crate::queue::{Event, Queue};

const JOBS: u64 = 1_000_000;

pub fn workloads() -> Vec<Workload> {
    vec![
        Workload::new("M/M/1, 1 000 000 jobs", 9, floor, engine)
            .simcore(|| simcore::queue(JOBS))
            .nexosim(|| nexosim::queue(JOBS / 10)),
    ]
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
