//! Instances of functions: their metrics and time series. Scenarios whose containers are
//! always warm have neither.

use analysis::{Metric, Unit};
use sim_core::SimTime;
use soe_model::computer::Computer;
use soe_model::instances::Tally;
use soe_model::names::{ALL, FunctionId, Id, Names};

use super::metrics::Entity;
use super::recorder::Recorder;

analysis::metrics! {
    #[cfg(test)]
    INSTANCES;

    COLD_SHARE = "cold_share", Ratio, "cold calls", Lower, 7,
        "Share of calls, of those that began on an instance, that waited for a start which they or others had caused";
    COLD_CAUSED_SHARE = "cold_caused_share", Ratio, "calls that caused a start", Lower, 0,
        "Share of these calls whose arrival created the instance for which they waited";
    DELAYED_SHARE = "delayed_by_cold_share", Ratio, "calls delayed by a start", Lower, 0,
        "Share of these calls that were cold, or waited behind calls that were";
    CALLS_WARM = "calls_warm", Count, "warm calls", Higher, 0,
        "Calls that found a free slot";
    CALLS_CAUSED = "calls_cold_caused", Count, "calls that caused a start", Lower, 0,
        "Calls whose arrival created the instance for which they waited";
    CALLS_JOINED = "calls_cold_joined", Count, "calls that joined a start", Lower, 0,
        "Calls that waited for a start that another call or the autoscaler had caused";
    CALLS_QUEUED = "calls_queued", Count, "queued calls", Lower, 0,
        "Calls that waited for busy instances only";
    CALLS_BEHIND = "calls_queued_behind_cold", Count, "calls queued behind cold ones", Lower, 0,
        "Calls that waited for an instance that was busy without a pause since its start";
    CALLS_REJECTED = "calls_rejected", Count, "rejected calls", Lower, 0,
        "Calls for which there was no instance and that were not allowed to wait";
    START_WAIT = "start_wait_mean", Nanoseconds, "waiting for starts", Lower, 0,
        "Mean time for which a call waited for the start of its instance, warm calls included";
    CREATED = "instances_created", Count, "instances created", Lower, 0,
        "Instances created after the warm-up";
    EXPIRED = "instances_expired", Count, "instances expired", Neither, 0,
        "Instances whose keep-alive window ended";
    EVICTED = "instances_evicted", Count, "instances evicted", Neither, 0,
        "Instances that gave up their memory for others";
    SCALED_DOWN = "instances_scaled_down", Count, "instances scaled down", Neither, 0,
        "Instances that the autoscaler removed";
    PREWARMED = "instances_prewarmed", Count, "instances pre-warmed", Neither, 0,
        "Instances created before a call was expected";
    PREWARM_HITS = "prewarm_hits", Count, "pre-warmed instances used", Higher, 0,
        "Pre-warmed instances that executed a call";
    PREWARM_WASTED = "prewarm_wasted", Count, "pre-warmed instances wasted", Lower, 0,
        "Pre-warmed instances that were removed unused";
    ALIVE = "instances_mean", Count, "instances", Lower, 8,
        "Mean number of instances over time: starting, busy and idle";
    STARTING = "instances_starting", Count, "starting instances", Lower, 0,
        "Mean number of instances that start";
    BUSY = "instances_busy", Count, "busy instances", Neither, 0,
        "Mean number of instances that execute calls";
    IDLE = "instances_idle", Count, "idle instances", Lower, 0,
        "Mean number of idle instances";
    PEAK = "instances_peak", Count, "most instances", Lower, 0,
        "Greatest number of instances of one function on one computer, the warm-up included";
    LIFE = "instance_life", Nanoseconds, "life of an instance", Neither, 0,
        "Mean time from creation to removal, of instances removed after the warm-up";
    MEMORY = "instance_memory", Bytes, "memory of instances", Lower, 0,
        "Mean memory that instances hold over time, without teardown";
    WASTE = "instance_memory_idle", Bytes, "idle memory of instances", Lower, 0,
        "Mean memory that idle instances hold over time: what keep-alive wastes";
}

pub(super) static ALIVE_NOW: Metric = Metric::new(
    "instances",
    Unit::Count,
    "Instances of the computer: starting, busy and idle",
);
pub(super) static STARTING_NOW: Metric = Metric::new(
    "instances_starting_now",
    Unit::Count,
    "Instances of the computer that start",
);
pub(super) static IDLE_NOW: Metric = Metric::new(
    "instances_idle_now",
    Unit::Count,
    "Idle instances of the computer",
);
pub(super) static MEMORY_NOW: Metric = Metric::new(
    "instance_memory_held",
    Unit::Bytes,
    "Memory that instances of the computer hold",
);

/// The tallies of one function or of all, added up.
#[derive(Clone, Debug, Default)]
struct Sum {
    tally: Tally,
    /// Of memory over time, in bytes times nanoseconds.
    memory: f64,
    memory_idle: f64,
}

impl Sum {
    fn add(&mut self, tally: &Tally, bytes: f64) {
        self.tally.add(tally);
        let (idle, busy) = (tally.idle as f64, (tally.starting + tally.busy) as f64);
        self.memory += (idle + busy) * bytes;
        self.memory_idle += idle * bytes;
    }
}

