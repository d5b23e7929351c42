//! Evaluates replications: assigns the jobs to nodes, then computes the cost of their
//! chains.

use crate::Error;
use std::ops::RangeInclusive;

use rayon::prelude::*;

use crate::allocation::{AllocationPolicy, Allocator, NetworkCost, Placement, processing_seconds};
use crate::execution::{ExecutionPolicy, Step};
use crate::meter::{Cloud, Failure, Meter};
use crate::network::{Affinity, Network, RouteReader, View};
use crate::pool::Pool;

/// A network, a pool of chains and a cloud, ready for replications.
///
/// It can be shared by any number of threads.
#[derive(Debug)]
pub struct Evaluation<'a> {
    pub(crate) network: &'a Network,
    pub(crate) pool: &'a Pool,
    pub(crate) affinities: Vec<Affinity>,
    cloud: Cloud,
}

/// What one replication gave under one execution policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Name of the allocation policy.
    pub allocation: &'static str,
    /// Name of the execution policy.
    pub execution: &'static str,
    /// Seed of the replication.
    pub seed: u64,
    /// One entry per job.
    pub jobs: Vec<JobOutcome>,
    /// How many tasks each processing node ran, in the byte order of their names.
    pub loads: Vec<u32>,
}

/// What the chain of one job cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JobOutcome {
    /// Time spent processing, in seconds.
    pub processing: f64,
    /// Time spent in the network, in seconds.
    pub network: f64,
    /// Bytes times links crossed.
    pub traffic: u64,
    /// Number of tasks of the chain.
    pub chain: u32,
}

impl JobOutcome {
    /// Processing and network together, in seconds.
    pub fn total(&self) -> f64 {
        self.processing + self.network
    }
}

/// The jobs of a replication and the nodes that run their functions.
#[derive(Clone, Debug)]
pub struct Placed {
    allocation: &'static str,
    seed: u64,
    placement: Placement,
    processing: Vec<f64>,
}

/// What a worker keeps from one replication to the next.
#[derive(Debug, Default)]
pub struct Worker {
    view: View,
}

impl<'a> Evaluation<'a> {
    /// Prepares an evaluation.
    ///
    /// # Errors
    /// If the pool has no chain or no functions, or the cloud makes no sense.
    pub fn new(network: &'a Network, pool: &'a Pool, cloud: Cloud) -> Result<Self, Error> {
        if pool.is_empty() {
            return Err(Error::Workload("the trace has no job with a state".into()));
        }
        if pool.functions() == 0 {
            return Err(Error::Workload("there must be at least 1 function".into()));
        }
        if !(cloud.latency.is_finite() && cloud.latency >= 0.0) {
            return Err(Error::Workload(format!(
                "the cloud latency is {} s, expected 0 or more",
                cloud.latency
            )));
        }
        if !(cloud.rate_mbps.is_finite() && cloud.rate_mbps > 0.0) {
            return Err(Error::Workload(format!(
                "the cloud rate is {} Mb/s, expected more than 0",
                cloud.rate_mbps
            )));
        }
        Ok(Self {
            network,
            pool,
            affinities: network.affinities(pool.functions()),
            cloud,
        })
    }

