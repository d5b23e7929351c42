//! Calls from a timetable. Each is sent on time, whether or not earlier calls were
//! answered. `edgemulticlient` uses this process.

use std::sync::Arc;

use sim_core::{SimDuration, SimTime, Stream};

use super::{ArrivalProcess, BuildArrivals};
use crate::catalogue::{Kind, Parameter, Quantity, Timetable};
use crate::units::Bytes;

pub const KIND: Kind<BuildArrivals> = Kind {
    name: "trace",
    help: "Calls at the times and with the sizes listed in a timetable file; times count from the start of the client.",
    parameters: &[Parameter {
        name: "file",
        quantity: Quantity::Timetable,
        default: None,
        help: "A file with lines `time function destination size`: seconds and bytes, as clienttracegen writes them. Function and destination are ignored: those of the client apply.",
    }],
    version: 1,
    build: |arguments| {
        Ok(Box::new(Trace {
            timetable: arguments.timetable("file"),
            next: 0,
            started: SimDuration::ZERO,
            size: None,
        }))
    },
};

#[derive(Debug)]
struct Trace {
    timetable: Arc<Timetable>,
    next: usize,
    started: SimDuration,
    size: Option<Bytes>,
}

impl ArrivalProcess for Trace {
    fn purposes(&self) -> &'static [&'static str] {
        &[]
    }

    fn is_open(&self) -> bool {
        true
    }

    fn first(&mut self, now: SimTime, streams: &mut [Stream]) -> Option<SimTime> {
        self.started = now.since(SimTime::ZERO);
        self.next = 0;
        self.next(now, streams)
    }

    fn next(&mut self, _sent: SimTime, _streams: &mut [Stream]) -> Option<SimTime> {
        let &(at, size) = self.timetable.calls.get(self.next)?;
        self.next += 1;
        self.size = Some(size);
        Some(at + self.started)
    }

    fn size(&self) -> Option<Bytes> {
        self.size
    }
}
