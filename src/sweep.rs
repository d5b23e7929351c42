//! `soe sweep` and `soe study`: run a study and report.

mod watch;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant, SystemTime};

use analysis::{Manifest, ResultFolder, TextTable, Unit};
use scenarios::shipped::{SHIPPED, Shipped};
use soe_sim::Progress;
use soe_study::{
    Failed, JournalError, Plan, Prepared, Runner, Shard, Status, Study, Sweep, SweepError,
};

use crate::cli::{MergeArgs, StudyArgs, SweepArgs, SweepCommand, SweepOptions, WorkOptions};
use crate::failure::{Failure, print, tell};
use crate::signals;
use watch::Watch;

/// A dry run tries no more points than this.
const PROBED: usize = 5;
/// And does not begin another after this time.
const PROBING: Duration = Duration::from_secs(5);

/// Runs `soe sweep`.
pub fn sweep(args: &SweepArgs) -> Result<(), Failure> {
    match &args.command {
        Some(SweepCommand::Merge(args)) => return merge(args),
        Some(SweepCommand::Schema) => return print(&soe_study::schema()),
        Some(SweepCommand::Reference) => return print(&soe_study::reference()),
        None => {}
    }
    let Some(file) = &args.file else {
        return Err(Failure::input("a study file is needed"));
    };
    let study = Study::load(file).map_err(Failure::input)?;
    run(study, file, &args.options, &args.work)
}

/// Runs `soe study`.
pub fn study(args: &StudyArgs) -> Result<(), Failure> {
    let Some(name) = &args.name else {
        let mut table = TextTable::new().left("study").left("about");
        for study in SHIPPED {
            table.row([study.name, study.about()]);
        }
        return print(&table.render());
    };
    let file = PathBuf::from(format!("{name}.toml"));
    run(shipped(name)?, &file, &args.options, &args.work)
}

/// A study that is part of the program.
fn shipped(name: &str) -> Result<Study, Failure> {
    let found = Shipped::by_name(name).ok_or_else(|| {
        let known: Vec<_> = SHIPPED.iter().map(|study| study.name).collect();
        Failure::input(format!(
            "no study is called `{}`, known: {}",
            name.escape_debug(),
            known.join(", ")
        ))
    })?;
    Study::parse(found.text, &format!("{name}.toml")).map_err(Failure::input)
}

/// A study, checked, with all that it needs.
struct Ready {
    plan: Plan,
    prepared: Prepared,
    text: String,
    output: PathBuf,
}

impl Ready {
    fn new(mut study: Study, file: &Path, options: &SweepOptions) -> Result<Self, Failure> {
        change(&mut study, options)?;
        let plan = study.resolve().map_err(Failure::input)?;
        let prepared = plan.prepare().map_err(Failure::input)?;
        Ok(Self {
            text: plan.to_whole_toml(),
            plan,
            prepared,
            output: output(file, options),
        })
    }

    /// Where what is finished is kept.
    fn work(&self) -> PathBuf {
        let mut name = self.output.file_name().unwrap_or_default().to_owned();
        name.push(".work");
        self.output.with_file_name(name)
    }
}

/// Applies what the command line changes.
fn change(study: &mut Study, options: &SweepOptions) -> Result<(), Failure> {
    for network in &options.network {
        let Some((name, prefix)) = network.split_once('=') else {
            let found = network.escape_debug();
            return Err(Failure::input(format!(
                "--network: found `{found}`, expected NAME=PREFIX"
            )));
        };
        study
            .give_network(name, Path::new(prefix))
            .map_err(Failure::input)?;
    }
    if let Some(trace) = &options.trace {
        study.give_trace(trace).map_err(Failure::input)?;
    }
    let seed = options.seed.map(|seed| format!("seed={seed}"));
    let replications = options
        .replications
        .map(|number| format!("replications={number}"));
    for assignment in options.set.iter().chain(&seed).chain(&replications) {
        study.set(assignment).map_err(Failure::input)?;
    }
    Ok(())
}

