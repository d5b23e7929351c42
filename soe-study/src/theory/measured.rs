//! Quantities that are no metric, computed from what a replication measured.

use std::convert::Infallible;
use std::sync::Arc;

use analysis::{CallRecord, NameId, Names, Outcome, SampleRecord};
use sim_core::{SimTime, Streams};
use soe_model::catalogue::{Timetable, Value};
use soe_model::client::arrival::ARRIVALS;
use soe_model::units::Bytes;
use soe_sim::{Observer, Progress, RunOptions, run};

use super::law::Measured;

/// The mean service time of the second queue of a tandem, seconds.
pub(super) const SECOND_SERVICE: f64 = 0.005;

/// The number of calls under way over throughput times mean latency.
pub(super) fn little(it: &Measured<'_>) -> f64 {
    let latency = it.overall("latency_mean") / 1e9;
    it.overall("calls_under_way") / (it.overall("throughput") * latency)
}

/// Billions of operations per second that the three computers have done.
pub(super) fn work_done(it: &Measured<'_>) -> f64 {
    let speeds = [("fast/cpu", 1.0), ("medium/cpu", 0.5), ("slow/cpu", 0.25)];
    let done = speeds.map(|(processor, speed)| it.metric("utilization", processor) * speed);
    done.iter().sum()
}

/// The share of calls that got an error.
pub(super) fn rejected(it: &Measured<'_>) -> f64 {
    let (lost, completed) = (it.overall("calls_lost"), it.overall("calls_completed"));
    lost / (lost + completed)
}

/// How many calls ended before one that was sent earlier.
pub(super) fn overtaking(it: &Measured<'_>) -> f64 {
    let completed = it.calls.iter().filter(|call| call.outcome == Outcome::Ok);
    let mut last = 0;
    let overtakes = completed.filter(|call| {
        let overtaken = call.call < last;
        last = last.max(call.call);
        overtaken
    });
    overtakes.count() as f64
}

/// By how many calls the computer with the fewest is behind that with the most, beyond one.
pub(super) fn unfairness(it: &Measured<'_>) -> f64 {
    let computers = it.deployment.computers.len();
    // In the order in which they were sent; the end of the run cuts off none but the last.
    let mut calls: Vec<&CallRecord> = it.calls.iter().collect();
    calls.sort_by_key(|call| call.call);
    let mut counts: Vec<(NameId, u64)> = Vec::with_capacity(computers);
    let mut worst = 0;
    for computer in calls.iter().map_while(|call| call.computer) {
        match counts.iter_mut().find(|(name, _)| *name == computer) {
            Some((_, count)) => *count += 1,
            None => counts.push((computer, 1)),
        }
        let numbers = || counts.iter().map(|(_, count)| *count);
        let least = match counts.len() < computers {
            true => 0,
            false => numbers().min().unwrap_or(0),
        };
        worst = worst.max(numbers().max().unwrap_or(0) - least);
    }
    worst.saturating_sub(1) as f64
}

struct Unobserved;

impl Observer for Unobserved {
    fn call(&mut self, _: &CallRecord, _: &Names) {}
    fn sample(&mut self, _: &SampleRecord, _: &Names) {}
}

/// The mean latency at a second queue, at which the calls arrive that leave the first, with
/// exponential times of [`SECOND_SERVICE`]; not a number if it cannot be simulated.
pub(super) fn latency_at_a_second_queue(it: &Measured<'_>) -> f64 {
    let replication = it.result.replication;
    let seed = it.deployment.run.seed;
    let mut sizes = Streams::new(seed, u64::from(replication)).stream("second queue", "size");
    let left = it.calls.iter().filter_map(|call| {
        let at = SimTime::from_nanos(call.sent_ns + call.latency_ns?);
        Some((at, Bytes(sizes.exponential(SECOND_SERVICE * 1e6) as u64)))
    });
    let timetable = Timetable {
        path: "departures".to_owned(),
        calls: left.collect(),
    };
    let file = ("file".to_owned(), Value::Timetable(Arc::new(timetable)));
    let Ok(arrivals) = ARRIVALS.configure("trace", vec![file]) else {
        return f64::NAN;
    };
    let mut second = it.deployment.clone();
    for client in &mut second.clients {
        client.arrivals = arrivals.clone();
    }
    second.run.replications = 1;
    let observe = |_| Ok::<_, Infallible>(None::<Unobserved>);
    let runs = run(
        &second,
        &RunOptions::default(),
        &Progress::default(),
        observe,
    );
    let Some((result, _)) = runs.ok().and_then(|runs| runs.into_iter().next()) else {
        return f64::NAN;
    };
    let measured = Measured {
        deployment: &second,
        result: &result,
        calls: &[],
    };
    measured.overall("latency_mean")
}
