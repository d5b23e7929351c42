//! `prequal`: probes random destinations beside the calls, and chooses by what the last probes
//! said: among destinations with few requests in flight the one with the least latency.
//!
//! Wydrowski, Kleinberg, Rumble and Archer, "Load is not what you should balance: Introducing
//! Prequal" (NSDI 2024), in its asynchronous form. With every call a few destinations are
//! probed; the replies form a pool. A destination is hot if it has more requests in flight
//! (RIF) than a quantile of the last 64 replies. Of those that are not hot the one with the
//! least latency is chosen, of hot ones the one with the least RIF. A used reply counts one more
//! request and may be used a few times; with every call a reply is removed, the oldest and the
//! worst in turn.
//!
//! Differences from the paper: fractions (of probes, removals and uses) are accumulated, not drawn;
//! the latency of a reply is the destination's prediction for this call, or nothing
//! (`latency = "none"`, as prequal-server recommends today, because latencies of the past made
//! clients herd); the default quantile is 0.6 as in prequal-rs, 0.84 in the paper.
//!
//! It needs probes, three for each call by default. Destinations that do not report requests
//! in flight are ranked by the load of their processor.

use std::collections::VecDeque;

use sim_core::{SimDuration, SimTime, Stream};

use super::draws::Draws;
use super::{Policy, PolicyBuilder};
use crate::broker::{AttemptOutcome, Candidates, Failure, MOST_PROBES, ProbeAnswer, Target};
use crate::catalogue::{Kind, Parameter, Quantity};

const RATE: Quantity = Quantity::Number {
    min: 0.0,
    max: MOST_PROBES as f64,
};

pub(super) const KIND: Kind<PolicyBuilder> = Kind {
    name: "prequal",
    help: "The least latency among destinations with few requests in flight, as said by probes of random destinations that are sent beside the calls.",
    parameters: &[
        Parameter {
            name: "probes",
            quantity: RATE,
            default: Some("3"),
            help: "Probes sent with each call, on average; the default is that of the paper.",
        },
        Parameter {
            name: "pool",
            quantity: Quantity::Count { min: 2 },
            default: Some("16"),
            help: "The most replies that are kept, up to 1000; the default is that of the paper.",
        },
        Parameter {
            name: "quantile",
            quantity: Quantity::Number { min: 0.0, max: 1.0 },
            default: Some("0.6"),
            help: "A destination is hot above this quantile of the requests in flight: 0 chooses by requests in flight, 1 by latency.",
        },
        Parameter {
            name: "age",
            quantity: Quantity::Duration,
            default: Some("1 s"),
            help: "A reply is not used after this time; the default is that of the paper.",
        },
        Parameter {
            name: "remove",
            quantity: RATE,
            default: Some("1"),
            help: "Replies removed with each call, on average; the default is that of the paper.",
        },
        Parameter {
            name: "delta",
            quantity: Quantity::Number {
                min: 0.0,
                max: f64::MAX,
            },
            default: Some("1"),
            help: "How much faster replies are used than the pool fills (delta in equation 1 of the paper).",
        },
        Parameter {
            name: "max-reuse",
            quantity: Quantity::Count { min: 1 },
            default: Some("16"),
            help: "The most uses of a reply, and the number if the pool is not much smaller than the number of destinations.",
        },
        Parameter {
            name: "latency",
            quantity: Quantity::Word(&["predicted", "none"]),
            default: Some("predicted"),
            help: "The latency of a reply: the prediction for this call, or none, so that requests in flight decide alone.",
        },
    ],
    version: 1,
    build: |arguments| {
        Box::new(Prequal {
            probes: Rate::new(arguments.number("probes")),
            most: arguments.count("pool").min(LARGEST_POOL) as usize,
            quantile: arguments.number("quantile"),
            age: arguments.duration("age"),
            removals: Rate::new(arguments.number("remove")),
            delta: arguments.number("delta"),
            max_reuse: arguments.count("max-reuse") as f64,
            predicts: arguments.word("latency") == "predicted",
            uses: Rate::new(0.0),
            destinations: 0,
            pool: VecDeque::new(),
            recent: Recent::default(),
            removes_oldest: true,
            draws: Draws::default(),
        })
    },
};

const LARGEST_POOL: u64 = 1000;

