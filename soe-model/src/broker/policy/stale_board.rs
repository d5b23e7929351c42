//! `stale-board`: pending calls as of the last update of a board, for experiments with old
//! information.
//!
//! Mitzenmacher, "How Useful Is Old Information?" (IEEE TPDS, 2000): a board shows the calls at
//! each destination as of the last multiple of a period. The destination with the fewest calls
//! there among a few drawn at random gets the call. Between two updates all calls see the
//! same board, so that the more destinations are compared, the more calls go to the same few.
//! With `own = "added"` the calls that this router has sent since count as well, which cures it.
//!
//! It needs to know its own pending calls. With one router these are all calls.

use sim_core::{SimDuration, SimTime, Stream};

use super::draws::Draws;
use super::{Policy, PolicyBuilder};
use crate::broker::{Candidates, Target};
use crate::catalogue::{Kind, Parameter, Quantity};

pub(super) const KIND: Kind<PolicyBuilder> = Kind {
    name: "stale-board",
    help: "The fewest pending calls as of the last update of a board, among a few destinations drawn at random: for experiments with old information.",
    parameters: &[
        Parameter {
            name: "choices",
            quantity: Quantity::Count { min: 1 },
            default: Some("2"),
            help: "The number of distinct destinations drawn; all, if there are fewer.",
        },
        Parameter {
            name: "period",
            quantity: Quantity::Duration,
            default: Some("1 s"),
            help: "The time between two updates of the board; with 0 s it is always up to date.",
        },
        Parameter {
            name: "own",
            quantity: Quantity::Word(&["ignored", "added"]),
            default: Some("ignored"),
            help: "Whether calls sent since the last update count.",
        },
    ],
    version: 1,
    build: |arguments| {
        Box::new(StaleBoard {
            choices: usize::try_from(arguments.count("choices")).unwrap_or(usize::MAX),
            period: arguments.duration("period"),
            adds_own: arguments.word("own") == "added",
            board: Vec::new(),
            number: None,
            draws: Draws::default(),
        })
    },
};

#[derive(Debug)]
struct StaleBoard {
    choices: usize,
    period: SimDuration,
    adds_own: bool,
    /// By position.
    board: Vec<u32>,
    /// The number of the period that the board shows.
    number: Option<u64>,
    draws: Draws,
}

impl StaleBoard {
    fn look(&mut self, now: SimTime, candidates: &Candidates<'_>) {
        let period = self.period.as_nanos();
        let number = now.as_nanos().checked_div(period);
        let is_new = number.is_none() || self.number != number;
        if is_new || self.board.len() != candidates.len() {
            self.number = number;
            let pending = (0..candidates.len()).map(|position| candidates.pending(position));
            self.board.clear();
            self.board.extend(pending);
        }
    }
}

impl Policy for StaleBoard {
    fn add(&mut self, _: SimTime, _: f32) {
        if !self.board.is_empty() {
            self.board.push(0);
        }
    }

    fn remove(&mut self, _: SimTime, position: usize) {
        if position < self.board.len() {
            self.board.remove(position);
        }
    }

    fn pick(&mut self, now: SimTime, candidates: &Candidates<'_>, chance: &mut Stream) -> usize {
        let count = candidates.len();
        if count == 1 {
            return 0;
        }
        self.look(now, candidates);
        let drawn = self.draws.draw(self.choices, count, chance).iter();
        let pending = |&&position: &&u32| self.board[position as usize];
        // The first drawn of those with the fewest.
        drawn.min_by_key(pending).map_or(0, |&best| best as usize)
    }

    fn sent(&mut self, _: SimTime, target: Target) {
        if self.adds_own
            && let Some(pending) = self.board.get_mut(target.position)
        {
            *pending += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::Lineup;
    use sim_core::Streams;

    #[test]
    fn the_board_changes_once_in_a_period_and_may_count_own_calls() {
        let at = |millis: u64| SimTime::from_nanos(millis * 1_000_000);
        for own in ["ignored", "added"] {
            let mut lineup = Lineup::new(&[1.0; 3]);
            let mut policy = StaleBoard {
                choices: 3,
                period: SimDuration::from_secs(1),
                adds_own: own == "added",
                board: Vec::new(),
                number: None,
                draws: Draws::default(),
            };
            let mut chance = Streams::new(7, 0).stream("router", "policy");
            let mut pick = |policy: &mut StaleBoard, lineup: &Lineup, millis| {
                let picked = policy.pick(at(millis), &lineup.candidates(), &mut chance);
                policy.sent(at(millis), lineup.target(picked));
                picked
            };
            lineup.set_pending(0, 1);
            lineup.set_pending(2, 9);
            assert_eq!(pick(&mut policy, &lineup, 0), 1);
            lineup.set_pending(1, 5);
            let second = pick(&mut policy, &lineup, 999);
            // With own calls, 0 and 1 have one each.
            assert!(second == 1 || (own == "added" && second == 0), "{own}");
            // Now it is out.
            lineup.set_pending(1, 5);
            assert_eq!(pick(&mut policy, &lineup, 1000), 0);
        }
    }
}
