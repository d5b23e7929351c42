//! The pending calls of all candidates, without reading all of them for each pick.
//!
//! Pending calls belong to a destination, whichever function is called there, so that the
//! policy of one function is not told of all changes. The broker remembers the last ones.

use crate::broker::Candidates;
use crate::names::Id;

/// The pending calls of the candidates as of the last look, by position.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// By endpoint; `NOWHERE` if it is no candidate.
    positions: Vec<u32>,
    pending: Vec<u32>,
    total: u64,
    seen: u64,
    /// Whether the positions are those of the candidates.
    placed: bool,
    changed: Vec<u32>,
}

const NOWHERE: u32 = u32::MAX;

/// What has changed since the last look.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News<'a> {
    /// Possibly everything.
    All,
    /// The pending calls at these positions; some are named repeatedly.
    Some(&'a [u32]),
}

impl Watch {
    /// A destination was added or removed.
    pub fn reset(&mut self) {
        self.placed = false;
    }

    /// Brings the counts up to date.
    pub fn look(&mut self, candidates: &Candidates<'_>) -> News<'_> {
        let since = self.seen;
        self.seen = candidates.changed();
        let placed = self.placed && self.pending.len() == candidates.len();
        match candidates.changes_since(since).filter(|_| placed) {
            Some(changes) => {
                self.changed.clear();
                for endpoint in changes {
                    let position = self.positions.get(endpoint.index()).copied();
                    let Some(pending) = self.pending.get_mut(position.unwrap_or(NOWHERE) as usize)
                    else {
                        continue;
                    };
                    let position = position.unwrap_or(NOWHERE);
                    let now = candidates.pending(position as usize);
                    if now != *pending {
                        self.total = self.total - u64::from(*pending) + u64::from(now);
                        *pending = now;
                        self.changed.push(position);
                    }
                }
                News::Some(&self.changed)
            }
            None => {
                self.place(candidates);
                News::All
            }
        }
    }

    /// The pending calls at a position.
    pub fn pending(&self, position: usize) -> u32 {
        self.pending[position]
    }

    /// The pending calls at all candidates.
    pub fn total(&self) -> u64 {
        self.total
    }

    fn place(&mut self, candidates: &Candidates<'_>) {
        self.positions.fill(NOWHERE);
        self.pending.clear();
        self.total = 0;
        for position in 0..candidates.len() {
            let endpoint = candidates.endpoint(position).index();
            if endpoint >= self.positions.len() {
                self.positions.resize(endpoint + 1, NOWHERE);
            }
            self.positions[endpoint] = position as u32;
            let pending = candidates.pending(position);
            self.pending.push(pending);
            self.total += u64::from(pending);
        }
        self.placed = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::Lineup;

    #[test]
    fn counts_follow_calls_and_members() {
        let mut lineup = Lineup::new(&[1.0; 3]);
        let mut watch = Watch::default();
        lineup.set_pending(1, 4);
        assert_eq!(watch.look(&lineup.candidates()), News::All);
        assert_eq!((watch.pending(1), watch.total()), (4, 4));
        assert_eq!(watch.look(&lineup.candidates()), News::Some(&[]));
        lineup.set_pending(2, 1);
        lineup.set_pending(1, 2);
        assert_eq!(watch.look(&lineup.candidates()), News::Some(&[2, 1]));
        assert_eq!((watch.pending(1), watch.total()), (2, 3));
        lineup.remove(0);
        watch.reset();
        assert_eq!(watch.look(&lineup.candidates()), News::All);
        assert_eq!((watch.pending(0), watch.total()), (2, 3));
        // So many changes are not remembered.
        for _ in 0..600 {
            lineup.set_pending(2, 9);
            lineup.set_pending(2, 1);
        }
        lineup.set_pending(2, 5);
        assert_eq!(watch.look(&lineup.candidates()), News::All);
        assert_eq!((watch.pending(1), watch.total()), (5, 7));
    }
}
