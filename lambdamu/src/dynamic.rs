//! Applications that change phase over time, and are placed once per epoch.
//!
//! Between two placements, an application that becomes stateful takes the nearest free
//! container, one that becomes stateless sends all its requests to the cloud. This is
//! what the original does, with three of its quirks: the changes of phase are not at the
//! times of the periods (see [`Changes`]); the costs between placements know neither
//! rates nor sizes for containers, nor sizes and storage for requests; a measured value
//! counts for the time *before* it.

use std::collections::VecDeque;

use crate::draws::{below, generator};
use crate::scene::{App, CLOUD, Scene, Worker};
use crate::{Error, Network, Outcome, Periods, Setting};

/// The applications and the times of a dynamic simulation; times are in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DynamicLoad {
    /// How many applications there are on average.
    pub apps: u64,
    /// How long the simulation lasts.
    pub duration: f64,
    /// Nothing is measured before this time.
    pub warm_up: f64,
    /// Time from one placement to the next.
    pub epoch: f64,
}

impl DynamicLoad {
    /// Checks that each number is in its range.
    ///
    /// # Errors
    /// Which one is not.
    pub fn check(&self) -> Result<(), Error> {
        for (name, time, least) in [
            ("duration", self.duration, 0.0),
            ("warm-up", self.warm_up, 0.0),
            ("epoch", self.epoch, f64::MIN_POSITIVE),
        ] {
            if !(time.is_finite() && time >= least) {
                let allowed = if least > 0.0 {
                    "more than 0"
                } else {
                    "0 or more"
                };
                return Err(Error::Parameter(format!(
                    "{name} is {time} ms, expected {allowed}"
                )));
            }
        }
        Ok(())
    }
}

/// Simulates applications that alternate between their phases.
///
/// The parameters must have been [checked](Setting::check).
///
/// # Errors
/// If no application was drawn.
pub fn dynamic(
    network: &Network,
    setting: &Setting,
    load: DynamicLoad,
    periods: &Periods,
    seed: u64,
    worker: &mut Worker,
) -> Result<Outcome, Error> {
    let first = generator(seed, 0, 0);
    let count = setting.poisson.sample(load.apps, first.clone()) as usize;
    if count == 0 {
        return Err(Error::Replication {
            seed,
            message: "no application was drawn; take a greater average".into(),
        });
    }
    let mut brokers = first.clone();
    let mut params = setting.applications.sampler(&first);
    let apps = (0..count).map(|_| {
        let params = params.next();
        App::new(
            network,
            below(&mut brokers, network.brokers()),
            params,
            false,
        )
    });
    let mut run = Run {
        changes: Changes::new(periods, count, seed),
        scene: Scene::new(network, setting, apps.collect(), count),
        lambdas: count,
        cost: Costs::default(),
        clock: 0.0,
        warm_up: load.warm_up,
        averages: Averages::default(),
    };
    let mut outcome = run.scene.outcome();
    let mut drawn = 0;
    let mut next_epoch = 0.0;
    let mut has_changed = true;
    while run.clock < load.duration {
        let elapsed;
        if next_epoch <= run.changes.next() {
            run.changes.pass(next_epoch);
            elapsed = next_epoch;
            next_epoch = load.epoch;
            if !has_changed {
                run.clock += elapsed;
                continue;
            }
            has_changed = false;
            run.optimize(seed, &mut drawn, &mut outcome, worker);
        } else {
            elapsed = run.change_phase();
            next_epoch -= elapsed;
            has_changed = true;
        }
        let at = (run.clock, run.warm_up);
        run.averages.lambda_cost.record(run.cost.lambda, at);
        run.averages
            .service_cloud
            .record(run.cost.service_cloud, at);
        run.averages.mu_cost.record(run.cost.mu, at);
        run.clock += elapsed;
    }
    outcome.num_lambda = run.averages.lambdas.mean();
    outcome.num_mu = run.averages.mus.mean();
    outcome.lambda_cost = run.averages.lambda_cost.mean();
    outcome.lambda_service_cloud = run.averages.service_cloud.mean();
    outcome.mu_cost = run.averages.mu_cost.mean();
    outcome.mu_cloud = run.averages.mu_cloud.mean();
    outcome.mu_service_cloud = run.averages.mu_service_cloud.mean();
    Ok(outcome)
}

/// A simulation on its way.
struct Run<'a> {
    scene: Scene<'a>,
    changes: Changes<'a>,
    lambdas: usize,
    cost: Costs,
    clock: f64,
    warm_up: f64,
    averages: Averages,
}

/// The running costs.
#[derive(Default)]
struct Costs {
    lambda: f64,
    service_cloud: f64,
    mu: f64,
}

#[derive(Default)]
struct Averages {
    lambdas: Average,
    mus: Average,
    lambda_cost: Average,
    service_cloud: Average,
    mu_cost: Average,
    mu_cloud: Average,
    mu_service_cloud: Average,
}

