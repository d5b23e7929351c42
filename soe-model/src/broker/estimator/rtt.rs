//! `rtt`: the network time, linear in the size of the input.

use sim_core::{SimDuration, SimTime};

use super::fit::LinearFit;
use super::{Estimator, EstimatorBuilder, Observation, Prediction};
use crate::broker::table::PerEntry;
use crate::broker::{Candidates, Compatibility, Target};
use crate::catalogue::{Kind, Parameter, Quantity};
use crate::units::Bytes;

pub(super) const KIND: Kind<EstimatorBuilder> = Kind {
    name: "rtt",
    help: "The time in the network, from a linear fit over the size of the input.",
    parameters: &[
        Parameter {
            name: "window-size",
            quantity: Quantity::Count { min: 1 },
            default: Some("50"),
            help: "The number of measurements in a fit; the default is the original's.",
        },
        Parameter {
            name: "stale-period",
            quantity: Quantity::Duration,
            default: Some("10 s"),
            help: "How long a measurement is valid (0 = forever); the default is the original's.",
        },
    ],
    version: 1,
    build: |arguments| {
        Box::new(Rtt::new(
            arguments.count("window-size"),
            arguments.duration("stale-period"),
        ))
    },
};

/// Fits of the time in the network, one for each function at each destination.
#[derive(Debug)]
pub(super) struct Rtt {
    window: usize,
    stale_after: Option<SimDuration>,
    compatibility: Compatibility,
    fits: PerEntry<Option<LinearFit>>,
}

impl Rtt {
    pub(super) fn new(window: u64, stale_period: SimDuration) -> Self {
        Self {
            window: usize::try_from(window).unwrap_or(usize::MAX),
            stale_after: (!stale_period.is_zero()).then_some(stale_period),
            compatibility: Compatibility::default(),
            fits: PerEntry::default(),
        }
    }

    /// The predicted time in the network in seconds, if anything is known.
    pub(super) fn network(&mut self, now: SimTime, target: Target, input: Bytes) -> Option<f64> {
        let fit = self.fits.get_mut(target.entry).as_mut()?;
        fit.at(now, input.0 as f64).map(|secs| secs.max(0.0))
    }
}

impl Estimator for Rtt {
    fn ignores_events(&self) -> bool {
        true
    }

    fn set_compatibility(&mut self, compatibility: Compatibility) {
        self.compatibility = compatibility;
    }

    fn predict(
        &mut self,
        now: SimTime,
        target: Target,
        candidates: &Candidates<'_>,
    ) -> Option<Prediction> {
        let input = candidates.input();
        let network = self.network(now, target, input)?;
        Some(Prediction {
            network,
            ..Prediction::default()
        })
    }

    fn learn(&mut self, now: SimTime, target: Target, observation: &Observation) {
        let (latency, processing) = (observation.latency, observation.processing);
        let mut network = latency.as_secs_f64() - processing.as_secs_f64();
        if self.compatibility == Compatibility::Corrected {
            // The processing time is rounded to milliseconds on the wire.
            network = network.max(0.0);
        }
        let fit = self.fits.get_mut(target.entry).get_or_insert_with(|| {
            LinearFit::new(self.window, self.stale_after, self.compatibility)
        });
        fit.add(now, observation.input.0 as f64, network);
    }
}
