//! What a policy costs for one call, in nanoseconds: key, pick, and the events of the call,
//! with 100 and with 10 000 destinations: `cargo bench -p soe-model --bench pick`.

use std::collections::VecDeque;
use std::hint::black_box;
use std::time::Instant;

use sim_core::{SimDuration, SimTime, Streams};
use soe_model::broker::policy::{POLICIES, Policy};
use soe_model::broker::{AttemptOutcome, Lineup, ProbeAnswer, RoundTrip};
use soe_model::catalogue::{ArgumentError, Value};

/// Calls in progress, as a share of the destinations.
const PENDING: f64 = 0.7;

fn main() -> Result<(), ArgumentError> {
    let base = [100, 10_000].map(|destinations| calls(None, destinations));
    println!("{:30} {:>12} {:>14}", "policy", "100 (ns)", "10 000 (ns)");
    let mut policies = POLICIES.examples()?;
    let all = vec![("choices".to_owned(), Value::Count(0))];
    policies.push(POLICIES.configure("peak-ewma", all)?);
    for policy in policies {
        let build = || (policy.kind.build)(&policy.arguments);
        let costs = [100, 10_000].map(|destinations| calls(Some(build()), destinations));
        let choices = policy.arguments.get("choices");
        let choices = choices.map_or(String::new(), |choices| format!(" ({choices})"));
        let name = format!("{}{choices}", policy.kind.name);
        let [few, many] = [costs[0] - base[0], costs[1] - base[1]];
        println!("{name:30} {few:12.1} {many:14.1}");
    }
    Ok(())
}

/// The time of a call with so many destinations, the bookkeeping of the benchmark included.
fn calls(mut policy: Option<Box<dyn Policy>>, destinations: u32) -> f64 {
    let count = if destinations > 1000 {
        100_000
    } else {
        1_000_000u32
    };
    let mut lineup = Lineup::new(&vec![0.01; destinations as usize]);
    let streams = Streams::new(1, 0);
    let mut chance = streams.stream("router", "policy");
    let mut probes = streams.stream("router", "probes");
    let mut now = SimTime::ZERO;
    if let Some(policy) = &mut policy {
        (0..destinations).for_each(|_| policy.add(now, 0.01));
    }
    let under_way = (f64::from(destinations) * PENDING) as usize;
    let mut pending = vec![0u32; destinations as usize];
    let mut calls = VecDeque::with_capacity(under_way + 1);
    let mut wanted = Vec::new();
    let mut start = Instant::now();
    for call in 0..2 * count {
        if call == count {
            start = Instant::now();
        }
        now += SimDuration::from_micros(100);
        let (function, header) = lineup.call();
        let picked = match &mut policy {
            Some(policy) => {
                let key = policy.key(function, &header);
                let candidates = lineup.candidates_with_key(key);
                let picked = policy.pick(now, &candidates, &mut chance);
                let target = lineup.target(picked);
                policy.sent(now, target);
                policy.wants_probes(now, &candidates, &mut probes, &mut wanted);
                for probed in wanted.drain(..) {
                    let answer = ProbeAnswer {
                        rif: Some(call % 7),
                        ..SimDuration::from_micros(u64::from(call % 1000)).into()
                    };
                    policy.probed(now, lineup.target(probed), &answer);
                }
                picked
            }
            None => (call as usize * 7919) % destinations as usize,
        };
        pending[picked] += 1;
        lineup.set_pending(picked as u32, pending[picked]);
        calls.push_back(picked);
        if calls.len() > under_way
            && let Some(ended) = calls.pop_front()
        {
            pending[ended] -= 1;
            lineup.set_pending(ended as u32, pending[ended]);
            if let Some(policy) = &mut policy {
                let outcome = AttemptOutcome::Answered(RoundTrip {
                    latency: SimDuration::from_micros(900 + u64::from(call % 200)),
                    processing: SimDuration::from_micros(800),
                    load1: 70,
                    cold: false,
                    acknowledgement: false,
                    dry: false,
                    rif: Some(pending[ended]),
                });
                policy.done(now, lineup.target(ended), &outcome);
            }
        }
        black_box(picked);
    }
    start.elapsed().as_nanos() as f64 / f64::from(count)
}
