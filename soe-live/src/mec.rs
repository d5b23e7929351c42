//! ETSI MEC: the device application interface ("Mx2"), its proxy and its clients.
//!
//! A *device application* asks the *UE application lifecycle management proxy* for a
//! context of an application, and gets the end-point that it must call. When the
//! end-point changes, the proxy notifies it. All decisions come from
//! [`soe_model::mec`]. The guide is `docs/mec.md`.
//!
//! * [`Proxy`] is that proxy: HTTP for device applications, under v1.1.1 of the standard
//!   (`/mx2/v1/`) and v2.2.1 (`/dev_app/v1/`), and gRPC for those who fill its tables.
//! * [`DeviceApplication`] is the client side: it gets contexts, follows notifications,
//!   and deletes its contexts at the end.
//! * [`Assigner`] is the side of a controller of type `etsi-file` or `etsi-balanced`.
//! * [`ueapplcmproxy`], [`ueapplcmproxyclient`] and [`etsimeccli`] are executables.

mod address;
mod assigner;
mod client;
mod handler;
mod journal;
mod north;
mod notifier;
mod proxy;
mod wire;

pub mod etsimeccli;
pub mod ueapplcmproxy;
pub mod ueapplcmproxyclient;

pub use address::{ApiRoot, ApiRootError};
pub use assigner::{Assigner, read_associations};
pub use client::{ApiChoice, DeviceApplication, DeviceError, EtsiOptions, Follower};
pub use journal::{JournalError, decode as records_of};
pub use proxy::{Proxy, ProxyOptions};

/// The provider of applications that are functions of a proxy, as in the original.
pub const PROVIDER: &str = "OpenLambdaMec";
/// The provider of applications that are functions announced to a controller of type
/// `etsi-file`, as in the original.
pub const CONTROLLER_PROVIDER: &str = "ServerlessOnEdge";
/// The version of both.
pub const VERSION: &str = "1.0";
