//! The statistics of the published studies.
//!
//! A study computes a mean or a quantile *of each replication*, and then the mean of
//! these over replications, with a 95 % interval by Student's t. Quantiles follow the
//! rule of the original's scripts ([`QuantileRule::Indexed`]).

use std::collections::BTreeMap;

use analysis::{Interval, QuantileRule, Sorted};

use crate::evaluation::{JobOutcome, Outcome};

/// What is measured of each job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// Time spent processing, in seconds.
    Processing,
    /// Time spent in the network, in seconds.
    Network,
    /// Both together, in seconds.
    Total,
    /// Bytes times links crossed.
    Traffic,
}

impl Metric {
    /// The value of a job.
    pub fn of(self, job: &JobOutcome) -> f64 {
        match self {
            Self::Processing => job.processing,
            Self::Network => job.network,
            Self::Total => job.total(),
            Self::Traffic => job.traffic as f64,
        }
    }

    /// The values of all jobs of a replication.
    pub fn all_of(self, outcome: &Outcome) -> Sorted {
        Sorted::new(outcome.jobs.iter().map(|job| self.of(job)).collect())
    }
}

/// The quantiles that the studies look at.
pub const QUANTILES: [f64; 4] = [0.5, 0.9, 0.95, 0.99];

/// Mean and quantiles of the jobs of one replication.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistics {
    /// Mean over jobs.
    pub mean: f64,
    /// Quantiles over jobs, at [`QUANTILES`].
    pub quantiles: [f64; 4],
}

impl Statistics {
    /// The statistics of a replication; `None` if it has no jobs.
    pub fn of(outcome: &Outcome, metric: Metric) -> Option<Self> {
        let values = metric.all_of(outcome);
        let mean = analysis::mean(values.values())?;
        let quantile = |q| values.quantile(q, QuantileRule::Indexed).unwrap_or(mean);
        Some(Self {
            mean,
            quantiles: QUANTILES.map(quantile),
        })
    }
}

/// Mean and quantiles, averaged over replications.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Mean over replications of the mean over jobs.
    pub mean: Interval,
    /// Mean over replications of the quantiles over jobs, at [`QUANTILES`].
    pub quantiles: [Interval; 4],
}

impl Estimate {
    /// Averages over replications; `None` of none.
    pub fn over(replications: &[Statistics]) -> Option<Self> {
        let over = |value: &dyn Fn(&Statistics) -> f64| {
            Interval::of(&replications.iter().map(value).collect::<Vec<_>>())
        };
        let mean = over(&|replication| replication.mean)?;
        let mut quantiles = [mean; 4];
        for (i, quantile) in quantiles.iter_mut().enumerate() {
            *quantile = over(&|replication| replication.quantiles[i])?;
        }
        Some(Self { mean, quantiles })
    }

    /// The 95th percentile.
    pub fn p95(&self) -> Interval {
        self.quantiles[2]
    }
}

/// The mean of a metric for each length of chain, over the jobs of all replications.
///
/// As in the original's scripts, lengths with fewer than three jobs are left out.
pub fn by_chain_length<'a>(
    outcomes: impl IntoIterator<Item = &'a Outcome>,
    metric: Metric,
) -> BTreeMap<u32, Interval> {
    let mut values = BTreeMap::<u32, Vec<f64>>::new();
    for job in outcomes.into_iter().flat_map(|outcome| &outcome.jobs) {
        values.entry(job.chain).or_default().push(metric.of(job));
    }
    values.retain(|_, values| values.len() > 2);
    let intervals = values.into_iter();
    intervals
        .filter_map(|(length, values)| Some((length, Interval::of(&values)?)))
        .collect()
}

/// The values of a metric over the jobs of all replications, for its distribution.
pub fn pooled<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>, metric: Metric) -> Sorted {
    let jobs = outcomes.into_iter().flat_map(|outcome| &outcome.jobs);
    Sorted::new(jobs.map(|job| metric.of(job)).collect())
}
