//! A Poisson process: calls are independent of each other and of their responses. It
//! models a large population of users.

use sim_core::{SimDuration, SimTime, Stream};

use super::{ArrivalProcess, BuildArrivals};
use crate::catalogue::{ArgumentError, Arguments, Kind, Parameter, Quantity};

pub const KIND: Kind<BuildArrivals> = Kind {
    name: "poisson",
    help: "Calls at exponentially distributed intervals, whether or not earlier ones were answered.",
    parameters: &[
        Parameter {
            name: "rate",
            quantity: Quantity::Number { min: 0.0, max: 1e9 },
            default: Some("0"),
            help: "Mean number of calls per second; give this or the interval.",
        },
        Parameter {
            name: "interval",
            quantity: Quantity::Duration,
            default: Some("0 s"),
            help: "Mean time between two calls; give this or the rate.",
        },
    ],
    version: 1,
    build: |arguments| {
        let mean = mean_interval(KIND.name, arguments)?;
        Ok(Box::new(Poisson {
            mean,
            sent: SimTime::ZERO,
        }))
    },
};

/// The mean interval in seconds from the two parameters of which exactly one may
/// be given.
pub(super) fn mean_interval(
    kind: &'static str,
    arguments: &Arguments,
) -> Result<f64, ArgumentError> {
    let rate = arguments.number("rate");
    let interval = arguments.duration("interval");
    match (rate > 0.0, !interval.is_zero()) {
        (true, false) => Ok(1.0 / rate),
        (false, true) => Ok(interval.as_secs_f64()),
        (given, _) => Err(ArgumentError::Conflict {
            kind,
            reason: if given {
                "has both `rate` and `interval`, give one of them".to_owned()
            } else {
                "needs `rate` or `interval`, more than 0".to_owned()
            },
        }),
    }
}

#[derive(Debug)]
struct Poisson {
    mean: f64,
    sent: SimTime,
}

impl ArrivalProcess for Poisson {
    fn purposes(&self) -> &'static [&'static str] {
        &["arrivals"]
    }

    fn is_open(&self) -> bool {
        true
    }

    fn first(&mut self, now: SimTime, streams: &mut [Stream]) -> Option<SimTime> {
        self.sent = now;
        self.next(now, streams)
    }

    fn next(&mut self, _sent: SimTime, streams: &mut [Stream]) -> Option<SimTime> {
        // From the planned instant, not the actual one: a driver that is late
        // must not slow the process down.
        self.sent += SimDuration::from_secs_f64(streams[0].exponential(self.mean));
        Some(self.sent)
    }

    fn rate(&self) -> Option<f64> {
        Some(1.0 / self.mean)
    }
}
