//! `two-choices`: the destination with the fewest pending calls among a few
//! destinations drawn at random.
//!
//! Two draws are nearly as good as looking at all destinations, and far better
//! than one: Mitzenmacher, "The Power of Two Choices in Randomized Load
//! Balancing" (IEEE TPDS, 2001). With many destinations of load `r` and `d`
//! choices, the fraction of those with at least `k` calls tends to
//! `r^((d^k - 1) / (d - 1))`.

use sim_core::{SimTime, Stream};

use super::draws::{self, Draws};
use super::{Policy, PolicyBuilder};
use crate::broker::Candidates;
use crate::catalogue::{Kind, Parameter, Quantity};

pub(super) const KIND: Kind<PolicyBuilder> = Kind {
    name: "two-choices",
    help: "The destination with the fewest pending calls of this broker among a few drawn at random; the first drawn on ties.",
    parameters: &[Parameter {
        name: "choices",
        quantity: Quantity::Count { min: 1 },
        default: Some("2"),
        help: "The number of distinct destinations drawn; all, if there are fewer.",
    }],
    version: 1,
    build: |arguments| {
        Box::new(TwoChoices {
            choices: usize::try_from(arguments.count("choices")).unwrap_or(usize::MAX),
            draws: Draws::default(),
        })
    },
};

#[derive(Debug)]
struct TwoChoices {
    choices: usize,
    draws: Draws,
}

impl Policy for TwoChoices {
    fn ignores_events(&self) -> bool {
        true
    }

    fn pick(&mut self, _: SimTime, candidates: &Candidates<'_>, chance: &mut Stream) -> usize {
        let count = candidates.len();
        if count == 1 {
            return 0;
        }
        if self.choices == 2 {
            let [first, second] = draws::two(count, chance);
            let fewer = candidates.pending(second) < candidates.pending(first);
            return if fewer { second } else { first };
        }
        let drawn = self.draws.draw(self.choices, count, chance).iter();
        let pending = |&&position: &&u32| candidates.pending(position as usize);
        // The first drawn of those with the fewest.
        drawn.min_by_key(pending).map_or(0, |&best| best as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::Lineup;
    use sim_core::Streams;

    fn two_choices(choices: usize) -> TwoChoices {
        TwoChoices {
            choices,
            draws: Draws::default(),
        }
    }

    /// Shares of 100 000 picks.
    fn shares(policy: &mut TwoChoices, lineup: &Lineup) -> Vec<f64> {
        let mut chance = Streams::new(7, 0).stream("router", "policy");
        let candidates = lineup.candidates();
        let mut shares = vec![0.0; candidates.len()];
        for _ in 0..100_000 {
            shares[policy.pick(SimTime::ZERO, &candidates, &mut chance)] += 1e-5;
        }
        shares
    }

    /// With pending calls 0, 1, …, the destination at position `i` of `n` wins if all
    /// `d` draws fall on it and those behind: `C(n-i-1, d-1) / C(n, d)`.
    #[test]
    fn shares_are_those_of_draws_without_replacement() {
        let mut lineup = Lineup::new(&[1.0; 5]);
        for destination in 0..5 {
            lineup.set_pending(destination, destination);
        }
        for (choices, expected) in [
            (1, [0.2, 0.2, 0.2, 0.2, 0.2]),
            (2, [0.4, 0.3, 0.2, 0.1, 0.0]),
            (3, [0.6, 0.3, 0.1, 0.0, 0.0]),
            (5, [1.0, 0.0, 0.0, 0.0, 0.0]),
            (9, [1.0, 0.0, 0.0, 0.0, 0.0]),
        ] {
            let shares = shares(&mut two_choices(choices), &lineup);
            for (share, expected) in shares.iter().zip(expected) {
                // More than six standard deviations.
                assert!((share - expected).abs() < 0.01, "{choices}: {shares:?}");
            }
        }
    }

    #[test]
    fn no_position_is_favoured_among_equals() {
        let lineup = Lineup::new(&[1.0; 10]);
        for choices in [1, 2, 3, 10] {
            let shares = shares(&mut two_choices(choices), &lineup);
            // Chi-square with 9 degrees of freedom exceeds 33.7 once in 10 000 times.
            let square = |share: &f64| (share - 0.1) * (share - 0.1) / 0.1 * 1e5;
            let statistic: f64 = shares.iter().map(square).sum();
            assert!(statistic < 33.7, "{choices}: {statistic}");
        }
    }

    #[test]
    fn a_single_destination_takes_no_draw() {
        let lineup = Lineup::new(&[1.0]);
        let stream = || Streams::new(7, 0).stream("router", "policy");
        let mut chance = stream();
        let picked = two_choices(2).pick(SimTime::ZERO, &lineup.candidates(), &mut chance);
        assert_eq!(picked, 0);
        assert_eq!(chance.uniform(), stream().uniform());
    }
}
