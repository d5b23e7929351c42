//! Admission: the requests that a computer accepts.

use super::matter::Matter;
use super::message::{Request, StateRef};
use super::plan::Shape;

/// Why a computer does not take a request; the texts are the original's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Chain and DAG exclude each other; for decoders of messages.
    #[error("Cannot specify both a function chain and a DAG in the request")]
    ChainAndDag,
    /// Only a callback can receive the result of several functions.
    #[error("Cannot handle multiple functions without a callback in the request")]
    NoCallback,
    /// There is no such step.
    #[error("Out-of-range function execution requested in a chain")]
    OutOfRange,
    /// Branches of a DAG find each other by the uuid.
    #[error("Cannot execute a DAG without a UUID in the request")]
    NoUuid,
    /// The computer only executes synchronously.
    #[error("Cannot handle an asynchronous function invocation")]
    Synchronous,
    /// There is no broker to call for the next function.
    #[error("Cannot execute the next function of a workflow without a companion")]
    NoCompanion,
    /// The function needs a remote state, which would have nowhere to go.
    #[error("cannot handle remote states without a state server")]
    NoStateServer,
}

/// Checks whether any computer can take `request`, or estimate it.
///
/// # Errors
/// The first reason why not, in the original's order.
pub fn check<M: Matter>(request: &Request<M>) -> Result<(), Problem> {
    let several = request.plan.steps() > 1;
    if several && request.callback.is_none() {
        return Err(Problem::NoCallback);
    }
    if request.step >= request.plan.steps() {
        return Err(Problem::OutOfRange);
    }
    if several && request.plan.shape() == Shape::Dag && request.uuid.is_empty() {
        return Err(Problem::NoUuid);
    }
    Ok(())
}

/// Checks whether a computer with these abilities can take `request`.
///
/// # Errors
/// The first reason why not, in the original's order.
pub fn admit<M: Matter>(
    request: &Request<M>,
    asynchronous: bool,
    companion: bool,
    state_server: bool,
) -> Result<(), Problem> {
    check(request)?;
    if request.callback.is_some() && !asynchronous {
        return Err(Problem::Synchronous);
    }
    if !companion && !request.plan.is_last(request.step) {
        return Err(Problem::NoCompanion);
    }
    let needs = |(name, state): (&String, &StateRef<M>)| {
        matches!(state, StateRef::Remote(_)) && request.plan.needs(request.step, name)
    };
    if !state_server && request.states.iter().any(needs) {
        return Err(Problem::NoStateServer);
    }
    Ok(())
}
