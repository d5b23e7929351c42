//! `soe live`: a scenario as real services and clients.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use sim_core::SimDuration;
use soe_live::client::{CallError, Finished};
use soe_live::command::Stop;
use soe_live::deployment::{self, Component, Places, Seen};
use soe_model::deployment::Deployment;
use soe_model::units::Bytes;
use soe_sim::{
    ComputerUsage, ObservedCall, ObservedEnd, ObservedRun, Recording, Results, client_is_there,
    computer_is_there,
};
use tokio::process::Command;
use tokio::runtime::Runtime;

use crate::cli::{CallTables, LiveServeArgs, LiveUpArgs, WhichArgs};
use crate::deliver::{Run, load, load_task, result_folder};
use crate::failure::{Failure, tell};

/// How long a process may take to end after it was told to.
const FAREWELL: Duration = Duration::from_secs(10);

/// Runs `soe live up`.
pub fn up(args: &LiveUpArgs) -> Result<(), Failure> {
    let task = &args.task;
    let mut scenario = load_task(task)?;
    if task.replications.is_none() {
        // Each takes its real time.
        scenario.set("run.replications=1").map_err(Failure::input)?;
    }
    let checked = soe_study::checked(&scenario).map_err(Failure::input)?;
    let deployment = Arc::new(checked.deployment.clone());
    crate::run::warn_of_overload(&deployment);
    soe_live::command::log_warnings()?;
    let stop = stop_on_signal()?;
    // Before anything runs: a folder that cannot be written is wrong input.
    let folder = result_folder(task)?;

    let (date, started) = (SystemTime::now(), Instant::now());
    let runtime = runtime()?;
    let mut runs = Vec::new();
    let wanted = deployment.run.replications;
    for replication in 0..wanted {
        if !task.quiet {
            let number = replication + 1;
            tell(format_args!(
                "replication {number} of {wanted}{}",
                expected_time(&deployment)
            ));
        }
        let how = (&task.which, args.processes);
        let seen = runtime.block_on(replicate(how, &deployment, replication, &stop))?;
        match seen {
            Some(run) => runs.push(run),
            None => break,
        }
    }
    runtime.shutdown_background();
    let elapsed = started.elapsed();
    let recording = Recording {
        calls: task.calls.is_some(),
        parts: task.calls == Some(CallTables::Parts),
        samples: None,
    };
    let calls: usize = runs.iter().map(|run| run.calls.len()).sum();
    let results = Results::of_observed(&deployment, recording, runs).map_err(Failure::run)?;
    let run = Run {
        checked: &checked,
        date,
        elapsed,
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        fingerprints: Vec::new(),
        effort: format!("{calls} calls in {:.2} s", elapsed.as_secs_f64()),
    };
    run.deliver(task, folder, results)
}

/// Runs `soe live serve`.
pub fn serve(args: &LiveServeArgs) -> Result<(), Failure> {
    let scenario = load(&args.which)?;
    let checked = soe_study::checked(&scenario).map_err(Failure::input)?;
    let deployment = checked.deployment;
    let path = args.places.display();
    let text = soe_model::text::read(&args.places);
    let text = text.map_err(|error| Failure::input(format!("{path}: cannot read: {error}")))?;
    let places: Places = text
        .parse()
        .map_err(|error| Failure::input(format!("{path}: {error}")))?;
    soe_live::command::log_warnings()?;
    let stop = stop_on_signal()?;
    let ended = stop.clone();
    std::thread::spawn(move || {
        // Whatever comes is ignored, only that it ends counts.
        let _ = std::io::copy(&mut std::io::stdin().lock().by_ref(), &mut std::io::sink());
        ended.stop();
    });
    let seed = seed(&deployment, args.replication);
    let served = deployment::serve(&deployment, &places, &args.name, seed, None, stop);
    Ok(runtime()?.block_on(served)?)
}

/// Runs a replication, each component in a process of its own if that is wanted; `None` if it
/// was interrupted.
pub async fn replicate(
    (which, processes): (&WhichArgs, bool),
    deployment: &Arc<Deployment>,
    replication: u32,
    stop: &Stop,
) -> Result<Option<ObservedRun>, Failure> {
    let places = Arc::new(Places::choose(deployment).map_err(Failure::run)?);
    let absent = absent(deployment);
    let seen = if processes {
        let mut file = tempfile::NamedTempFile::new().map_err(Failure::run)?;
        write!(file, "{places}").map_err(Failure::run)?;
        let launch = |name: &str, stop: Stop| -> Component {
            let words = serve_words(which, name, file.path(), replication);
            Box::pin(process(name.to_owned(), words, stop))
        };
        deployment::replicate(deployment, replication, &places, &absent, &launch, stop).await?
    } else {
        let launch = |name: &str, stop: Stop| -> Component {
            let (deployment, places) = (deployment.clone(), places.clone());
            let name = name.to_owned();
            let seed = seed(&deployment, replication);
            Box::pin(async move {
                deployment::serve(&deployment, &places, &name, seed, None, stop).await
            })
        };
        deployment::replicate(deployment, replication, &places, &absent, &launch, stop).await?
    };
    if seen.interrupted {
        return Ok(None);
    }
    Ok(Some(observed(deployment, replication, &places, seen)))
}

/// Computers and clients that only come later.
fn absent(deployment: &Deployment) -> BTreeSet<String> {
    let computers = deployment.computers.iter().map(|spec| &spec.name);
    let computers = computers.filter(|name| !computer_is_there(deployment, name));
    let clients = deployment.clients.iter().map(|spec| &spec.name);
    let clients = clients.filter(|name| !client_is_there(deployment, name));
    computers.chain(clients).cloned().collect()
}

