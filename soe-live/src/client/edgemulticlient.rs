//! `edgemulticlient`: replays a trace of calls.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clap::Parser;
use sim_core::libstdcxx::general;
use soe_model::client::trace::{self, TraceCall};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};
use uuid::Uuid;

use super::call::{CallError, Caller, payload};
use super::fleet::GRACE;
use super::options::Patience;
use super::statistics::Statistics;
use crate::command::{ClientConf, Endpoint, Failure, Output, Stop};
use crate::rpc::{LambdaRequest, LambdaResponse};

/// How many calls may be over without being written yet.
const BACKLOG: usize = 1024;

/// Replays a trace of calls, in the format of clienttracegen.
///
/// Each line of the trace is a call: time in seconds, function, endpoint, size of
/// the input in bytes. Each executed call becomes a line of the output: time of the
/// response, latency, load, computer, and 0. At the end, the number of calls, the
/// number of send times that were missed because all threads were busy, and the
/// mean latency go to the log.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "edgemulticlient",
    after_help = "\
Examples:
  clienttracegen --duration 60 | edgemulticlient --output-file calls
  edgemulticlient --input-file trace --num-threads 50"
)]
pub struct Options {
    /// Maximum number of concurrent calls
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    num_threads: u32,

    /// The trace
    #[arg(long, value_name = "FILE", default_value = "/dev/stdin")]
    input_file: String,

    /// Output file [default: none]
    #[arg(
        long,
        value_name = "FILE",
        default_value = "",
        hide_default_value = true
    )]
    output_file: String,

    /// Transport of calls: type=grpc, or type=quic with attempt-early-data (send calls in
    /// the first packets, which may be replayed; false) and insecure (take any
    /// certificate, instead of --secure; false)
    #[arg(
        long,
        value_name = "CONF",
        default_value = "type=grpc,persistence=0.05"
    )]
    client_conf: ClientConf,

    #[command(flatten)]
    patience: Patience,
}

/// A finished call.
struct Played {
    latency: Duration,
    ended: Duration,
    result: Result<LambdaResponse, CallError>,
}

/// What the threads of the player share.
struct Player {
    calls: Vec<TraceCall>,
    callers: BTreeMap<String, Caller>,
    next: AtomicUsize,
    missed: AtomicUsize,
    origin: Instant,
    stop: Stop,
    give_up: Stop,
}

/// Runs the executable.
///
/// # Errors
/// If the trace is wrong, the output cannot be written, or a call failed.
pub async fn run(options: Options, stop: Stop) -> Result<(), Failure> {
    let path = options.input_file.clone();
    let text = tokio::task::spawn_blocking(move || soe_model::text::read(path));
    let text = tokio::select! {
        text = text => text.map_err(Failure::run)?,
        () = stop.wait() => return Ok(()),
    };
    let text = text
        .map_err(|error| Failure::Input(format!("{}: cannot read: {error}", options.input_file)))?;
    let mut calls = trace::parse(&options.input_file, &text).map_err(Failure::input)?;
    calls.sort_by(|a, b| a.secs.total_cmp(&b.secs));
    let mut output = match options.output_file.as_str() {
        "" => None,
        path => Some(Output::open(path, false)?),
    };
    let player = Arc::new(Player {
        callers: callers(&calls, &options)?,
        calls,
        next: AtomicUsize::new(0),
        missed: AtomicUsize::new(0),
        origin: Instant::now(),
        stop,
        give_up: Stop::new(),
    });
    let statistics = play(&player, options.num_threads, &mut output).await?;
    let dispatched = player.next.load(Ordering::Relaxed).min(player.calls.len());
    info!(
        "dispatched {dispatched} / {}, deadline misses {}, average latency {}",
        player.calls.len(),
        player.missed.load(Ordering::Relaxed),
        statistics.latency(),
    );
    statistics.verdict()
}

/// One caller for each endpoint of the trace.
fn callers(calls: &[TraceCall], options: &Options) -> Result<BTreeMap<String, Caller>, Failure> {
    let checked = options.client_conf.check(options.patience.secure);
    checked.map_err(|error| Failure::Input(format!("--client-conf: {error}")))?;
    let security = options.patience.security()?;
    let mut callers = BTreeMap::new();
    for call in calls {
        if !callers.contains_key(&call.endpoint) {
            let wrong = |error: &dyn std::fmt::Display| {
                Failure::Input(format!("{}: {error}", options.input_file))
            };
            let endpoint = call.endpoint.parse::<Endpoint>();
            endpoint.map_err(|error| wrong(&error))?;
            let (transport, timeout) = (options.client_conf.transport, options.patience.timeout());
            let caller = Caller::over(transport, &call.endpoint, &security, timeout)?;
            callers.insert(call.endpoint.clone(), caller);
        }
    }
    Ok(callers)
}

/// Plays all calls, writes those that were executed, and returns statistics.
async fn play(
    player: &Arc<Player>,
    threads: u32,
    output: &mut Option<Output>,
) -> Result<Statistics, Failure> {
    let (sender, mut played) = mpsc::channel(BACKLOG);
    let mut workers = JoinSet::new();
    for _ in 0..threads {
        let (player, sender) = (player.clone(), sender.clone());
        workers.spawn(async move { player.work(sender).await });
    }
    drop(sender);
    let mut statistics = Statistics::new();
    let mut patience = None;
    loop {
        let call = tokio::select! {
            call = played.recv() => call,
            () = player.stop.wait(), if patience.is_none() => {
                patience = Some(Instant::now() + GRACE);
                continue;
            }
            () = sleep_until(patience.unwrap_or(player.origin)), if patience.is_some() => {
                player.give_up.stop();
                patience = Some(Instant::now() + GRACE);
                continue;
            }
        };
        let Some(call) = call else {
            return Ok(statistics);
        };
        match call.result {
            Err(error) => {
                let text = error.to_string();
                if statistics.failed(&text) {
                    warn!("{text}");
                }
            }
            Ok(response) => {
                let latency = call.latency.as_secs_f64();
                statistics.executed(latency, f64::from(response.ptime) / 1e3);
                let line = format!(
                    "{} {} {} {} 0",
                    general(call.ended.as_secs_f64()),
                    general(latency),
                    response.load1,
                    response.responder
                );
                if let Some(output) = output
                    && !output.line(line)?
                {
                    player.stop.stop();
                }
            }
        }
    }
}

impl Player {
    /// Takes calls in order, waits for the time of each, and sends it.
    async fn work(&self, played: mpsc::Sender<Played>) {
        while !self.stop.is_stopped() {
            let next = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(call) = self.calls.get(next) else {
                return;
            };
            let due = self.origin + Duration::from_nanos(call.at().as_nanos());
            if due <= Instant::now() {
                self.missed.fetch_add(1, Ordering::Relaxed);
            }
            tokio::select! {
                () = sleep_until(due) => {}
                () = self.stop.wait() => return,
            }
            let Some(caller) = self.callers.get(&call.endpoint) else {
                continue;
            };
            let request = LambdaRequest {
                name: call.function.clone(),
                input: payload(call.size),
                uuid: Uuid::new_v4().to_string(),
                ..Default::default()
            };
            let sent = Instant::now();
            let result = tokio::select! {
                result = caller.call(request) => result,
                () = self.give_up.wait() => Err(CallError::GivenUp),
            };
            let over = Played {
                latency: sent.elapsed(),
                ended: self.origin.elapsed(),
                result,
            };
            if played.send(over).await.is_err() {
                return;
            }
        }
    }
}
