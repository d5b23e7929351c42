//! Assigns each task to the node that is cheapest at that moment.

use std::ops::Div;

use super::{AllocationPolicy, NetworkCost};
use crate::Error;
use crate::draws::{self, Draws};
use crate::evaluation::Evaluation;
use crate::execution::{ExecutionPolicy, Step};
use crate::meter::Meter;
use crate::network::{Affinity, Network, NodeId};

/// Where everything is in one replication.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Placement {
    /// The chain of each job.
    pub(crate) chains: Vec<u32>,
    /// The client of each job.
    pub(crate) clients: Vec<NodeId>,
    /// The nodes of the tasks of each job, job after job.
    pub(crate) nodes: Vec<NodeId>,
    /// Where the nodes of each job start, and after the last where they end.
    pub(crate) first: Vec<usize>,
    /// How many tasks each node was given.
    pub(crate) loads: Vec<u32>,
}

/// Arithmetic of processing times in single or double precision.
trait Real: Copy + Div<Output = Self> {
    fn from_speed(speed: f64) -> Self;
    fn from_count(count: u64) -> Self;
    fn widen(self) -> f64;
}

impl Real for f32 {
    fn from_speed(speed: f64) -> Self {
        speed as f32
    }
    fn from_count(count: u64) -> Self {
        count as f32
    }
    fn widen(self) -> f64 {
        f64::from(self)
    }
}

impl Real for f64 {
    fn from_speed(speed: f64) -> Self {
        speed
    }
    fn from_count(count: u64) -> Self {
        count as f64
    }
    fn widen(self) -> f64 {
        self
    }
}

/// How long a task takes on a node that runs `load` tasks at once, in seconds.
pub(crate) fn processing_seconds(
    network: &Network,
    node: NodeId,
    load: u32,
    operations: u64,
) -> f64 {
    let speed = network.nodes()[usize::from(node)].speed;
    if network.corrections().precision {
        share::<f64>(speed, load, operations)
    } else {
        share::<f32>(speed, load, operations)
    }
}

fn share<R: Real>(speed: f64, load: u32, operations: u64) -> f64 {
    let rate = R::from_speed(speed) / R::from_count(load.into());
    (R::from_count(operations) / rate).widen()
}

/// Allocates the jobs of one replication after the other.
pub(crate) struct Allocator<'a> {
    evaluation: &'a Evaluation<'a>,
    policy: &'a dyn AllocationPolicy,
    execution: &'a dyn ExecutionPolicy,
}

impl<'a> Allocator<'a> {
    /// `execution` only matters if the allocation policy weighs it.
    pub(crate) fn new(
        evaluation: &'a Evaluation<'a>,
        policy: &'a dyn AllocationPolicy,
        execution: &'a dyn ExecutionPolicy,
    ) -> Self {
        Self {
            evaluation,
            policy,
            execution,
        }
    }

    pub(crate) fn place(
        &self,
        jobs: usize,
        seed: u64,
        meter: &mut Meter<'_>,
    ) -> Result<Placement, Error> {
        match self.evaluation.network.corrections().precision {
            true => self.place_with::<f64>(jobs, seed, meter),
            false => self.place_with::<f32>(jobs, seed, meter),
        }
    }

    fn place_with<R: Real>(
        &self,
        jobs: usize,
        seed: u64,
        meter: &mut Meter<'_>,
    ) -> Result<Placement, Error> {
        let Evaluation { network, pool, .. } = *self.evaluation;
        let corrections = network.corrections();
        let chains = draws::select(pool.len(), jobs, seed, corrections);
        let mut first = vec![0];
        first.extend(chains.iter().scan(0, |sum, &chain| {
            *sum += pool.chain(chain).tasks.len();
            Some(*sum)
        }));
        let mut draws = Draws::clients(seed, corrections);
        let candidates = network.clients();
        let clients: Vec<NodeId> = chains
            .iter()
            .map(|_| candidates[draws.below(candidates.len() as u32) as usize])
            .collect();
        let mut draws = draws.order_after_clients(seed, corrections);
        let mut placement = Placement {
            nodes: vec![0; first.last().copied().unwrap_or(0)],
            loads: vec![0; network.nodes().len()],
            chains,
            clients,
            first,
        };
        let mut candidates = Candidates::<R>::new(network);
        for job in draws::shuffle(placement.chains.len(), &mut draws) {
            self.place_job(job as usize, &mut placement, &mut candidates, meter)?;
        }
        for (&node, &load) in network.candidates().iter().zip(&candidates.load) {
            placement.loads[usize::from(node)] = load;
        }
        Ok(placement)
    }

