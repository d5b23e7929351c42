//! `ch-rlu`: a function stays at its destination, and only a popular one spreads over a few
//! others when its destination is loaded.
//!
//! Consistent hashing with random load updates: Fuerst and Sharma, "Locality-aware
//! Load-Balancing For Serverless Clusters" (HPDC 2022), as in Ilúvatar. The load of a
//! destination is known only as of its last report. Each call that is sent there since adds
//! a random amount to what is remembered of it, about as much as the calls that arrive until
//! the next report, so that calls of a burst do not all decide alike.
//!
//! It needs to know the names of the destinations, the load that they report with their
//! answers, its own pending calls, and how often each function is called at this broker.
//! The load of a destination here is the utilization that it reported or, if greater, the
//! number of this broker's pending calls for each core.

use sim_core::{SimTime, Stream};

use super::order::{KEY, KeyOf};
use super::{Policy, PolicyBuilder};
use crate::broker::{AttemptOutcome, CallHeader, Candidates, Target};
use crate::catalogue::{Kind, Parameter, Quantity};
use crate::hash::{fnv, scramble};
use crate::names::FunctionId;

pub(super) const KIND: Kind<PolicyBuilder> = Kind {
    name: "ch-rlu",
    help: "The first destination of the function on a hash ring; for popular functions the first of a few on the ring whose load, with a random addition, is below a ceiling.",
    parameters: &[
        KEY,
        Parameter {
            name: "popular",
            quantity: Quantity::Number { min: 0.0, max: 1.0 },
            default: Some("0.2"),
            help: "The share of the functions that are popular, those that are called most often at this broker.",
        },
        Parameter {
            name: "ceiling",
            quantity: Quantity::Number {
                min: 0.0,
                max: f64::MAX,
            },
            default: Some("1.2"),
            help: "The load of a core above which a call goes to the next destination of the chain.",
        },
        Parameter {
            name: "chain",
            quantity: Quantity::Count { min: 1 },
            default: Some("4"),
            help: "How many destinations a popular function can use; the default is that of Ilúvatar.",
        },
        Parameter {
            name: "cores",
            quantity: Quantity::Count { min: 1 },
            default: Some("1"),
            help: "The number of cores of a destination.",
        },
        Parameter {
            name: "interval",
            quantity: Quantity::Duration,
            default: Some("1 s"),
            help: "The age of a report for which the random addition makes up: its mean is the number of calls of a mean function in this time for each core.",
        },
        Parameter {
            name: "deviation",
            quantity: Quantity::Number {
                min: 0.0,
                max: f64::MAX,
            },
            default: Some("0.1"),
            help: "The standard deviation of the random addition; the default is that of Ilúvatar.",
        },
    ],
    version: 1,
    build: |arguments| {
        Box::new(ChRlu {
            key: KeyOf::parse(arguments),
            popular: arguments.number("popular"),
            ceiling: arguments.number("ceiling"),
            chain: usize::try_from(arguments.count("chain")).unwrap_or(usize::MAX),
            cores: arguments.count("cores") as f64,
            interval: arguments.duration("interval").as_secs_f64(),
            deviation: arguments.number("deviation"),
            added: Vec::new(),
            ring: Vec::new(),
            visited: Vec::new(),
        })
    },
};

/// The number of places of a destination on the ring, as in Ilúvatar.
const VIRTUAL_NODES: u64 = 3;

#[derive(Debug)]
struct ChRlu {
    key: KeyOf,
    popular: f64,
    ceiling: f64,
    chain: usize,
    cores: f64,
    /// In seconds.
    interval: f64,
    deviation: f64,
    /// What was added to the load of each destination since its last report.
    added: Vec<f64>,
    /// Hashes with positions, sorted; empty if the destinations have changed.
    ring: Vec<(u64, u32)>,
    /// The chain of a pick; kept so that nothing is allocated for it.
    visited: Vec<u32>,
}

impl ChRlu {
    fn build_ring(&mut self, candidates: &Candidates<'_>) {
        for position in 0..candidates.len() {
            let name = candidates.name_hash(position);
            for node in 0..VIRTUAL_NODES {
                let hash = scramble(fnv(name, &node.to_le_bytes()));
                self.ring.push((hash, position as u32));
            }
        }
        // The hash of a name decides between equals, not the position.
        let name = |position: u32| candidates.name_hash(position as usize);
        self.ring
            .sort_by_key(|&(hash, position)| (hash, name(position)));
    }

    /// The next destination on the ring after those that were visited.
    fn next_on_ring(&mut self, place: &mut usize) -> Option<usize> {
        for _ in 0..self.ring.len() {
            let (_, position) = self.ring[*place % self.ring.len()];
            *place += 1;
            if !self.visited.contains(&position) {
                self.visited.push(position);
                return Some(position as usize);
            }
        }
        None
    }

    fn load(&self, candidates: &Candidates<'_>, position: usize) -> f64 {
        let reported = candidates.load(position).map_or(0, |load| load.percent);
        let pending = f64::from(candidates.pending(position));
        (f64::from(reported) / 100.0).max(pending / self.cores) + self.added[position]
    }
}

impl Policy for ChRlu {
    fn add(&mut self, _: SimTime, _: f32) {
        self.added.push(0.0);
        self.ring.clear();
    }

    fn remove(&mut self, _: SimTime, position: usize) {
        self.added.remove(position);
        self.ring.clear();
    }

    fn key(&self, _: FunctionId, call: &CallHeader) -> Option<u64> {
        Some(self.key.of(call))
    }

