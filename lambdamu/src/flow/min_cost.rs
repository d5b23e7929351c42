//! The flow of least cost, by successive shortest paths (Edmonds and Karp, 1972).
//!
//! Often there are several flows of least cost, and which one is found changes the
//! results of simulations over time. So the paths are those that the Boost libraries
//! (`successive_shortest_path_nonnegative_weights`, 1.74) find in the graph that the
//! original makes: a source; the tasks; the workers; for each worker a second vertex,
//! so that its capacity is that of an edge; a sink. Edges are in the order of their
//! insertion; among equals the heap decides.
//!
//! The graph itself is not kept: its edges follow from the problem and the flows so far.
//! A search relaxes edges to workers only while that can change anything: not those to
//! workers that are as near as the task already, and not those of a task whose costs
//! were relaxed before from a task as near.

use sim_core::indexed_heap::IndexedHeap;

use super::{FlowProblem, Solution};

const UNREACHED: f64 = f64::MAX;
const SOURCE: usize = 0;

/// Solves flow problems.
#[derive(Debug)]
pub(crate) struct MinCostFlow {
    heap: IndexedHeap<f64>,
    distance: Vec<f64>,
    potential: Vec<f64>,
    /// The vertex before on the shortest path.
    before: Vec<u32>,
    /// Requests of each task that no worker serves yet.
    left: Vec<u64>,
    /// For each worker the tasks that it serves, in their order, with the requests.
    served: Vec<Vec<(u32, u64)>>,
    /// Requests that each worker serves.
    used: Vec<u64>,
    /// Workers to which an edge may still be the shortest way.
    open: Vec<u32>,
    /// For each class the least potential of a task from which edges were relaxed.
    relaxed: Vec<f64>,
}

impl Default for MinCostFlow {
    fn default() -> Self {
        Self {
            heap: IndexedHeap::new(0),
            distance: Vec::new(),
            potential: Vec::new(),
            before: Vec::new(),
            left: Vec::new(),
            served: Vec::new(),
            used: Vec::new(),
            open: Vec::new(),
            relaxed: Vec::new(),
        }
    }
}

impl MinCostFlow {
    /// The flow of least cost among those that serve as many requests as possible.
    pub(crate) fn solve(&mut self, problem: &FlowProblem) -> Solution {
        let (tasks, workers) = (problem.requests.len(), problem.capacities.len());
        let sink = tasks + 2 * workers + 1;
        self.start(problem, sink + 1);
        let mut total: u64 = problem.requests.iter().sum();
        while total > 0 {
            self.search(problem, sink);
            if self.distance[sink] == UNREACHED {
                break;
            }
            for (potential, distance) in self.potential.iter_mut().zip(&self.distance) {
                *potential += distance;
            }
            total -= self.augment(problem, sink);
        }
        let mut flows: Vec<(u32, u32, u64)> = Vec::new();
        for (worker, served) in (0..).zip(&self.served) {
            flows.extend(served.iter().map(|&(task, units)| (task, worker, units)));
        }
        flows.sort_unstable();
        let mut solution = Solution::default();
        for (task, worker, units) in flows {
            solution.add(problem, task as usize, worker as usize, units);
        }
        solution
    }

    fn start(&mut self, problem: &FlowProblem, vertices: usize) {
        let workers = problem.capacities.len();
        self.potential.clear();
        self.potential.resize(vertices, 0.0);
        self.before.clear();
        self.before.resize(vertices, 0);
        self.left.clone_from(&problem.requests);
        self.served.iter_mut().for_each(Vec::clear);
        self.served.resize(workers, Vec::new());
        self.used.clear();
        self.used.resize(workers, 0);
    }

