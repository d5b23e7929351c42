//! The applications of a replication and where they are served.

use sim_core::libstdcxx::Mt19937;

use crate::assignment::{self, Assignment, Hungarian};
use crate::flow::{self, Flow, FlowProblem, MinCostFlow};
use crate::{AppParams, LambdaAlgorithm, MuAlgorithm, Network, Outcome, Setting};

/// Memory that a thread keeps from one replication to the next.
#[derive(Debug, Default)]
pub struct Worker {
    hungarian: Hungarian,
    min_cost_flow: MinCostFlow,
}

/// An application.
#[derive(Clone, Copy, Debug)]
pub(crate) struct App {
    pub(crate) params: AppParams,
    /// The place of its broker.
    pub(crate) place: u32,
    pub(crate) is_mu: bool,
    /// The node of its container; meaningful in the mu phase, once it is placed.
    pub(crate) node: u32,
}

impl App {
    pub(crate) fn new(network: &Network, broker: usize, params: AppParams, is_mu: bool) -> Self {
        Self {
            params,
            place: network.place(broker),
            is_mu,
            node: CLOUD as u32,
        }
    }
}

/// The number of the cloud among the nodes.
pub(crate) const CLOUD: usize = 0;

/// What a placement costs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Placed {
    pub(crate) cost: f64,
    /// How many applications are in the cloud, in the mu phase.
    pub(crate) cloud: f64,
    /// Share of the requests that the cloud serves.
    pub(crate) service_cloud: f64,
}

/// Applications, containers, and who is served where.
#[derive(Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) network: &'a Network,
    setting: &'a Setting,
    pub(crate) apps: Vec<App>,
    /// Containers of each node, with those of the cloud.
    containers: Vec<u32>,
    /// Capacity of one container of the cloud.
    cloud_capacity: u64,
    /// Containers that applications in their mu phase have, per node.
    used: Vec<u32>,
    /// Requests of each application that each node serves, in the lambda phase: one row
    /// for each application.
    weights: Vec<u64>,
}

impl<'a> Scene<'a> {
    /// A scene in which no application is placed. The cloud has one container more than
    /// `mus`, and the capacity that all applications in their lambda phase need.
    pub(crate) fn new(
        network: &'a Network,
        setting: &'a Setting,
        apps: Vec<App>,
        mus: usize,
    ) -> Self {
        let nodes = network.nodes();
        let mut containers: Vec<u32> = nodes.iter().map(|node| node.containers).collect();
        containers[CLOUD] = 1 + mus as u32;
        let lambdas = apps.iter().filter(|app| !app.is_mu);
        let rates: u64 = lambdas.map(|app| app.params.rate).sum();
        Self {
            network,
            setting,
            containers,
            cloud_capacity: (rates as f64 / setting.beta) as u64,
            used: vec![0; nodes.len()],
            weights: vec![0; nodes.len() * apps.len()],
            apps,
        }
    }

    /// The numbers that do not depend on any placement.
    pub(crate) fn outcome(&self) -> Outcome {
        let edge: u64 = self.network.nodes().iter().map(|node| node.capacity).sum();
        Outcome {
            num_containers: self.containers.iter().map(|&count| u64::from(count)).sum(),
            tot_capacity: edge + self.cloud_capacity,
            ..Outcome::default()
        }
    }

    /// Containers of a node that applications in their mu phase may use.
    fn usable(&self, node: usize) -> u32 {
        let all = self.containers[node];
        match node {
            CLOUD => all,
            _ => (f64::from(all) * self.setting.alpha) as u32,
        }
    }

    /// The node nearest to a place that has a container for one more application in its
    /// mu phase, the first among equals. The cloud always has one.
    pub(crate) fn nearest_free(&self, place: u32) -> usize {
        let costs = self.network.row(place);
        let free = (0..costs.len()).filter(|&node| self.usable(node) > self.used[node]);
        let nearest = free.reduce(|best, node| match costs[node] < costs[best] {
            true => node,
            false => best,
        });
        nearest.unwrap_or(CLOUD)
    }