fn output(file: &Path, options: &SweepOptions) -> PathBuf {
    let name = file.file_stem().map(|stem| stem.to_string_lossy());
    let name = name.as_deref().unwrap_or("study");
    let chosen = options.output.clone();
    chosen.unwrap_or_else(|| Path::new("results").join(name))
}

fn run(
    study: Study,
    file: &Path,
    options: &SweepOptions,
    work: &WorkOptions,
) -> Result<(), Failure> {
    let shard = work.shard.as_deref().map(shard).transpose()?;
    if work.check {
        let mut study = study;
        change(&mut study, options)?;
        return print(&study.check().map_err(Failure::input)?);
    }
    let ready = Ready::new(study, file, options)?;
    if let Some(only) = &work.only {
        return one(&ready, only);
    }
    let is_part = shard.is_some();
    if !is_part && !work.dry_run {
        // Before anything runs: a folder that cannot be written is wrong input. Nothing
        // is left of this one if the process is killed.
        ResultFolder::create(&ready.output, options.force).map_err(Failure::input)?;
    }
    let metrics = ready.plan.metrics_known();
    let replications = &ready.plan.replications;
    let mut sweep = Sweep::open(&ready.prepared, metrics, replications, &ready.work(), shard)
        .map_err(Failure::input)?;
    if work.dry_run {
        return dry_run(&ready, &mut sweep, work);
    }
    if !options.quiet {
        for line in ready.prepared.about() {
            tell(line);
        }
    }
    let progress = Arc::new(Progress::default());
    signals::interrupts(&progress)?;
    let (date, started) = (SystemTime::now(), Instant::now());
    let watch = (!options.quiet).then(|| Watch::new(Arc::clone(&progress), &ready.plan));
    let threads = work.threads.map(usize::from);
    let mut before = Status::default();
    let ended = sweep.run(
        threads,
        &progress,
        |status| {
            before = status;
            if let Some(watch) = &watch {
                watch.start(status);
            }
        },
        |done| {
            if let Some(watch) = &watch {
                watch.point(done);
            }
        },
    );
    if let Some(watch) = watch {
        watch.finish();
    }
    let was_interrupted = ended.map_err(|error| match error {
        SweepError::Journal(JournalError::Foreign(_)) => Failure::input(error),
        error => Failure::run(error),
    })?;
    report_failures(&ready, &sweep.failures, &reproduce(std::env::args()));
    let kept = ready.work();
    if was_interrupted {
        return Err(Failure::Interrupted(format!(
            "interrupted; finished replications are kept in {}; run the same command to continue",
            kept.display()
        )));
    }
    if is_part {
        if !options.quiet && sweep.failures.is_empty() {
            tell(format_args!(
                "this part is complete; its journal is in {}",
                kept.display()
            ));
        }
        return failures(&sweep.failures);
    }
    let manifest = Manifest {
        date: humantime::format_rfc3339_seconds(date).to_string(),
        duration_s: started.elapsed().as_secs_f64(),
        threads: threads.unwrap_or_else(cores),
        ..manifest(&ready)
    };
    write(&ready, &mut sweep, options, manifest)?;
    if !options.quiet {
        tell(format_args!(
            "{} replications run, {} taken from {}, {:.1} s; results are in {}",
            progress.replications.load(Relaxed),
            before.finished,
            kept.display(),
            started.elapsed().as_secs_f64(),
            ready.output.display()
        ));
    }
    failures(&sweep.failures)
}

