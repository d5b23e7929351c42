//! Multi-access edge computing (ETSI MEC): which device application calls which
//! end-point.
//!
//! In ETSI GS MEC 016 a device application asks the *UE application lifecycle
//! management proxy* for a *context* of an application. The context has a reference:
//! the end-point (of a broker or a computer) that the device application must call.
//! When the reference changes, the proxy notifies the device application.
//!
//! A [`Proxy`] holds three tables:
//!
//! * **applications**, by name, provider and version;
//! * **associations** of an application and a client address, or any client, with an
//!   end-point; a specific address takes precedence;
//! * **contexts**, whose reference always follows from the associations.
//!
//! It also decides which notifications are sent, when, and how often; the driver sends
//! them and reports the outcome. Everything that must survive a restart is handed out
//! as [`Record`]s, from which [`Proxy::restore`] makes the same proxy again.
//!
//! A [`Balancer`] is the controller's side: it assigns clients to computers so that each
//! computer serves about as many contexts as the others.
//!
//! ```
//! use sim_core::SimTime;
//! use soe_model::mec::*;
//!
//! let now = SimTime::ZERO;
//! let mut proxy = Proxy::new(Limits::default(), Patience::default());
//! let face = ApplicationKey::new("face", "Example", "1.0");
//! proxy.add_application(Application::plain(face.clone()))?;
//! proxy.associate(now, Client::Any, "face", "edge-1:6473")?;
//!
//! let request = ContextRequest {
//!     version: ApiVersion::V1,
//!     client: "10.0.0.7".into(),
//!     device: "camera".into(),
//!     callback: Some("http://10.0.0.7:6600/camera".into()),
//!     application: face,
//! };
//! let context = proxy.create(now, ContextId(1), request)?;
//! assert_eq!(context.reference(), "edge-1:6473");
//!
//! // The client is assigned to another broker: there is something to tell it.
//! proxy.associate(now, Client::Address("10.0.0.7".into()), "face", "edge-2:6473")?;
//! let notification = proxy.poll(now).expect("one client to notify");
//! assert_eq!(notification.reference, "edge-2:6473");
//! let outcome = Outcome::Answered { status: 204 };
//! assert_eq!(proxy.settled(now, notification.number, outcome), Settled::Delivered);
//! assert_eq!(proxy.poll(now), None);
//! # Ok::<(), Refusal>(())
//! ```

mod application;
mod associations;
mod balancer;
mod context;
mod contexts;
mod delivery;
mod limits;
mod offers;
mod proxy;
mod record;
mod refusal;

pub use application::{Application, ApplicationKey, Characteristics};
pub use associations::{Association, Client};
pub use balancer::{Assignment, Balancer};
pub use context::{ApiVersion, Context, ContextId, ContextRequest};
pub use delivery::{Notification, Outcome, Patience, Settled};
pub use limits::{CALLBACK, DESCRIPTION, DEVICE, ENDPOINT, Limits, NAME};
pub use offers::{Changed, Offers};
pub use proxy::Proxy;
pub use record::Record;
pub use refusal::Refusal;
