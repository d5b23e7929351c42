//! Counts, life cycles, and read and write periods of the applications of the trace.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::ValueEnum;
use sim_core::libstdcxx::general;

use super::super::CommandError;
use super::{Files, RowArgs, check_folder, for_each_access, is_file_name, key};

/// Analyzes the applications of the trace Azure Functions Blob 2020
///
/// num-invocations: `user,application,accesses` in num-invocations.dat. lifecycles, per
/// region in REGION.dat: `user,application,begin,end,written,read,accesses,session` with
/// times in ms from the first access and sizes in bytes, and in concurrent.dat how many
/// applications there are over time. read-write-periods, for the N-th application in the
/// order of keys: how long and of how many accesses its periods of reads and of writes
/// are, in {read,write}-{durations,events}-N.dat.
#[derive(Clone, Debug, clap::Args)]
pub struct InspectArgs {
    /// Rows of the trace, in the order of time
    #[arg(long, value_name = "FILE")]
    pub input_dataset: PathBuf,
    /// Folder for the results; it must exist
    #[arg(long, value_name = "FOLDER")]
    pub output_dir: PathBuf,
    /// What to compute
    #[arg(long, value_name = "NAME", value_enum, default_value_t = Analysis::NumInvocations)]
    pub analysis: Analysis,
    /// Also write applications with a single access (lifecycles)
    #[arg(long)]
    pub singletons: bool,
    /// How long a session lasts after the last access, in minutes (lifecycles)
    #[arg(
        long,
        value_name = "MINUTES",
        default_value_t = 60.0,
        allow_negative_numbers = true
    )]
    pub session_duration: f64,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented by its type")]
    pub rows: RowArgs,
}

/// The three analyses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Analysis {
    /// Periods of reads and of writes
    ReadWritePeriods,
    /// Accesses per application
    NumInvocations,
    /// First and last access, sizes and sessions
    Lifecycles,
}

/// More applications than this would be more files than a folder should have.
const MOST_APPS_WITH_FILES: usize = 100_000;

/// Runs the command.
///
/// # Errors
/// If an option or the input is wrong, or the results cannot be written.
pub fn inspect(args: &InspectArgs) -> Result<(), CommandError> {
    if !(args.session_duration.is_finite() && args.session_duration >= 0.0) {
        return Err(CommandError::Usage(format!(
            "--session-duration is {}, expected 0 or more",
            args.session_duration
        )));
    }
    check_folder(&args.output_dir)?;
    let mut files = Files::default();
    match args.analysis {
        Analysis::NumInvocations => counts(args, &mut files)?,
        Analysis::Lifecycles => lifecycles(args, &mut files)?,
        Analysis::ReadWritePeriods => periods(args, &mut files)?,
    }
    files.finish()
}

fn counts(args: &InspectArgs, files: &mut Files) -> Result<(), CommandError> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for_each_access(&args.input_dataset, args.rows, |access| {
        *counts.entry(key(access)).or_default() += 1;
        Ok(())
    })?;
    let lines = counts.iter().map(|(key, count)| format!("{key},{count}\n"));
    let text: String = lines.collect();
    files.add(args.output_dir.join("num-invocations.dat"), text.as_bytes())
}

/// Accesses must be in the order of time.
fn in_order(last: &mut f64, time: f64) -> Result<(), String> {
    if time < *last {
        return Err(format!(
            "time is {time} ms, {} ms before the access before it; sort the file first (sort -n)",
            *last - time
        ));
    }
    *last = time;
    Ok(())
}

#[derive(Default)]
struct Lifecycle {
    begin: u64,
    end: u64,
    written: u64,
    read: u64,
    calls: u64,
    session: u64,
}

