//! The use of a processor.

use sim_core::SimTime;

use super::load::{CoreTime, Load};

/// How much a processor was used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// The number of its cores.
    pub cores: u32,
    /// For how long its cores were in use since the start of the run, all added
    /// up: the utilization of an interval is the increase of this over the cores
    /// times the length of the interval.
    pub busy: CoreTime,
    /// The share of the cores in use during the last completed second, 0 to 1.
    pub last_second: f64,
    /// The load as calls see it.
    pub load: Load,
}

impl Usage {
    /// The mean share of the cores in use since the start of the run, 0 to 1; not a
    /// number if no time has passed.
    pub fn utilization(&self, now: SimTime) -> f64 {
        self.utilization_since(SimTime::ZERO, CoreTime::ZERO, now)
    }

    /// The mean share of the cores in use from an earlier instant, when `busy`
    /// was `before`, until `now`, 0 to 1; not a number if no time has passed.
    pub fn utilization_since(&self, since: SimTime, before: CoreTime, now: SimTime) -> f64 {
        let elapsed = now.since(since).as_secs_f64() * f64::from(self.cores);
        if elapsed > 0.0 {
            self.busy.since(before).as_secs_f64() / elapsed
        } else {
            f64::NAN
        }
    }
}
