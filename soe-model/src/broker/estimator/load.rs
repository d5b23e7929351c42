//! A time that grows linearly with the load of the processor: building block of
//! the estimators `util` and `delay`.
//!
//! The original keeps one line for each exact size of the input, and takes a size that it
//! has never seen to need no time. With sizes from a continuous distribution, every
//! prediction is then zero, and all calls go to one destination. Here, a few sizes have a
//! line each; other sizes, and all of them once they are many, share a plane over size and
//! load ([`PlaneFit`]). `compatibility = "original"` restores the old rule.

use sim_core::{SimDuration, SimTime};

use super::Observation;
use super::fit::LinearFit;
use super::plane::PlaneFit;
use crate::broker::table::PerEntry;
use crate::broker::{Compatibility, Target};
use crate::catalogue::{Parameter, Quantity};
use crate::names::{EndpointId, Id};
use crate::units::Bytes;

pub(super) const LOAD_TIMEOUT: Parameter = Parameter {
    name: "util-load-timeout",
    quantity: Quantity::Duration,
    default: Some("10 s"),
    help: "How long a reported load is valid; afterwards the destination counts as idle. The default is the original's.",
};
pub(super) const WINDOW_SIZE: Parameter = Parameter {
    name: "util-window-size",
    quantity: Quantity::Count { min: 1 },
    default: Some("50"),
    help: "The number of measurements in a fit over the load; the default is the original's.",
};

/// With inputs of ever new sizes, the original's rule forgets the size seen longest ago.
const MOST_SIZES: usize = 1024;
/// More sizes than this have no line of their own.
const FEW_SIZES: usize = 8;

/// Fits of a time over the load and the size of the input, for each function at each
/// destination.
#[derive(Debug)]
pub(super) struct OverLoad {
    window: usize,
    timeout: SimDuration,
    pub(super) compatibility: Compatibility,
    fits: PerEntry<Fits>,
    /// The last load by function and destination: an answer tells about the
    /// processor on which that function runs.
    loads: PerEntry<Option<Load>>,
    /// The last load by destination, as the original keeps it.
    shared_loads: Vec<Option<Load>>,
}

/// The fits of one function at one destination.
#[derive(Debug, Default)]
struct Fits {
    /// In order of sizes; of no more use once there are many.
    by_size: Vec<SizeFit>,
    /// Whether there have been more sizes than have a line of their own.
    are_many: bool,
    all: PlaneFit,
}

#[derive(Debug)]
struct SizeFit {
    input: Bytes,
    seen: SimTime,
    fit: LinearFit,
}

#[derive(Clone, Copy, Debug)]
struct Load {
    percent: u32,
    at: SimTime,
}

impl OverLoad {
    pub(super) fn new(window: u64, timeout: SimDuration) -> Self {
        Self {
            window: usize::try_from(window).unwrap_or(usize::MAX),
            timeout,
            compatibility: Compatibility::default(),
            fits: PerEntry::default(),
            loads: PerEntry::default(),
            shared_loads: Vec::new(),
        }
    }

    /// The predicted time in seconds, if enough is known, and the load it rests on, in
    /// percent.
    pub(super) fn at(&mut self, now: SimTime, target: Target, input: Bytes) -> (Option<f64>, u32) {
        let timeout = self.timeout;
        let load = match self.load(target) {
            Some(load) => {
                if now.since(load.at) >= timeout {
                    *load = Load {
                        percent: 0,
                        at: now,
                    };
                }
                load.percent
            }
            None => 0,
        };
        let fits = self.fits.get_mut(target.entry);
        let known = fits
            .by_size
            .binary_search_by_key(&input, |known| known.input);
        let own = match known {
            Ok(known) if !fits.are_many => fits.by_size[known].fit.at(now, f64::from(load)),
            _ => None,
        };
        let secs = match self.compatibility {
            Compatibility::Original => own,
            Compatibility::Corrected => own
                .or_else(|| fits.all.at(input.0 as f64, f64::from(load)))
                .map(|secs| secs.max(0.0)),
        };
        (secs, load)
    }

    /// A call took `secs` at the load that its answer reports.
    pub(super) fn add(
        &mut self,
        now: SimTime,
        target: Target,
        observation: &Observation,
        secs: f64,
    ) {
        let (window, compatibility) = (self.window, self.compatibility);
        let (input, load) = (observation.input, f64::from(observation.load));
        let fits = self.fits.get_mut(target.entry);
        if compatibility == Compatibility::Corrected {
            fits.all.add(window, input.0 as f64, load, secs);
        }
        if !fits.are_many {
            fits.add(
                now,
                input,
                load,
                secs,
                LinearFit::new(window, None, compatibility),
            );
            let most = match compatibility {
                Compatibility::Original => MOST_SIZES,
                Compatibility::Corrected => FEW_SIZES,
            };
            if fits.by_size.len() > most {
                fits.leave_out(compatibility);
            }
        }
        let load = Some(Load {
            percent: observation.load.min(99),
            at: now,
        });
        match self.compatibility {
            Compatibility::Corrected => *self.loads.get_mut(target.entry) = load,
            Compatibility::Original => *self.shared_load(target.destination) = load,
        }
    }

    fn load(&mut self, target: Target) -> Option<&mut Load> {
        match self.compatibility {
            Compatibility::Corrected => self.loads.get_mut(target.entry).as_mut(),
            Compatibility::Original => self.shared_load(target.destination).as_mut(),
        }
    }

    fn shared_load(&mut self, destination: EndpointId) -> &mut Option<Load> {
        let index = destination.index();
        if index >= self.shared_loads.len() {
            self.shared_loads.resize(index + 1, None);
        }
        &mut self.shared_loads[index]
    }
}

impl Fits {
    /// Adds a measurement to the line of its size, which is `new` if there is none.
    fn add(&mut self, now: SimTime, input: Bytes, load: f64, secs: f64, new: LinearFit) {
        let known = self
            .by_size
            .binary_search_by_key(&input, |known| known.input);
        let place = known.unwrap_or_else(|place| {
            let (seen, fit) = (now, new);
            self.by_size.insert(place, SizeFit { input, seen, fit });
            place
        });
        let line = &mut self.by_size[place];
        line.seen = now;
        line.fit.add(now, load, secs);
    }

    /// There are too many sizes.
    fn leave_out(&mut self, compatibility: Compatibility) {
        match compatibility {
            Compatibility::Original => {
                let sizes = 0..self.by_size.len();
                let oldest = sizes.min_by_key(|&place| self.by_size[place].seen);
                oldest.map(|oldest| self.by_size.remove(oldest));
            }
            Compatibility::Corrected => {
                self.are_many = true;
                self.by_size = Vec::new();
            }
        }
    }
}