#[derive(Debug)]
struct Prequal {
    probes: Rate,
    most: usize,
    quantile: f64,
    age: SimDuration,
    removals: Rate,
    delta: f64,
    max_reuse: f64,
    predicts: bool,
    /// Rounds the uses of replies.
    uses: Rate,
    destinations: usize,
    /// The oldest first; one for each destination.
    pool: VecDeque<Reply>,
    recent: Recent,
    /// Whether the oldest reply is removed next, or the worst.
    removes_oldest: bool,
    draws: Draws,
}

/// What a destination said.
#[derive(Clone, Copy, Debug)]
struct Reply {
    position: u32,
    at: SimTime,
    /// Requests in flight there, those sent since included.
    rif: u32,
    latency: SimDuration,
    /// How often it may be used.
    uses: u64,
}

/// A whole number of times for each call, with this mean.
#[derive(Clone, Copy, Debug)]
struct Rate {
    rate: f64,
    rest: f64,
}

impl Rate {
    const fn new(rate: f64) -> Self {
        Self { rate, rest: 0.0 }
    }

    fn next(&mut self) -> u64 {
        let due = self.rest + self.rate;
        self.rest = due.fract();
        due as u64
    }
}

/// The requests in flight of the last replies.
#[derive(Clone, Debug, Default)]
struct Recent {
    in_order: VecDeque<u32>,
    sorted: Vec<u32>,
}

/// How many replies say what is hot, as in the paper's implementation.
const RECENT: usize = 64;

impl Recent {
    fn push(&mut self, rif: u32) {
        if self.in_order.len() >= RECENT
            && let Some(oldest) = self.in_order.pop_front()
            && let Ok(place) = self.sorted.binary_search(&oldest)
        {
            self.sorted.remove(place);
        }
        self.in_order.push_back(rif);
        let place = self.sorted.partition_point(|&other| other < rif);
        self.sorted.insert(place, rif);
    }

    /// The quantile, rounded down to a value that occurred; without any the greatest number.
    fn quantile(&self, quantile: f64) -> u32 {
        let last = self.sorted.len().saturating_sub(1);
        let place = (last as f64 * quantile) as usize;
        self.sorted.get(place).copied().unwrap_or(u32::MAX)
    }
}

impl Prequal {
    /// How often a reply may be used: equation 1 of the paper.
    fn reuse(&self) -> f64 {
        let share = 1.0 - self.most as f64 / self.destinations.max(1) as f64;
        let growth = share * self.probes.rate - self.removals.rate;
        if growth <= 0.0 {
            return self.max_reuse;
        }
        ((1.0 + self.delta) / growth).clamp(1.0, self.max_reuse)
    }

    fn forget(&mut self, position: usize) {
        self.pool
            .retain(|reply| reply.position as usize != position);
    }

    /// The place of the best reply in the pool.
    fn best(&self) -> Option<usize> {
        let hot_above = self.recent.quantile(self.quantile);
        let rank = |(_, reply): &(usize, &Reply)| {
            let hot = reply.rif > hot_above;
            let latency = reply.latency.as_nanos();
            match hot {
                false => (hot, latency, u64::from(reply.rif)),
                true => (hot, u64::from(reply.rif), latency),
            }
        };
        // The first of equals, that is, the oldest.
        let best = self.pool.iter().enumerate().min_by_key(rank);
        best.map(|(place, _)| place)
    }

    /// The place of the worst reply: the hottest, or the slowest if none is hot.
    fn worst(&self) -> Option<usize> {
        let hot_above = self.recent.quantile(self.quantile);
        let rank = |(_, reply): &(usize, &Reply)| {
            let hot = reply.rif > hot_above;
            let badness = match hot {
                true => u64::from(reply.rif),
                false => reply.latency.as_nanos(),
            };
            (hot, badness)
        };
        let worst = self.pool.iter().enumerate().max_by_key(rank);
        worst.map(|(place, _)| place)
    }

    fn remove_some(&mut self) {
        for _ in 0..self.removals.next() {
            let place = match self.removes_oldest {
                true => Some(0),
                false => self.worst(),
            };
            self.removes_oldest = !self.removes_oldest;
            if let Some(place) = place {
                self.pool.remove(place);
            }
        }
    }
}

impl Policy for Prequal {
    fn add(&mut self, _: SimTime, _: f32) {
        self.destinations += 1;
    }

    fn remove(&mut self, _: SimTime, position: usize) {
        self.destinations -= 1;
        self.forget(position);
        for reply in &mut self.pool {
            reply.position -= u32::from(reply.position as usize > position);
        }
    }

