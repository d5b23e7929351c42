//! The flow problem: containers for the requests of applications in their lambda phase.

mod min_cost;

use std::collections::BinaryHeap;

use sim_core::libstdcxx::Mt19937;

pub(crate) use min_cost::MinCostFlow;

/// Tasks (applications) with requests, workers (containers) with capacities, and what a
/// request costs. Tasks of one class have equal costs, and so have workers of one kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct FlowProblem {
    /// Requests of each task.
    pub(crate) requests: Vec<u64>,
    /// The class of each task.
    pub(crate) classes: Vec<u32>,
    /// Requests that each worker can serve.
    pub(crate) capacities: Vec<u64>,
    /// The node of each worker.
    pub(crate) nodes: Vec<u32>,
    /// The kind of each worker.
    pub(crate) kinds: Vec<u32>,
    /// One row for each class, one column for each kind.
    pub(crate) costs: Vec<f64>,
    /// How many kinds there are.
    pub(crate) width: usize,
}

impl FlowProblem {
    /// The costs of a task, by kind of worker.
    fn costs_of(&self, task: usize) -> &[f64] {
        &self.costs[self.classes[task] as usize * self.width..][..self.width]
    }

    fn cost(&self, task: usize, worker: usize) -> f64 {
        self.costs_of(task)[self.kinds[worker] as usize]
    }
}

/// Requests of a task that go to a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flow {
    pub(crate) task: u32,
    pub(crate) worker: u32,
    pub(crate) units: u64,
}

/// A flow with its total cost.
#[derive(Clone, Debug, Default)]
pub(crate) struct Solution {
    pub(crate) flows: Vec<Flow>,
    pub(crate) cost: f64,
}

impl Solution {
    fn add(&mut self, problem: &FlowProblem, task: usize, worker: usize, units: u64) {
        self.cost += units as f64 * problem.cost(task, worker);
        self.flows.push(Flow {
            task: task as u32,
            worker: worker as u32,
            units,
        });
    }
}

/// One request after the other goes to the cheapest worker that can serve it, the first
/// among equals. Requests that none can serve are left out.
pub(crate) fn greedy(problem: &FlowProblem) -> Solution {
    let mut left = problem.capacities.clone();
    let mut open: Vec<usize> = (0..left.len()).filter(|&worker| left[worker] > 0).collect();
    let mut solution = Solution::default();
    for (task, &requests) in problem.requests.iter().enumerate() {
        let mut requests = requests;
        while requests > 0 {
            let cost = |worker| problem.cost(task, worker);
            let workers = open.iter().copied();
            let cheapest =
                workers.reduce(|best, one| if cost(one) < cost(best) { one } else { best });
            let Some(worker) = cheapest else {
                return solution;
            };
            let units = requests.min(left[worker]);
            solution.add(problem, task, worker, units);
            requests -= units;
            left[worker] -= units;
            if left[worker] == 0 {
                open.retain(|&other| other != worker);
            }
        }
    }
    solution
}

/// Each request to any worker: requests and units of capacity are paired in random order.
pub(crate) fn random(problem: &FlowProblem, generator: &mut Mt19937) -> Solution {
    let owners =
        |counts: &[u64]| -> Vec<(u32, u64)> { (0..).zip(counts.iter().copied()).collect() };
    let requests: u64 = problem.requests.iter().sum();
    let tasks = least_drawn(&owners(&problem.requests), requests as usize, generator);
    let workers = least_drawn(&owners(&problem.capacities), tasks.len(), generator);
    let mut solution = Solution::default();
    for (task, worker) in tasks.into_iter().zip(workers) {
        solution.add(problem, task as usize, worker as usize, 1);
    }
    solution
}

/// Draws a number for each unit of each owner; the owners of the `wanted` least numbers,
/// in ascending order of these.
fn least_drawn(owners: &[(u32, u64)], wanted: usize, generator: &mut Mt19937) -> Vec<u32> {
    // Numbers from 0 to 1 are in the order of their bits. Units that came first stay first.
    let mut least: BinaryHeap<(u64, u64, u32)> = BinaryHeap::with_capacity(wanted + 1);
    let mut unit = 0;
    for &(owner, units) in owners {
        for _ in 0..units {
            let drawn = (generator.uniform().to_bits(), unit, owner);
            unit += 1;
            if least.len() < wanted {
                least.push(drawn);
            } else if let Some(mut greatest) = least.peek_mut()
                && drawn < *greatest
            {
                *greatest = drawn;
            }
        }
    }
    let sorted = least.into_sorted_vec();
    sorted.into_iter().map(|(_, _, owner)| owner).collect()
}
