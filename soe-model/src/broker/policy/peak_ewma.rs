//! `peak-ewma`: the destination with the least expected delay, its latency times one more
//! than its pending calls. A latency above the estimate counts at once, one below it only
//! gradually, and an estimate decays while nothing is measured.
//!
//! It is the balancer of Finagle (`com.twitter.finagle.loadbalancer.PeakEwma`), Linkerd
//! (`linkerd/ewma`) and tower (`tower::load::PeakEwma`), with two choices as there or among
//! all destinations. As in Linkerd, reading an estimate does not change it; in tower and
//! Finagle the result depends on which destinations were compared.
//!
//! It needs to know its own pending calls and the latencies of its own calls of this
//! function. Latencies are kept per function, because functions differ in their execution
//! time; pending calls are those of all functions.

use sim_core::{SimDuration, SimTime, Stream};

use super::draws::{self, Draws};
use super::tree::Tree;
use super::watch::{News, Watch};
use super::{Policy, PolicyBuilder};
use crate::broker::{AttemptOutcome, Candidates, Target};
use crate::catalogue::{Kind, Parameter, Quantity};
use crate::controller::INITIAL_WEIGHT;

pub(super) const KIND: Kind<PolicyBuilder> = Kind {
    name: "peak-ewma",
    help: "The least product of latency (smoothed, peaks at once) and pending calls plus one, among a few destinations drawn at random; the first drawn on ties.",
    parameters: &[
        Parameter {
            name: "choices",
            quantity: Quantity::Count { min: 0 },
            default: Some("2"),
            help: "The number of distinct destinations drawn; 0 compares all, with ties broken at random.",
        },
        Parameter {
            name: "decay",
            quantity: Quantity::Duration,
            default: Some("10 s"),
            help: "The time after which a measurement weighs 1/e; the default is that of Linkerd.",
        },
        Parameter {
            name: "default",
            quantity: Quantity::Duration,
            default: Some("30 ms"),
            help: "The latency assumed of a new destination, unless its entry declares a weight other than 1; the default is that of Linkerd.",
        },
        Parameter {
            name: "failure-penalty",
            quantity: Quantity::Duration,
            default: Some("5 s"),
            help: "The least latency that a failed call counts as, so that fast failures do not attract calls; the default is that of Linkerd.",
        },
        Parameter {
            name: "cold",
            quantity: Quantity::Word(&["counts", "ignored"]),
            default: Some("counts"),
            help: "Whether the latency of a call counts for which an instance had to be started.",
        },
    ],
    version: 1,
    build: |arguments| {
        let choices = usize::try_from(arguments.count("choices")).unwrap_or(usize::MAX);
        Box::new(PeakEwma {
            choices,
            // Without decay there would be no memory at all.
            decay: arguments.duration("decay").as_secs_f64().max(1e-9),
            default: arguments.duration("default").as_secs_f64(),
            penalty: arguments.duration("failure-penalty"),
            ignores_cold: arguments.word("cold") == "ignored",
            estimates: Vec::new(),
            draws: Draws::default(),
            watch: Watch::default(),
            tree: Tree::default(),
            stale: Vec::new(),
        })
    },
};

/// A destination that asks to be called again later is believed up to this time.
const LONGEST_RETRY_AFTER: SimDuration = SimDuration::from_secs(300);

#[derive(Debug)]
struct PeakEwma {
    choices: usize,
    /// In seconds, as all times here.
    decay: f64,
    default: f64,
    penalty: SimDuration,
    ignores_cold: bool,
    /// By position.
    estimates: Vec<Estimate>,
    draws: Draws,
    watch: Watch,
    /// By cost, if all destinations are compared.
    tree: Tree,
    /// Positions whose estimate is newer than their cost in the tree.
    stale: Vec<u32>,
}

/// The estimated latency of a destination.
#[derive(Clone, Copy, Debug)]
struct Estimate {
    /// As of `at`, in seconds.
    value: f64,
    at: SimTime,
    /// The logarithm of the estimate that a decay from the start of the run on would have
    /// brought to `value`. All estimates decay at the same rate, so that these numbers
    /// compare as the estimates do, at any time.
    level: f64,
}

impl Estimate {
    fn new(value: f64, at: SimTime, decay: f64) -> Self {
        let level = libm::log(value) + at.as_secs_f64() / decay;
        Self { value, at, level }
    }

    /// The part of the value that is left at `now`.
    fn left(&self, now: SimTime, decay: f64) -> f64 {
        libm::exp(-now.since(self.at).as_secs_f64() / decay)
    }

    fn observe(&mut self, now: SimTime, latency: f64, decay: f64) {
        let left = self.left(now, decay);
        let decayed = self.value * left;
        let value = if latency > decayed {
            latency
        } else {
            decayed + latency * (1.0 - left)
        };
        *self = Self::new(value, now, decay);
    }

