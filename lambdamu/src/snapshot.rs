//! One placement of applications that are drawn in their phases.

use crate::draws::{below, generator};
use crate::scene::{App, Scene, Worker};
use crate::{Network, Outcome, Setting};

/// How many applications there are on average, at most 100 000 each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotLoad {
    /// In their lambda phase.
    pub lambda: u64,
    /// In their mu phase.
    pub mu: u64,
}

/// Draws applications and places them once.
///
/// The parameters must have been [checked](Setting::check).
pub fn snapshot(
    network: &Network,
    setting: &Setting,
    load: SnapshotLoad,
    seed: u64,
    worker: &mut Worker,
) -> Outcome {
    let first = generator(seed, 0, 0);
    let lambdas = setting.poisson.sample(load.lambda, first.clone()) as usize;
    let mus = setting.poisson.sample(load.mu, generator(seed, 1, 0)) as usize;
    let mut brokers = first.clone();
    let mut params = setting.applications.sampler(&first);
    let apps = (0..lambdas + mus).map(|id| {
        let params = params.next();
        let broker = below(&mut brokers, network.brokers());
        App::new(network, broker, params, id >= lambdas)
    });
    let mut scene = Scene::new(network, setting, apps.collect(), mus);
    let mut outcome = scene.outcome();
    outcome.num_lambda = lambdas as f64;
    outcome.num_mu = mus as f64;
    let mu = scene.place_mus(|| first.clone(), worker);
    outcome.mu_cost = mu.cost;
    outcome.mu_cloud = mu.cloud;
    outcome.mu_service_cloud = mu.service_cloud;
    let lambda = scene.place_lambdas(|| generator(seed, 1, 0), worker);
    outcome.lambda_cost = lambda.cost;
    outcome.lambda_service_cloud = lambda.service_cloud;
    outcome
}
