//! The same call, live and simulated.

use analysis::mean;
use soe_sim::{ObservedCall, ObservedEnd};

/// A call of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairedCall {
    /// The client, as a position in the deployment.
    pub client: u32,
    /// Its number among the calls of the client, from 0.
    pub number: u32,
    /// When it was sent, nanoseconds.
    pub sent_ns: u64,
    /// Its latency, if it was executed, nanoseconds.
    pub latency_ns: Option<u64>,
    /// The computer that executed it, as a position in the deployment.
    pub computer: Option<u32>,
}

impl PairedCall {
    /// A call of a live run; it has no number yet.
    pub(super) fn of_observed(call: &ObservedCall) -> Self {
        let (latency_ns, computer) = match &call.ended {
            Some((at, ObservedEnd::Completed { computer, .. })) => {
                (Some(at.since(call.sent).as_nanos()), Some(*computer))
            }
            _ => (None, None),
        };
        Self {
            client: call.client,
            number: 0,
            sent_ns: call.sent.as_nanos(),
            latency_ns,
            computer,
        }
    }
}

/// How far two runs agree call by call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CallPairs {
    /// Calls that both executed.
    pub count: usize,
    /// The share of them that the same computer executed.
    pub same_computer: f64,
    /// The mean difference of their latencies, as a share of those of the first run.
    pub mean_difference: f64,
    /// The correlation of their latencies (Pearson); not a number where one is constant.
    pub correlation: f64,
}

impl CallPairs {
    /// Compares two runs; `None` if they have no call in common. Both are in the order of
    /// clients and numbers.
    pub fn of(first: &[PairedCall], second: &[PairedCall]) -> Option<Self> {
        let key = |call: &PairedCall| (call.client, call.number);
        let mut others = second.iter().peekable();
        let (mut pairs, mut same) = (Vec::new(), 0_usize);
        for call in first {
            while others.next_if(|other| key(other) < key(call)).is_some() {}
            let Some(other) = others.next_if(|other| key(other) == key(call)) else {
                continue;
            };
            if let (Some(one), Some(two)) = (call.latency_ns, other.latency_ns) {
                pairs.push((one as f64, two as f64));
                same += usize::from(call.computer == other.computer);
            }
        }
        let differences: Vec<f64> = pairs
            .iter()
            .filter(|(one, _)| *one > 0.0)
            .map(|(one, two)| (two - one).abs() / one)
            .collect();
        Some(Self {
            count: pairs.len(),
            same_computer: same as f64 / pairs.len() as f64,
            mean_difference: mean(&differences)?,
            correlation: correlation(&pairs)?,
        })
    }
}

fn correlation(pairs: &[(f64, f64)]) -> Option<f64> {
    let firsts: Vec<f64> = pairs.iter().map(|it| it.0).collect();
    let seconds: Vec<f64> = pairs.iter().map(|it| it.1).collect();
    let (first, second) = (mean(&firsts)?, mean(&seconds)?);
    let (mut both, mut one, mut two) = (0.0, 0.0, 0.0);
    for (a, b) in pairs {
        both += (a - first) * (b - second);
        one += (a - first) * (a - first);
        two += (b - second) * (b - second);
    }
    Some(both / (one * two).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(client: u32, number: u32, latency: u64, computer: u32) -> PairedCall {
        PairedCall {
            client,
            number,
            sent_ns: 0,
            latency_ns: Some(latency),
            computer: Some(computer),
        }
    }

    #[test]
    fn calls_are_paired_by_client_and_number() {
        let first = [call(0, 0, 10, 0), call(0, 1, 20, 1), call(1, 0, 40, 0)];
        // Call 1 of client 0 is missing, client 1 has one more.
        let second = [call(0, 0, 11, 0), call(1, 0, 50, 1), call(1, 1, 5, 0)];
        let pairs = CallPairs::of(&first, &second).unwrap();
        assert_eq!((pairs.count, pairs.same_computer), (2, 0.5));
        assert!((pairs.mean_difference - (0.1 + 0.25) / 2.0).abs() < 1e-12);
        assert!((pairs.correlation - 1.0).abs() < 1e-12);
        assert_eq!(CallPairs::of(&first, &[]), None);
    }
}
