//! Sweeps of scenarios.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use analysis::Metric;
use soe_model::deployment::Deployment;
use soe_model::sorts::sorts;

use super::replication::{Column, Layout, Report, Runner};
use crate::study::{Plan, ScenarioSubject, Selector};
use scenarios::format::Scenario;
use soe_sim::Entity;
use soe_sim::{Progress, measure_replication};

/// A scenario at every point of a study.
#[derive(Debug)]
pub struct ScenarioSweep {
    metrics: Vec<Selector>,
    points: Vec<Point>,
    /// The files that the scenario names, with their digests.
    pub(crate) inputs: Vec<(PathBuf, String)>,
    /// The warm-up cut from each replication, in nanoseconds.
    pub(crate) warm_up: u64,
}

#[derive(Debug)]
struct Point {
    deployment: Deployment,
    identity: String,
}

/// The state of a thread: the metrics of the last replication, and the layout of those
/// that the study selects.
#[derive(Debug, Default)]
pub struct Kept {
    reported: Vec<Reported>,
    layout: Arc<Layout>,
    /// Whether the layout matches the report.
    is_current: bool,
}

#[derive(Debug)]
struct Reported {
    metric: &'static Metric,
    entity: String,
    is_wanted: bool,
}

impl Kept {
    /// Whether the study selects a metric. The order of metrics rarely changes.
    fn wants(
        &mut self,
        place: usize,
        metric: &'static Metric,
        entity: Entity<'_>,
        wanted: &[Selector],
    ) -> bool {
        if let Some(known) = self.reported.get(place)
            && std::ptr::eq(known.metric, metric)
            && entity.is(&known.entity)
        {
            return known.is_wanted;
        }
        self.shorten(place);
        let entity = entity.to_string();
        let selects = |selector: &Selector| selector.selects(metric.name, &entity);
        let is_wanted = wanted.is_empty() || wanted.iter().any(selects);
        self.reported.push(Reported {
            metric,
            entity,
            is_wanted,
        });
        self.is_current = false;
        is_wanted
    }

    /// Forgets all but the first metrics.
    fn shorten(&mut self, count: usize) {
        self.is_current &= self.reported.len() <= count;
        self.reported.truncate(count);
    }

    /// The layout of the replication that reported so many metrics.
    fn layout(&mut self, count: usize) -> Arc<Layout> {
        self.shorten(count);
        if !self.is_current {
            let wanted = self.reported.iter().filter(|it| it.is_wanted);
            let columns = wanted.map(|it| Column::number(it.metric, &it.entity));
            self.layout = Arc::new(Layout {
                columns: columns.collect(),
            });
            self.is_current = true;
        }
        Arc::clone(&self.layout)
    }
}

impl ScenarioSweep {
    /// Prepares all points.
    ///
    /// # Errors
    /// If a point is impossible or a file cannot be read, in one line.
    pub(super) fn new(plan: &Plan, subject: &ScenarioSubject) -> Result<Self, String> {
        let mut inputs: Vec<(PathBuf, String)> = Vec::new();
        if subject.path.is_some() {
            digest(Path::new(subject.base.origin()), &mut inputs)?;
        }
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
        let digest = digest(&path, inputs)?;
        // Writing into a string cannot fail.
        let _ = writeln!(identity, "# {digest}");
    }
    for metric in &plan.metrics {
        let _ = writeln!(identity, "# {metric}");
    }
    for sort in sorts() {
        for kind in sort.kinds.iter().filter(|kind| kind.version > 1) {
            if identity.contains(&format!("\"{}\"", kind.name)) {
                let _ = writeln!(identity, "# {} version {}", kind.name, kind.version);
            }
        }
    }
    Ok(Point {
        deployment: checked.deployment,
        identity,
    })
}

/// The digest of a file, which is read once.
fn digest(path: &Path, inputs: &mut Vec<(PathBuf, String)>) -> Result<String, String> {
    if let Some((_, digest)) = inputs.iter().find(|(known, _)| known == path) {
        return Ok(digest.clone());
    }
    let digest = analysis::sha256_file(path)
        .map_err(|error| format!("{}: cannot be read: {error}", path.display()))?;
    inputs.push((path.to_owned(), digest.clone()));
    Ok(digest)
}

impl Runner for ScenarioSweep {
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
        let mut values = Vec::with_capacity(kept.layout.columns.len());
        let mut count = 0;
        let report = |metric, entity: Entity<'_>, value| {
            if kept.wants(count, metric, entity, &self.metrics) {
                values.push(value);
            }
            count += 1;
        };
        let fingerprint = measure_replication(deployment, replication, progress, report)?;
        Ok(fingerprint.map(|fingerprint| Report {
            layout: kept.layout(count),
            values,
            fingerprint,
        }))
    }
}
