//! `delay`: the total response time, linear in the load of the processor.

use sim_core::SimTime;

use super::load::{LOAD_TIMEOUT, OverLoad, WINDOW_SIZE};
use super::{Estimator, EstimatorBuilder, Observation, Prediction};
use crate::broker::{Candidates, Compatibility, Target};
use crate::catalogue::Kind;

pub(super) const KIND: Kind<EstimatorBuilder> = Kind {
    name: "delay",
    help: "The whole response time from a linear fit over the load of the processor and the size of the input.",
    parameters: &[LOAD_TIMEOUT, WINDOW_SIZE],
    version: 1,
    build: |arguments| {
        Box::new(Delay {
            total: OverLoad::new(
                arguments.count(WINDOW_SIZE.name),
                arguments.duration(LOAD_TIMEOUT.name),
            ),
        })
    },
};

#[derive(Debug)]
struct Delay {
    total: OverLoad,
}

impl Estimator for Delay {
    fn ignores_events(&self) -> bool {
        true
    }

    fn set_compatibility(&mut self, compatibility: Compatibility) {
        self.total.compatibility = compatibility;
    }

    fn predict(
        &mut self,
        now: SimTime,
        target: Target,
        candidates: &Candidates<'_>,
    ) -> Option<Prediction> {
        let input = candidates.input();
        let (total, load) = self.total.at(now, target, input);
        total.map(|processing| Prediction {
            network: 0.0,
            processing,
            load,
        })
    }

    fn learn(&mut self, now: SimTime, target: Target, observation: &Observation) {
        let latency = observation.latency.as_secs_f64();
        self.total.add(now, target, observation, latency);
    }
}
