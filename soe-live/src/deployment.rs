//! A whole deployment on the loopback interface: the components of a scenario as real
//! services and clients.
//!
//! [`Places`] gives every component its endpoints, and [`serve`] runs one component.
//! [`replicate`] starts all of them (in this process or in others, as its caller
//! chooses), lets the clients call, carries out the planned changes, and stops
//! everything. Its observations, [`Seen`], have the same form as those of a
//! simulation.
//!
//! The network of the deployment is not emulated: messages take as long as they need
//! between processes of one machine.

mod components;
mod contexts;
mod front_ends;
mod observe;
mod places;
mod replicate;
mod usage;
mod workflows;

pub use components::{Watch, serve};
pub use places::{Place, Places, PlacesError};
pub use replicate::{Component, Seen, replicate};