    fn pick(&mut self, now: SimTime, candidates: &Candidates<'_>, chance: &mut Stream) -> usize {
        let count = candidates.len();
        if count == 1 {
            return 0;
        }
        let age = self.age;
        while let Some(oldest) = self.pool.front()
            && now.since(oldest.at) > age
        {
            self.pool.pop_front();
        }
        let place = if self.pool.len() < 2 {
            None
        } else {
            self.best()
        };
        let Some((place, reply)) = place.and_then(|place| Some((place, self.pool.get_mut(place)?)))
        else {
            return chance.index(count);
        };
        let position = reply.position as usize;
        reply.rif = reply.rif.saturating_add(1);
        reply.uses -= 1;
        if reply.uses == 0 {
            self.pool.remove(place);
        }
        self.remove_some();
        position
    }

    fn done(&mut self, _: SimTime, target: Target, outcome: &AttemptOutcome) {
        if let AttemptOutcome::Failed { .. } = outcome {
            self.forget(target.position);
        }
    }

    fn wants_probes(
        &mut self,
        _: SimTime,
        candidates: &Candidates<'_>,
        chance: &mut Stream,
        wanted: &mut Vec<usize>,
    ) {
        let count = candidates.len();
        let due = self.probes.next();
        if count < 2 {
            return;
        }
        let probed = usize::try_from(due).unwrap_or(MOST_PROBES);
        let drawn = self.draws.draw(probed, count, chance).iter();
        wanted.extend(drawn.map(|&position| position as usize));
    }

    fn probed(&mut self, now: SimTime, target: Target, answer: &ProbeAnswer) {
        let rif = answer.rif.or(answer.load1).unwrap_or(0);
        self.recent.push(rif);
        self.uses.rate = self.reuse();
        let uses = self.uses.next().max(1);
        self.forget(target.position);
        if self.pool.len() >= self.most {
            self.pool.pop_front();
        }
        let latency = match self.predicts {
            true => answer.latency.unwrap_or(answer.processing),
            false => SimDuration::ZERO,
        };
        self.pool.push_back(Reply {
            position: target.position as u32,
            at: now,
            rif,
            latency,
            uses,
        });
    }

