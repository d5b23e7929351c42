//! Sweeps of LambdaMuSim.
//!
//! Points with the same network and cloud distance share a network, points with the same
//! least number of periods their periods.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use analysis::Metric;
use lambdamu::{
    DynamicLoad, Network, Outcome, Periods, SnapshotLoad, Worker, dynamic, example, generate,
    snapshot,
};
use scenarios::reader::diagnostic;
use soe_model::topology::Topology;
use soe_model::topology::generate::{Iiot, UrbanSensing};
use soe_sim::{ALL, Progress};

use super::replication::{Column, Layout, Report, Runner};
use crate::lambdamu_metrics::{
    LAMBDA_COST, LAMBDA_COST_EACH, LAMBDA_COST_PER_APP, LAMBDA_SERVICE_CLOUD, MIGRATION_RATE,
    MIGRATIONS, MU_CLOUD, MU_CLOUD_CDF, MU_CLOUD_SHARE, MU_CLOUD_SHARE_CDF, MU_COST, MU_COST_CDF,
    MU_COST_EACH, MU_COST_PER_APP, MU_SERVICE_CLOUD, NUM_LAMBDA, NUM_MU, OPTIMIZATION_RATE,
    OPTIMIZATIONS, TOTAL_COST,
};
use crate::study::{LambdamuSubject, Load, NetworkSource, Placement, Plan, Selector, TraceSource};

/// Applications of a study that says nothing of its trace.
const EXAMPLE_APPS: u64 = 200;
const EXAMPLE_SEED: u64 = 1;
const HOUR: f64 = 3_600_000.0;

/// Places at which distributions are evaluated.
const STEPS: usize = 100;

/// Distributions over replications: the metric, label and unit of its axis, the step from
/// one place to the next, and what is distributed.
type Distribution = (
    &'static Metric,
    &'static str,
    &'static str,
    f64,
    fn(&Outcome) -> f64,
);
const DISTRIBUTIONS: [Distribution; 3] = [
    (
        &MU_CLOUD_CDF,
        "applications in the cloud",
        "",
        1.0,
        |outcome| outcome.mu_cloud,
    ),
    (
        &MU_CLOUD_SHARE_CDF,
        "share in the cloud",
        "",
        0.01,
        |outcome| outcome.mu_cloud / outcome.num_mu,
    ),
    (&MU_COST_CDF, "cost per application", "", 0.12, |outcome| {
        outcome.mu_cost / outcome.num_mu
    }),
];

/// Along what a metric has values: label, unit, and how much of the base unit one is.
pub(crate) fn within(metric: &Metric) -> Option<(&'static str, &'static str, f64)> {
    let found = DISTRIBUTIONS
        .iter()
        .find(|(known, ..)| known.name == metric.name);
    found.map(|&(_, label, unit, ..)| (label, unit, 1.0))
}

/// LambdaMuSim at every point of a study.
#[derive(Debug)]
pub struct LambdamuSweep {
    seed: u64,
    points: Vec<Point>,
    networks: Vec<Network>,
    periods: Vec<Periods>,
    layout: Arc<Layout>,
    /// Which distributions are wanted.
    distributions: [bool; 3],
    /// The files that were read, with their digests.
    pub(crate) inputs: Vec<(PathBuf, String)>,
    /// What the networks and the trace are, one line each.
    pub(crate) about: Vec<String>,
}

#[derive(Debug)]
struct Point {
    placement: Placement,
    network: usize,
    periods: usize,
    identity: String,
}

/// A network as the study names it, before the distance of the cloud is known.
enum Source {
    City,
    Topology(Box<Topology>),
}

