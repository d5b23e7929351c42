//! Face recognition: a function that really computes.
//!
//! A [`Recognizer`] finds faces, or other objects, in the pictures that calls carry. It
//! has a few workers, each with a [`Detector`](detector::Detector) for every function:
//! one in Rust, or cascades of OpenCV if the feature `opencv` is on. [`EdgeComputerFacerec`]
//! is the computer, [`client`] a client that sends pictures.

pub mod client;
mod command;
mod detector;
mod models;
#[cfg(feature = "opencv")]
mod opencv;
mod picture;
mod recognizer;
mod usage;

pub use command::EdgeComputerFacerec;
pub use models::{Models, ModelsError};
pub use picture::{Gray, dimensions, gray};
pub use recognizer::{Recognizer, RecognizerOptions};
pub(crate) use usage::ProcessUsage;
