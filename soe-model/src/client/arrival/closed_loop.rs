//! One call after the other, as in the original's `edgeclient`. The intervals are
//! those between send times of an ideal schedule. A late response delays a call, and
//! the following calls are sent back to back until the schedule is met again. With
//! intervals of zero, the next call is sent as soon as the last is answered.

use sim_core::{SimDuration, SimTime, Stream};

use super::{ArrivalProcess, BuildArrivals};
use crate::catalogue::{Arguments, Kind, Parameter, Quantity};

pub const KIND: Kind<BuildArrivals> = Kind {
    name: "closed-loop",
    help: "One call at a time: each is sent one interval after the previous was sent, or when that was answered, whichever is later.",
    parameters: &[
        Parameter {
            name: "interval",
            quantity: Quantity::Duration,
            default: Some("0 s"),
            help: "Mean time from sending one call to sending the next; with 0, each is sent when the previous was answered (the default of edgeclient).",
        },
        Parameter {
            name: "distribution",
            quantity: Quantity::Word(&["constant", "uniform", "exponential"]),
            default: Some("constant"),
            help: "How intervals are distributed: all equal, uniform from 0 to twice the mean, or \
                   exponential (edgeclient calls it poisson).",
        },
    ],
    version: 1,
    build: |arguments| Ok(Box::new(ClosedLoop::new(arguments))),
};

#[derive(Debug)]
struct ClosedLoop {
    mean: SimDuration,
    interval: Interval,
    // When the last call should have been sent.
    scheduled: SimTime,
}

#[derive(Clone, Copy, Debug)]
enum Interval {
    Constant,
    Uniform,
    Exponential,
}

impl ClosedLoop {
    fn new(arguments: &Arguments) -> Self {
        let interval = match arguments.word("distribution") {
            "uniform" => Interval::Uniform,
            "exponential" => Interval::Exponential,
            _ => Interval::Constant,
        };
        Self {
            mean: arguments.duration("interval"),
            interval,
            scheduled: SimTime::ZERO,
        }
    }

    fn plan(&mut self, stream: &mut Stream) -> Option<SimTime> {
        self.scheduled += match self.interval {
            Interval::Constant => self.mean,
            Interval::Uniform => stream.uniform_duration(SimDuration::ZERO, self.mean * 2),
            Interval::Exponential => stream.exponential_duration(self.mean),
        };
        Some(self.scheduled)
    }
}

impl ArrivalProcess for ClosedLoop {
    fn purposes(&self) -> &'static [&'static str] {
        &["arrivals"]
    }

    fn is_open(&self) -> bool {
        false
    }

    fn first(&mut self, now: SimTime, streams: &mut [Stream]) -> Option<SimTime> {
        self.scheduled = now;
        self.plan(&mut streams[0])
    }

    fn next(&mut self, _answered: SimTime, streams: &mut [Stream]) -> Option<SimTime> {
        self.plan(&mut streams[0])
    }

    fn may_spin(&self) -> bool {
        self.mean.is_zero()
    }
}