impl LambdamuSweep {
    /// Reads or makes the inputs and prepares all points.
    ///
    /// # Errors
    /// If an input is wrong or cannot be read, or a point is impossible, in one line.
    pub(crate) fn new(plan: &Plan, subject: &LambdamuSubject) -> Result<Self, String> {
        let (layout, distributions) = layout(&plan.metrics);
        let mut sweep = Self {
            seed: plan.seed,
            points: Vec::with_capacity(plan.points.len()),
            networks: Vec::new(),
            periods: Vec::new(),
            layout: Arc::new(layout),
            distributions,
            inputs: Vec::new(),
            about: Vec::new(),
        };
        let sources: Vec<(Source, String)> = subject
            .networks
            .iter()
            .map(|(_, source)| sweep.source(source))
            .collect::<Result<_, String>>()?;
        let mut network_of: Vec<((usize, u64), usize)> = Vec::new();
        let mut periods_of: Vec<(u64, usize)> = Vec::new();
        let mut trace_digest = String::new();
        let mut report = diagnostic::Report::new("", "", &[]);
        for number in 0..plan.points.len() {
            let Some(placement) = subject.at(plan, number, &mut report) else {
                return Err(report.finish().to_string());
            };
            placement
                .setting
                .check()
                .map_err(|error| format!("{}: {error}", plan.describe(number)))?;
            let key = (placement.network, placement.cloud_distance_factor.to_bits());
            let known = network_of.iter().find(|(known, _)| *known == key);
            let network = match known {
                Some((_, network)) => *network,
                None => {
                    let name = &subject.networks[placement.network].0;
                    let network = make(&sources[placement.network].0, &placement)
                        .map_err(|error| format!("network {name}: {error}"))?;
                    sweep.about.push(format!(
                        "network {name}: {} brokers, {} edge nodes",
                        network.brokers(),
                        network.edge_nodes().len()
                    ));
                    sweep.networks.push(network);
                    network_of.push((key, sweep.networks.len() - 1));
                    sweep.networks.len() - 1
                }
            };
            let mut identity = format!(
                "lambdamu\nseed = {}\n{}# {}\n",
                plan.seed, placement.text, sources[placement.network].1
            );
            let mut periods = 0;
            if let Load::Dynamic(_, least) = placement.load {
                if trace_digest.is_empty() {
                    trace_digest = sweep.trace_digest(&subject.trace)?;
                }
                // Writing into a string cannot fail.
                let _ = writeln!(identity, "# {trace_digest}");
                let known = periods_of.iter().find(|(known, _)| *known == least);
                periods = match known {
                    Some((_, periods)) => *periods,
                    None => {
                        sweep.periods.push(read_periods(&subject.trace, least)?);
                        periods_of.push((least, sweep.periods.len() - 1));
                        sweep.periods.len() - 1
                    }
                };
            }
            for metric in &plan.metrics {
                let _ = writeln!(identity, "# {metric}");
            }
            sweep.points.push(Point {
                placement,
                network,
                periods,
                identity,
            });
        }
        for periods in &sweep.periods {
            sweep.about.push(format!(
                "trace: {} applications ({})",
                periods.len(),
                describe_trace(&subject.trace)
            ));
        }
        Ok(sweep)
    }

    /// A network and the digest of what it is made from.
    fn source(&mut self, source: &NetworkSource) -> Result<(Source, String), String> {
        let topology = match source {
            NetworkSource::Example => return Ok((Source::City, "example city".into())),
            NetworkSource::Generated { kind: "iiot", seed } => Iiot::default()
                .generate(*seed)
                .map_err(|error| error.to_string())?,
            NetworkSource::Generated { seed, .. } => UrbanSensing::default()
                .generate(*seed)
                .map_err(|error| error.to_string())?,
            NetworkSource::Files([nodes, links, edges]) => {
                let topology =
                    Topology::read(nodes, links, edges).map_err(|error| error.to_string())?;
                let mut digests = String::new();
                for path in [nodes, links, edges] {
                    digests += &self.input(path)?;
                }
                return Ok((Source::Topology(Box::new(topology)), digests));
            }
        };
        let digest = analysis::sha256(topology.to_files().concat().as_bytes());
        Ok((Source::Topology(Box::new(topology)), digest))
    }

    fn trace_digest(&mut self, source: &TraceSource) -> Result<String, String> {
        match source {
            TraceSource::Example | TraceSource::Generated { .. } => Ok(describe_trace(source)),
            TraceSource::File { path, .. } => self.input(path),
        }
    }

    /// Notes a file that was read.
    fn input(&mut self, path: &Path) -> Result<String, String> {
        let digest = analysis::sha256_file(path)
            .map_err(|error| format!("{}: cannot be read: {error}", path.display()))?;
        self.inputs.push((path.to_owned(), digest.clone()));
        Ok(digest)
    }
}

fn make(source: &Source, placement: &Placement) -> Result<Network, lambdamu::Error> {
    let factor = placement.cloud_distance_factor;
    match source {
        Source::City => example::city(example::CELLS, factor),
        Source::Topology(topology) => Network::of_topology(topology, factor),
    }
}

fn read_periods(source: &TraceSource, least: u64) -> Result<Periods, String> {
    let (apps, seed) = match source {
        TraceSource::Example => (EXAMPLE_APPS, EXAMPLE_SEED),
        TraceSource::Generated { jobs, seed } => (*jobs, *seed),
        TraceSource::File { path, .. } => {
            return Periods::read(path, least).map_err(|error| error.to_string());
        }
    };
    Periods::of_apps(generate::accesses(apps as usize, seed), least)
        .ok_or_else(|| format!("trace: no generated application has {least} or more periods"))
}

