//! Calls at equal intervals, whether or not earlier calls were answered: a sensor, a
//! camera.

use sim_core::{SimDuration, SimTime, Stream};

use super::poisson::mean_interval;
use super::{ArrivalProcess, BuildArrivals};
use crate::catalogue::{Kind, Parameter, Quantity};

pub const KIND: Kind<BuildArrivals> = Kind {
    name: "periodic",
    help: "Calls at equal intervals, whether or not earlier ones were answered.",
    parameters: &[
        Parameter {
            name: "rate",
            quantity: Quantity::Number { min: 0.0, max: 1e9 },
            default: Some("0"),
            help: "Number of calls per second; give this or the interval.",
        },
        Parameter {
            name: "interval",
            quantity: Quantity::Duration,
            default: Some("0 s"),
            help: "Time between two calls; give this or the rate.",
        },
        Parameter {
            name: "phase",
            quantity: Quantity::Word(&["interval", "zero", "random"]),
            default: Some("interval"),
            help: "When the first call is sent: one interval after the start (as edgeclient), at \
                   once, or after a random part of an interval.",
        },
    ],
    version: 1,
    build: |arguments| {
        let mean = mean_interval(KIND.name, arguments)?;
        let phase = match arguments.word("phase") {
            "zero" => Phase::Zero,
            "random" => Phase::Random,
            _ => Phase::Interval,
        };
        Ok(Box::new(Periodic {
            interval: SimDuration::from_secs_f64(mean).max(SimDuration::from_nanos(1)),
            phase,
            sent: SimTime::ZERO,
        }))
    },
};

#[derive(Debug)]
struct Periodic {
    interval: SimDuration,
    phase: Phase,
    sent: SimTime,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Interval,
    Zero,
    Random,
}

impl ArrivalProcess for Periodic {
    fn purposes(&self) -> &'static [&'static str] {
        &["arrivals"]
    }

    fn is_open(&self) -> bool {
        true
    }

    fn first(&mut self, now: SimTime, streams: &mut [Stream]) -> Option<SimTime> {
        self.sent = now
            + match self.phase {
                Phase::Interval => self.interval,
                Phase::Zero => SimDuration::ZERO,
                Phase::Random => {
                    SimDuration::from_secs_f64(streams[0].uniform() * self.interval.as_secs_f64())
                }
            };
        Some(self.sent)
    }

    fn next(&mut self, _sent: SimTime, _streams: &mut [Stream]) -> Option<SimTime> {
        self.sent += self.interval;
        Some(self.sent)
    }

    fn rate(&self) -> Option<f64> {
        Some(1.0 / self.interval.as_secs_f64())
    }
}
