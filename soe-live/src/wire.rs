//! Messages of `RunLambda` as they came from the network.
//!
//! A broker need not take a message apart to pass it on. A [`Frame`] keeps the
//! pieces that the network delivered; [`Request`] and [`Response`] find in them
//! what decides, and say how the message travels on, sharing every byte that does
//! not change.

mod frame;
mod protobuf;
mod request;
mod response;

pub(crate) use frame::PREFIX;
pub use frame::{Assembly, Frame, FrameError, Outgoing};
pub use protobuf::Malformed;
pub use request::Request;
pub use response::{Reply, Response};
