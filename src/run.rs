//! `soe run`: simulate a scenario and report.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use soe_model::deployment::Deployment;
use soe_model::units::parse_duration;
use soe_sim::{Progress, Recording, Results};

use crate::cli::{CallTables, RunArgs};
use crate::deliver::{Run, load_task, result_folder};
use crate::failure::{Failure, tell};
use crate::progress::Watch;
use crate::signals;

/// Runs the command.
pub fn run(args: &RunArgs) -> Result<(), Failure> {
    let task = &args.task;
    let scenario = load_task(task)?;
    let checked = soe_study::checked(&scenario).map_err(Failure::input)?;
    let deployment = &checked.deployment;
    warn_of_overload(deployment);
    let samples = args.samples.as_deref().map(parse_duration).transpose();
    let samples = samples.map_err(|error| Failure::input(format!("--samples: {error}")))?;
    if samples.is_some_and(|period| period.is_zero()) {
        return Err(Failure::input("--samples: the period must be more than 0"));
    }
    let recording = Recording {
        calls: task.calls.is_some(),
        parts: task.calls == Some(CallTables::Parts),
        samples,
    };
    let progress = Arc::new(Progress::default());
    signals::interrupts(&progress)?;
    // Before anything runs: a folder that cannot be written is wrong input.
    let folder = result_folder(task)?;

    let watch = (!task.quiet).then(|| Watch::start(Arc::clone(&progress), &deployment.run));
    let (date, started) = (SystemTime::now(), Instant::now());
    let work = deployment.run.replications as usize;
    let threads = args.threads.map(|threads| usize::from(threads).min(work));
    let results = Results::of(deployment, recording, threads, &progress);
    let elapsed = started.elapsed();
    if let Some(watch) = watch {
        watch.finish();
    }
    let results = results.map_err(Failure::run)?;
    let events = results.replications.iter().map(|result| result.events);
    let events: u64 = events.sum();
    let rate = events as f64 / elapsed.as_secs_f64().max(1e-9) / 1e6;
    let seconds = elapsed.as_secs_f64();
    let run = Run {
        checked: &checked,
        date,
        elapsed,
        threads: threads.unwrap_or_else(rayon_threads),
        fingerprints: results.fingerprints(),
        effort: format!("{events} events in {seconds:.2} s ({rate:.1} M events/s)"),
    };
    run.deliver(task, folder, results)
}

/// Warns before a run in which more arrives than can be done.
pub fn warn_of_overload(deployment: &Deployment) {
    let loads = deployment.offered_loads();
    for load in loads.iter().filter(|load| load.ratio >= 1.0) {
        tell(format_args!("soe: warning: overload: {load}"));
    }
}

fn rayon_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
