//! `soe validate live`: live runs and simulations of one scenario.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use analysis::{Manifest, ResultFolder};
use indicatif::{ProgressBar, ProgressStyle};
use soe_live::command::Stop;
use soe_model::deployment::Deployment;
use soe_sim::{ObservedRun, Progress};
use soe_study::reality::{Comparison, Overhead, RealityReport, Trial, on_one_machine, probe};
use tokio::runtime::Runtime;

use super::busy::Watchman;
use super::manifest;
use crate::cli::{LiveArgs, LiveFormat};
use crate::deliver::load;
use crate::failure::{Failure, print};
use crate::live::{replicate, runtime, stop_on_signal};

/// The exit status when the machine was too busy.
const REFUSED: u8 = 3;

/// Compares with live runs.
pub fn live(args: &LiveArgs) -> Result<ExitCode, Failure> {
    let scenario = load(&args.which)?;
    let checked = soe_study::checked(&scenario).map_err(Failure::input)?;
    let mut deployment = checked.deployment.clone();
    deployment.run.replications = 1;
    comparable(&deployment)?;
    crate::run::warn_of_overload(&deployment);
    soe_live::command::log_warnings()?;
    let folder = args.output.as_ref();
    let folder = folder.map(|path| ResultFolder::create(path, args.force));
    let folder = folder.transpose().map_err(Failure::input)?;
    let quiet = probe(&deployment).map_err(Failure::input)?;
    let stop = stop_on_signal()?;
    let (date, started) = (SystemTime::now(), Instant::now());
    let runs = Runs {
        args,
        stop: &stop,
        runtime: runtime()?,
    };
    let bar = ProgressBar::new(u64::from(args.repeats) + 2).with_style(style());
    bar.set_message("probe");
    let overhead = Overhead::of(&quiet, &runs.run(quiet.clone())?).map_err(Failure::run)?;
    let watchman = Watchman::start();
    let mut live = Vec::new();
    for repeat in 1..=args.repeats {
        bar.inc(1);
        bar.set_message(format!("live run {repeat}"));
        let seen = runs.run(deployment.clone())?;
        live.push(Trial::live(&deployment, seen).map_err(Failure::run)?);
    }
    let busy = watchman.finish();
    bar.inc(1);
    bar.set_message("simulations");
    let costs = overhead.spread(args.simulations).into_iter();
    let deployments: Vec<_> = costs
        .map(|cost| on_one_machine(&deployment, cost))
        .collect();
    let simulated = Trial::simulated(&deployments, None, &Progress::default());
    let simulated = simulated.map_err(Failure::run)?;
    bar.finish_and_clear();
    let report = RealityReport {
        scenario: &args.which.file.display().to_string(),
        live: &live,
        simulated: &simulated,
        comparison: &Comparison::of(&deployment, &live, &simulated),
        overhead: &overhead,
        busy: busy.as_deref(),
    };
    if let Some(folder) = folder {
        let manifest = Manifest {
            scenario: checked.text.clone(),
            seed: deployment.run.seed,
            replications: args.repeats,
            ..manifest(date, started)
        };
        report.write(folder, manifest).map_err(Failure::run)?;
    }
    print(&match args.format {
        LiveFormat::Text => report.to_text(),
        LiveFormat::Json => report.to_json(),
    })?;
    Ok(match report.verdict() {
        "agrees" => ExitCode::SUCCESS,
        "refused" => ExitCode::from(REFUSED),
        _ => ExitCode::FAILURE,
    })
}

/// Whether live and simulated calls can be compared.
fn comparable(deployment: &Deployment) -> Result<(), Failure> {
    if deployment.run.duration.is_none() {
        return Err(Failure::input(
            "run.duration is missing: live and simulated runs must end at the same time",
        ));
    }
    let runs_workflow = deployment.clients.iter().find(|client| {
        let mut workflows = deployment.workflows.iter();
        workflows.any(|workflow| workflow.name == client.function)
    });
    match runs_workflow {
        Some(client) => Err(Failure::input(format!(
            "client `{}` runs a workflow; only calls of single functions can be compared",
            client.name
        ))),
        None => Ok(()),
    }
}

/// Live runs, one after the other.
struct Runs<'a> {
    args: &'a LiveArgs,
    stop: &'a Stop,
    runtime: Runtime,
}

impl Runs<'_> {
    fn run(&self, deployment: Deployment) -> Result<ObservedRun, Failure> {
        let deployment = Arc::new(deployment);
        let how = (&self.args.which, self.args.processes);
        let seen = replicate(how, &deployment, 0, self.stop);
        let seen = self.runtime.block_on(seen)?;
        let text = "interrupted before all live runs were over; nothing was kept";
        seen.ok_or_else(|| Failure::Interrupted(text.to_owned()))
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("[{elapsed}] {wide_bar} {pos}/{len} {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
