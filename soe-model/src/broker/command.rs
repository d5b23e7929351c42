//! Commands that change the forwarding tables of a broker.

use crate::names::{EndpointId, FunctionId, Names};

/// A change of the forwarding tables, as a controller or an operator sends it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Command {
    /// Drop everything.
    Flush,
    /// Add an entry, or replace its weight and whether it is final.
    Change {
        /// The function.
        function: FunctionId,
        /// The destination.
        destination: EndpointId,
        /// The declared weight, positive; lower is better.
        weight: f32,
        /// Whether the destination is final, a computer.
        is_final: bool,
    },
    /// Remove an entry; no effect without an entry.
    Remove {
        /// The function.
        function: FunctionId,
        /// The destination.
        destination: EndpointId,
    },
}

/// Why a command was refused. The texts are the original's.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConfigureError {
    /// The destination has no name, or the weight is zero or not a number.
    #[error("Invalid destination towards '{destination}' with weight {weight:.6}")]
    InvalidDestination {
        /// The destination.
        destination: String,
        /// The declared weight.
        weight: f32,
    },
    /// The weight is negative.
    #[error("Invalid weight '{weight:.6}', must be > 0")]
    NegativeWeight {
        /// The declared weight.
        weight: f32,
    },
    /// The estimator `oracle` was configured for a live broker.
    #[error("the estimator `oracle` works only in simulations")]
    Unknowable,
}

/// Checks a declared entry.
pub(crate) fn check(
    destination: EndpointId,
    weight: f32,
    endpoints: &Names<EndpointId>,
) -> Result<(), ConfigureError> {
    let destination = endpoints.name(destination);
    if weight < 0.0 {
        Err(ConfigureError::NegativeWeight { weight })
    } else if destination.is_empty() || weight == 0.0 || !weight.is_finite() {
        Err(ConfigureError::InvalidDestination {
            destination: destination.to_owned(),
            weight,
        })
    } else {
        Ok(())
    }
}
