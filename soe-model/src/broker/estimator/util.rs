//! `util`: the network time plus the processing time, the latter linear in the load
//! of the processor.

use sim_core::SimTime;

use super::load::{LOAD_TIMEOUT, OverLoad, WINDOW_SIZE};
use super::rtt::Rtt;
use super::{Estimator, EstimatorBuilder, Observation, Prediction};
use crate::broker::{Candidates, Compatibility, Target};
use crate::catalogue::{Kind, Parameter, Quantity};

pub(super) const KIND: Kind<EstimatorBuilder> = Kind {
    name: "util",
    help: "The time in the network as rtt, plus the processing time from a linear fit over the load of the processor and the size of the input.",
    parameters: &[
        Parameter {
            name: "rtt-window-size",
            quantity: Quantity::Count { min: 1 },
            default: Some("50"),
            help: "The number of measurements in a fit over the size; the default is the original's.",
        },
        Parameter {
            name: "rtt-stale-period",
            quantity: Quantity::Duration,
            default: Some("10 s"),
            help: "How long a measurement of the network is valid (0 = forever); the default is the original's.",
        },
        LOAD_TIMEOUT,
        WINDOW_SIZE,
    ],
    version: 1,
    build: |arguments| {
        Box::new(Util {
            rtt: Rtt::new(
                arguments.count("rtt-window-size"),
                arguments.duration("rtt-stale-period"),
            ),
            processing: OverLoad::new(
                arguments.count(WINDOW_SIZE.name),
                arguments.duration(LOAD_TIMEOUT.name),
            ),
        })
    },
};

#[derive(Debug)]
struct Util {
    rtt: Rtt,
    processing: OverLoad,
}

impl Estimator for Util {
    fn ignores_events(&self) -> bool {
        true
    }

    fn set_compatibility(&mut self, compatibility: Compatibility) {
        self.rtt.set_compatibility(compatibility);
        self.processing.compatibility = compatibility;
    }

    fn predict(
        &mut self,
        now: SimTime,
        target: Target,
        candidates: &Candidates<'_>,
    ) -> Option<Prediction> {
        let input = candidates.input();
        let network = self.rtt.network(now, target, input);
        let (processing, load) = self.processing.at(now, target, input);
        // A destination never heard of is not predicted at all. In the original, a size
        // never seen before takes no time.
        (network.is_some() || processing.is_some()).then(|| Prediction {
            network: network.unwrap_or(0.0),
            processing: processing.unwrap_or(0.0),
            load,
        })
    }

    fn learn(&mut self, now: SimTime, target: Target, observation: &Observation) {
        self.rtt.learn(now, target, observation);
        let processing = observation.processing.as_secs_f64();
        self.processing.add(now, target, observation, processing);
    }
}