/// Reports the metrics of all functions with instances together and, if there are several,
/// of each. `computers` has the tallies of each function at the end of the warm-up.
pub(super) fn report<'c>(
    computers: impl Iterator<Item = (&'c mut Computer, &'c [Tally])>,
    functions: &Names<FunctionId>,
    warm_up: SimTime,
    now: SimTime,
    report: &mut impl FnMut(&'static Metric, Entity<'_>, f64),
) {
    let mut sums: Vec<Option<Sum>> = vec![None; functions.len()];
    for (computer, before) in computers {
        let instances = computer.instances(now);
        for (position, (function, tally, _)) in instances.into_iter().enumerate() {
            let since = match before.get(position) {
                Some(before) => tally.since(before),
                None => tally,
            };
            let bytes = since.memory.0 as f64;
            let sum = sums[function.index()].get_or_insert_default();
            sum.add(&since, bytes);
        }
    }
    let known: Vec<_> = functions
        .iter()
        .zip(&sums)
        .filter_map(|((_, name), sum)| Some((name, sum.as_ref()?)))
        .collect();
    if known.is_empty() {
        return;
    }
    let observed = now.since(warm_up).as_nanos() as f64;
    let mut all = Sum::default();
    for (_, sum) in &known {
        all.tally.add(&sum.tally);
        all.memory += sum.memory;
        all.memory_idle += sum.memory_idle;
    }
    report_sum(ALL, &all, observed, report);
    if known.len() > 1 {
        for (name, sum) in known {
            report_sum(name, sum, observed, report);
        }
    }
}

fn report_sum(
    name: &str,
    sum: &Sum,
    observed: f64,
    report: &mut impl FnMut(&'static Metric, Entity<'_>, f64),
) {
    let tally = &sum.tally;
    let mut report = |metric, value| report(metric, Entity::Named(name), value);
    let share = |count: u64| count as f64 / tally.served() as f64;
    report(&COLD_SHARE, share(tally.cold()));
    report(&COLD_CAUSED_SHARE, share(tally.cold_caused));
    report(&DELAYED_SHARE, share(tally.delayed_by_cold()));
    for (metric, count) in [
        (&CALLS_WARM, tally.warm),
        (&CALLS_CAUSED, tally.cold_caused),
        (&CALLS_JOINED, tally.cold_joined),
        (&CALLS_QUEUED, tally.queued),
        (&CALLS_BEHIND, tally.queued_behind_cold),
        (&CALLS_REJECTED, tally.rejected),
    ] {
        report(metric, count as f64);
    }
    let waited = tally.waited_for_starts as f64 / tally.served() as f64;
    report(&START_WAIT, waited);
    for (metric, count) in [
        (&CREATED, tally.created),
        (&EXPIRED, tally.expired),
        (&EVICTED, tally.evicted),
        (&SCALED_DOWN, tally.scaled_down),
        (&PREWARMED, tally.prewarmed),
        (&PREWARM_HITS, tally.prewarm_hits),
        (&PREWARM_WASTED, tally.prewarm_wasted),
    ] {
        report(metric, count as f64);
    }
    let mean = |time: u128| match observed > 0.0 {
        true => time as f64 / observed,
        false => f64::NAN,
    };
    report(&ALIVE, mean(tally.starting + tally.busy + tally.idle));
    report(&STARTING, mean(tally.starting));
    report(&BUSY, mean(tally.busy));
    report(&IDLE, mean(tally.idle));
    report(&PEAK, f64::from(tally.peak));
    let removed = tally.expired + tally.evicted + tally.scaled_down;
    report(&LIFE, tally.lives as f64 / removed as f64);
    let mean = |memory: f64| match observed > 0.0 {
        true => memory / observed,
        false => f64::NAN,
    };
    report(&MEMORY, mean(sum.memory));
    report(&WASTE, mean(sum.memory_idle));
}

/// Samples the instances of a computer, if its containers are not always warm.
pub(super) fn sample(computer: &mut Computer, now: SimTime, recorder: &mut Recorder<'_>) {
    if !computer.has_instances() {
        return;
    }
    let counts = computer.instances(now).map(|(_, _, alive)| alive);
    let (starting, busy, idle) = counts.fold((0, 0, 0), |sum, alive| {
        (sum.0 + alive.0, sum.1 + alive.1, sum.2 + alive.2)
    });
    let memory = computer.instance_memory().0 as f64;
    let name = computer.name();
    let alive = f64::from(starting + busy + idle);
    recorder.sample(now, name, &ALIVE_NOW, alive);
    recorder.sample(now, name, &STARTING_NOW, f64::from(starting));
    recorder.sample(now, name, &IDLE_NOW, f64::from(idle));
    recorder.sample(now, name, &MEMORY_NOW, memory);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_among_the_metrics_of_scenarios() {
        for metric in INSTANCES {
            let found = crate::METRICS.iter().any(|known| known.name == metric.name);
            assert!(found, "{}", metric.name);
        }
    }
}
