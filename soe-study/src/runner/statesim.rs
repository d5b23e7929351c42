//! Sweeps of StateSim.
//!
//! All allocation and execution policies of a point are evaluated together, on the same
//! jobs. An allocation that does not depend on the execution policy is computed once.
//! All points and threads share networks and their routes; points with the same factors
//! share pools of chains.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use analysis::Metric;
use soe_model::topology::generate::{Iiot, UrbanSensing};
use soe_model::topology::{Inventory, Topology};
use statesim::output::round_as_written;
use statesim::statistics::{self, Statistics};
use statesim::trace::{self, Layout as TraceLayout};
use statesim::{Evaluation, Jobs, Model, Network, Outcome, Pool, Worker, example, workload};

use super::replication::{Column, Layout, Report, Runner};
use crate::moments::Moments;
use crate::statesim_metrics::{
    CHAIN_SHARE, DELAY_CDF, JOBS, NETWORK_BY_CHAIN, NETWORK_MEAN, NETWORK_P50, NETWORK_P90,
    NETWORK_P95, NETWORK_P99, PROCESSING_MEAN, PROCESSING_P50, PROCESSING_P90, PROCESSING_P95,
    PROCESSING_P99, TOTAL_MEAN, TOTAL_P50, TOTAL_P90, TOTAL_P95, TOTAL_P99, TRAFFIC_BY_CHAIN,
    TRAFFIC_MEAN, TRAFFIC_P50, TRAFFIC_P90, TRAFFIC_P95, TRAFFIC_P99, TRAFFIC_TOTAL,
};
use crate::study::{NetworkSource, Parameters, Plan, Selector, StatesimSubject, TraceSource};
use scenarios::reader::diagnostic;
use soe_sim::Progress;

/// Delays at which the distribution of the total delay is evaluated: up to 2 s.
const DELAY_STEPS: usize = 200;
/// From one to the next, in nanoseconds.
const DELAY_STEP: f64 = 10e6;
/// Lengths of chains that are told apart; longer ones count as the longest.
const LONGEST_CHAIN: usize = 64;

/// The metrics of one quantity: mean and quantiles.
const STATISTICS: [(statistics::Metric, f64, [&Metric; 5]); 4] = [
    (
        statistics::Metric::Processing,
        1e9,
        [
            &PROCESSING_MEAN,
            &PROCESSING_P50,
            &PROCESSING_P90,
            &PROCESSING_P95,
            &PROCESSING_P99,
        ],
    ),
    (
        statistics::Metric::Network,
        1e9,
        [
            &NETWORK_MEAN,
            &NETWORK_P50,
            &NETWORK_P90,
            &NETWORK_P95,
            &NETWORK_P99,
        ],
    ),
    (
        statistics::Metric::Total,
        1e9,
        [&TOTAL_MEAN, &TOTAL_P50, &TOTAL_P90, &TOTAL_P95, &TOTAL_P99],
    ),
    (
        statistics::Metric::Traffic,
        1.0,
        [
            &TRAFFIC_MEAN,
            &TRAFFIC_P50,
            &TRAFFIC_P90,
            &TRAFFIC_P95,
            &TRAFFIC_P99,
        ],
    ),
];

/// Metrics with a value for each of several places.
const WITHIN: [(&Metric, &str, &str, f64); 4] = [
    (&NETWORK_BY_CHAIN, "length of the chain", "functions", 1.0),
    (&TRAFFIC_BY_CHAIN, "length of the chain", "functions", 1.0),
    (&CHAIN_SHARE, "length of the chain", "functions", 1.0),
    (&DELAY_CDF, "total delay", "ms", 1e6),
];

/// Along what a metric has values: label, unit, and how much of the base unit one is.
pub(crate) fn within(metric: &Metric) -> Option<(&'static str, &'static str, f64)> {
    let found = WITHIN.iter().find(|(known, ..)| known.name == metric.name);
    found.map(|&(_, label, unit, scale)| (label, unit, scale))
}

