//! `round-robin`: weighted round robin by deficits over the good destinations,
//! with probes of the others.
//!
//! A pick costs a destination its weight, and the one that has paid least is
//! next, so that shares are inversely proportional to weights. Destinations that
//! weigh more than twice the best one are left out, and probed with single calls
//! at intervals that grow from 1 s to 30 s while the probes turn out bad.

use sim_core::{SimDuration, SimTime, Stream};

use super::{Policy, PolicyBuilder};
use crate::broker::Compatibility;
use crate::catalogue::Kind;

pub(super) const KIND: Kind<PolicyBuilder> = Kind {
    name: "round-robin",
    help: "In proportion to the inverse weights among destinations at most twice as heavy as the best; the others are probed every 1 s to 30 s.",
    parameters: &[],
    build: |_| Box::new(RoundRobin::default()),
};

const FIRST_PROBE: SimDuration = SimDuration::from_secs(1);
const LONGEST_PROBE: SimDuration = SimDuration::from_secs(30);

#[derive(Debug, Default)]
struct RoundRobin {
    compatibility: Compatibility,
    destinations: Vec<Destination>,
    /// When the next destination that is left out is due for a probe.
    next_probe: Option<SimTime>,
}

#[derive(Debug)]
struct Destination {
    weight: f32,
    /// What it has paid; only differences matter.
    deficit: f64,
    active: bool,
    /// When the weight was measured; `None` while that is still expected.
    measured: Option<SimTime>,
    probing: bool,
    /// How long a measurement holds while the destination is left out.
    stale_after: SimDuration,
}

impl RoundRobin {
    fn least_deficit(&self) -> Option<f64> {
        let active = self.destinations.iter().filter(|known| known.active);
        active.map(|known| known.deficit).reduce(f64::min)
    }

    /// Decides anew which destinations take part.
    fn recompute(&mut self, now: SimTime) {
        let weights = self.destinations.iter().map(|known| known.weight);
        let Some(best) = weights.reduce(f32::min) else {
            return;
        };
        let least = self.least_deficit();
        let alone = self.destinations.len() == 1;
        self.next_probe = None;
        for known in &mut self.destinations {
            if alone || known.weight <= 2.0 * best {
                known.active = true;
                if known.probing {
                    known.probing = false;
                    known.stale_after = FIRST_PROBE;
                }
                continue;
            }
            let Some(measured) = known.measured else {
                known.active = true;
                continue;
            };
            if known.probing {
                known.probing = false;
                known.stale_after = (known.stale_after * 2).min(LONGEST_PROBE);
            }
            known.active = now.since(measured) >= known.stale_after;
            if known.active {
                known.measured = None;
                known.deficit = least.unwrap_or(known.deficit);
                known.probing = true;
            } else {
                let due = measured + known.stale_after;
                self.next_probe = Some(self.next_probe.map_or(due, |next| next.min(due)));
            }
        }
    }
}

impl Policy for RoundRobin {
    fn set_compatibility(&mut self, compatibility: Compatibility) {
        self.compatibility = compatibility;
    }

    fn explores(&self) -> bool {
        true
    }

    fn add(&mut self, now: SimTime, weight: f32) {
        let first = match self.compatibility {
            Compatibility::Corrected => 0.0,
            // Adding a weight to so large a number does not change it: whoever
            // is in front stays there until the first measurement.
            Compatibility::Original => f64::from(f32::MAX),
        };
        self.destinations.push(Destination {
            weight,
            deficit: self.least_deficit().unwrap_or(first),
            active: false,
            measured: None,
            probing: false,
            stale_after: FIRST_PROBE,
        });
        self.recompute(now);
    }

    fn update(&mut self, now: SimTime, position: usize, weight: f32) {
        let updated = &mut self.destinations[position];
        updated.weight = weight;
        updated.measured = Some(now);
        if let Some(least) = self.least_deficit() {
            for known in &mut self.destinations {
                known.deficit -= least;
            }
        }
        self.recompute(now);
    }

    fn remove(&mut self, now: SimTime, position: usize) {
        self.destinations.remove(position);
        self.recompute(now);
    }

    fn pick(&mut self, now: SimTime, _: &mut Stream) -> usize {
        let due = self.next_probe.is_some_and(|due| now >= due);
        if due && self.compatibility == Compatibility::Corrected {
            self.recompute(now);
        }
        let mut best = 0;
        let mut least = f64::INFINITY;
        for (position, known) in self.destinations.iter().enumerate() {
            if known.active && known.deficit < least {
                (best, least) = (position, known.deficit);
            }
        }
        let picked = &mut self.destinations[best];
        picked.deficit += f64::from(picked.weight);
        best
    }
}