    fn probe_failed(&mut self, _: SimTime, target: Target, failure: Option<Failure>) {
        if failure.is_some() {
            self.forget(target.position);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::Lineup;
    use crate::broker::policy::POLICIES;
    use sim_core::Streams;

    fn prequal(probes: f64, destinations: usize) -> Prequal {
        Prequal {
            probes: Rate::new(probes),
            most: 16,
            quantile: 0.6,
            age: SimDuration::from_secs(1),
            removals: Rate::new(1.0),
            delta: 1.0,
            max_reuse: 16.0,
            predicts: true,
            uses: Rate::new(0.0),
            destinations,
            pool: VecDeque::new(),
            recent: Recent::default(),
            removes_oldest: true,
            draws: Draws::default(),
        }
    }

    #[test]
    fn the_uses_of_a_reply_are_those_of_the_paper() {
        for (probes, destinations, expected) in [
            (3.0, 100, 1.3158),
            (1.5, 100, 7.6923),
            (3.0, 1000, 1.0246),
            (3.0, 20, 16.0),
            (3.0, 24, 16.0),
        ] {
            let reuse = prequal(probes, destinations).reuse();
            assert!((reuse - expected).abs() < 5e-5, "{reuse}");
        }
        let slow = Prequal {
            removals: Rate::new(0.25),
            ..prequal(2.0, 100)
        };
        assert!((slow.reuse() - 1.3986).abs() < 5e-5);
        let mut rate = Rate::new(1.3158);
        let sum: u64 = (0..10_000).map(|_| rate.next()).sum();
        assert!((13_157..=13_158).contains(&sum), "{sum}");
    }

    #[test]
    fn the_hot_ones_are_those_above_the_quantile() {
        let mut recent = Recent::default();
        assert_eq!(recent.quantile(0.6), u32::MAX);
        for rif in [9, 1, 0, 5, 1, 2, 7, 2, 3, 4] {
            recent.push(rif);
        }
        for (quantile, threshold) in [(0.6, 3), (0.84, 5), (0.5, 2), (1.0, 9), (0.0, 0)] {
            assert_eq!(recent.quantile(quantile), threshold);
        }
        // Only the last 64 count.
        (0..64).for_each(|_| recent.push(6));
        assert_eq!((recent.quantile(0.0), recent.sorted.len()), (6, 64));
    }

    fn reply(rif: u32, millis: u64) -> ProbeAnswer {
        ProbeAnswer {
            rif: Some(rif),
            ..SimDuration::from_millis(millis).into()
        }
    }

    #[test]
    fn the_fastest_that_is_not_hot_wins_and_otherwise_the_coldest() {
        let at = |millis: u64| SimTime::from_nanos(millis * 1_000_000);
        let lineup = Lineup::new(&[1.0; 30]);
        let mut policy = Prequal {
            removals: Rate::new(0.0),
            max_reuse: 1.0,
            ..prequal(0.0, 30)
        };
        let mut chance = Streams::new(7, 0).stream("router", "policy");
        // Position, requests in flight, latency.
        for (position, rif, millis) in [(0, 0, 40), (1, 1, 20), (2, 2, 30), (3, 9, 1), (4, 8, 2)] {
            policy.probed(at(0), lineup.target(position), &reply(rif, millis));
        }
        // Hot above 2 (the quantile of 0, 1, 2, 8, 9).
        let mut pick = |policy: &mut Prequal, millis| {
            policy.pick(at(millis), &lineup.candidates(), &mut chance)
        };
        let picks: Vec<_> = (0..4).map(|_| pick(&mut policy, 1)).collect();
        assert_eq!(picks, [1, 2, 0, 4]);
        // A single reply is too few, and so are old ones: any destination.
        policy.probed(at(2), lineup.target(5), &reply(0, 1));
        let random: Vec<_> = (0..20).map(|_| pick(&mut policy, 2000)).collect();
        assert!(policy.pool.is_empty() && random.iter().any(|&pick| pick > 5));
    }

    #[test]
    fn a_used_reply_counts_the_call_and_failures_drop_replies() {
        let lineup = Lineup::new(&[1.0; 3]);
        let mut policy = Prequal {
            removals: Rate::new(0.0),
            predicts: false,
            ..prequal(3.0, 3)
        };
        let mut chance = Streams::new(7, 0).stream("router", "policy");
        for (position, rif) in [(0, 0), (1, 2), (2, 5)] {
            policy.probed(SimTime::ZERO, lineup.target(position), &reply(rif, 10));
        }
        let mut pick =
            |policy: &mut Prequal| policy.pick(SimTime::ZERO, &lineup.candidates(), &mut chance);
        // In flight: 0, 2, 5. Each call counts; the first of equals is the older reply.
        let picks: Vec<_> = (0..6).map(|_| pick(&mut policy)).collect();
        assert_eq!(picks, [0, 0, 0, 1, 0, 1]);
        policy.probe_failed(SimTime::ZERO, lineup.target(0), None);
        assert_eq!(policy.pool.len(), 3);
        policy.probe_failed(SimTime::ZERO, lineup.target(0), Some(Failure::Transport));
        let failed = AttemptOutcome::Failed {
            failure: Failure::Application,
            latency: SimDuration::ZERO,
            retry_after: None,
        };
        policy.done(SimTime::ZERO, lineup.target(1), &failed);
        assert_eq!(policy.pool.len(), 1);
        // Positions follow removals.
        policy.remove(SimTime::ZERO, 0);
        assert_eq!(policy.pool[0].position, 1);
    }

    #[test]
    fn probes_go_to_different_destinations_at_the_given_rate() {
        let lineup = Lineup::new(&[1.0; 10]);
        let mut policy = prequal(2.5, 10);
        let mut chance = Streams::new(7, 0).stream("router", "probes");
        let (mut sent, mut counts) = (0, [0u32; 10]);
        for _ in 0..8000 {
            let mut wanted = Vec::new();
            policy.wants_probes(
                SimTime::ZERO,
                &lineup.candidates(),
                &mut chance,
                &mut wanted,
            );
            wanted.sort_unstable();
            let distinct = wanted.windows(2).all(|pair| pair[0] < pair[1]);
            assert!(distinct && (2..=3).contains(&wanted.len()));
            sent += wanted.len();
            wanted.iter().for_each(|&position| counts[position] += 1);
        }
        assert_eq!(sent, 20_000);
        assert!(
            counts.iter().all(|count| count.abs_diff(2000) < 200),
            "{counts:?}"
        );
        assert!(POLICIES.find("prequal").is_ok());
    }
}
