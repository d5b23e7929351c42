//! Messages of `RunLambda`, as undecoded bytes.
//!
//! A broker need not decode a whole message to forward it. A [`Frame`] keeps the
//! pieces that the network delivered. [`Request`] and [`Response`] read only the
//! fields that decisions need, and build the forwarded message, which shares all
//! unchanged bytes.

#[cfg(feature = "quic")]
mod body;
mod frame;
mod protobuf;
mod request;
mod response;

#[cfg(feature = "quic")]
pub use body::Body;
pub(crate) use frame::PREFIX;
pub use frame::{Assembly, Frame, FrameError, Outgoing};
pub use protobuf::Malformed;
pub use request::Request;
pub use response::{Reply, Response};