    /// The logarithm of the cost with so many pending calls, up to what all have in common.
    fn cost(&self, pending: u32) -> f64 {
        self.level + libm::log(f64::from(pending) + 1.0)
    }
}

impl PeakEwma {
    fn cost(&self, position: usize, candidates: &Candidates<'_>) -> f64 {
        self.estimates[position].cost(candidates.pending(position))
    }

    fn best_of_all(&mut self, candidates: &Candidates<'_>, chance: &mut Stream) -> usize {
        let estimates = &self.estimates;
        match self.watch.look(candidates) {
            News::All => {
                let cost = |position| {
                    let estimate: &Estimate = &estimates[position];
                    estimate.cost(candidates.pending(position))
                };
                self.tree.rebuild((0..candidates.len()).map(cost));
            }
            News::Some(changed) => {
                for &position in changed.iter().chain(&self.stale) {
                    let position = position as usize;
                    let pending = candidates.pending(position);
                    let cost = self.estimates[position].cost(pending);
                    self.tree.set(position, cost);
                }
            }
        }
        self.stale.clear();
        let ties = self.tree.ties();
        let before = if ties > 1 { chance.index(ties) } else { 0 };
        self.tree.least(before)
    }
}

impl Policy for PeakEwma {
    fn add(&mut self, now: SimTime, weight: f32) {
        let declared = weight.is_finite() && weight > 0.0 && weight != INITIAL_WEIGHT;
        let value = if declared {
            f64::from(weight)
        } else {
            self.default
        };
        self.estimates.push(Estimate::new(value, now, self.decay));
        self.watch.reset();
    }

    fn remove(&mut self, _: SimTime, position: usize) {
        self.estimates.remove(position);
        self.stale.clear();
        self.watch.reset();
    }

    fn pick(&mut self, _: SimTime, candidates: &Candidates<'_>, chance: &mut Stream) -> usize {
        let count = candidates.len();
        match self.choices {
            _ if count == 1 => 0,
            0 => self.best_of_all(candidates, chance),
            2 => {
                let [first, second] = draws::two(count, chance);
                let less = self.cost(second, candidates) < self.cost(first, candidates);
                if less { second } else { first }
            }
            choices => {
                let mut best = (f64::INFINITY, None);
                for &position in self.draws.draw(choices, count, chance) {
                    let position = position as usize;
                    let pending = candidates.pending(position);
                    let cost = self.estimates[position].cost(pending);
                    if cost < best.0 || best.1.is_none() {
                        best = (cost, Some(position));
                    }
                }
                best.1.unwrap_or(0)
            }
        }
    }