    fn pick(&mut self, _: SimTime, candidates: &Candidates<'_>, chance: &mut Stream) -> usize {
        if candidates.len() == 1 {
            return 0;
        }
        if self.ring.is_empty() {
            self.build_ring(candidates);
        }
        let key = candidates.key().unwrap_or_default();
        let point = scramble(fnv(candidates.function_hash(), &key.to_le_bytes()));
        let mut place = self.ring.partition_point(|&(hash, _)| hash < point);
        self.visited.clear();
        let first = self.next_on_ring(&mut place).unwrap_or(0);
        let popularity = candidates.popularity();
        let popular = popularity
            .filter(|rank| f64::from(rank.rank) < self.popular * f64::from(rank.functions));
        let Some(popularity) = popular else {
            return first;
        };
        let rate = 1.0 / popularity.mean_gap.max(1e-9);
        let mean = rate * self.interval / self.cores;
        let mut next = Some(first);
        while let Some(position) = next {
            let addition = mean + self.deviation * chance.normal();
            if self.load(candidates, position) + addition <= self.ceiling {
                self.added[position] += addition;
                return position;
            }
            next = match self.visited.len() < self.chain {
                true => self.next_on_ring(&mut place),
                false => None,
            };
        }
        first
    }

    fn done(&mut self, _: SimTime, target: Target, outcome: &AttemptOutcome) {
        let reports = |trip: &crate::broker::RoundTrip| !trip.acknowledgement;
        if let AttemptOutcome::Answered(trip) = outcome
            && reports(trip)
            && let Some(added) = self.added.get_mut(target.position)
        {
            *added = 0.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::{Lineup, RoundTrip};
    use sim_core::{SimDuration, Streams};

    fn policy(destinations: usize) -> ChRlu {
        let mut policy = ChRlu {
            key: KeyOf::Function,
            popular: 0.2,
            ceiling: 1.2,
            chain: 4,
            cores: 1.0,
            interval: 1.0,
            deviation: 0.0,
            added: Vec::new(),
            ring: Vec::new(),
            visited: Vec::new(),
        };
        (0..destinations).for_each(|_| policy.add(SimTime::ZERO, 1.0));
        policy
    }

    /// Function 0, that of the candidates, is called every `every` seconds, and four others
    /// every 10 s.
    fn lineup(every: u64) -> Lineup {
        let mut lineup = Lineup::new(&[1.0; 10]);
        for secs in 0..=40 {
            let now = SimTime::from_nanos(secs * 1_000_000_000);
            if secs % every == 0 {
                lineup.arrived(now, 0);
            }
            (1..5)
                .filter(|_| secs % 10 == 0)
                .for_each(|other| lineup.arrived(now, other));
        }
        lineup.arrived(SimTime::from_nanos(41_000_000_000), 4);
        lineup
    }

    fn answered() -> AttemptOutcome {
        AttemptOutcome::Answered(RoundTrip {
            latency: SimDuration::from_secs(1),
            processing: SimDuration::from_secs(1),
            load1: 0,
            cold: false,
            acknowledgement: false,
            dry: false,
            rif: None,
        })
    }

    #[test]
    fn an_unpopular_function_stays_whatever_the_load() {
        let mut lineup = lineup(20);
        let mut policy = policy(10);
        let mut chance = Streams::new(7, 0).stream("router", "policy");
        let home = policy.pick(SimTime::ZERO, &lineup.candidates(), &mut chance);
        lineup.set_pending(home as u32, 100);
        assert_eq!(
            policy.pick(SimTime::ZERO, &lineup.candidates(), &mut chance),
            home
        );
    }

    #[test]
    fn a_popular_function_moves_along_its_chain_and_returns() {
        let mut lineup = lineup(4);
        let popularity = lineup.candidates().popularity().unwrap();
        assert_eq!((popularity.rank, popularity.functions), (0, 5));
        let addition = 1.0 / popularity.mean_gap;
        assert!((0.1..0.2).contains(&addition), "{addition}");
        let mut policy = policy(10);
        let mut chance = Streams::new(7, 0).stream("router", "policy");
        // So many additions fit below 1.2, then the next one of the chain is used.
        let fit = (1.2 / addition) as usize;
        let mut chain: Vec<usize> = Vec::new();
        for _ in 0..4 {
            for _ in 0..fit {
                let picked = policy.pick(SimTime::ZERO, &lineup.candidates(), &mut chance);
                if chain.last() != Some(&picked) {
                    assert!(!chain.contains(&picked), "{chain:?} {picked}");
                    chain.push(picked);
                }
            }
        }
        assert_eq!(chain.len(), 4);
        // All four are loaded: the first.
        let pick = |policy: &mut ChRlu, lineup: &Lineup, chance: &mut Stream| {
            policy.pick(SimTime::ZERO, &lineup.candidates(), chance)
        };
        assert_eq!(pick(&mut policy, &lineup, &mut chance), chain[0]);
        // An answer of the third brings a new report.
        let target = lineup.target(chain[2]);
        policy.done(SimTime::ZERO, target, &answered());
        assert_eq!(pick(&mut policy, &lineup, &mut chance), chain[2]);
        // But not if the report says that it is loaded, or if calls are pending there.
        policy.done(SimTime::ZERO, target, &answered());
        lineup.set_pending(chain[2] as u32, 2);
        assert_eq!(pick(&mut policy, &lineup, &mut chance), chain[0]);
    }
}
