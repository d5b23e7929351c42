//! `probe`: ask every destination for its estimate before each call.

use super::{Estimator, EstimatorBuilder};
use crate::catalogue::{Kind, Parameter, Quantity};

pub(super) const KIND: Kind<EstimatorBuilder> = Kind {
    name: "probe",
    help: "The processing time that each destination reports for a dry run of the call.",
    parameters: &[Parameter {
        name: "max-clients",
        quantity: Quantity::Count { min: 1 },
        default: Some("10"),
        help: "The largest number of concurrent dry runs at one destination; further ones wait. The default is the original's.",
    }],
    version: 1,
    build: |arguments| {
        Box::new(Probe {
            at_a_time: u32::try_from(arguments.count("max-clients")).unwrap_or(u32::MAX),
        })
    },
};

#[derive(Debug)]
struct Probe {
    at_a_time: u32,
}

impl Estimator for Probe {
    fn ignores_events(&self) -> bool {
        true
    }

    fn asks(&self) -> Option<u32> {
        Some(self.at_a_time)
    }
}