fn describe_trace(source: &TraceSource) -> String {
    match source {
        TraceSource::Example => {
            format!("generated: {EXAMPLE_APPS} applications, seed {EXAMPLE_SEED}")
        }
        TraceSource::Generated { jobs, seed } => {
            format!("generated: {jobs} applications, seed {seed}")
        }
        TraceSource::File { path, .. } => path
            .file_name()
            .map_or(String::new(), |name| name.to_string_lossy().into_owned()),
    }
}

/// Metrics of one number each, in the order of reports.
const NUMBERS: [&Metric; 17] = [
    &NUM_LAMBDA,
    &NUM_MU,
    &LAMBDA_COST,
    &MU_COST,
    &TOTAL_COST,
    &LAMBDA_COST_PER_APP,
    &MU_COST_PER_APP,
    &LAMBDA_COST_EACH,
    &MU_COST_EACH,
    &LAMBDA_SERVICE_CLOUD,
    &MU_SERVICE_CLOUD,
    &MU_CLOUD,
    &MU_CLOUD_SHARE,
    &MIGRATIONS,
    &MIGRATION_RATE,
    &OPTIMIZATIONS,
    &OPTIMIZATION_RATE,
];

/// All numbers, and the distributions that are asked for.
fn layout(selectors: &[Selector]) -> (Layout, [bool; 3]) {
    let mut columns: Vec<Column> = NUMBERS
        .iter()
        .map(|metric| Column::number(metric, ALL))
        .collect();
    let wanted = DISTRIBUTIONS.map(|(metric, ..)| {
        selectors
            .iter()
            .any(|selector| selector.metric == metric.name)
    });
    for ((metric, _, _, step, _), wanted) in DISTRIBUTIONS.iter().zip(wanted) {
        if wanted {
            columns.extend((0..=STEPS).map(|at| Column {
                at: Some(at as f64 * step),
                ..Column::number(metric, ALL)
            }));
        }
    }
    (Layout { columns }, wanted)
}

/// The numbers of one outcome, in the order of [`NUMBERS`].
fn numbers(outcome: &Outcome, load: &Load) -> [f64; 17] {
    let (apps, hours) = match load {
        Load::Snapshot(SnapshotLoad { lambda, mu }) => ((lambda + mu) as f64, 0.0),
        Load::Dynamic(
            DynamicLoad {
                apps,
                duration,
                warm_up,
                ..
            },
            _,
        ) => (*apps as f64, (duration - warm_up) / HOUR),
    };
    // What there is none of has no share and costs nothing each: not a number.
    let (migrations, optimizations) = (
        outcome.mu_migrations as f64,
        outcome.num_optimizations as f64,
    );
    [
        outcome.num_lambda,
        outcome.num_mu,
        outcome.lambda_cost,
        outcome.mu_cost,
        outcome.lambda_cost + outcome.mu_cost,
        outcome.lambda_cost / apps,
        outcome.mu_cost / apps,
        outcome.lambda_cost / outcome.num_lambda,
        outcome.mu_cost / outcome.num_mu,
        outcome.lambda_service_cloud,
        outcome.mu_service_cloud,
        outcome.mu_cloud,
        outcome.mu_cloud / outcome.num_mu,
        migrations,
        migrations / outcome.num_mu / hours,
        optimizations,
        optimizations / hours,
    ]
}

impl Runner for LambdamuSweep {
    type Worker = Worker;

    fn points(&self) -> usize {
        self.points.len()
    }

    fn identity(&self, point: usize) -> String {
        self.points[point].identity.clone()
    }

    /// Replication `i` is the one that the original calls seed `seed + i`.
    fn replicate(
        &self,
        point: usize,
        replication: u32,
        worker: &mut Worker,
        progress: &Progress,
    ) -> Result<Option<Report>, String> {
        let point = &self.points[point];
        let Placement { setting, load, .. } = &point.placement;
        let network = &self.networks[point.network];
        let seed = self.seed.wrapping_add(u64::from(replication));
        let outcome = match load {
            Load::Snapshot(load) => snapshot(network, setting, *load, seed, worker),
            Load::Dynamic(load, _) => {
                let periods = &self.periods[point.periods];
                dynamic(network, setting, *load, periods, seed, worker)
                    .map_err(|error| error.to_string())?
            }
        };
        let mut values = Vec::with_capacity(self.layout.width());
        values.extend(numbers(&outcome, load));
        for ((_, _, _, step, measure), wanted) in DISTRIBUTIONS.iter().zip(self.distributions) {
            if wanted {
                let value = measure(&outcome);
                let places = (0..=STEPS).map(|at| at as f64 * step);
                values.extend(places.map(|place| match value.is_nan() {
                    true => f64::NAN,
                    false => f64::from(u8::from(value <= place)),
                }));
            }
        }
        progress
            .replications
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok(Some(Report {
            layout: Arc::clone(&self.layout),
            values,
            fingerprint: 0,
        }))
    }
}