fn lifecycles(args: &InspectArgs, files: &mut Files) -> Result<(), CommandError> {
    let most = (args.session_duration * 60_000.0) as u64;
    let mut regions: BTreeMap<String, BTreeMap<String, Lifecycle>> = BTreeMap::new();
    let (mut last, mut start) = (f64::NEG_INFINITY, None);
    for_each_access(&args.input_dataset, args.rows, |access| {
        in_order(&mut last, access.time_ms)?;
        if !is_file_name(access.region) || access.region == "concurrent" {
            let region = access.region.escape_debug();
            return Err(format!("region is `{region}`, expected a name for a file"));
        }
        let time = access.time_ms as u64;
        let now = time - *start.get_or_insert(time);
        let region = regions.entry(access.region.to_owned()).or_default();
        let app = region.entry(key(access)).or_default();
        if app.calls == 0 {
            app.begin = now;
        } else {
            app.session += (now - app.end).min(most);
        }
        app.end = now;
        app.calls += 1;
        let size = if access.is_write {
            &mut app.written
        } else {
            &mut app.read
        };
        *size = size.saturating_add(access.bytes);
        Ok(())
    })?;
    // At the same time, in the order of regions and keys.
    let mut events: Vec<(u64, bool)> = Vec::new();
    for (region, apps) in &regions {
        let mut text = String::new();
        for (key, app) in apps {
            events.extend([(app.begin, true), (app.end, false)]);
            if args.singletons || app.begin != app.end {
                let Lifecycle {
                    begin,
                    end,
                    written,
                    read,
                    calls,
                    session,
                } = app;
                // Writing to a string does not fail.
                let _ = writeln!(
                    text,
                    "{key},{begin},{end},{written},{read},{calls},{session}"
                );
            }
        }
        files.add(
            args.output_dir.join(format!("{region}.dat")),
            text.as_bytes(),
        )?;
    }
    events.sort_by_key(|event| event.0);
    let mut text = String::new();
    let mut concurrent = 0_u64;
    for (time, begins) in events {
        concurrent = if begins {
            concurrent + 1
        } else {
            concurrent.saturating_sub(1)
        };
        let _ = writeln!(text, "{time} {concurrent}");
    }
    files.add(args.output_dir.join("concurrent.dat"), text.as_bytes())
}

/// Periods of reads or of writes of one application that are over: length and accesses.
#[derive(Default)]
struct Periods {
    durations: [String; 2],
    events: [String; 2],
}

/// The period in which an application is.
struct Current {
    begin: f64,
    is_write: bool,
    events: u64,
}

fn periods(args: &InspectArgs, files: &mut Files) -> Result<(), CommandError> {
    let mut apps: BTreeMap<String, (Current, Periods)> = BTreeMap::new();
    let mut last = f64::NEG_INFINITY;
    for_each_access(&args.input_dataset, args.rows, |access| {
        in_order(&mut last, access.time_ms)?;
        let start = Current {
            begin: access.time_ms,
            is_write: access.is_write,
            events: 1,
        };
        let key = key(access);
        let Some((current, periods)) = apps.get_mut(&key) else {
            apps.insert(key, (start, Periods::default()));
            return Ok(());
        };
        if current.is_write == access.is_write {
            current.events += 1;
        } else {
            let kind = usize::from(current.is_write);
            let duration = access.time_ms - current.begin;
            // Writing to a string does not fail.
            let _ = writeln!(periods.durations[kind], "{}", general(duration));
            let _ = writeln!(periods.events[kind], "{}", current.events);
            *current = start;
        }
        Ok(())
    })?;
    let has_periods = |periods: &Periods| periods.events.iter().any(|text| !text.is_empty());
    let apps = apps.into_values().map(|(_, periods)| periods);
    let apps: Vec<Periods> = apps.filter(has_periods).collect();
    if apps.len() > MOST_APPS_WITH_FILES {
        return Err(CommandError::Usage(format!(
            "{}: {} applications would each have four files, expected at most \
             {MOST_APPS_WITH_FILES} applications",
            args.input_dataset.display(),
            apps.len()
        )));
    }
    for (number, periods) in (1..).zip(apps) {
        for (kind, name) in ["read", "write"].into_iter().enumerate() {
            for (what, text) in [
                ("durations", &periods.durations[kind]),
                ("events", &periods.events[kind]),
            ] {
                let file = format!("{name}-{what}-{number}.dat");
                files.add(args.output_dir.join(file), text.as_bytes())?;
            }
        }
    }
    Ok(())
}
