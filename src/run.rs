//! `soe run`: simulate a scenario and report.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Instant, SystemTime};

use analysis::{Manifest, ResultFolder};
use scenarios::spec::Scenario;
use scenarios::{Progress, Recording, Results, report};
use soe_model::units::parse_duration;

use crate::cli::{Format, RunArgs};
use crate::failure::{Failure, print};
use crate::progress::Watch;

/// Runs the command.
pub fn run(args: &RunArgs) -> Result<(), Failure> {
    let scenario = load(args)?;
    let deployment = scenario.resolve().map_err(Failure::input)?;
    let samples = args.samples.as_deref().map(parse_duration).transpose();
    let samples = samples.map_err(|error| Failure::input(format!("--samples: {error}")))?;
    if samples.is_some_and(|period| period.is_zero()) {
        return Err(Failure::input("--samples: the period must be more than 0"));
    }
    let recording = Recording {
        calls: args.calls,
        samples,
    };
    let progress = Arc::new(Progress::default());
    let interrupted = Arc::clone(&progress);
    ctrlc::set_handler(move || interrupted.interrupted.store(true, Relaxed))
        .map_err(Failure::run)?;
    // Before anything runs: a folder that cannot be written is wrong input.
    let folder = match output(args) {
        Some(path) => Some(ResultFolder::create(path, args.force).map_err(Failure::input)?),
        None => None,
    };

    let watch = (!args.quiet).then(|| Watch::start(Arc::clone(&progress), &deployment.run));
    let (date, started) = (SystemTime::now(), Instant::now());
    let threads = args.threads.map(usize::from);
    let results = Results::of(&deployment, recording, threads, &progress);
    let elapsed = started.elapsed();
    if let Some(watch) = watch {
        watch.finish();
    }
    let results = results.map_err(Failure::run)?;

    let done = results.replications.len();
    let wanted = deployment.run.replications;
    if done == 0 {
        return Err(Failure::Interrupted(
            "interrupted before the first replication was complete; nothing was kept".to_owned(),
        ));
    }
    let title = args.file.display().to_string();
    if !args.quiet {
        print(&match args.format {
            Format::Text => report(&title, &deployment, &results),
            Format::Json => results.summary_json(),
            Format::Csv => results.summary_csv(),
        })?;
    }
    let events: u64 = results
        .replications
        .iter()
        .map(|result| result.events)
        .sum();
    let mut kept = "nothing was written".to_owned();
    if let Some(folder) = folder {
        let text = scenario.check().map_err(Failure::input)?;
        let manifest = Manifest {
            program: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command_line: std::env::args().collect(),
            scenario: text.clone(),
            seed: deployment.run.seed,
            replications: done as u32,
            threads: threads.unwrap_or_else(rayon_threads),
            date: humantime::format_rfc3339_seconds(date).to_string(),
            duration_s: elapsed.as_secs_f64(),
            fingerprints: results.fingerprints(),
            inputs: digests(&args.file, &scenario)?,
            ..Manifest::default()
        };
        let path = results
            .write(folder, &text, manifest)
            .map_err(Failure::run)?;
        kept = format!("results are in {}", path.display());
    }
    if !args.quiet {
        let rate = events as f64 / elapsed.as_secs_f64().max(1e-9) / 1e6;
        eprintln!(
            "{events} events in {:.2} s ({rate:.1} M events/s); {kept}",
            elapsed.as_secs_f64()
        );
    }
    if done < wanted as usize {
        return Err(Failure::Interrupted(format!(
            "interrupted: {done} of {wanted} replications were complete; {kept}"
        )));
    }
    Ok(())
}

/// The scenario with everything that the command line changes.
fn load(args: &RunArgs) -> Result<Scenario, Failure> {
    let mut scenario = Scenario::load(&args.file).map_err(Failure::input)?;
    for assignment in &args.set {
        scenario.set(assignment).map_err(Failure::input)?;
    }
    if let Some(seed) = args.seed {
        scenario
            .set(&format!("run.seed={seed}"))
            .map_err(Failure::input)?;
    }
    if let Some(replications) = args.replications {
        let assignment = format!("run.replications={replications}");
        scenario.set(&assignment).map_err(Failure::input)?;
    }
    Ok(scenario)
}

/// The digests of the scenario file and of the files that it names, by path.
fn digests(file: &Path, scenario: &Scenario) -> Result<BTreeMap<String, String>, Failure> {
    let named = scenario.inputs().map_err(Failure::input)?;
    let files = std::iter::once(file.to_owned()).chain(named);
    let digest = |path: PathBuf| {
        let digest = analysis::sha256_file(&path).map_err(Failure::run)?;
        Ok((path.display().to_string(), digest))
    };
    files.map(digest).collect()
}

/// Where the results go.
fn output(args: &RunArgs) -> Option<PathBuf> {
    if args.no_output {
        return None;
    }
    Some(
        args.output
            .clone()
            .unwrap_or_else(|| free_folder(&args.file)),
    )
}

/// The first of results/NAME-1, results/NAME-2, ... that does not exist.
fn free_folder(scenario: &Path) -> PathBuf {
    let name = scenario.file_stem().map(|stem| stem.to_string_lossy());
    let name = name.as_deref().unwrap_or("scenario");
    let mut candidates =
        (1_u64..).map(|number| Path::new("results").join(format!("{name}-{number}")));
    candidates.find(|path| !path.exists()).unwrap_or_default()
}

fn rayon_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
