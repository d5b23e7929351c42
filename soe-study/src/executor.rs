//! The executor: runs unfinished replications on all cores and saves them at once.

mod run;
mod sweep;
mod work;

pub use sweep::{Failed, PointDone, Shard, Status, Sweep};