impl Run<'_> {
    /// Places all applications anew.
    fn optimize(&mut self, seed: u64, drawn: &mut u64, outcome: &mut Outcome, worker: &mut Worker) {
        let is_measured = self.clock >= self.warm_up;
        let before: Vec<(bool, u32)> = self
            .scene
            .apps
            .iter()
            .map(|app| (app.is_mu, app.node))
            .collect();
        let next = |wanted: u64| generator(seed, wanted, 0);
        let mu = self.scene.place_mus(|| next(*drawn), worker);
        let lambda = self.scene.place_lambdas(|| next(*drawn + 1), worker);
        *drawn += 2;
        let at = (self.clock, self.warm_up);
        self.averages.mu_cloud.record(mu.cloud, at);
        self.averages.mu_service_cloud.record(mu.service_cloud, at);
        if is_measured {
            let apps = self.scene.apps.iter().zip(&before);
            let moved = apps.filter(|(app, (was_mu, node))| *was_mu && app.node != *node);
            outcome.mu_migrations += moved.count() as u64;
            outcome.num_optimizations += 1;
        }
        self.cost = Costs {
            lambda: lambda.cost,
            service_cloud: lambda.service_cloud,
            mu: mu.cost,
        };
    }

    /// Lets the next application change its phase; the time until then.
    fn change_phase(&mut self) -> f64 {
        let (id, elapsed) = self.changes.pop();
        let App {
            params,
            place,
            is_mu,
            node,
        } = self.scene.apps[id];
        let network = self.scene.network;
        let costs = network.row(place);
        if is_mu {
            self.cost.mu -= costs[node as usize];
            *self.scene.used(node as usize) -= 1;
            self.scene.weights(id)[CLOUD] = params.rate;
            self.cost.lambda += costs[CLOUD] * params.rate as f64;
            self.lambdas += 1;
        } else {
            let weights = self.scene.weights(id);
            let all = costs.iter().zip(weights.iter());
            let old: f64 = all.map(|(cost, &weight)| cost * weight as f64).sum();
            weights.fill(0);
            self.cost.lambda -= old;
            let nearest = self.scene.nearest_free(place);
            *self.scene.used(nearest) += 1;
            self.scene.apps[id].node = nearest as u32;
            self.cost.mu += costs[nearest];
            self.lambdas -= 1;
        }
        self.scene.apps[id].is_mu = !is_mu;
        self.cost.service_cloud = self.scene.lambda_service_cloud();
        let at = (self.clock, self.warm_up);
        let mus = self.scene.apps.len() - self.lambdas;
        self.averages.lambdas.record(self.lambdas as f64, at);
        self.averages.mus.record(mus as f64, at);
        elapsed
    }
}

/// When which application changes its phase.
///
/// The original keeps the times that remain as a list of differences, but makes it
/// wrongly: differences are taken from the difference before, and an application returns
/// to the list after its next period *plus* the time until its last change.
struct Changes<'a> {
    queue: VecDeque<(usize, f64)>,
    periods: Vec<(&'a [f64], usize)>,
}

impl<'a> Changes<'a> {
    fn new(all: &'a Periods, apps: usize, seed: u64) -> Self {
        let mut which = generator(seed, 0, 0);
        let periods: Vec<(&[f64], usize)> = (0..apps)
            .map(|app| {
                let periods = all.get(below(&mut which, all.len()));
                let mut place = generator(seed, app as u64, 0);
                (periods, 2 * below(&mut place, periods.len() / 2))
            })
            .collect();
        let remaining = periods.iter().map(|(periods, at)| periods[*at]);
        let mut queue: Vec<(usize, f64)> = remaining.enumerate().collect();
        queue.sort_by(|a, b| a.1.total_cmp(&b.1));
        for at in 1..queue.len() {
            queue[at].1 -= queue[at - 1].1;
        }
        Self {
            queue: queue.into(),
            periods,
        }
    }

    /// The time until the next change.
    fn next(&self) -> f64 {
        self.queue.front().map_or(f64::INFINITY, |head| head.1)
    }

    /// Lets time pass, at most until the next change.
    fn pass(&mut self, time: f64) {
        if let Some(head) = self.queue.front_mut() {
            head.1 -= time;
        }
    }

    /// The next application that changes, and the time until then.
    fn pop(&mut self) -> (usize, f64) {
        let Some((app, elapsed)) = self.queue.pop_front() else {
            return (0, f64::INFINITY);
        };
        let (periods, at) = &mut self.periods[app];
        *at = (*at + 1) % periods.len();
        let mut remaining = elapsed + periods[*at];
        let mut place = self.queue.len();
        for (before, other) in self.queue.iter_mut().enumerate() {
            if remaining <= other.1 {
                other.1 -= remaining;
                place = before;
                break;
            }
            remaining -= other.1;
        }
        self.queue.insert(place, (app, remaining));
        (app, elapsed)
    }
}

/// An average over time in which each value counts for the time before it, the first one
/// for all the time before.
#[derive(Default)]
struct Average {
    last: f64,
    weights: f64,
    sum: f64,
}

impl Average {
    /// Takes a value at the time `clock`, unless that is before the end of the warm-up.
    fn record(&mut self, value: f64, (clock, warm_up): (f64, f64)) {
        if clock >= warm_up {
            let weight = clock - self.last;
            self.last = clock;
            self.weights += weight;
            self.sum += value * weight;
        }
    }

    /// Not a number if there is nothing to average.
    fn mean(&self) -> f64 {
        self.sum / self.weights
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_count_for_the_time_before_them() {
        let mut average = Average::default();
        average.record(100.0, (1.0, 2.0));
        average.record(5.0, (3.0, 2.0));
        average.record(1.0, (4.0, 2.0));
        assert_eq!(average.mean(), 4.0);
        assert!(Average::default().mean().is_nan());
    }

    #[test]
    fn wrong_times_are_refused() {
        let load = DynamicLoad {
            apps: 1,
            duration: 1.0,
            warm_up: 0.0,
            epoch: 1.0,
        };
        assert!(load.check().is_ok());
        let wrong = DynamicLoad { epoch: 0.0, ..load };
        let message = wrong.check().unwrap_err().to_string();
        assert_eq!(message, "epoch is 0 ms, expected more than 0");
        let wrong = DynamicLoad {
            duration: f64::NAN,
            ..load
        };
        assert!(wrong.check().is_err());
    }
}
