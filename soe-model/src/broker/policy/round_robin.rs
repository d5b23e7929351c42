//! `round-robin`: weighted round robin by deficits over the good destinations,
//! with probes of the others.
//!
//! Each selection adds the weight of the destination to its deficit, and the
//! destination with the smallest deficit is next. Shares are therefore inversely
//! proportional to weights. Destinations with more than twice the best weight are
//! left out. They are probed with single calls, at intervals that grow from 1 s to 30
//! s while their measurements stay bad.

use sim_core::{SimDuration, SimTime, Stream};

use super::{Policy, PolicyBuilder, WeightUse};
use crate::broker::{Candidates, Compatibility};
use crate::catalogue::Kind;

pub(super) const KIND: Kind<PolicyBuilder> = Kind {
    name: "round-robin",
    help: "In proportion to the inverse weights, among the destinations with at most twice the smallest weight; the others are probed every 1 s to 30 s.",
    parameters: &[],
    version: 1,
    build: |_| Box::new(RoundRobin::default()),
};

const FIRST_PROBE: SimDuration = SimDuration::from_secs(1);
const LONGEST_PROBE: SimDuration = SimDuration::from_secs(30);

#[derive(Debug, Default)]
struct RoundRobin {
    compatibility: Compatibility,
    destinations: Vec<Destination>,
    /// When the next destination that is left out is due for a probe.
    next_probe: Option<SimTime>,
}

#[derive(Debug)]
struct Destination {
    weight: f32,
    /// What it has paid; only differences matter.
    deficit: f64,
    active: bool,
    /// When the weight was measured; `None` while that is still expected.
    measured: Option<SimTime>,
    probing: bool,
    /// How long a measurement holds while the destination is left out.
    stale_after: SimDuration,
}

impl RoundRobin {
    fn least_deficit(&self) -> Option<f64> {
        let active = self.destinations.iter().filter(|known| known.active);
        active.map(|known| known.deficit).reduce(f64::min)
    }

    /// Decides anew which destinations take part.
    fn recompute(&mut self, now: SimTime) {
        let weights = self.destinations.iter().map(|known| known.weight);
        let Some(best) = weights.reduce(f32::min) else {
            return;
        };
        let least = self.least_deficit();
        let alone = self.destinations.len() == 1;
        self.next_probe = None;
        for known in &mut self.destinations {
            if alone || known.weight <= 2.0 * best {
                known.active = true;
                if known.probing {
                    known.probing = false;
                    known.stale_after = FIRST_PROBE;
                }
                continue;
            }
            let Some(measured) = known.measured else {
                known.active = true;
                continue;
            };
            if known.probing {
                known.probing = false;
                known.stale_after = (known.stale_after * 2).min(LONGEST_PROBE);
            }
            known.active = now.since(measured) >= known.stale_after;
            if known.active {
                known.measured = None;
                known.deficit = least.unwrap_or(known.deficit);
                known.probing = true;
            } else {
                let due = measured + known.stale_after;
                self.next_probe = Some(self.next_probe.map_or(due, |next| next.min(due)));
            }
        }
    }
}

impl Policy for RoundRobin {
    fn ignores_events(&self) -> bool {
        true
    }

    fn set_compatibility(&mut self, compatibility: Compatibility) {
        self.compatibility = compatibility;
    }

    fn weights(&self) -> WeightUse {
        WeightUse::Explored
    }

    fn add(&mut self, now: SimTime, weight: f32) {
        let first = match self.compatibility {
            Compatibility::Corrected => 0.0,
            // Adding a weight to such a large number does not change it: the first
            // destination stays first until the first measurement.
            Compatibility::Original => f64::from(f32::MAX),
        };
        self.destinations.push(Destination {
            weight,
            deficit: self.least_deficit().unwrap_or(first),
            active: false,
            measured: None,
            probing: false,
            stale_after: FIRST_PROBE,
        });
        self.recompute(now);
    }

