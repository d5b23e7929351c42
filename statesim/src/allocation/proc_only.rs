//! The cost is processing only.

use super::{AllocationPolicy, NetworkCost};
use crate::model::Corrections;

#[derive(Debug)]
pub(super) struct ProcOnly;

impl AllocationPolicy for ProcOnly {
    fn name(&self) -> &'static str {
        "ProcOnly"
    }

    fn network_cost(&self, _: Corrections) -> NetworkCost {
        NetworkCost::Nothing
    }
}
