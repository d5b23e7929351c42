//! A whole deployment on the loopback interface: what a scenario describes, as
//! real services and clients.
//!
//! [`Places`] gives every component its endpoints, [`serve`] runs one component,
//! and [`replicate`] starts all of them (in this process or in others, as its
//! caller likes), lets the clients call, carries out the planned changes, and
//! takes everything down again. What it has [`Seen`] has the form of what a
//! simulation would have seen.
//!
//! The network of the deployment is not emulated: messages take the time that
//! they take between processes of one machine.

mod components;
mod observe;
mod places;
mod replicate;
mod usage;
mod workflows;

pub use components::{Watch, serve};
pub use places::{Place, Places, PlacesError};
pub use replicate::{Component, Seen, replicate};