    fn update(&mut self, now: SimTime, position: usize, weight: f32) {
        let updated = &mut self.destinations[position];
        updated.weight = weight;
        updated.measured = Some(now);
        if let Some(least) = self.least_deficit() {
            for known in &mut self.destinations {
                known.deficit -= least;
            }
        }
        self.recompute(now);
    }

    fn remove(&mut self, now: SimTime, position: usize) {
        self.destinations.remove(position);
        self.recompute(now);
    }

    fn pick(&mut self, now: SimTime, _: &Candidates<'_>, _: &mut Stream) -> usize {
        let due = self.next_probe.is_some_and(|due| now >= due);
        if due && self.compatibility == Compatibility::Corrected {
            self.recompute(now);
        }
        let mut best = 0;
        let mut least = f64::INFINITY;
        for (position, known) in self.destinations.iter().enumerate() {
            if known.active && known.deficit < least {
                (best, least) = (position, known.deficit);
            }
        }
        let picked = &mut self.destinations[best];
        picked.deficit += f64::from(picked.weight);
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::Lineup;
    use proptest::prelude::*;
    use sim_core::Streams;

    /// A policy with named destinations, whose picks are measured at once.
    struct Measured {
        policy: RoundRobin,
        names: Vec<u32>,
        latency: Vec<f32>,
        now: SimTime,
        chance: Stream,
    }

    impl Measured {
        fn new(latency: &[f32]) -> Self {
            let mut measured = Self {
                policy: RoundRobin::default(),
                names: Vec::new(),
                latency: latency.to_vec(),
                now: SimTime::ZERO,
                chance: Streams::new(1, 0).stream("router", "policy"),
            };
            for name in 1..=latency.len() as u32 {
                measured.add(name, 1.0);
            }
            measured
        }

        fn add(&mut self, name: u32, weight: f32) {
            self.policy.add(self.now, weight);
            self.names.push(name);
        }

        fn remove(&mut self, name: u32) {
            let position = self.names.iter().position(|&known| known == name).unwrap();
            self.policy.remove(self.now, position);
            self.names.remove(position);
        }

        fn picks(&mut self, count: usize, step: SimDuration) -> Vec<u32> {
            let picks = (0..count).map(|_| {
                self.now += step;
                let position =
                    self.policy
                        .pick(self.now, &Lineup::new(&[]).candidates(), &mut self.chance);
                let name = self.names[position];
                let latency = self.latency[name as usize - 1];
                self.policy.update(self.now, position, latency);
                name
            });
            picks.collect()
        }
    }

    const INSTANTLY: SimDuration = SimDuration::from_micros(1);

    #[test]
    fn the_published_sequence_is_reproduced() {
        let mut three = Measured::new(&[100.0, 110.0, 1000.0]);
        assert_eq!(three.picks(10, INSTANTLY), [1, 2, 3, 1, 2, 1, 2, 1, 2, 1]);
        three.latency[0] = 400.0;
        assert_eq!(three.picks(10, INSTANTLY), [2, 1, 2, 2, 2, 2, 2, 2, 2, 2]);
        three.remove(2);
        assert_eq!(three.picks(5, INSTANTLY), [1; 5]);
        three.remove(1);
        assert_eq!(three.picks(5, INSTANTLY), [3; 5]);
        three.add(1, 400.0);
        assert_eq!(three.picks(5, INSTANTLY), [1; 5]);
    }

    #[test]
    fn without_measurements_everybody_takes_turns() {
        let mut policy = RoundRobin::default();
        let mut chance = Streams::new(1, 0).stream("router", "policy");
        for _ in 0..6 {
            policy.add(SimTime::ZERO, 1.0);
        }
        let picks: Vec<_> = (0..12)
            .map(|_| policy.pick(SimTime::ZERO, &Lineup::new(&[]).candidates(), &mut chance))
            .collect();
        assert_eq!(picks, [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn shares_are_inversely_proportional_to_weights_in_the_long_and_short_term() {
        let mut three = Measured::new(&[2.0, 3.0, 4.0]);
        three.picks(10, INSTANTLY);
        let mut counts = [0.0_f64; 3];
        for pick in three.picks(1300, INSTANTLY) {
            counts[pick as usize - 1] += 1.0;
            // What two destinations have paid differs by at most one call of each.
            let paid = [2.0 * counts[0], 3.0 * counts[1], 4.0 * counts[2]];
            let spread = paid[2].max(paid[1]).max(paid[0]) - paid[0].min(paid[1]).min(paid[2]);
            assert!(spread <= 8.0, "{counts:?}");
        }
        // 1/2 : 1/3 : 1/4
        for (count, share) in counts.into_iter().zip([600.0, 400.0, 300.0]) {
            assert!((count - share).abs() <= 2.0, "{counts:?}");
        }
    }

    #[test]
    fn bad_destinations_are_probed_at_growing_intervals_although_no_weight_changes() {
        let mut two = Measured::new(&[0.01, 1.0]);
        let step = SimDuration::from_millis(100);
        let picks = two.picks(1200, step);
        let probes: Vec<_> = (0..picks.len()).filter(|&i| picks[i] == 2).collect();
        // The first call, then after 1, 2, 4, 8, 16, 30, 30 seconds, each time
        // behind a call of the good destination, which has paid as little.
        assert_eq!(probes, [1, 12, 33, 74, 155, 316, 617, 918]);
        two.latency[1] = 0.01;
        let picks = two.picks(400, step);
        let share = picks.iter().filter(|&&picked| picked == 2).count();
        assert!(share > 100, "{share}");
    }

    #[test]
    fn the_original_probes_only_when_a_weight_changes() {
        let mut policy = RoundRobin::default();
        policy.set_compatibility(Compatibility::Original);
        let mut chance = Streams::new(1, 0).stream("router", "policy");
        policy.add(SimTime::ZERO, 1.0);
        policy.add(SimTime::ZERO, 1.0);
        policy.update(SimTime::ZERO, 0, 0.01);
        policy.update(SimTime::ZERO, 1, 1.0);
        let late = SimTime::ZERO + SimDuration::from_secs(100);
        for _ in 0..10 {
            assert_eq!(
                policy.pick(late, &Lineup::new(&[]).candidates(), &mut chance),
                0
            );
        }
    }

    proptest! {
        #[test]
        fn whatever_happens_it_picks_who_is_there_and_everybody_in_the_end(
            steps in prop::collection::vec((0u8..4, 0usize..1000, 1u16..1000), 1..200),
        ) {
            let mut chance = Streams::new(1, 0).stream("router", "policy");
            let mut policy = RoundRobin::default();
            let mut now = SimTime::ZERO;
            let mut count = 0;
            for (step, position, weight) in steps {
                now += SimDuration::from_millis(u64::from(weight));
                let weight = f32::from(weight) / 1000.0;
                match step {
                    0 => {
                        policy.add(now, weight);
                        count += 1;
                    }
                    1 if count > 1 => {
                        policy.remove(now, position % count);
                        count -= 1;
                    }
                    2 if count > 0 => policy.update(now, position % count, weight),
                    _ if count > 0 => prop_assert!(policy.pick(now, &Lineup::new(&[]).candidates(), &mut chance) < count),
                    _ => {}
                }
            }
            let mut seen = vec![false; count];
            for _ in 0..10_000 {
                if count == 0 {
                    break;
                }
                now += SimDuration::from_secs(1);
                let picked = policy.pick(now, &Lineup::new(&[]).candidates(), &mut chance);
                seen[picked] = true;
                policy.update(now, picked, policy.destinations[picked].weight);
            }
            prop_assert!(seen.iter().all(|&seen| seen), "{:?}", policy);
        }
    }
}
