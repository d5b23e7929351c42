//! `least-connections`: the destination with the fewest pending calls, also known
//! as join the shortest queue.
//!
//! The counts are those of this broker alone. With one broker and destinations of
//! equal speed, no policy without knowledge of execution times is better (Winston,
//! "Optimality of the Shortest Line Discipline", J. Appl. Prob., 1977). The more
//! brokers share the destinations, the less each broker knows.

use sim_core::{SimTime, Stream};

use super::tree::Tree;
use super::watch::{News, Watch};
use super::{Policy, PolicyBuilder};
use crate::broker::Candidates;
use crate::catalogue::{Kind, Parameter, Quantity};

pub(super) const KIND: Kind<PolicyBuilder> = Kind {
    name: "least-connections",
    help: "The destination with the fewest pending calls of this broker.",
    parameters: &[Parameter {
        name: "tie",
        quantity: Quantity::Word(&["random", "round-robin", "first"]),
        default: Some("random"),
        help: "How ties are broken: at random, in turn (the next one after the last picked), or the first, which then gets every call of an idle system.",
    }],
    version: 1,
    build: |arguments| {
        Box::new(LeastConnections {
            tie: match arguments.word("tie") {
                "round-robin" => Tie::RoundRobin,
                "first" => Tie::First,
                _ => Tie::Random,
            },
            next: 0,
            watch: Watch::default(),
            tree: Tree::default(),
        })
    },
};

#[derive(Debug)]
struct LeastConnections {
    tie: Tie,
    /// The position after the one that was picked last.
    next: usize,
    watch: Watch,
    /// By pending calls.
    tree: Tree,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tie {
    Random,
    RoundRobin,
    First,
}

impl Policy for LeastConnections {
    fn ignores_events(&self) -> bool {
        true
    }

    fn add(&mut self, _: SimTime, _: f32) {
        self.watch.reset();
    }

    fn remove(&mut self, _: SimTime, position: usize) {
        self.watch.reset();
        if position < self.next {
            self.next -= 1;
        }
    }

    fn pick(&mut self, _: SimTime, candidates: &Candidates<'_>, chance: &mut Stream) -> usize {
        let count = candidates.len();
        match self.watch.look(candidates) {
            News::All => {
                let pending = |position| f64::from(candidates.pending(position));
                self.tree.rebuild((0..count).map(pending));
            }
            News::Some(changed) => {
                for &position in changed {
                    let position = position as usize;
                    let pending = f64::from(candidates.pending(position));
                    self.tree.set(position, pending);
                }
            }
        }
        let ties = self.tree.ties();
        let before = match self.tie {
            Tie::Random if ties > 1 => chance.index(ties),
            Tie::RoundRobin if self.next < count => {
                let before = self.tree.rank(self.next);
                if before < ties { before } else { 0 }
            }
            _ => 0,
        };
        let best = self.tree.least(before);
        self.next = best + 1;
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::Lineup;
    use sim_core::Streams;

    fn policy(tie: Tie) -> LeastConnections {
        LeastConnections {
            tie,
            next: 0,
            watch: Watch::default(),
            tree: Tree::default(),
        }
    }

    fn picks(tie: Tie, pending: &[u32], count: usize) -> Vec<usize> {
        let mut policy = policy(tie);
        let mut lineup = Lineup::new(&vec![1.0; pending.len()]);
        for (destination, &pending) in (0..).zip(pending) {
            lineup.set_pending(destination, pending);
        }
        let mut chance = Streams::new(7, 0).stream("router", "policy");
        let candidates = lineup.candidates();
        let mut pick = || policy.pick(SimTime::ZERO, &candidates, &mut chance);
        (0..count).map(|_| pick()).collect()
    }

    #[test]
    fn the_fewest_pending_calls_win() {
        for tie in [Tie::Random, Tie::RoundRobin, Tie::First] {
            assert_eq!(picks(tie, &[2, 1, 3], 3), [1, 1, 1]);
        }
    }

    #[test]
    fn ties_go_to_the_first_or_in_order_or_to_all_alike() {
        assert_eq!(picks(Tie::First, &[1, 0, 0, 0], 4), [1, 1, 1, 1]);
        assert_eq!(picks(Tie::RoundRobin, &[1, 0, 0, 0], 5), [1, 2, 3, 1, 2]);
        let picks = picks(Tie::Random, &[1, 0, 0, 0], 30_000);
        for position in 1..4 {
            let count = picks.iter().filter(|&&picked| picked == position).count();
            // Five standard deviations.
            assert!(count.abs_diff(10_000) < 410, "{position}: {count}");
        }
    }

    #[test]
    fn the_order_of_ties_survives_a_removal() {
        let mut policy = policy(Tie::RoundRobin);
        let mut chance = Streams::new(7, 0).stream("router", "policy");
        let (four, three) = (Lineup::new(&[1.0; 4]), Lineup::new(&[1.0; 3]));
        let mut pick = |policy: &mut LeastConnections, lineup: &Lineup| {
            policy.pick(SimTime::ZERO, &lineup.candidates(), &mut chance)
        };
        assert_eq!(pick(&mut policy, &four), 0);
        assert_eq!(pick(&mut policy, &four), 1);
        policy.remove(SimTime::ZERO, 0);
        // What was at position 2 is next.
        assert_eq!(pick(&mut policy, &three), 1);
    }
}
