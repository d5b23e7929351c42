//! ON/OFF clients, as in `edgeippclient --client-type ipp`. Active and silent phases
//! alternate; both are exponentially distributed. In an active phase, the intervals
//! between calls are uniformly distributed.
//!
//! The name comes from the interrupted Poisson process (Kuczura, "The interrupted
//! Poisson process as an overflow process", Bell System Technical Journal 1973),
//! which is open and has exponential intervals. The original's client is closed: it
//! waits for each response, and an active phase ends early when its last planned call
//! is answered.

use sim_core::{SimDuration, SimTime, Stream};

use super::gap::{self, Gap};
use super::{ArrivalProcess, BuildArrivals};
use crate::catalogue::{ArgumentError, Arguments, Kind, Parameter, Quantity};

pub const KIND: Kind<BuildArrivals> = Kind {
    name: "ipp",
    help: "Calls in active phases separated by silent ones, both exponentially distributed.",
    parameters: &[
        Parameter {
            name: "on-mean",
            quantity: Quantity::Duration,
            default: Some("1 s"),
            help: "Mean length of an active phase.",
        },
        Parameter {
            name: "off-mean",
            quantity: Quantity::Duration,
            default: Some("1 s"),
            help: "Mean length of a silent phase.",
        },
        gap::MIN,
        gap::MAX,
    ],
    version: 1,
    build: |arguments| Ok(Box::new(OnOff::new(arguments)?)),
};

// Streams by purpose, numbered as in the original.
const ON: usize = 0;
const OFF: usize = 1;
const GAP: usize = 2;
const START: usize = 3;

#[derive(Debug)]
struct OnOff {
    on_mean: SimDuration,
    off_mean: SimDuration,
    gap: Gap,
    // Of the current active phase: its start, its length and the next call in it.
    began: SimTime,
    length: SimDuration,
    offset: SimDuration,
}

impl OnOff {
    fn new(arguments: &Arguments) -> Result<Self, ArgumentError> {
        let on_mean = arguments.duration("on-mean");
        if on_mean.is_zero() {
            return Err(ArgumentError::Conflict {
                kind: KIND.name,
                reason: "has active phases of length 0, `on-mean` must be more than 0".to_owned(),
            });
        }
        Ok(Self {
            on_mean,
            off_mean: arguments.duration("off-mean"),
            gap: Gap::new(KIND.name, arguments)?,
            began: SimTime::ZERO,
            length: SimDuration::ZERO,
            offset: SimDuration::ZERO,
        })
    }

    /// Starts an active phase, in which the first call leaves at once.
    fn activate(&mut self, now: SimTime, length: SimDuration) -> Option<SimTime> {
        self.began = now;
        self.length = length;
        self.offset = SimDuration::ZERO;
        Some(now)
    }

    /// The first call of the active phase after a silent one of length `off`.
    fn after_silence(
        &mut self,
        now: SimTime,
        off: SimDuration,
        streams: &mut [Stream],
    ) -> Option<SimTime> {
        let length = streams[ON].exponential_duration(self.on_mean);
        self.activate(now + off, length)
    }
}

impl ArrivalProcess for OnOff {
    fn purposes(&self) -> &'static [&'static str] {
        &["on", "off", "gaps", "start"]
    }

    fn is_open(&self) -> bool {
        false
    }

    fn first(&mut self, now: SimTime, streams: &mut [Stream]) -> Option<SimTime> {
        let on = streams[ON].exponential_duration(self.on_mean);
        let off = streams[OFF].exponential_duration(self.off_mean);
        let position = streams[START].uniform_duration(SimDuration::ZERO, on + off);
        if position < on {
            self.activate(now, on - position)
        } else {
            self.after_silence(now, on + off - position, streams)
        }
    }

    fn next(&mut self, answered: SimTime, streams: &mut [Stream]) -> Option<SimTime> {
        self.offset += self.gap.draw(&mut streams[GAP]);
        if self.offset < self.length && answered.since(self.began) < self.length {
            return Some(self.began + self.offset);
        }
        // The original plans a whole phase when it begins. Drawing what it drew
        // and never used keeps the sequences in step.
        while self.offset < self.length {
            self.offset += self.gap.draw(&mut streams[GAP]);
        }
        let off = streams[OFF].exponential_duration(self.off_mean);
        self.after_silence(answered, off, streams)
    }
}
