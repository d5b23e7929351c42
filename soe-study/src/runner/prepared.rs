//! A study with the inputs of its replications, for any runner.

use std::path::PathBuf;

use analysis::Metric;
use soe_sim::Progress;

use super::lambdamu::LambdamuSweep;
use super::replication::{Report, Runner};
use super::scenario::ScenarioSweep;
use super::statesim::StatesimSweep;
use crate::study::{Plan, Subject};

/// A plan with the inputs of its replications.
#[derive(Debug)]
pub enum Prepared {
    /// Simulated scenarios.
    Scenario(ScenarioSweep),
    /// StateSim.
    Statesim(StatesimSweep),
    /// LambdaMuSim.
    Lambdamu(LambdamuSweep),
}

impl Plan {
    /// Reads or generates all inputs and prepares all points.
    ///
    /// # Errors
    /// If an input is invalid or cannot be read, or a point is invalid, in one line.
    pub fn prepare(&self) -> Result<Prepared, String> {
        match &self.subject {
            Subject::Scenario(subject) => ScenarioSweep::new(self, subject).map(Prepared::Scenario),
            Subject::Statesim(subject) => StatesimSweep::new(self, subject).map(Prepared::Statesim),
            Subject::Lambdamu(subject) => LambdamuSweep::new(self, subject).map(Prepared::Lambdamu),
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
            Self::Lambdamu(sweep) => &sweep.inputs,
        }
    }

    /// A description of the inputs, one line each.
    pub fn about(&self) -> &[String] {
        match self {
            Self::Scenario(_) => &[],
            Self::Statesim(sweep) => &sweep.about,
            Self::Lambdamu(sweep) => &sweep.about,
        }
    }

    /// The source of the random draws of a replication, in words.
    pub fn seed(&self, plan: &Plan, replication: u32) -> String {
        match self {
            Self::Scenario(_) => format!("seed {}, replication {replication}", plan.seed),
            Self::Statesim(_) | Self::Lambdamu(_) => {
                format!("seed {}", plan.seed.wrapping_add(u64::from(replication)))
            }
        }
    }

    pub(crate) fn warm_up(&self) -> u64 {
        match self {
            Self::Scenario(sweep) => sweep.warm_up,
            Self::Statesim(_) | Self::Lambdamu(_) => 0,
        }
    }
}

impl Runner for Prepared {
    type Worker = (
        <ScenarioSweep as Runner>::Worker,
        <StatesimSweep as Runner>::Worker,
        <LambdamuSweep as Runner>::Worker,
    );

    fn points(&self) -> usize {
        match self {
            Self::Scenario(sweep) => sweep.points(),
            Self::Statesim(sweep) => sweep.points(),
            Self::Lambdamu(sweep) => sweep.points(),
        }
    }

    fn identity(&self, point: usize) -> String {
        match self {
            Self::Scenario(sweep) => sweep.identity(point),
            Self::Statesim(sweep) => sweep.identity(point),
            Self::Lambdamu(sweep) => sweep.identity(point),
        }
    }

    fn replicate(
        &self,
        point: usize,
        replication: u32,
        (scenario, statesim, lambdamu): &mut Self::Worker,
        progress: &Progress,
    ) -> Result<Option<Report>, String> {
        match self {
            Self::Scenario(sweep) => sweep.replicate(point, replication, scenario, progress),
            Self::Statesim(sweep) => sweep.replicate(point, replication, statesim, progress),
            Self::Lambdamu(sweep) => sweep.replicate(point, replication, lambdamu, progress),
        }
    }
}
