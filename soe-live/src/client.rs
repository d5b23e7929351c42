//! The client side: executables that call functions or inspect services.
//!
//! | executable | options | run by | what it does |
//! |---|---|---|---|
//! | `edgeclient` | [`edgeclient::Options`] | [`edgeclient::run`] | calls one function over and over |
//! | `edgeippclient` | [`edgeippclient::Options`] | [`edgeippclient::run`] | calls in bursts, or in active phases between silent ones |
//! | `clienttracegen` | [`clienttracegen::Options`] | [`clienttracegen::run`] | writes a trace of calls |
//! | `edgemulticlient` | [`edgemulticlient::Options`] | [`edgemulticlient::run`] | plays such a trace |
//! | `forwardingtableclient` | [`forwardingtableclient::Options`] | [`forwardingtableclient::run`] | shows and changes the tables of a broker |
//! | `edgecomputerclient` | [`edgecomputerclient::Options`] | [`edgecomputerclient::run`] | shows how busy a computer is |
//!
//! The clients of [`soe_model::client`] decide when calls are issued, how large they
//! are and where they go. A [`Driver`] gives them a clock and a network.

pub mod clienttracegen;
pub mod edgeclient;
pub mod edgecomputerclient;
pub mod edgeippclient;
pub mod edgemulticlient;
pub mod forwardingtableclient;

mod call;
mod driver;
mod fleet;
mod options;
mod statistics;
pub mod workflow;

pub(crate) use call::describe;
pub use call::{CallError, Caller, payload};
pub use driver::{Budget, Common, Destination, Driver, Finished, Order};
pub use fleet::Manner;
pub(crate) use options::Destinations;
#[cfg(feature = "facerec")]
pub(crate) use {
    fleet::report,
    options::{Interval, Patience},
    statistics::Statistics,
};