    /// The algorithm of Dijkstra from the source, over edges with residual capacity.
    fn search(&mut self, problem: &FlowProblem, sink: usize) {
        let (tasks, workers) = (problem.requests.len(), problem.capacities.len());
        let first_worker = 1 + tasks;
        let first_out = first_worker + workers;
        self.heap.reset(sink + 1);
        self.distance.clear();
        self.distance.resize(sink + 1, UNREACHED);
        self.open.clear();
        self.open.extend(0..workers as u32);
        self.relaxed.clear();
        self.relaxed
            .resize(problem.costs.len() / problem.width, f64::INFINITY);
        self.distance[SOURCE] = 0.0;
        self.heap.push(SOURCE, 0.0);
        while let Some((_, vertex)) = self.heap.pop() {
            if vertex == SOURCE {
                for task in 0..tasks {
                    if self.left[task] > 0 {
                        self.relax(SOURCE, 1 + task, 0.0);
                    }
                }
            } else if vertex < first_worker {
                self.relax_workers(problem, vertex);
            } else if vertex < first_out {
                let worker = vertex - first_worker;
                for at in 0..self.served[worker].len() {
                    let task = self.served[worker][at].0 as usize;
                    self.relax(vertex, 1 + task, -problem.cost(task, worker));
                }
                if self.used[worker] < problem.capacities[worker] {
                    self.relax(vertex, vertex + workers, 0.0);
                }
            } else if vertex < sink {
                let worker = vertex - first_out;
                if self.used[worker] > 0 {
                    self.relax(vertex, vertex - workers, 0.0);
                }
                self.relax(vertex, sink, 0.0);
            } else {
                for worker in 0..workers {
                    if self.used[worker] > 0 {
                        self.relax(sink, first_out + worker, 0.0);
                    }
                }
            }
        }
    }

    /// Relaxes one edge.
    #[inline]
    fn relax(&mut self, from: usize, to: usize, cost: f64) {
        // Rounding errors of costs that are not whole numbers may make it negative.
        let reduced = (self.potential[from] - self.potential[to] + cost).max(0.0);
        let distance = self.distance[from] + reduced;
        let known = self.distance[to];
        if distance < known {
            self.reach(to, known, distance, from);
        }
    }

    #[inline]
    fn reach(&mut self, to: usize, known: f64, distance: f64, from: usize) {
        self.distance[to] = distance;
        self.before[to] = from as u32;
        if known == UNREACHED {
            self.heap.push(to, distance);
        } else {
            self.heap.decrease(to, distance);
        }
    }

    /// Relaxes the edges from a task to all workers.
    fn relax_workers(&mut self, problem: &FlowProblem, vertex: usize) {
        let task = vertex - 1;
        let so_far = self.distance[vertex];
        let potential = self.potential[vertex];
        let relaxed = &mut self.relaxed[problem.classes[task] as usize];
        if potential >= *relaxed {
            return;
        }
        *relaxed = potential;
        let costs = problem.costs_of(task);
        let first_worker = 1 + problem.requests.len();
        let mut open = std::mem::take(&mut self.open);
        open.retain(|&worker| {
            let to = first_worker + worker as usize;
            let known = self.distance[to];
            if known <= so_far {
                return false;
            }
            let cost = costs[problem.kinds[worker as usize] as usize];
            let distance = so_far + (potential - self.potential[to] + cost).max(0.0);
            if distance < known {
                self.reach(to, known, distance, vertex);
            }
            distance.min(known) > so_far
        });
        self.open = open;
    }

    /// Sends as much as possible along the shortest path to the sink; how much that is.
    fn augment(&mut self, problem: &FlowProblem, sink: usize) -> u64 {
        let first_worker = 1 + problem.requests.len();
        let first_out = first_worker + problem.capacities.len();
        let mut path = Vec::new();
        let mut at = sink;
        while at != SOURCE {
            let before = self.before[at] as usize;
            path.push((before, at));
            at = before;
        }
        let is_task = |vertex: usize| (1..first_worker).contains(&vertex);
        let is_worker = |vertex: usize| (first_worker..first_out).contains(&vertex);
        let mut units = u64::MAX;
        for &(from, to) in &path {
            let residual = if from == SOURCE {
                self.left[to - 1]
            } else if is_worker(from) && is_task(to) {
                let (_, units) = self.served_at(from - first_worker, to - 1);
                units
            } else if is_worker(from) {
                let worker = from - first_worker;
                problem.capacities[worker] - self.used[worker]
            } else {
                u64::MAX
            };
            units = units.min(residual);
        }
        for &(from, to) in &path {
            if from == SOURCE {
                self.left[to - 1] -= units;
            } else if is_task(from) {
                let worker = to - first_worker;
                let (at, before) = self.served_at(worker, from - 1);
                match before {
                    0 => self.served[worker].insert(at, ((from - 1) as u32, units)),
                    _ => self.served[worker][at].1 += units,
                }
            } else if is_worker(from) && is_task(to) {
                let worker = from - first_worker;
                let (at, before) = self.served_at(worker, to - 1);
                match before == units {
                    true => drop(self.served[worker].remove(at)),
                    false => self.served[worker][at].1 -= units,
                }
            } else if is_worker(from) {
                self.used[from - first_worker] += units;
            }
        }
        units
    }

