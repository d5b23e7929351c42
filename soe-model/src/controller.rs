//! The controller: which brokers must know which computers.

mod spec;

pub use spec::{ControllerSpec, Distances, InstallerSpec, Objective};
