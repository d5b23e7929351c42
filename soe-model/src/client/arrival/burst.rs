//! Bursts, as in `edgeippclient --client-type poisson`. After each exponentially
//! distributed period there is a burst of successive calls, whose number is Poisson
//! distributed. A burst that lasts longer than its period delays the next one.

use sim_core::{SimDuration, SimTime, Stream};

use super::gap::{self, Gap};
use super::{ArrivalProcess, BuildArrivals};
use crate::catalogue::{ArgumentError, Arguments, Kind, Parameter, Quantity};

pub const KIND: Kind<BuildArrivals> = Kind {
    name: "burst",
    help: "Bursts of calls, each waiting for the answer to the one before, at exponentially \
           distributed periods; the number of calls in a burst is Poisson distributed.",
    parameters: &[
        Parameter {
            name: "period-mean",
            quantity: Quantity::Duration,
            default: Some("5 s"),
            help: "Mean time between the starts of two bursts.",
        },
        Parameter {
            name: "size-mean",
            quantity: Quantity::Number {
                min: 0.01,
                max: 1e6,
            },
            default: Some("5"),
            help: "Mean number of calls in a burst.",
        },
        gap::MIN,
        gap::MAX,
    ],
    version: 1,
    build: |arguments| Ok(Box::new(Bursts::new(arguments)?)),
};

// Streams by purpose, numbered as in the original.
const PERIOD: usize = 0;
const SIZE: usize = 1;
const GAP: usize = 2;

#[derive(Debug)]
struct Bursts {
    period_mean: SimDuration,
    size_mean: f64,
    gap: Gap,
    // When the current burst may be followed by the next, and what is left of it.
    ends: SimTime,
    left: u64,
}

impl Bursts {
    fn new(arguments: &Arguments) -> Result<Self, ArgumentError> {
        Ok(Self {
            period_mean: arguments.duration("period-mean"),
            size_mean: arguments.number("size-mean"),
            gap: Gap::or_none(KIND.name, arguments)?,
            ends: SimTime::ZERO,
            left: 0,
        })
    }

    /// The first call of the next burst that has any, which begins at `now` at
    /// the earliest.
    fn burst(&mut self, now: SimTime, streams: &mut [Stream]) -> SimTime {
        let mut begins = now;
        loop {
            let period = streams[PERIOD].exponential_duration(self.period_mean);
            self.left = streams[SIZE].poisson(self.size_mean);
            self.ends = begins + period;
            if self.left > 0 || self.ends == SimTime::MAX {
                return begins;
            }
            begins = self.ends;
        }
    }
}

impl ArrivalProcess for Bursts {
    fn purposes(&self) -> &'static [&'static str] {
        &["periods", "bursts", "gaps"]
    }

    fn is_open(&self) -> bool {
        false
    }

    fn first(&mut self, now: SimTime, streams: &mut [Stream]) -> Option<SimTime> {
        let wait = streams[PERIOD].exponential_duration(self.period_mean) / 2;
        Some(self.burst(now + wait, streams))
    }

    fn next(&mut self, answered: SimTime, streams: &mut [Stream]) -> Option<SimTime> {
        self.left = self.left.saturating_sub(1);
        if self.left > 0 {
            return Some(answered + self.gap.draw(&mut streams[GAP]));
        }
        Some(self.burst(answered.max(self.ends), streams))
    }
}