fn merge(args: &MergeArgs) -> Result<(), Failure> {
    let name = args.file.to_string_lossy();
    let study = if !args.file.exists() && Shipped::by_name(&name).is_some() {
        shipped(&name)?
    } else {
        Study::load(&args.file).map_err(Failure::input)?
    };
    let ready = Ready::new(study, &args.file, &args.options)?;
    ResultFolder::create(&ready.output, args.options.force).map_err(Failure::input)?;
    let metrics = ready.plan.metrics_known();
    let replications = &ready.plan.replications;
    let merged = Sweep::merge(&ready.prepared, metrics, replications, &args.parts);
    let mut sweep = merged.map_err(Failure::input)?;
    let manifest = Manifest {
        date: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        ..manifest(&ready)
    };
    write(&ready, &mut sweep, &args.options, manifest)?;
    if !args.options.quiet {
        tell(format_args!(
            "no replication is missing or duplicated; results are in {}",
            ready.output.display()
        ));
    }
    Ok(())
}

fn manifest(ready: &Ready) -> Manifest {
    let inputs = ready.prepared.inputs().iter();
    let inputs: BTreeMap<_, _> = inputs
        .map(|(path, digest)| (path.display().to_string(), digest.clone()))
        .collect();
    Manifest {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        command_line: std::env::args().collect(),
        scenario: ready.text.clone(),
        seed: ready.plan.seed,
        replications: ready.plan.replications.max,
        inputs,
        ..Manifest::default()
    }
}

fn write(
    ready: &Ready,
    sweep: &mut Sweep<'_, Prepared>,
    options: &SweepOptions,
    manifest: Manifest,
) -> Result<(), Failure> {
    let folder = ResultFolder::create(&ready.output, options.force).map_err(Failure::run)?;
    let written = sweep.write(&ready.plan, &ready.prepared, &ready.text, folder, manifest);
    written.map_err(Failure::run)?;
    for note in &sweep.notes {
        tell(format_args!("soe: {note}"));
    }
    if !options.quiet && !sweep.verdicts.is_empty() {
        let lines = sweep.verdicts.iter();
        let lines: Vec<_> = lines.map(|verdict| verdict.line() + "\n").collect();
        print(&lines.concat())?;
    }
    Ok(())
}

/// Tells how much there is to run.
fn dry_run(
    ready: &Ready,
    sweep: &mut Sweep<'_, Prepared>,
    work: &WorkOptions,
) -> Result<(), Failure> {
    let status = sweep.status().map_err(Failure::input)?;
    let threads = work.threads.map_or_else(cores, usize::from);
    let plan = &ready.plan;
    let replications = &plan.replications;
    let count = match replications.precision {
        None => format!("{} replications each", replications.min),
        Some(precision) => format!(
            "{} to {} replications each, until intervals are within {} %",
            replications.min,
            replications.max,
            precision * 100.0
        ),
    };
    let mut text = format!("{} points, {count}\n", status.points);
    text += &format!(
        "{} replications are finished ({} points complete), {} remain{}\n",
        status.finished,
        status.finished_points,
        status.missing,
        if replications.precision.is_some() && status.missing > 0 {
            ", at least"
        } else {
            ""
        }
    );
    if status.missing > 0 {
        let found = match status.mean {
            Some(mean) => Ok((mean, "the finished ones")),
            None => probe(ready, sweep).map(|mean| (mean, "a few trial runs")),
        };
        text += &match found {
            Ok((mean, basis)) => {
                let all = mean.as_secs_f64() * status.missing as f64 / threads as f64;
                let all = humantime::format_duration(Duration::from_secs(all.ceil() as u64));
                let mean = Unit::Nanoseconds.format(mean.as_nanos() as f64);
                format!(
                    "about {all} on {threads} threads, at {mean} per replication (mean of \
                     {basis})\n"
                )
            }
            Err(failed) => format!("the remaining time is unknown: {failed}\n"),
        };
    }
    print(&text)
}

