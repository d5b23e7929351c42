//! Studies: what is varied, how often it is repeated, and the executor that runs it on all
//! cores.
//!
//! A study file ([`Study`]) resolves to a [`Plan`]: a grid of points, each of which is a
//! scenario or a set of StateSim's parameters. [`Plan::prepare`] makes an [`Experiment`]
//! of it, and a [`Sweep`] runs that: points times replications, on any number of threads.
//!
//! * **Replication `i` of every point draws from the study's seed and `i`**, never from
//!   the thread or the order, so that all points share their random numbers.
//! * **What is finished is kept at once**, in a journal beside the results, under a digest of
//!   everything that it depends on: the same command continues after a kill, and a change of
//!   one value of an axis runs only what changed.
//! * **Results are the same bytes** on any number of threads, in any order, resumed or not:
//!   they are computed from the journal, point by point and in the order of replications.
//! * **Memory does not grow** with the number of replications, but for eight bytes each that
//!   say where in the journal it stands.
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
mod execute;
mod experiment;
mod figures;
mod findings;
mod journal;
mod moments;
mod page;
mod published;
mod records;
mod results;
mod scenario;
mod section;
mod statesim;
mod store;
mod study;
mod tables;

use std::path::PathBuf;

use analysis::Metric;

use soe_sim::Progress;

pub use dictionary::metrics_reference;
pub use execute::{Failed, PointDone, Shard, Status, Sweep, SweepError};
pub use experiment::{Column, Experiment, Layout, Report};
pub use findings::Verdict;
pub use journal::JournalError;
pub use moments::Moments;
pub use results::{Estimate, Estimates};
pub use scenario::ScenarioSweep;
pub use section::{check, checked};
pub use statesim::{METRICS as STATESIM_METRICS, StatesimSweep};
pub use study::{
    Axis, Claimed, FigureSpec, FindingSpec, Item, Plan, Replications, Selector, Study, Subject, X,
};

/// A plan with all that its replications need.
#[derive(Debug)]
pub enum Prepared {
    /// Simulated scenarios.
    Scenario(ScenarioSweep),
    /// StateSim.
    Statesim(StatesimSweep),
}

impl Plan {
    /// Reads or makes all inputs and prepares all points.
    ///
    /// # Errors
    /// If an input is wrong or cannot be read, or a point is impossible, in one line.
    pub fn prepare(&self) -> Result<Prepared, String> {
        match &self.subject {
            Subject::Scenario(subject) => ScenarioSweep::new(self, subject).map(Prepared::Scenario),
            Subject::Statesim(subject) => StatesimSweep::new(self, subject).map(Prepared::Statesim),
        }
    }

    /// All metrics that the subject of the study can report.
    pub fn metrics_known(&self) -> &'static [&'static Metric] {
        self.subject.metrics()
    }
}

impl Prepared {
    /// The files that were read, with their digests.
    pub fn inputs(&self) -> &[(PathBuf, String)] {
        match self {
            Self::Scenario(sweep) => &sweep.inputs,
            Self::Statesim(sweep) => &sweep.inputs,
        }
    }

    /// What the inputs are, one line each.
    pub fn about(&self) -> &[String] {
        match self {
            Self::Scenario(_) => &[],
            Self::Statesim(sweep) => &sweep.about,
        }
    }

    /// From what a replication draws, in words.
    pub fn seed(&self, plan: &Plan, replication: u32) -> String {
        match self {
            Self::Scenario(_) => format!("seed {}, replication {replication}", plan.seed),
            Self::Statesim(_) => {
                format!("seed {}", plan.seed.wrapping_add(u64::from(replication)))
            }
        }
    }

    fn warm_up(&self) -> u64 {
        match self {
            Self::Scenario(sweep) => sweep.warm_up,
            Self::Statesim(_) => 0,
        }
    }
}

impl Experiment for Prepared {
    type Worker = (
        <ScenarioSweep as Experiment>::Worker,
        <StatesimSweep as Experiment>::Worker,
    );

    fn points(&self) -> usize {
        match self {
            Self::Scenario(sweep) => sweep.points(),
            Self::Statesim(sweep) => sweep.points(),
        }
    }

    fn identity(&self, point: usize) -> String {
        match self {
            Self::Scenario(sweep) => sweep.identity(point),
            Self::Statesim(sweep) => sweep.identity(point),
        }
    }

    fn replicate(
        &self,
        point: usize,
        replication: u32,
        (scenario, statesim): &mut Self::Worker,
        progress: &Progress,
    ) -> Result<Option<Report>, String> {
        match self {
            Self::Scenario(sweep) => sweep.replicate(point, replication, scenario, progress),
            Self::Statesim(sweep) => sweep.replicate(point, replication, statesim, progress),
        }
    }
}
