//! The cost is processing and the transfers between client and node.

use super::{AllocationPolicy, NetworkCost};
use crate::model::Corrections;

#[derive(Debug)]
pub(super) struct ProcNet;

impl AllocationPolicy for ProcNet {
    fn name(&self) -> &'static str {
        "ProcNet"
    }

    fn network_cost(&self, corrections: Corrections) -> NetworkCost {
        match corrections.pricing {
            true => NetworkCost::AsExecuted,
            false => NetworkCost::RoundTripOfAllStates,
        }
    }
}
