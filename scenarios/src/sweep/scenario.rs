//! Sweeps of scenarios.

use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

use soe_model::deployment::Deployment;

use super::experiment::{Column, Experiment, Layout, Report};
use super::study::{Plan, ScenarioSubject, Selector};
use crate::run::{Progress, measure_replication};
use crate::spec::Scenario;

/// A scenario at every point of a study.
#[derive(Debug)]
pub struct ScenarioSweep {
    metrics: Vec<Selector>,
    points: Vec<Point>,
    /// The files that the scenario names, with their digests.
    pub(super) inputs: Vec<(PathBuf, String)>,
    /// What is cut from each replication, in nanoseconds.
    pub(super) warm_up: u64,
}

#[derive(Debug)]
struct Point {
    deployment: Deployment,
    identity: String,
}

/// What a thread keeps: which of the metrics the study wants, and their layout.
#[derive(Debug, Default)]
pub struct Kept {
    wanted: Vec<bool>,
    layout: Arc<Layout>,
}

impl ScenarioSweep {
    /// Prepares all points.
    ///
    /// # Errors
    /// If a point is impossible or a file cannot be read, in one line.
    pub(super) fn new(plan: &Plan, subject: &ScenarioSubject) -> Result<Self, String> {
        let mut inputs: Vec<(PathBuf, String)> = Vec::new();
        let mut points = Vec::with_capacity(plan.points.len());
        for number in 0..plan.points.len() {
            let scenario = subject
                .at(plan, number)
                .map_err(|wrong| format!("{}: {wrong:?}", plan.describe(number)))?;
            points.push(point(plan, &scenario, &mut inputs)?);
        }
        let warm_up = points
            .first()
            .map_or(0, |point| point.deployment.run.warm_up.as_nanos());
        Ok(Self {
            metrics: plan.metrics.clone(),
            points,
            inputs,
            warm_up,
        })
    }
}

fn point(
    plan: &Plan,
    scenario: &Scenario,
    inputs: &mut Vec<(PathBuf, String)>,
) -> Result<Point, String> {
    let checked = scenario.checked().map_err(|wrong| wrong.to_string())?;
    let mut identity = checked.text;
    for path in checked.inputs {
        let known = inputs.iter().find(|(known, _)| *known == path);
        let digest = match known {
            Some((_, digest)) => digest.clone(),
            None => {
                let digest = analysis::sha256_file(&path)
                    .map_err(|error| format!("{}: cannot be read: {error}", path.display()))?;
                inputs.push((path, digest.clone()));
                digest
            }
        };
        // Writing into a string cannot fail.
        let _ = writeln!(identity, "# {digest}");
    }
    for metric in &plan.metrics {
        let _ = writeln!(identity, "# {metric}");
    }
    Ok(Point {
        deployment: checked.deployment,
        identity,
    })
}

impl Experiment for ScenarioSweep {
    type Worker = Kept;

    fn points(&self) -> usize {
        self.points.len()
    }

    fn identity(&self, point: usize) -> String {
        self.points[point].identity.clone()
    }

    fn replicate(
        &self,
        point: usize,
        replication: u32,
        kept: &mut Kept,
        progress: &Progress,
    ) -> Result<Option<Report>, String> {
        let deployment = &self.points[point].deployment;
        let Some((metrics, fingerprint)) = measure_replication(deployment, replication, progress)?
        else {
            return Ok(None);
        };
        let wants = |metric: &crate::MetricValue| {
            let wanted = &self.metrics;
            wanted.is_empty()
                || wanted
                    .iter()
                    .any(|selector| selector.selects(metric.metric.name, &metric.entity))
        };
        let mut columns = kept.layout.columns.iter();
        let mut values = Vec::with_capacity(kept.layout.columns.len());
        let is_known = kept.wanted.len() == metrics.len()
            && metrics.iter().zip(&kept.wanted).all(|(value, &wanted)| {
                if !wanted {
                    // That nothing of interest is left out is seen by names below.
                    return !wants(value);
                }
                values.push(value.value);
                columns.next().is_some_and(|column| {
                    std::ptr::eq(column.metric, value.metric) && column.entity == value.entity
                })
            });
        if !is_known {
            kept.wanted = metrics.iter().map(wants).collect();
            let chosen = metrics.iter().zip(&kept.wanted);
            let chosen = chosen.filter(|(_, wanted)| **wanted);
            let (columns, chosen) = chosen
                .map(|(value, _)| (Column::number(value.metric, &value.entity), value.value))
                .unzip();
            kept.layout = Arc::new(Layout { columns });
            values = chosen;
        }
        Ok(Some(Report {
            layout: Arc::clone(&kept.layout),
            values,
            fingerprint,
        }))
    }
}
