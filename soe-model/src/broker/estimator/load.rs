//! A time that grows linearly with the load of the processor: building block of
//! the estimators `util` and `delay`.

use sim_core::{SimDuration, SimTime};

use super::Observation;
use super::fit::LinearFit;
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

/// With inputs of ever new sizes, the size seen longest ago is forgotten.
const MOST_SIZES: usize = 1024;

/// Fits of a time over the load, one for each function at each destination and
/// each exact size of the input.
#[derive(Debug)]
pub(super) struct OverLoad {
    window: usize,
    timeout: SimDuration,
    pub(super) compatibility: Compatibility,
    fits: PerEntry<Vec<SizeFit>>,
    /// The last load by function and destination: an answer tells about the
    /// processor on which that function runs.
    loads: PerEntry<Option<Load>>,
    /// The last load by destination, as the original keeps it.
    shared_loads: Vec<Option<Load>>,
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

    /// The predicted time in seconds, if this size was seen before, and the load
    /// it rests on, in percent.
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
        let found = fits.binary_search_by_key(&input, |known| known.input);
        let secs = found
            .ok()
            .and_then(|found| fits[found].fit.at(now, f64::from(load)));
        let secs = match self.compatibility {
            Compatibility::Corrected => secs.map(|secs| secs.max(0.0)),
            Compatibility::Original => secs,
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
        let input = observation.input;
        let fits = self.fits.get_mut(target.entry);
        let found = match fits.binary_search_by_key(&input, |known| known.input) {
            Ok(found) => found,
            Err(place) => {
                let fit = LinearFit::new(window, None, compatibility);
                let seen = now;
                fits.insert(place, SizeFit { input, seen, fit });
                place
            }
        };
        fits[found].seen = now;
        fits[found].fit.add(now, f64::from(observation.load), secs);
        if fits.len() > MOST_SIZES {
            let oldest = (0..fits.len()).min_by_key(|&i| fits[i].seen);
            oldest.map(|oldest| fits.remove(oldest));
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
