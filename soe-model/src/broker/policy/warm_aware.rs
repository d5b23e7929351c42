//! `warm-aware`: `bounded-loads` that prefers a destination with an idle warm instance of the
//! function among the first few in the order of the function.
//!
//! PASch (Aumala, Boza, Ortiz-Avilés, Totoy and Abad, "Beyond Load Balancing: Package-Aware
//! Scheduling for Serverless Platforms", CCGRID 2019) chooses by cached packages under a bound
//! of load. Here the order of the function stands for the cache: its image is where it was
//! called before. Among the candidates within the bound those with a warm idle instance come
//! first, then those with fewer pending calls.
//!
//! It needs to know its own pending calls, the names of the destinations, and the ends of its
//! own calls of this function. What is cached at a destination is not reported yet.

use sim_core::{SimTime, Stream};

use super::bounded_loads::{BALANCE, capacity};
use super::idle::{Idle, KEEP_ALIVE};
use super::order::{KEY, KeyOf, Orders, score};
use super::watch::Watch;
use super::{Policy, PolicyBuilder};
use crate::broker::{AttemptOutcome, CallHeader, Candidates, Target};
use crate::catalogue::{Kind, Parameter, Quantity};
use crate::names::FunctionId;

pub(super) const KIND: Kind<PolicyBuilder> = Kind {
    name: "warm-aware",
    help: "As bounded-loads, but among the first few destinations of the function within the bound one with an idle warm instance, then the one with the fewest pending calls.",
    parameters: &[
        KEY,
        BALANCE,
        KEEP_ALIVE,
        Parameter {
            name: "choices",
            quantity: Quantity::Count { min: 1 },
            default: Some("4"),
            help: "How many destinations within the bound are compared.",
        },
    ],
    version: 1,
    build: |arguments| {
        Box::new(WarmAware {
            key: KeyOf::parse(arguments),
            balance: arguments.number(BALANCE.name),
            choices: usize::try_from(arguments.count("choices")).unwrap_or(usize::MAX),
            idle: Idle::new(arguments.duration(KEEP_ALIVE.name)),
            orders: Orders::default(),
            watch: Watch::default(),
        })
    },
};

#[derive(Debug)]
struct WarmAware {
    key: KeyOf,
    balance: f64,
    choices: usize,
    idle: Idle,
    orders: Orders,
    watch: Watch,
}

impl Policy for WarmAware {
    fn add(&mut self, _: SimTime, _: f32) {
        self.idle.add();
        self.orders.reset();
        self.watch.reset();
    }

    fn remove(&mut self, _: SimTime, position: usize) {
        self.idle.remove(position);
        self.orders.reset();
        self.watch.reset();
    }

    fn key(&self, _: FunctionId, call: &CallHeader) -> Option<u64> {
        Some(self.key.of(call))
    }

    fn pick(&mut self, now: SimTime, candidates: &Candidates<'_>, _: &mut Stream) -> usize {
        let count = candidates.len();
        if count == 1 {
            return 0;
        }
        self.watch.look(candidates);
        let capacity = capacity(self.balance, self.watch.total(), count);
        let key = candidates.key().unwrap_or_default();
        let by = |function, name, _| score(function, key, name);
        let order = self.orders.of(candidates, by);
        let pending = |position: usize| self.watch.pending(position);
        let free = |&position: &usize| u64::from(pending(position)) < capacity;
        // The first of equals.
        let rank = |&position: &usize| (!self.idle.has(now, position), pending(position));
        let compared = order.filter(free).take(self.choices);
        compared.min_by_key(rank).unwrap_or(0)
    }

    fn sent(&mut self, _: SimTime, target: Target) {
        self.idle.sent(target.position);
    }

    fn done(&mut self, now: SimTime, target: Target, outcome: &AttemptOutcome) {
        self.idle.done(now, target.position, outcome);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::{Lineup, RoundTrip};
    use sim_core::{SimDuration, Streams};

    #[test]
    fn a_warm_instance_within_the_bound_comes_first() {
        let mut lineup = Lineup::new(&[1.0; 6]);
        let mut policy = WarmAware {
            key: KeyOf::Function,
            balance: 1.25,
            choices: 3,
            idle: Idle::new(SimDuration::from_secs(60)),
            orders: Orders::default(),
            watch: Watch::default(),
        };
        (0..6).for_each(|_| policy.add(SimTime::ZERO, 1.0));
        let candidates = lineup.candidates();
        let by = |function, name, _| score(function, 0, name);
        let order: Vec<_> = Orders::default().of(&candidates, by).collect();
        let mut chance = Streams::new(7, 0).stream("router", "policy");
        let mut pick = |policy: &mut WarmAware, lineup: &Lineup| {
            policy.pick(SimTime::ZERO, &lineup.candidates(), &mut chance)
        };
        assert_eq!(pick(&mut policy, &lineup), order[0]);
        let warm = AttemptOutcome::Answered(RoundTrip {
            latency: SimDuration::from_millis(10),
            processing: SimDuration::ZERO,
            load1: 0,
            cold: false,
            acknowledgement: false,
            dry: false,
            rif: None,
        });
        // Too far back in the order, then among the first three.
        policy.done(SimTime::ZERO, lineup.target(order[3]), &warm);
        assert_eq!(pick(&mut policy, &lineup), order[0]);
        policy.done(SimTime::ZERO, lineup.target(order[2]), &warm);
        assert_eq!(pick(&mut policy, &lineup), order[2]);
        // With a call there it is beyond ceil(1.25 * 2 / 6) = 1: the next three.
        lineup.set_pending(order[2] as u32, 1);
        assert_eq!(pick(&mut policy, &lineup), order[3]);
    }
}
