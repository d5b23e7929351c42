//! Calls in progress, and the choice of their destinations: one destination, or
//! several with uncoordinated access.

use std::collections::VecDeque;

use sim_core::Stream;

/// What an answer means for its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The first good answer: the call is done, its latency ends now.
    Won,
    /// The last answer, and none was good: the call failed.
    Failed,
    /// Not good, but other destinations have yet to answer.
    Pending,
    /// The call was done before.
    Late,
    /// No such call is in progress.
    Unknown,
}

#[derive(Debug)]
pub(super) struct Outstanding {
    destinations: u32,
    persistence: f64,
    stream: Stream,
    preferred: u32,
    targets: Vec<u32>,
    // The calls numbered from `base` on; those at the front are not complete.
    calls: VecDeque<InProgress>,
    base: u64,
    tracked: bool,
}

#[derive(Debug)]
struct InProgress {
    waiting: u32,
    won: bool,
}

impl Outstanding {
    pub fn new(destinations: u32, persistence: f64, stream: Stream) -> Self {
        Self {
            destinations,
            persistence,
            stream,
            preferred: 0,
            targets: vec![0],
            calls: VecDeque::new(),
            base: 0,
            tracked: true,
        }
    }

    /// Chooses the targets of a new call; calls are numbered in order.
    pub fn issue(&mut self, number: u64, open: bool) {
        if self.destinations > 1 {
            self.choose();
        } else if open {
            // One destination, and nothing waits for its answer: no need to
            // remember the call.
            self.tracked = false;
            return;
        }
        if self.calls.is_empty() {
            self.base = number;
        }
        self.calls.push_back(InProgress {
            waiting: self.targets.len() as u32,
            won: false,
        });
    }

    fn choose(&mut self) {
        self.targets.clear();
        self.targets.push(self.preferred);
        for destination in 0..self.destinations {
            if destination != self.preferred && self.stream.chance(self.persistence) {
                self.targets.push(destination);
            }
        }
    }

    pub fn answered(&mut self, number: u64, destination: u32, good: bool) -> Verdict {
        if !self.tracked {
            return if good { Verdict::Won } else { Verdict::Failed };
        }
        let index = number.checked_sub(self.base).map(|index| index as usize);
        let Some(call) = index.and_then(|index| self.calls.get_mut(index)) else {
            return Verdict::Unknown;
        };
        if call.waiting == 0 {
            return Verdict::Unknown;
        }
        call.waiting -= 1;
        let verdict = match (call.won, good) {
            (true, _) => Verdict::Late,
            (false, true) => Verdict::Won,
            (false, false) if call.waiting == 0 => Verdict::Failed,
            (false, false) => Verdict::Pending,
        };
        if verdict == Verdict::Won {
            call.won = true;
            self.preferred = destination;
        }
        while self.calls.front().is_some_and(|call| call.waiting == 0) {
            self.calls.pop_front();
            self.base += 1;
        }
        verdict
    }

    /// Whether every answer to every call came.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    pub fn targets(&self) -> &[u32] {
        &self.targets
    }

    pub fn preferred(&self) -> u32 {
        self.preferred
    }
}
