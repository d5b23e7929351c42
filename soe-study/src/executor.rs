//! The executor: runs what is not finished yet, on all cores, and keeps it at once.

mod run;
mod sweep;
mod work;

pub use sweep::{Failed, PointDone, Shard, Status, Sweep};
