//! The calls of a run in the order in which they were sent: the transient of their latency, and its correlation between
//! consecutive calls.

use crate::results::CallRow;
use crate::statistics::{BatchMeans, WarmUp, autocorrelation, mean};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Where the latency of calls settles: the n-th completed call of each replication is averaged over replications, and
/// [`WarmUp`] applied to that.
#[derive(Clone, Debug, PartialEq)]
pub struct Transient {
    /// Number of calls to cut, and what else the rule found.
    pub warm_up: WarmUp,
    /// When the first call that is kept was sent, nanoseconds, mean over replications.
    pub ends_ns: u64,
    /// The batches of [`WarmUp::BATCH`] calls that the rule saw: when the first call of each was sent and the mean
    /// latency, both in nanoseconds and averaged over replications.
    pub batches: Vec<(f64, f64)>,
}

/// Follows the calls of each replication in the order of their numbers.
pub(crate) struct Course {
    waiting: Waiting,
    settling: Option<Settling>,
    dependence: Option<Dependence>,
}

/// What is known of each replication by itself.
#[derive(Default)]
pub(crate) struct Dependence {
    cut_ns: u64,
    /// The latencies of the replication that is being read.
    latencies: Vec<f64>,
    /// By replication.
    pub(crate) batch_means: Vec<Option<BatchMeans>>,
    correlations: Vec<f64>,
}

impl Course {
    /// Looks for the warm-up.
    pub(crate) fn settling() -> Self {
        Self {
            waiting: Waiting::default(),
            settling: Some(Settling::default()),
            dependence: None,
        }
    }

    /// A search that has seen no rows.
    pub(crate) fn unsettled() -> Self {
        Self {
            settling: None,
            ..Self::settling()
        }
    }

    /// Looks for dependence, too, among the calls sent from this time on. That takes eight bytes for each completed
    /// call of a replication.
    #[must_use]
    pub(crate) fn and_dependence(mut self, cut_ns: u64) -> Self {
        self.dependence = Some(Dependence {
            cut_ns,
            ..Dependence::default()
        });
        self
    }

    /// Takes the next row of the table.
    pub(crate) fn add(&mut self, row: &CallRow<'_>) {
        let call = Call {
            number: row.call,
            sent_ns: row.sent_ns,
            latency_ns: row.completed_in(),
        };
        let (settling, dependence) = (&mut self.settling, &mut self.dependence);
        self.waiting
            .add(call, |call| follow(settling, dependence, call));
    }

    /// Ends the replication.
    pub(crate) fn end(&mut self) {
        let (settling, dependence) = (&mut self.settling, &mut self.dependence);
        self.waiting.end(|call| follow(settling, dependence, call));
        settling.iter_mut().for_each(Settling::end);
        dependence.iter_mut().for_each(Dependence::end);
    }

    /// The results at the end of the table: the warm-up, `None` with too few calls, and the dependence if it was asked
    /// for.
    pub(crate) fn found(self) -> (Option<Transient>, Dependence) {
        (
            self.settling.and_then(Settling::found),
            self.dependence.unwrap_or_default(),
        )
    }
}

fn follow(settling: &mut Option<Settling>, dependence: &mut Option<Dependence>, call: Call) {
    let Some(latency_ns) = call.latency_ns else {
        return;
    };
    if let Some(settling) = settling {
        settling.add(call.sent_ns as f64, latency_ns as f64);
    }
    if let Some(dependence) = dependence.as_mut().filter(|it| call.sent_ns >= it.cut_ns) {
        dependence.latencies.push(latency_ns as f64);
    }
}

impl Dependence {
    fn end(&mut self) {
        let latencies = std::mem::take(&mut self.latencies);
        self.correlations.extend(autocorrelation(&latencies, 1));
        self.batch_means.push(BatchMeans::of(&latencies));
    }

    /// Correlation of the latency of a call with that of the next, mean over replications.
    pub(crate) fn correlation(&self) -> Option<f64> {
        mean(&self.correlations)
    }
}

/// A call; without a latency if it was not completed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Call {
    number: u64,
    sent_ns: u64,
    latency_ns: Option<u64>,
}

/// Puts the calls of a replication, which a table has in the order in which they ended, into the order of their
/// numbers: a call waits for those with lower numbers, so that as many wait as were in progress at a time. Where a
/// number is missing, all that follow wait for the end. A number that occurs again comes when it is read.
#[derive(Default)]
struct Waiting {
    next: u64,
    calls: BinaryHeap<Reverse<Call>>,
}