/// StateSim at every point of a study.
#[derive(Debug)]
pub struct StatesimSweep {
    seed: u64,
    points: Vec<Point>,
    networks: Vec<Network>,
    pools: Vec<Pool>,
    /// The files that were read, with their digests.
    pub(crate) inputs: Vec<(PathBuf, String)>,
    /// What the networks and the trace are, one line each.
    pub(crate) about: Vec<String>,
}

#[derive(Debug)]
struct Point {
    parameters: Parameters,
    network: usize,
    pool: usize,
    layout: Arc<Layout>,
    wanted: Wanted,
    identity: String,
}

/// Which metrics are worth computing.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    statistics: [bool; 4],
    jobs: bool,
    total: bool,
    by_chain: [bool; 2],
    chain_share: bool,
    delay: bool,
}

impl StatesimSweep {
    /// Reads or makes the inputs and prepares all points.
    ///
    /// # Errors
    /// If an input is invalid or cannot be read, or a point is invalid, in one line.
    pub(crate) fn new(plan: &Plan, subject: &StatesimSubject) -> Result<Self, String> {
        let mut sweep = Self {
            seed: plan.seed,
            points: Vec::with_capacity(plan.points.len()),
            networks: Vec::new(),
            pools: Vec::new(),
            inputs: Vec::new(),
            about: Vec::new(),
        };
        let topologies = subject.networks.iter();
        let topologies: Vec<(String, Topology, String)> = topologies
            .map(|(name, source)| {
                let (topology, digest) = sweep.topology(source)?;
                let inventory = Inventory::of(&topology);
                sweep.about.push(format!(
                    "network {name}: {} processing nodes, {} of them clients, {} links ({})",
                    inventory.processing(),
                    inventory.clients(),
                    inventory.links(),
                    describe_network(source),
                ));
                Ok((name.clone(), topology, digest))
            })
            .collect::<Result<_, String>>()?;
        let (jobs, trace_digest) = sweep.trace(&subject.trace)?;
        sweep.about.push(format!(
            "trace: {} jobs with states ({})",
            jobs.len(),
            describe_trace(&subject.trace)
        ));
        let mut network_of: HashMap<(usize, &str), usize> = HashMap::new();
        let mut pool_of: HashMap<([u64; 3], usize, &str), usize> = HashMap::new();
        let mut layouts: Vec<(Vec<String>, Arc<Layout>, Wanted)> = Vec::new();
        let mut report = diagnostic::Report::new("", "", &[]);
        for number in 0..plan.points.len() {
            let Some(parameters) = subject.at(plan, number, &mut report) else {
                return Err(report.finish().to_string());
            };
            let (model, corrections) = (parameters.model.name(), parameters.model.corrections());
            let network = *match network_of.entry((parameters.network, model)) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(vacant) => {
                    let (name, topology, _) = &topologies[parameters.network];
                    let network = Network::new(topology.clone(), corrections)
                        .map_err(|error| format!("network {name}: {error}"))?;
                    sweep.networks.push(network);
                    vacant.insert(sweep.networks.len() - 1)
                }
            };
            let factors = parameters.factors;
            let bits = [factors.operations, factors.argument, factors.state].map(f64::to_bits);
            let pool = *pool_of
                .entry((bits, parameters.functions, model))
                .or_insert_with(|| {
                    let pool = Pool::new(&jobs, factors, parameters.functions, corrections);
                    sweep.pools.push(pool);
                    sweep.pools.len() - 1
                });
            // Once, so that what is impossible is known before anything runs.
            Evaluation::new(
                &sweep.networks[network],
                &sweep.pools[pool],
                parameters.cloud,
            )
            .map_err(|error| format!("{}: {error}", plan.describe(number)))?;
            let entities = parameters.entities();
            let known = layouts.iter().find(|(known, ..)| *known == entities);
            let (layout, wanted) = match known {
                Some((_, layout, wanted)) => (Arc::clone(layout), *wanted),
                None => {
                    let (layout, wanted) = layout(&entities, &plan.metrics);
                    let layout = Arc::new(layout);
                    layouts.push((entities, Arc::clone(&layout), wanted));
                    (layout, wanted)
                }
            };
            let mut identity = format!(
                "statesim\nseed = {}\n{}# {}\n# {trace_digest}\n",
                plan.seed, parameters.text, topologies[parameters.network].2
            );
            for metric in &plan.metrics {
                // Writing into a string cannot fail.
                let _ = writeln!(identity, "# {metric}");
            }
            sweep.points.push(Point {
                parameters,
                network,
                pool,
                layout,
                wanted,
                identity,
            });
        }
        Ok(sweep)
    }

    /// A network and the digest of what it was made from.
    fn topology(&mut self, source: &NetworkSource) -> Result<(Topology, String), String> {
        let topology = match source {
            NetworkSource::Example => example::topology().map_err(|error| error.to_string())?,
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
                return Ok((topology, digests));
            }
        };
        let digest = analysis::sha256(topology.to_files().concat().as_bytes());
        Ok((topology, digest))
    }

    /// The jobs of a trace and the digest of what it was made from.
    fn trace(&mut self, source: &TraceSource) -> Result<(Jobs, String), String> {
        match source {
            TraceSource::Example => {
                let jobs = example::jobs().map_err(|error| error.to_string())?;
                Ok((jobs, "example".to_owned()))
            }
            TraceSource::Generated { jobs, seed } => {
                let text = workload::generate(*jobs as usize, *seed);
                let jobs = trace::parse("generated trace", text.as_bytes(), TraceLayout::Spar)
                    .map_err(|error| error.to_string())?;
                Ok((jobs, analysis::sha256(text.as_bytes())))
            }
            TraceSource::File { path, layout } => {
                let jobs = trace::read(path, *layout).map_err(|error| error.to_string())?;
                Ok((jobs, self.input(path)?))
            }
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

fn describe_network(source: &NetworkSource) -> String {
    match source {
        NetworkSource::Example => "the built-in example".to_owned(),
        NetworkSource::Generated { kind, seed } => format!("generated: {kind}, seed {seed}"),
        NetworkSource::Files([nodes, ..]) => nodes
            .file_stem()
            .map_or(String::new(), |stem| stem.to_string_lossy().into_owned()),
    }
}

fn describe_trace(source: &TraceSource) -> String {
    match source {
        TraceSource::Example => "the built-in example".to_owned(),
        TraceSource::Generated { jobs, seed } => format!("generated: {jobs} jobs, seed {seed}"),
        TraceSource::File { path, .. } => path
            .file_name()
            .map_or(String::new(), |name| name.to_string_lossy().into_owned()),
    }
}

/// The lengths of chains that are told apart.
fn lengths() -> impl Iterator<Item = usize> {
    1..=LONGEST_CHAIN
}

fn layout(entities: &[String], selectors: &[Selector]) -> (Layout, Wanted) {
    let any = |metric: &Metric| {
        selectors.is_empty()
            || selectors
                .iter()
                .any(|selector| selector.metric == metric.name)
    };
    let wanted = Wanted {
        statistics: STATISTICS.map(|(_, _, metrics)| metrics.iter().any(|metric| any(metric))),
        jobs: any(&JOBS),
        total: any(&TRAFFIC_TOTAL),
        by_chain: [any(&NETWORK_BY_CHAIN), any(&TRAFFIC_BY_CHAIN)],
        chain_share: any(&CHAIN_SHARE),
        delay: any(&DELAY_CDF),
    };
    let mut columns = Vec::new();
    for entity in entities {
        let number = |metric| Column::number(metric, entity);
        if wanted.jobs {
            columns.push(number(&JOBS));
        }
        for ((_, _, metrics), wanted) in STATISTICS.iter().zip(wanted.statistics) {
            if wanted {
                columns.extend(metrics.iter().map(|metric| number(metric)));
            }
        }
        if wanted.total {
            columns.push(number(&TRAFFIC_TOTAL));
        }
        let at = |metric, at: f64, pooled| Column {
            at: Some(at),
            pooled,
            ..Column::number(metric, entity)
        };
        for (metric, wanted) in [&NETWORK_BY_CHAIN, &TRAFFIC_BY_CHAIN]
            .into_iter()
            .zip(wanted.by_chain)
        {
            if wanted {
                columns.extend(lengths().map(|length| at(metric, length as f64, true)));
            }
        }
        if wanted.chain_share {
            columns.extend(lengths().map(|length| at(&CHAIN_SHARE, length as f64, false)));
        }
        if wanted.delay {
            let delays = 0..=DELAY_STEPS;
            columns.extend(delays.map(|step| at(&DELAY_CDF, step as f64 * DELAY_STEP, false)));
        }
    }
    (Layout { columns }, wanted)
}

/// Adds the numbers of one outcome, in the order of the layout.
fn measure(outcome: &Outcome, wanted: Wanted, values: &mut Vec<f64>) {
    let jobs = &outcome.jobs;
    if wanted.jobs {
        values.push(jobs.len() as f64);
    }
    for ((quantity, scale, _), wanted) in STATISTICS.iter().zip(wanted.statistics) {
        if !wanted {
            continue;
        }
        match Statistics::of(outcome, *quantity) {
            Some(Statistics { mean, quantiles }) => {
                values.push(mean * scale);
                values.extend(quantiles.map(|quantile| quantile * scale));
            }
            None => values.extend([f64::NAN; 5]),
        }
    }
    if wanted.total {
        values.push(jobs.iter().map(|job| job.traffic as f64).sum());
    }
    let length = |chain: u32| (chain as usize).clamp(1, LONGEST_CHAIN) - 1;
    let by_chain = [statistics::Metric::Network, statistics::Metric::Traffic];
    for ((metric, scale), wanted) in by_chain.into_iter().zip([1e9, 1.0]).zip(wanted.by_chain) {
        if !wanted {
            continue;
        }
        let mut moments = [Moments::default(); LONGEST_CHAIN];
        for job in jobs {
            moments[length(job.chain)].add(metric.of(job) * scale);
        }
        for moments in &moments {
            let mean = moments.mean().unwrap_or(0.0);
            values.extend([moments.n() as f64, mean, moments.squares()]);
        }
    }
    let share = |count: usize| count as f64 / jobs.len() as f64;
    if wanted.chain_share {
        let mut counts = [0; LONGEST_CHAIN];
        jobs.iter().for_each(|job| counts[length(job.chain)] += 1);
        values.extend(counts.map(share));
    }
    if wanted.delay {
        let delays = statistics::Metric::Total.all_of(outcome);
        let at = |step: usize| step as f64 * DELAY_STEP / 1e9;
        let shares = (0..=DELAY_STEPS).map(|step| delays.fraction_up_to(at(step)));
        values.extend(shares.map(|share| share.unwrap_or(f64::NAN)));
    }
}

impl Runner for StatesimSweep {
    type Worker = Vec<Worker>;

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
        workers: &mut Vec<Worker>,
        progress: &Progress,
    ) -> Result<Option<Report>, String> {
        let point = &self.points[point];
        let Parameters {
            model,
            jobs,
            cloud,
            allocations,
            executions,
            ..
        } = &point.parameters;
        let wrong = |error: statesim::Error| error.to_string();
        let (network, pool) = (&self.networks[point.network], &self.pools[point.pool]);
        let evaluation = Evaluation::new(network, pool, *cloud).map_err(wrong)?;
        workers.resize_with(self.networks.len(), Worker::default);
        let worker = &mut workers[point.network];
        let seed = self.seed.wrapping_add(u64::from(replication));
        let mut values = Vec::with_capacity(point.layout.width());
        for &allocation in allocations {
            let outcomes = evaluation
                .replicate(allocation, executions, *jobs, seed, worker)
                .map_err(wrong)?;
            for mut outcome in outcomes {
                if *model == Model::Original {
                    // Its studies read what it wrote, with six digits.
                    round_as_written(&mut outcome);
                }
                measure(&outcome, point.wanted, &mut values);
            }
        }
        progress
            .replications
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok(Some(Report {
            layout: Arc::clone(&point.layout),
            values,
            fingerprint: 0,
        }))
    }
}