    fn done(&mut self, now: SimTime, target: Target, outcome: &AttemptOutcome) {
        let latency = match *outcome {
            AttemptOutcome::Answered(trip) => {
                if trip.acknowledgement || trip.dry || (trip.cold && self.ignores_cold) {
                    return;
                }
                trip.latency
            }
            AttemptOutcome::Failed {
                latency,
                retry_after,
                ..
            } => {
                let wanted = retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER);
                latency.max(self.penalty).max(wanted)
            }
            AttemptOutcome::Cancelled => return,
        };
        if let Some(estimate) = self.estimates.get_mut(target.position) {
            estimate.observe(now, latency.as_secs_f64(), self.decay);
            if self.choices == 0 && self.stale.len() < self.estimates.len() {
                self.stale.push(target.position as u32);
            } else if self.choices == 0 {
                // So many that reading all again is no more work.
                self.watch.reset();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::{Failure, Lineup, RoundTrip};
    use sim_core::Streams;

    fn at(secs: f64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs_f64(secs)
    }

    /// The estimate after these observations (time, latency), at a time.
    fn estimate(default: f64, observed: &[(f64, f64)], read: f64) -> f64 {
        let mut estimate = Estimate::new(default, SimTime::ZERO, 10.0);
        for &(time, latency) in observed {
            estimate.observe(at(time), latency, 10.0);
        }
        // What is read does not change it.
        let value = estimate.value * estimate.left(at(read), 10.0);
        let compared = libm::exp(estimate.level - read / 10.0);
        assert!((value - compared).abs() < 1e-12, "{value} {compared}");
        value
    }

    #[test]
    fn estimates_are_those_of_the_published_implementations() {
        let every_second: Vec<_> = (1..=10).map(|secs| (f64::from(secs), 0.05)).collect();
        for (observed, read, expected) in [
            (vec![], 10.0, 0.367_879_441_171),
            (vec![(1.0, 0.1)], 1.0, 0.914_353_676_232),
            (vec![(1.0, 0.1), (2.0, 2.0)], 12.0, 0.735_758_882_343),
            (every_second, 10.0, 0.399_485_469_113),
        ] {
            let found = estimate(1.0, &observed, read);
            assert!((found - expected).abs() < 1e-11, "{observed:?}: {found}");
        }
    }

    #[test]
    fn a_destination_is_forgiven_without_traffic() {
        // From 5 s to 50 ms after 10 s times the logarithm of 100.
        let forgiven = estimate(1.0, &[(1.0, 5.0)], 1.0 + 46.051_701_859_88);
        assert!((forgiven - 0.05).abs() < 1e-11, "{forgiven}");
    }

    fn policy(choices: &str) -> Box<dyn Policy> {
        let value = KIND.parameters[0].quantity.parse(choices).unwrap();
        let given = vec![("choices".to_owned(), value)];
        let configured = super::super::POLICIES.configure("peak-ewma", given);
        let configured = configured.unwrap();
        (configured.kind.build)(&configured.arguments)
    }

    fn answered(latency: f64) -> AttemptOutcome {
        AttemptOutcome::Answered(RoundTrip {
            latency: SimDuration::from_secs_f64(latency),
            processing: SimDuration::ZERO,
            load1: 0,
            cold: false,
            acknowledgement: false,
            dry: false,
            rif: None,
        })
    }

    fn failed(latency: f64, retry_after: Option<SimDuration>) -> AttemptOutcome {
        AttemptOutcome::Failed {
            failure: Failure::Application,
            latency: SimDuration::from_secs_f64(latency),
            retry_after,
        }
    }

    #[test]
    fn a_failure_counts_as_a_long_latency() {
        let mut policy = PeakEwma {
            choices: 2,
            decay: 10.0,
            default: 1.0,
            penalty: SimDuration::from_secs(5),
            ignores_cold: false,
            estimates: Vec::new(),
            draws: Draws::default(),
            watch: Watch::default(),
            tree: Tree::default(),
            stale: Vec::new(),
        };
        policy.add(SimTime::ZERO, 1.0);
        let target = Lineup::new(&[1.0]).target(0);
        let value = |policy: &PeakEwma, now| {
            policy.estimates[0].value * policy.estimates[0].left(at(now), 10.0)
        };
        policy.done(at(1.0), target, &failed(0.001, None));
        for secs in 2..=10 {
            policy.done(at(f64::from(secs)), target, &answered(0.05));
        }
        assert!((value(&policy, 10.0) - 2.062_519_815_716).abs() < 1e-11);
        // Longer than the penalty: what the call took, or what the destination asks for.
        policy.done(at(10.0), target, &failed(7.0, None));
        assert_eq!(value(&policy, 10.0), 7.0);
        policy.done(
            at(10.0),
            target,
            &failed(0.0, Some(SimDuration::from_secs(9))),
        );
        assert_eq!(value(&policy, 10.0), 9.0);
        policy.done(
            at(10.0),
            target,
            &failed(0.0, Some(SimDuration::from_secs(9000))),
        );
        assert_eq!(value(&policy, 10.0), 300.0);
    }

    #[test]
    fn the_least_product_of_latency_and_pending_calls_wins() {
        for choices in ["0", "2", "5"] {
            let mut policy = policy(choices);
            let mut lineup = Lineup::new(&[1.0; 2]);
            policy.add(SimTime::ZERO, 1.0);
            policy.add(SimTime::ZERO, 1.0);
            policy.done(at(1.0), lineup.target(0), &answered(0.4));
            policy.done(at(1.0), lineup.target(1), &answered(0.1));
            let mut chance = Streams::new(7, 0).stream("router", "policy");
            // 0.4 s against 0.1 s times the pending calls and one.
            for (pending, best) in [(0, 1), (2, 1), (4, 0)] {
                lineup.set_pending(1, pending);
                let picked = policy.pick(at(2.0), &lineup.candidates(), &mut chance);
                assert_eq!(picked, best, "{choices} {pending}");
            }
            // A peak counts at once.
            lineup.set_pending(1, 0);
            policy.done(at(2.0), lineup.target(1), &answered(0.5));
            let picked = policy.pick(at(2.0), &lineup.candidates(), &mut chance);
            assert_eq!(picked, 0, "{choices}");
        }
    }

    #[test]
    fn a_declared_weight_is_a_first_estimate() {
        let mut policy = policy("2");
        // Default (30 ms) against what the entry declares.
        policy.add(SimTime::ZERO, 1.0);
        policy.add(SimTime::ZERO, 0.02);
        let lineup = Lineup::new(&[1.0, 0.02]);
        let mut chance = Streams::new(7, 0).stream("router", "policy");
        let mut pick = || policy.pick(at(1.0), &lineup.candidates(), &mut chance);
        assert!((0..10).all(|_| pick() == 1));
    }
}
