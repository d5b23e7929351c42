//! The real-time clock of the models.

use std::time::{Duration, Instant};

use sim_core::{SimDuration, SimTime};

/// A monotonic clock that reads zero when it is made.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    zero: Instant,
}

impl Clock {
    /// A clock that reads zero now.
    pub fn start() -> Self {
        Self {
            zero: Instant::now(),
        }
    }

    /// The time now.
    #[inline]
    pub fn now(&self) -> SimTime {
        SimTime::from_nanos(nanos(self.zero.elapsed()))
    }

    /// When the clock will read `time`, if that can be told.
    pub fn instant(&self, time: SimTime) -> Option<Instant> {
        self.zero.checked_add(Duration::from_nanos(time.as_nanos()))
    }
}

/// A span of the time of the models as one of the clock.
pub fn duration(span: SimDuration) -> Duration {
    Duration::from_nanos(span.as_nanos())
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}