    /// Gives a container to every application in its mu phase.
    ///
    /// If there is none, nothing changes, not even where others were before.
    pub(crate) fn place_mus(
        &mut self,
        generator: impl FnOnce() -> Mt19937,
        worker: &mut Worker,
    ) -> Placed {
        let mus: Vec<usize> = (0..self.apps.len())
            .filter(|&id| self.apps[id].is_mu)
            .collect();
        if mus.is_empty() {
            return Placed::default();
        }
        let mut costs = Vec::with_capacity(mus.len() * self.containers.len());
        for &id in &mus {
            let App { params, place, .. } = self.apps[id];
            let row = self.network.row(place).iter();
            costs.extend(row.map(|cost| params.rate as f64 * cost * params.exchange as f64));
        }
        let usable: Vec<u32> = (0..self.containers.len())
            .map(|node| self.usable(node))
            .collect();
        let problem = Assignment {
            costs: &costs,
            containers: &usable,
        };
        let nodes = match self.setting.mu {
            MuAlgorithm::Random => assignment::random(&problem, &mut generator()),
            MuAlgorithm::Greedy => assignment::greedy(&problem),
            MuAlgorithm::Hungarian => worker.hungarian.solve(&problem),
        };
        self.used.fill(0);
        let mut placed = Placed::default();
        let (mut service, mut cloud_service) = (0.0, 0.0);
        for ((&id, &node), row) in mus.iter().zip(&nodes).zip(costs.chunks(usable.len())) {
            let app = &mut self.apps[id];
            let rate = app.params.rate as f64;
            service += rate;
            if node as usize == CLOUD {
                placed.cloud += 1.0;
                cloud_service += rate;
            }
            placed.cost += row[node as usize];
            app.node = node;
            self.used[node as usize] += 1;
        }
        placed.service_cloud = cloud_service / service;
        placed
    }

    /// Spreads the requests of all applications in their lambda phase over the containers
    /// that are left.
    ///
    /// If there is none, nothing changes.
    pub(crate) fn place_lambdas(
        &mut self,
        generator: impl FnOnce() -> Mt19937,
        worker: &mut Worker,
    ) -> Placed {
        let lambdas: Vec<usize> = (0..self.apps.len())
            .filter(|&id| !self.apps[id].is_mu)
            .collect();
        if lambdas.is_empty() {
            return Placed::default();
        }
        let problem = self.flow_problem(&lambdas);
        let flow = match self.setting.lambda {
            LambdaAlgorithm::Random => flow::random(&problem, &mut generator()),
            LambdaAlgorithm::Greedy => flow::greedy(&problem),
            LambdaAlgorithm::MinCostFlow => worker.min_cost_flow.solve(&problem),
        };
        let width = self.containers.len();
        for &id in &lambdas {
            self.weights[id * width..][..width].fill(0);
        }
        for Flow {
            task,
            worker,
            units,
        } in flow.flows
        {
            let node = problem.nodes[worker as usize] as usize;
            self.weights[lambdas[task as usize] * width + node] += units;
        }
        Placed {
            cost: flow.cost,
            cloud: 0.0,
            service_cloud: self.lambda_service_cloud(),
        }
    }

    fn flow_problem(&self, lambdas: &[usize]) -> FlowProblem {
        let mut problem = FlowProblem::default();
        for (node, spec) in self.network.nodes().iter().enumerate() {
            let capacity = match node {
                CLOUD => self.cloud_capacity,
                _ => spec.capacity,
            };
            let left = self.containers[node].saturating_sub(self.used[node]) as usize;
            let capacity = (self.setting.beta * capacity as f64) as u64;
            let all = problem.nodes.len() + left;
            problem.nodes.resize(all, node as u32);
            problem.capacities.resize(all, capacity);
        }
        // Only the first container has the storage of the cloud beside it.
        let width = self.containers.len();
        let first = problem.nodes.first().copied().unwrap_or_default();
        problem.kinds = problem.nodes.clone();
        if let Some(kind) = problem.kinds.first_mut() {
            *kind = width as u32;
        }
        problem.width = width + 1;
        let mut classes: Vec<(u32, u64, u64)> = Vec::new();
        for &id in lambdas {
            let App { params, place, .. } = self.apps[id];
            problem.requests.push(params.rate);
            let class = (place, params.exchange, params.storage);
            let known = classes.iter().position(|&other| other == class);
            problem.classes.push(known.unwrap_or(classes.len()) as u32);
            if known.is_some() {
                continue;
            }
            classes.push(class);
            let row = self.network.row(place);
            let cost = |node: usize, storage: f64| {
                row[node] * params.exchange as f64 + storage * params.storage as f64
            };
            let remote = (0..width).map(|node| cost(node, self.setting.storage_remote));
            problem.costs.extend(remote);
            let local = cost(first as usize, self.setting.storage_local);
            problem.costs.push(local);
        }
        problem
    }

    /// The share of all requests of applications in their lambda phase that the cloud
    /// serves; 0 if there are none.
    pub(crate) fn lambda_service_cloud(&self) -> f64 {
        let (mut cloud, mut all) = (0, 0);
        for row in self.weights.chunks(self.containers.len()) {
            cloud += row[CLOUD];
            all += row.iter().sum::<u64>();
        }
        if all == 0 {
            return 0.0;
        }
        cloud as f64 / all as f64
    }

    /// Where the requests of an application are served.
    pub(crate) fn weights(&mut self, id: usize) -> &mut [u64] {
        let width = self.containers.len();
        &mut self.weights[id * width..][..width]
    }

    /// How many containers applications in their mu phase have at a node.
    pub(crate) fn used(&mut self, node: usize) -> &mut u32 {
        &mut self.used[node]
    }
}