impl Waiting {
    fn add(&mut self, call: Call, mut visit: impl FnMut(Call)) {
        if call.number > self.next {
            self.calls.push(Reverse(call));
            return;
        }
        let mut ready = Some(call);
        while let Some(call) = ready {
            self.next = self.next.max(call.number.saturating_add(1));
            visit(call);
            let first = self.calls.peek_mut();
            let first = first.filter(|first| first.0.number <= self.next);
            ready = first.map(|first| std::collections::binary_heap::PeekMut::pop(first).0);
        }
    }

    fn end(&mut self, mut visit: impl FnMut(Call)) {
        // The greatest of what is reversed comes last, so the first call does.
        let mut rest = std::mem::take(&mut self.calls).into_vec();
        rest.sort_unstable();
        rest.into_iter().rev().for_each(|Reverse(call)| visit(call));
        self.next = 0;
    }
}

/// The sums over replications of when each batch of completed calls began, and of its latencies.
#[derive(Default)]
struct Settling {
    replications: u64,
    batches: Vec<(f64, f64)>,
    /// Whole batches of the replication that is being read.
    whole: usize,
    /// Calls in the batch that is not whole yet, when the first was sent, and the sum of their latencies.
    part: (usize, f64, f64),
}

impl Settling {
    fn add(&mut self, sent: f64, latency: f64) {
        if self.part.0 == 0 {
            self.part = (0, sent, 0.0);
        }
        self.part.0 += 1;
        // Times are integers: their sums are exact up to a hundred days.
        self.part.2 += latency;
        if self.part.0 < WarmUp::BATCH {
            return;
        }
        let (_, first, latencies) = std::mem::take(&mut self.part);
        if self.replications == 0 {
            self.batches.push((first, latencies));
        } else if let Some(sum) = self.batches.get_mut(self.whole) {
            *sum = (sum.0 + first, sum.1 + latencies);
        }
        self.whole += 1;
    }

    fn end(&mut self) {
        // As far as all replications go.
        self.batches.truncate(self.whole);
        (self.whole, self.part) = (0, (0, 0.0, 0.0));
        self.replications += 1;
    }

    fn found(self) -> Option<Transient> {
        let replications = self.replications as f64;
        let mut batches = self.batches;
        for (first, latencies) in &mut batches {
            *first /= replications;
            *latencies /= replications * WarmUp::BATCH as f64;
        }
        let warm_up = WarmUp::of_batches(batches.iter().map(|it| it.1))?;
        let ends_ns = match warm_up.cut / WarmUp::BATCH {
            0 => 0.0,
            cut => batches[cut].0,
        };
        Some(Transient {
            warm_up,
            ends_ns: ends_ns as u64,
            batches,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The numbers of calls in the order in which they are visited, and most that waited.
    fn order(numbers: &[u64]) -> (Vec<u64>, usize) {
        let (mut visited, mut most) = (Vec::new(), 0);
        let mut waiting = Waiting::default();
        for &number in numbers {
            let call = Call {
                number,
                sent_ns: 0,
                latency_ns: None,
            };
            waiting.add(call, |call| visited.push(call.number));
            most = most.max(waiting.calls.len());
        }
        waiting.end(|call| visited.push(call.number));
        (visited, most)
    }

    proptest! {
        #[test]
        fn calls_come_in_the_order_of_their_numbers_whatever_is_missing(
            numbers in Just((0..60_u64).collect::<Vec<_>>()).prop_shuffle(), present in 0..=60_usize
        ) {
            let mut sorted = numbers[..present].to_vec();
            sorted.sort_unstable();
            prop_assert_eq!(order(&numbers[..present]).0, sorted);
        }

        #[test]
        fn no_call_is_lost_where_numbers_occur_again(numbers in prop::collection::vec(0..20_u64, 0..60)) {
            let (mut visited, _) = order(&numbers);
            let mut sorted = numbers;
            visited.sort_unstable();
            sorted.sort_unstable();
            prop_assert_eq!(visited, sorted);
        }

        #[test]
        fn no_more_wait_than_were_under_way(lengths in prop::collection::vec(0..8_u64, 0..200)) {
            // One call is sent at each moment and ends some moments later.
            let mut ends: Vec<(u64, u64)> = (0..).zip(&lengths).map(|(sent, length)| (sent + length, sent)).collect();
            ends.sort_unstable();
            let numbers: Vec<u64> = ends.iter().map(|it| it.1).collect();
            let (visited, most) = order(&numbers);
            prop_assert!(visited.is_sorted() && visited.len() == lengths.len());
            prop_assert!(most < 8, "{most}");
        }
    }
}