/// The seed of what components draw in a replication.
fn seed(deployment: &Deployment, replication: u32) -> u64 {
    deployment.run.seed.wrapping_add(u64::from(replication))
}

/// The command line that runs a component.
fn serve_words(which: &WhichArgs, name: &str, places: &Path, replication: u32) -> Vec<OsString> {
    let mut words: Vec<OsString> = ["live", "serve"].map(OsString::from).into();
    words.push(which.file.clone().into());
    words.extend(which.set.iter().map(|set| format!("--set={set}").into()));
    words.extend(which.seed.map(|seed| format!("--seed={seed}").into()));
    words.push(format!("--name={name}").into());
    words.push(format!("--replication={replication}").into());
    words.push("--places".into());
    words.push(places.into());
    words
}

/// A component as a separate process.
///
/// It stops when its standard input ends, and so also if this process is killed.
async fn process(
    name: String,
    words: Vec<OsString>,
    stop: Stop,
) -> Result<(), soe_live::command::Failure> {
    let failed =
        |error: &dyn std::fmt::Display| soe_live::command::Failure::Run(format!("{name}: {error}"));
    let program = std::env::current_exe().map_err(|error| failed(&error))?;
    let mut command = Command::new::<PathBuf>(program);
    command.args(words).stdin(Stdio::piped()).kill_on_drop(true);
    // Ctrl-C at the terminal is for this process, which stops the others in order.
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn().map_err(|error| failed(&error))?;
    let input = child.stdin.take();
    let status = tokio::select! {
        status = child.wait() => status,
        () = stop.wait() => {
            drop(input);
            match tokio::time::timeout(FAREWELL, child.wait()).await {
                Ok(status) => status,
                Err(_) => return Err(failed(&"did not stop within the time allowed")),
            }
        }
    };
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(&status)),
        Err(error) => Err(failed(&error)),
    }
}

/// What was seen, in the terms of the deployment.
fn observed(
    deployment: &Deployment,
    replication: u32,
    places: &Places,
    mut seen: Seen,
) -> ObservedRun {
    tell_losses(replication, &seen.calls);
    let computers: BTreeMap<_, _> = deployment
        .computers
        .iter()
        .zip(0..)
        .map(|(spec, number)| (spec.name.as_str(), number))
        .collect();
    let calls = std::mem::take(&mut seen.calls).into_iter().map(|call| {
        let destinations = &deployment.clients[call.client as usize].destinations;
        // A client with a context has none of its own.
        let destination = destinations.get(call.destination as usize);
        let destination = destination.map_or("", String::as_str);
        ObservedCall {
            client: call.client,
            sent: call.sent,
            input: call.size,
            ended: end(&call, destination, places, &computers).map(|end| (call.ended, end)),
        }
    });
    let calls = calls.collect();
    let usage = deployment.computers.iter().map(|spec| {
        let reported = seen.utilization.get(&spec.name);
        let processors = spec.processors.iter().map(|processor| {
            let share = reported.and_then(|reported| reported.get(&processor.name));
            (processor.name.clone(), share.copied().unwrap_or(f64::NAN))
        });
        ComputerUsage {
            computer: spec.name.clone(),
            processors: processors.collect(),
        }
    });
    ObservedRun {
        replication,
        calls,
        usage: usage.collect(),
        tables: seen.tables,
        end: seen.end,
    }
}

/// Says on standard error how many calls were lost, and why the first one was.
fn tell_losses(replication: u32, calls: &[Finished]) {
    let reason = |call: &Finished| match &call.result {
        Ok(_) | Err(CallError::GivenUp | CallError::Refused(_) | CallError::Status(_)) => None,
        Err(error) => Some(error.to_string()),
    };
    let mut reasons = calls.iter().filter_map(reason);
    if let Some(first) = reasons.next() {
        let count = 1 + reasons.count();
        tell(format_args!(
            "replication {replication}: {count} calls were lost, the first one: {first}"
        ));
    }
}

/// How a call was over; `None` if it was still in progress.
fn end(
    call: &Finished,
    destination: &str,
    places: &Places,
    computers: &BTreeMap<&str, u32>,
) -> Option<ObservedEnd> {
    let response = match &call.result {
        Ok(response) => response,
        Err(CallError::GivenUp) => return None,
        Err(CallError::Refused(text)) => return Some(ObservedEnd::Refused(text.clone())),
        Err(answer @ CallError::Status(_)) => {
            return Some(ObservedEnd::Refused(answer.to_string()));
        }
        Err(_) => return Some(ObservedEnd::Lost),
    };
    // A computer does not say who it is, a broker does.
    let name = match response.responder.as_str() {
        "" => destination,
        responder => places.name(responder).unwrap_or(responder),
    };
    let Some(&computer) = computers.get(name) else {
        return Some(ObservedEnd::Refused(format!(
            "executed by an unknown computer: {name}"
        )));
    };
    Some(ObservedEnd::Completed {
        computer,
        processing: SimDuration::from_millis(response.ptime.into()),
        load1: response.load1.min(100) as u8,
        output: Bytes(response.output.len() as u64),
        hops: response.hops,
    })
}

/// How long a replication takes, if that is known.
fn expected_time(deployment: &Deployment) -> String {
    match deployment.run.duration {
        Some(duration) => format!(", at most {duration}"),
        None => String::new(),
    }
}

/// A switch that the first signal throws; the second ends the process.
pub fn stop_on_signal() -> Result<Stop, Failure> {
    let stop = Stop::new();
    let thrown = stop.clone();
    let handler = move || {
        if thrown.is_stopped() {
            std::process::exit(130);
        }
        thrown.stop();
    };
    ctrlc::set_handler(handler).map_err(Failure::run)?;
    Ok(stop)
}

pub fn runtime() -> Result<Runtime, Failure> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().build().map_err(Failure::run)
}
