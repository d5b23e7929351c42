//! Measurements during a run, in constant memory.
//!
//! | monitor | of what | error |
//! |---|---|---|
//! | [`Counter`] | how often something happened | none |
//! | [`Tally`] | mean, variance, least and greatest of observations | rounding |
//! | [`TimeWeighted`] | time average of a piecewise constant value | rounding |
//! | [`QuantileSketch`] | quantiles of durations | at most 0.4 % of the value |
//! | [`Batches`] | consecutive parts of a series: trends, correlation | rounding |
//! | [`TimeCourse`] | a piecewise constant value over time | rounding |
//!
//! Counters, tallies and sketches can be [merged](Tally::merge) over parts of a run.

mod batches;
mod counter;
mod quantile;
mod tally;
mod time_course;
mod time_weighted;

pub use batches::{Batch, Batches};
pub use counter::Counter;
pub use quantile::{QuantileSketch, interpolate};
pub use tally::Tally;
pub use time_course::TimeCourse;
pub use time_weighted::TimeWeighted;