    fn place_job<R: Real>(
        &self,
        job: usize,
        placement: &mut Placement,
        candidates: &mut Candidates<R>,
        meter: &mut Meter<'_>,
    ) -> Result<(), Error> {
        let Evaluation { network, pool, .. } = *self.evaluation;
        let chain = pool.chain(placement.chains[job]);
        let client = placement.clients[job];
        let network_cost = self.policy.network_cost(network.corrections());
        let reach = match network_cost {
            NetworkCost::RoundTripOfAllStates => Some(meter.reader().reach(client)),
            _ => None,
        };
        let mut state_at = vec![client; chain.states.len()];
        let mut trial_state_at = state_at.clone();
        let mut previous = client;
        for (index, task) in chain.tasks.iter().enumerate() {
            let affinity = self.evaluation.affinities[task.function as usize];
            let range = network.range(affinity);
            let mut step_cost = |node, state_at: &mut [NodeId]| {
                let mut step = Step {
                    chain,
                    index,
                    client,
                    previous,
                    node,
                    state_at,
                };
                meter.reset();
                self.execution.step(&mut step, meter);
                match meter.failure() {
                    Some(_) => f64::INFINITY,
                    None => meter.seconds(),
                }
            };
            let chosen = match (&reach, network_cost) {
                (Some(reach), _) => {
                    let there = chain.all_states.saturating_add(task.argument);
                    let back = chain.all_states.saturating_add(chain.result(index));
                    reach.exchange_seconds(there, back, &mut candidates.class_seconds);
                    candidates.cheapest_by_class(range, task.operations, reach.class_of())
                }
                (None, NetworkCost::AsExecuted) => {
                    candidates.cheapest(range, task.operations, |at| {
                        trial_state_at.copy_from_slice(&state_at);
                        step_cost(network.candidates()[at], &mut trial_state_at)
                    })
                }
                (None, _) => candidates.cheapest(range, task.operations, |_| 0.0),
            };
            let Some(at) = chosen else {
                return Err(self.no_node(affinity, client));
            };
            candidates.give(at);
            let node = network.candidates()[at];
            placement.nodes[placement.first[job] + index] = node;
            if network_cost == NetworkCost::AsExecuted {
                // States move where the policy puts them.
                step_cost(node, &mut state_at);
            }
            previous = node;
        }
        Ok(())
    }

    #[cold]
    fn no_node(&self, affinity: Affinity, client: NodeId) -> Error {
        let network = self.evaluation.network;
        let client = network.name(client);
        let kind = match affinity {
            Affinity::Cpu => "CPU",
            Affinity::Gpu => "GPU",
        };
        Error::Network(if network.range(affinity).is_empty() {
            format!("a function needs a {kind} node, but the network has none")
        } else {
            format!("client `{client}` has no {kind} node that it can reach and that can reach it")
        })
    }
}

/// The nodes in the order of [`Network::candidates`], with the tasks they have.
struct Candidates<R> {
    speed: Vec<R>,
    load: Vec<u32>,
    /// Speed that one more task would get.
    rate: Vec<R>,
    class_seconds: Vec<f64>,
}

impl<R: Real> Candidates<R> {
    fn new(network: &Network) -> Self {
        let nodes = network
            .candidates()
            .iter()
            .map(|&node| &network.nodes()[usize::from(node)]);
        let speed: Vec<R> = nodes.map(|node| R::from_speed(node.speed)).collect();
        Self {
            load: vec![0; speed.len()],
            rate: speed
                .iter()
                .map(|&speed| speed / R::from_count(1))
                .collect(),
            speed,
            class_seconds: Vec::new(),
        }
    }

    /// Gives a task to a node.
    fn give(&mut self, at: usize) {
        self.load[at] += 1;
        self.rate[at] = self.speed[at] / R::from_count(u64::from(self.load[at]) + 1);
    }

    /// The first of the cheapest nodes; `None` if none can be reached.
    fn cheapest(
        &self,
        range: std::ops::Range<usize>,
        operations: u64,
        mut network_seconds: impl FnMut(usize) -> f64,
    ) -> Option<usize> {
        let operations = R::from_count(operations);
        let (mut cheapest, mut least) = (None, f64::INFINITY);
        for at in range {
            let cost = (operations / self.rate[at]).widen() + network_seconds(at);
            if cost < least {
                (cheapest, least) = (Some(at), cost);
            }
        }
        cheapest
    }

    /// The same where the network's share is known by class.
    fn cheapest_by_class(
        &self,
        range: std::ops::Range<usize>,
        operations: u64,
        class_of: &[u16],
    ) -> Option<usize> {
        self.cheapest(range, operations, |at| {
            self.class_seconds[usize::from(class_of[at])]
        })
    }
}