    /// One replication under one allocation policy and each of the execution policies.
    ///
    /// Outcomes are in the order of `executions`.
    ///
    /// # Errors
    /// If a function needs a kind of node that the network does not have, or data has to go
    /// where no way leads.
    pub fn replicate(
        &self,
        allocation: &dyn AllocationPolicy,
        executions: &[&'static dyn ExecutionPolicy],
        jobs: usize,
        seed: u64,
        worker: &mut Worker,
    ) -> Result<Vec<Outcome>, Error> {
        let depends_on_execution =
            allocation.network_cost(self.network.corrections()) == NetworkCost::AsExecuted;
        let mut placed: Option<Placed> = None;
        let mut outcomes = Vec::with_capacity(executions.len());
        for &execution in executions {
            let placed = match &mut placed {
                Some(placed) if !depends_on_execution => placed,
                stale => stale.insert(self.place(allocation, execution, jobs, seed, worker)?),
            };
            outcomes.push(self.execute(placed, execution, worker)?);
        }
        Ok(outcomes)
    }

    /// The first half of a replication: takes jobs and gives their functions to nodes.
    ///
    /// In the original model what comes out does not depend on `execution`.
    ///
    /// # Errors
    /// If a function needs a kind of node that the network does not have.
    pub fn place(
        &self,
        allocation: &dyn AllocationPolicy,
        execution: &dyn ExecutionPolicy,
        jobs: usize,
        seed: u64,
        worker: &mut Worker,
    ) -> Result<Placed, Error> {
        let mut meter = Meter::new(RouteReader::new(self.network, &mut worker.view), self.cloud);
        let allocator = Allocator::new(self, allocation, execution);
        let placement = allocator.place(jobs, seed, &mut meter)?;
        Ok(Placed {
            allocation: allocation.name(),
            seed,
            processing: self.processing(&placement),
            placement,
        })
    }

    /// The second half of a replication: counts what the chains cost.
    ///
    /// # Errors
    /// If data has to go where no way leads.
    pub fn execute(
        &self,
        placed: &Placed,
        execution: &dyn ExecutionPolicy,
        worker: &mut Worker,
    ) -> Result<Outcome, Error> {
        let mut meter = Meter::new(RouteReader::new(self.network, &mut worker.view), self.cloud);
        Ok(Outcome {
            allocation: placed.allocation,
            execution: execution.name(),
            seed: placed.seed,
            jobs: self.execute_jobs(placed, execution, &mut meter)?,
            loads: placed.placement.loads.clone(),
        })
    }

    /// Replications with the given seeds on all threads of the current pool, each
    /// handed to `finish`; what that returns comes in the order of the seeds.
    ///
    /// # Errors
    /// As [`replicate`](Self::replicate), the first in the order of the seeds.
    pub fn replicate_all<T: Send>(
        &self,
        allocation: &dyn AllocationPolicy,
        executions: &[&'static dyn ExecutionPolicy],
        jobs: usize,
        seeds: RangeInclusive<u64>,
        finish: impl Fn(Vec<Outcome>) -> T + Sync,
    ) -> Result<Vec<T>, Error> {
        let seeds: Vec<u64> = seeds.collect();
        let results: Vec<Result<T, Error>> = seeds
            .into_par_iter()
            .map_init(Worker::default, |worker, seed| {
                let outcomes = self.replicate(allocation, executions, jobs, seed, worker)?;
                Ok(finish(outcomes))
            })
            .collect();
        results.into_iter().collect()
    }

    fn execute_jobs(
        &self,
        placed: &Placed,
        execution: &dyn ExecutionPolicy,
        meter: &mut Meter<'_>,
    ) -> Result<Vec<JobOutcome>, Error> {
        let placement = &placed.placement;
        let mut state_at = Vec::new();
        let mut outcomes = Vec::with_capacity(placement.chains.len());
        for (job, &processing) in placed.processing.iter().enumerate() {
            let chain = self.pool.chain(placement.chains[job]);
            let client = placement.clients[job];
            let nodes = &placement.nodes[placement.first[job]..placement.first[job + 1]];
            state_at.clear();
            state_at.resize(chain.states.len(), client);
            meter.reset();
            let mut previous = client;
            for (index, &node) in nodes.iter().enumerate() {
                let state_at = &mut state_at;
                let mut step = Step {
                    chain,
                    index,
                    client,
                    previous,
                    node,
                    state_at,
                };
                execution.step(&mut step, meter);
                previous = node;
            }
            if let Some(failure) = meter.failure() {
                return Err(self.explain(failure));
            }
            outcomes.push(JobOutcome {
                processing,
                network: meter.seconds(),
                traffic: meter.traffic(),
                chain: nodes.len() as u32,
            });
        }
        Ok(outcomes)
    }

    /// The processing time of each job, which no execution policy changes.
    fn processing(&self, placement: &Placement) -> Vec<f64> {
        let bounds = placement.first.windows(2);
        let of_job = |(&chain, bounds): (&u32, &[usize])| {
            let nodes = &placement.nodes[bounds[0]..bounds[1]];
            let tasks = self.pool.chain(chain).tasks;
            let seconds = tasks.iter().zip(nodes).map(|(task, &node)| {
                let load = placement.loads[usize::from(node)];
                processing_seconds(self.network, node, load, task.operations)
            });
            // Not `sum`, which starts from minus zero.
            seconds.fold(0.0, |sum, seconds| sum + seconds)
        };
        placement.chains.iter().zip(bounds).map(of_job).collect()
    }

    #[cold]
    fn explain(&self, failure: Failure) -> Error {
        Error::Network(match failure {
            Failure::NoRoute(from, to) => format!(
                "there is no route from `{}` to `{}`",
                self.network.name(from),
                self.network.name(to)
            ),
            Failure::NoCentralNode => {
                "no node can both reach all others and be reached from them".into()
            }
        })
    }
}