/// The mean time of a few replications.
fn probe(ready: &Ready, sweep: &Sweep<'_, Prepared>) -> Result<Duration, String> {
    let points = ready.prepared.points();
    let started = Instant::now();
    let (mut sum, mut count) = (Duration::ZERO, 0_u32);
    for number in 0..PROBED.min(points) {
        let point = number * points.saturating_sub(1) / PROBED.min(points).saturating_sub(1).max(1);
        let probed = sweep.probe(point, &Progress::default());
        sum += probed.map_err(|error| {
            format!(
                "a replication of {} failed: {error}",
                ready.plan.describe(point)
            )
        })?;
        count += 1;
        if started.elapsed() > PROBING {
            break;
        }
    }
    Ok(sum / count.max(1))
}

/// Runs one replication and prints what it reports.
fn one(ready: &Ready, only: &str) -> Result<(), Failure> {
    let wrong = || {
        let found = only.escape_debug();
        Failure::input(format!(
            "--only: found `{found}`, expected a point from 0 to {} and a replication, such as 0:3",
            ready.prepared.points().saturating_sub(1)
        ))
    };
    let (point, replication) = only.split_once(':').ok_or_else(wrong)?;
    let point: usize = point.parse().map_err(|_| wrong())?;
    let replication: u32 = replication.parse().map_err(|_| wrong())?;
    if point >= ready.prepared.points() {
        return Err(wrong());
    }
    let mut worker = Default::default();
    let report = ready
        .prepared
        .replicate(point, replication, &mut worker, &Progress::default())
        .map_err(|reason| {
            let at = ready.plan.describe(point);
            let seed = ready.prepared.seed(&ready.plan, replication);
            Failure::run(format!("point {point} ({at}), {seed}: {reason}"))
        })?;
    let Some(report) = report else { return Ok(()) };
    let mut table = TextTable::new()
        .left("metric")
        .left("entity")
        .right("value");
    let mut at = 0;
    for column in &report.layout.columns {
        if column.at.is_none() && !column.pooled {
            let value = column.metric.unit.format(report.values[at]);
            table.row([column.metric.name, &column.entity, &value]);
        }
        at += column.width();
    }
    print(&format!(
        "{}\n{}",
        ready.plan.describe(point),
        table.render()
    ))
}

/// Part I of N.
fn shard(text: &str) -> Result<Shard, Failure> {
    let parsed = text.split_once('/').and_then(|(number, of)| {
        let (number, of) = (number.trim().parse().ok()?, of.trim().parse().ok()?);
        (1 <= number && number <= of).then_some(Shard { number, of })
    });
    parsed.ok_or_else(|| {
        let found = text.escape_debug();
        Failure::input(format!(
            "--shard: found `{found}`, expected I/N such as 1/8, I from 1 to N"
        ))
    })
}

/// No more failures than this are listed.
const LISTED: usize = 20;

/// The command that was given, for a shell and without what does not go with `--only`.
fn reproduce(args: impl IntoIterator<Item = String>) -> String {
    let mut kept = Vec::new();
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--shard" => drop(args.next()),
            arg if arg.starts_with("--shard=") => {}
            _ => kept.push(arg),
        }
    }
    let quoted = kept.iter().map(|arg| shlex::try_quote(arg));
    // Nothing that a command line holds has a zero in it.
    let quoted: Result<Vec<_>, _> = quoted.collect();
    quoted.map_or_else(|_| kept.join(" "), |quoted| quoted.join(" "))
}

fn report_failures(ready: &Ready, failures: &[Failed], command: &str) {
    for failed in failures.iter().take(LISTED) {
        tell(format_args!(
            "soe: point {point} ({}), {} failed: {}; to reproduce it: {command} --only {point}:{}",
            ready.plan.describe(failed.point),
            ready.prepared.seed(&ready.plan, failed.replication),
            failed.reason,
            failed.replication,
            point = failed.point,
        ));
    }
    if failures.len() > LISTED {
        tell(format_args!("soe: and {} more", failures.len() - LISTED));
    }
}

fn failures(failures: &[Failed]) -> Result<(), Failure> {
    match failures.len() {
        0 => Ok(()),
        1 => Err(Failure::run("1 replication failed")),
        count => Err(Failure::run(format!("{count} replications failed"))),
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
