//! Studies: what varies, the number of replications, and the executor that runs them on
//! all cores.
//!
//! A study file ([`Study`]) resolves to a [`Plan`]: a grid of points, each of which is a
//! scenario or a set of StateSim's parameters. [`Plan::prepare`] makes a [`Runner`] from
//! it, and a [`Sweep`] runs points times replications on any number of threads.
//!
//! * **Replication `i` of every point draws from the study's seed and `i`**, never from
//!   the thread or the order, so that all points share their random numbers.
//! * **Finished replications are saved at once**, in a journal beside the results, under
//!   a digest of everything on which they depend. The same command continues after a
//!   kill, and a changed value of an axis runs only what changed.
//! * **Results are the same bytes** on any number of threads, in any order, resumed or
//!   not. They are computed from the journal, point by point and in the order of
//!   replications.
//! * **Memory does not grow** with the number of replications, except for eight bytes
//!   each for their place in the journal.
//!
//! ```
//! use analysis::{Manifest, ResultFolder};
//! use soe_sim::Progress;
//! use soe_study::{Study, Sweep};
//!
//! let text = r#"
//!     version = 1
//!     kind = "statesim"
//!     replications = 4
//!     metrics = ["network_mean"]
//!
//!     [[axis]]
//!     key = "jobs"
//!     values = [10, 20]
//! "#;
//! let study = Study::parse(text, "example.toml")?;
//! let plan = study.resolve()?;
//! let prepared = plan.prepare()?;
//! # let parent = tempfile::tempdir()?;
//! # let path = parent.path();
//! let mut sweep = Sweep::open(&prepared, plan.metrics_known(), &plan.replications, &path.join("work"), None)?;
//! sweep.run(Some(2), &Progress::default(), |_| {}, |_| {})?;
//! let folder = ResultFolder::create(path.join("results"), false)?;
//! sweep.write(&plan, &prepared, &study.check()?, folder, Manifest::default())?;
//! assert!(path.join("results/figures/network-mean.svg").is_file());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod dictionary;
mod error;
mod executor;
mod finished;
mod journal;
mod lambdamu_metrics;
mod moments;
pub mod reality;
mod results;
mod runner;
mod section;
mod statesim_metrics;
mod study;
pub mod theory;
mod verdict;

pub use dictionary::metrics_reference;
pub use error::SweepError;
pub use executor::{Failed, PointDone, Shard, Status, Sweep};
pub use finished::{Estimate, Estimates};
pub use journal::JournalError;
pub use lambdamu_metrics::METRICS as LAMBDAMU_METRICS;
pub use moments::Moments;
pub use runner::{
    Column, LambdamuSweep, Layout, Prepared, Report, Runner, ScenarioSweep, StatesimSweep,
};
pub use section::{check, checked};
pub use statesim_metrics::METRICS as STATESIM_METRICS;
pub use study::{
    Axis, Claimed, FigureSpec, FindingSpec, Item, Plan, Replications, Selector, Study, Subject, X,
    reference, schema,
};
pub use verdict::Verdict;
