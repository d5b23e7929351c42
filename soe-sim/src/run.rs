//! Running a deployment: its replications, on all cores.
//!
//! Each replication is an independent simulation that draws from its own streams. Its
//! result does not depend on the thread that runs it, or on when it runs.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};

use analysis::Metric;
use rayon::prelude::*;
use sim_core::{SimDuration, SimTime, Simulation, StopReason};
use soe_model::deployment::Deployment;

use crate::world::{Entity, Event, Observer, ReplicationResult, World};

/// Events between two looks at the outside world.
const CHUNK: u64 = 1 << 16;

/// How to run a deployment, beside what the deployment itself says.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunOptions {
    /// How many threads run replications, at most one for each; all cores if not given.
    pub threads: Option<usize>,
    /// Samples entities once per this simulated time.
    pub sample_period: Option<SimDuration>,
}

/// The progress of a run, for observers in other threads.
#[derive(Debug, Default)]
pub struct Progress {
    /// Calls issued, over all replications.
    pub calls: AtomicU64,
    /// Events executed, over all replications.
    pub events: AtomicU64,
    /// Simulated nanoseconds, over all replications.
    pub simulated: AtomicU64,
    /// Replications that are over.
    pub replications: AtomicU32,
    /// Set this to end the run early: replications in progress are given up.
    pub interrupted: AtomicBool,
}

/// Why a deployment cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum RunError<E> {
    /// The deployment contradicts itself.
    #[error("{0}")]
    Deployment(String),
    /// An observer cannot be made.
    #[error(transparent)]
    Observer(E),
    /// The threads cannot be started.
    #[error("cannot start the threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

/// Runs all replications of `deployment`, each with its own observer.
///
/// The results come in the order of the replications. If the run is interrupted,
/// those that were over by then are returned.
///
/// # Errors
/// If the deployment contradicts itself, or an observer or the threads cannot be
/// made.
pub fn run<O: Observer, E: Send>(
    deployment: &Deployment,
    options: &RunOptions,
    progress: &Progress,
    observe: impl Fn(u32) -> Result<Option<O>, E> + Sync,
) -> Result<Vec<(ReplicationResult, Option<O>)>, RunError<E>> {
    let replicate = |replication| {
        let mut observer = observe(replication).map_err(RunError::Observer)?;
        let watching = observer
            .as_mut()
            .map(|observer| observer as &mut dyn Observer);
        let result = run_replication(deployment, replication, options, progress, watching)
            .map_err(RunError::Deployment)?;
        Ok(result.map(|result| (result, observer)))
    };
    let replications = 0..deployment.run.replications;
    let run_all = || -> Result<Vec<_>, RunError<E>> {
        let results = replications.into_par_iter().map(replicate);
        results.filter_map(Result::transpose).collect()
    };
    match options.threads {
        Some(threads) => rayon::ThreadPoolBuilder::new()
            .num_threads(threads.min(deployment.run.replications as usize).max(1))
            .build()?
            .install(run_all),
        None => run_all(),
    }
}

/// Runs one replication on the calling thread; `None` if it was interrupted.
///
/// # Errors
/// If the deployment contradicts itself; the message says where.
pub fn run_replication(
    deployment: &Deployment,
    replication: u32,
    options: &RunOptions,
    progress: &Progress,
    observer: Option<&mut dyn Observer>,
) -> Result<Option<ReplicationResult>, String> {
    let period = options.sample_period;
    let warm_up = SimTime::ZERO + deployment.run.warm_up;
    let over = simulate(deployment, replication, period, progress, observer)?;
    Ok(over.map(|mut over| ReplicationResult {
        replication,
        metrics: over.world.metrics(warm_up, over.end),
        tables: over.world.tables(),
        events: over.events,
        fingerprint: over.fingerprint,
        end: over.end,
    }))
}

/// Runs one replication, reports its metrics and returns its fingerprint, as sweeps do.
///
/// # Errors
/// As [`run_replication`].
pub fn measure_replication(
    deployment: &Deployment,
    replication: u32,
    progress: &Progress,
    report: impl FnMut(&'static Metric, Entity<'_>, f64),
) -> Result<Option<u64>, String> {
    let over = simulate(deployment, replication, None, progress, None)?;
    Ok(over.map(|mut over| {
        let warm_up = SimTime::ZERO + deployment.run.warm_up;
        over.world.report_metrics(warm_up, over.end, report);
        over.fingerprint
    }))
}

/// A finished replication.
struct Over<'o> {
    world: World<'o>,
    events: u64,
    fingerprint: u64,
    end: SimTime,
}

fn simulate<'o>(
    deployment: &Deployment,
    replication: u32,
    sample_period: Option<SimDuration>,
    progress: &Progress,
    observer: Option<&'o mut dyn Observer>,
) -> Result<Option<Over<'o>>, String> {
    if progress.interrupted.load(Relaxed) {
        return Ok(None);
    }
    let control = &deployment.run;
    let warm_up = SimTime::ZERO + control.warm_up;
    let world = World::new(deployment, replication, sample_period, observer)?;
    let mut simulation = Simulation::new(world);
    // Scheduled first: what happens at the very end of the run, or of the warm-up,
    // comes after it.
    if let Some(duration) = control.duration {
        simulation.schedule_at(SimTime::ZERO + duration, Event::End);
    }
    if !control.warm_up.is_zero() {
        simulation.schedule_at(warm_up, Event::WarmUp);
    }
    simulation.schedule_at(SimTime::ZERO, Event::Start);
    let (mut calls, mut simulated) = (0, 0);
    let mut stall = simulation.model().stall();
    let reason = loop {
        let executed = simulation.executed();
        let reason = simulation.run_events(CHUNK);
        let executed = simulation.executed() - executed;
        progress.events.fetch_add(executed, Relaxed);
        let issued = simulation.model().calls_issued();
        progress.calls.fetch_add(issued - calls, Relaxed);
        let now = simulation.now().as_nanos();
        progress.simulated.fetch_add(now - simulated, Relaxed);
        (calls, simulated) = (issued, now);
        if progress.interrupted.load(Relaxed) {
            return Ok(None);
        }
        if reason != StopReason::CountReached {
            break reason;
        }
        let now = simulation.now();
        simulation.model().check(&mut stall, executed, now)?;
    };
    // With nothing left to happen, time still passes until the end of the run.
    let end = match (reason, control.duration) {
        (StopReason::Empty, Some(duration)) => SimTime::ZERO + duration,
        _ => simulation.now(),
    };
    let (events, fingerprint) = (simulation.executed(), simulation.fingerprint());
    let mut world = simulation.into_model();
    world.report_left_over(end);
    progress.replications.fetch_add(1, Relaxed);
    Ok(Some(Over {
        world,
        events,
        fingerprint,
        end,
    }))
}
