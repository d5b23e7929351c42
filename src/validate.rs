//! `soe validate`: the simulator against what is known of it from elsewhere.

mod busy;
mod live;

pub use live::live;

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Instant, SystemTime};

use analysis::{Manifest, ResultFolder, TextTable};
use indicatif::{ProgressBar, ProgressStyle};
use soe_sim::Progress;
use soe_study::theory::{Effort, Law, TheoryReport, laws};

use crate::cli::{Format, TheoryArgs};
use crate::failure::{Failure, print};
use crate::signals;

/// How often a correct simulator may fail a run of all laws.
const FALSE_ALARMS: f64 = 0.001;

/// Compares with closed forms. That a law does not hold is an error of status 1.
pub fn theory(args: &TheoryArgs) -> Result<(), Failure> {
    let all = laws();
    if args.list {
        let mut table = TextTable::new().left("law").left("statement");
        for law in &all {
            table.row([law.name, law.statement]);
        }
        return print(&table.render());
    }
    let claims: usize = all.iter().map(claims_of).sum();
    let laws = chosen(all, &args.law)?;
    let effort = Effort {
        seed: args.seed,
        replications: args.replications,
        confidence: 1.0 - FALSE_ALARMS / claims as f64,
        threads: args.threads.map(usize::from),
    };
    let folder = args.output.as_ref();
    let folder = folder.map(|path| ResultFolder::create(path, args.force));
    let folder = folder.transpose().map_err(Failure::input)?;
    let progress = Arc::new(Progress::default());
    signals::interrupts(&progress)?;
    let (date, started) = (SystemTime::now(), Instant::now());
    let bar = ProgressBar::new(laws.len() as u64).with_style(style());
    let mut checked = Vec::new();
    for law in &laws {
        bar.set_message(law.name);
        let claims = law.check(&effort, args.sabotage, &progress);
        if progress.interrupted.load(Relaxed) {
            bar.finish_and_clear();
            let text = "interrupted before all laws were checked; nothing was kept";
            return Err(Failure::Interrupted(text.to_owned()));
        }
        checked.extend(claims.map_err(Failure::run)?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let report = TheoryReport {
        laws: &laws,
        checked: &checked,
        effort: &effort,
        broken: args.sabotage,
    };
    if let Some(folder) = folder {
        let manifest = Manifest {
            seed: effort.seed,
            replications: effort.replications,
            ..manifest(date, started)
        };
        report.write(folder, manifest).map_err(Failure::run)?;
    }
    print(&match args.format {
        Format::Text => report.to_text(),
        Format::Csv => report.to_csv(),
        Format::Json => report.to_json(),
    })?;
    match report.passed() {
        true => Ok(()),
        false => Err(Failure::run(report.conclusion())),
    }
}

/// What the manifest of a validation has in any case.
fn manifest(date: SystemTime, started: Instant) -> Manifest {
    Manifest {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        command_line: std::env::args().collect(),
        date: humantime::format_rfc3339_seconds(date).to_string(),
        duration_s: started.elapsed().as_secs_f64(),
        ..Manifest::default()
    }
}

fn claims_of(law: &Law) -> usize {
    law.cases.iter().map(|case| case.claims.len()).sum()
}

/// The laws with these names, in their order; all if none is named.
fn chosen(all: Vec<Law>, names: &[String]) -> Result<Vec<Law>, Failure> {
    for name in names {
        if !all.iter().any(|law| law.name == name) {
            let known: Vec<_> = all.iter().map(|law| law.name).collect();
            let known = known.join(", ");
            return Err(Failure::input(format!(
                "--law: there is no law `{name}`; there are {known}"
            )));
        }
    }
    let wanted = |law: &Law| names.is_empty() || names.iter().any(|name| name == law.name);
    Ok(all.into_iter().filter(wanted).collect())
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("[{elapsed}] {wide_bar} {pos}/{len} laws, {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
