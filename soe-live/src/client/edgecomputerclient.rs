//! `edgecomputerclient`: shows the utilization of a computer.

use std::time::Duration;

use clap::Parser;
use sim_core::libstdcxx::general;
use tokio::time::{Instant, sleep};
use tonic::transport::Channel;
use tonic::{Status, Streaming};
use tracing::warn;

use super::call::describe;
use super::options::Patience;
use crate::command::{Endpoint, Failure, Output, Stop};
use crate::connection::connect_lazily;
use crate::rpc::edge_computer_client::EdgeComputerClient;
use crate::rpc::{Utilization, Void};

/// Delay before a lost connection is opened again.
const PAUSE: Duration = Duration::from_secs(1);

/// Shows the utilization of the processors of a computer, until it is interrupted.
///
/// Each processor has a line about once per second: time in seconds, name of the
/// processor, used fraction of it.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "edgecomputerclient",
    after_help = "\
Examples:
  edgecomputerclient --server 127.0.0.1:6476
  edgecomputerclient --server 127.0.0.1:20000 --output-file utilization"
)]
pub struct Options {
    /// Address of the utilization service of the computer
    #[arg(long, value_name = "HOST:PORT", default_value = "localhost:6476")]
    server_endpoint: Endpoint,

    /// Output file
    #[arg(long, value_name = "FILE", default_value = "/dev/stdout")]
    output_file: String,

    #[command(flatten)]
    patience: Patience,
}

/// Runs the executable: connects, and connects again when the computer went away.
///
/// # Errors
/// If the computer cannot be reached at the beginning, or the output not written.
pub async fn run(options: Options, stop: Stop) -> Result<(), Failure> {
    let security = options.patience.security()?;
    let channel = connect_lazily(options.server_endpoint.as_str(), &security);
    let mut client = EdgeComputerClient::new(channel.map_err(Failure::input)?);
    let mut output = Output::open(&options.output_file, false)?;
    let origin = Instant::now();
    let timeout = options.patience.timeout();
    let mut stream = tokio::select! {
        () = stop.wait() => return Ok(()),
        stream = subscribe(&mut client, timeout) => stream.map_err(Failure::Run)?,
    };
    loop {
        let lost = loop {
            let message = tokio::select! {
                () = stop.wait() => return Ok(()),
                message = stream.message() => message,
            };
            match message {
                Ok(Some(utilization)) => {
                    if !write(&mut output, origin, &utilization)? {
                        return Ok(());
                    }
                }
                Ok(None) => break "the computer closed the stream".to_owned(),
                Err(status) => break describe(&status),
            }
        };
        warn!("{}: {lost}; trying again", options.server_endpoint);
        stream = loop {
            tokio::select! {
                () = stop.wait() => return Ok(()),
                () = sleep(PAUSE) => {}
            }
            let again = tokio::select! {
                () = stop.wait() => return Ok(()),
                again = subscribe(&mut client, timeout) => again,
            };
            if let Ok(stream) = again {
                break stream;
            }
        };
    }
}

/// Asks for the utilization; the answer has no end, so only its beginning is
/// awaited with a deadline.
async fn subscribe(
    client: &mut EdgeComputerClient<Channel>,
    timeout: Duration,
) -> Result<Streaming<Utilization>, String> {
    let answer = tokio::time::timeout(timeout, client.stream_util(Void {})).await;
    let answer = answer.unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer in time")));
    match answer {
        Ok(stream) => Ok(stream.into_inner()),
        Err(status) => Err(format!("RPC failed: {}", describe(&status))),
    }
}

/// Writes a line for each processor. Returns whether the reader is still there.
fn write(output: &mut Output, origin: Instant, utilization: &Utilization) -> Result<bool, Failure> {
    for (processor, value) in &utilization.values {
        let time = general(origin.elapsed().as_secs_f64());
        if !output.line(format!("{time} {processor} {value:.6}"))? {
            return Ok(false);
        }
    }
    Ok(true)
}