    /// Where the requests of a task are among those of a worker, and how many there are.
    fn served_at(&self, worker: usize, task: usize) -> (usize, u64) {
        let served = &self.served[worker];
        match served.binary_search_by_key(&(task as u32), |one| one.0) {
            Ok(at) => (at, served[at].1),
            Err(at) => (at, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{greedy, random};
    use super::*;
    use pathfinding::kuhn_munkres::kuhn_munkres_min;
    use pathfinding::matrix::Matrix;
    use proptest::prelude::*;
    use sim_core::libstdcxx::Mt19937;

    fn problems() -> impl Strategy<Value = FlowProblem> {
        (1usize..4, 1usize..4, 1u8..9).prop_flat_map(|(classes, width, values)| {
            let costs = prop::collection::vec(0..values, classes * width);
            let tasks = prop::collection::vec((0..classes as u32, 1u64..4), 1..7);
            let workers = prop::collection::vec((0..width as u32, 0u64..5), 1..7);
            (costs, tasks, workers).prop_map(move |(costs, tasks, workers)| FlowProblem {
                requests: tasks.iter().map(|task| task.1).collect(),
                classes: tasks.iter().map(|task| task.0).collect(),
                capacities: workers.iter().map(|worker| worker.1).collect(),
                nodes: workers.iter().map(|worker| worker.0).collect(),
                kinds: workers.iter().map(|worker| worker.0).collect(),
                costs: costs.into_iter().map(f64::from).collect(),
                width,
            })
        })
    }

    fn check(problem: &FlowProblem, solution: &Solution) -> u64 {
        let mut left = problem.requests.clone();
        let mut free = problem.capacities.clone();
        let mut sum = 0.0;
        for flow in &solution.flows {
            left[flow.task as usize] -= flow.units;
            free[flow.worker as usize] -= flow.units;
            sum += flow.units as f64 * problem.cost(flow.task as usize, flow.worker as usize);
        }
        assert_eq!(sum, solution.cost);
        solution.flows.iter().map(|flow| flow.units).sum()
    }

    /// The least cost of the assignment of all units to all units of capacity.
    fn reference(problem: &FlowProblem, units: u64) -> Option<f64> {
        let expand = |counts: &[u64]| -> Vec<usize> {
            let all = counts.iter().enumerate();
            all.flat_map(|(id, &count)| std::iter::repeat_n(id, count as usize))
                .collect()
        };
        let (tasks, workers) = (expand(&problem.requests), expand(&problem.capacities));
        (units as usize == tasks.len()).then_some(())?;
        let rows = tasks.iter().map(|&task| {
            let costs = workers
                .iter()
                .map(|&worker| problem.cost(task, worker) as i64);
            costs.collect::<Vec<_>>()
        });
        let weights = Matrix::from_rows(rows).unwrap();
        Some(kuhn_munkres_min(&weights).0 as f64)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn all_that_can_be_served_is_served_at_least_cost(problem in problems()) {
            let solution = MinCostFlow::default().solve(&problem);
            let units = check(&problem, &solution);
            let requests: u64 = problem.requests.iter().sum();
            prop_assert_eq!(units, requests.min(problem.capacities.iter().sum()));
            if let Some(cost) = reference(&problem, units) {
                prop_assert_eq!(solution.cost, cost);
            }
            let others = [
                greedy(&problem),
                random(&problem, &mut Mt19937::from_seed_seq(&[1])),
            ];
            for other in others {
                prop_assert_eq!(check(&problem, &other), units);
                if units == requests {
                    prop_assert!(other.cost >= solution.cost);
                }
            }
        }
    }
}
