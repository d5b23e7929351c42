//! `clienttracegen`: writes a trace of calls.

use clap::Parser;
use sim_core::Stream;
use soe_model::client::trace::TraceGenerator;
use soe_model::units::Bytes;

use crate::command::{Endpoint, Failure, Output, Stop, whole_bytes};

/// Writes a trace of calls, which edgemulticlient replays.
///
/// Clients call independently of each other at exponentially distributed times.
/// Each call is a line: time in seconds, function, endpoint, size of the input in
/// bytes. The same seed gives the same trace.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "clienttracegen",
    after_help = "\
Examples:
  clienttracegen --rate 2 --num-clients 10 --duration 60 > trace
  clienttracegen --server a:6473 --lambda f --output trace
  clienttracegen --server b:6473 --lambda g --output trace --append --seed 1
  edgemulticlient --input-file trace"
)]
pub struct Options {
    /// Endpoint to call
    #[arg(long, value_name = "HOST:PORT", default_value = "localhost:6473")]
    server_endpoint: Endpoint,

    /// The function to call
    #[arg(long, default_value = "clambda0")]
    lambda: String,

    /// Least size of the input in bytes
    #[arg(long, value_name = "BYTES", default_value = "100", value_parser = whole_bytes)]
    min_size: Bytes,

    /// Greatest size of the input in bytes
    #[arg(long, value_name = "BYTES", default_value = "500", value_parser = whole_bytes)]
    max_size: Bytes,

    /// Mean number of calls per second of each client
    #[arg(long, value_name = "CALLS", default_value = "1", value_parser = rate)]
    rate: f64,

    /// Number of clients
    #[arg(long, default_value_t = 5)]
    num_clients: u64,

    /// Offset of all times, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = time)]
    starting_time: f64,

    /// How long the clients call, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = time)]
    duration: f64,

    /// Output file
    #[arg(long, value_name = "FILE", default_value = "/dev/stdout")]
    output_file: String,

    /// Append to the output file instead of replacing it
    #[arg(long)]
    append: bool,

    /// Seed of all random draws
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Runs the executable.
///
/// # Errors
/// If an option is impossible, or the output cannot be written.
pub async fn run(options: Options, stop: Stop) -> Result<(), Failure> {
    if options.min_size > options.max_size {
        return Err(Failure::Input(format!(
            "--min-size {} is more than --max-size {}",
            options.min_size.0, options.max_size.0
        )));
    }
    let mut output = Output::open(&options.output_file, options.append)?;
    let generator = TraceGenerator {
        clients: options.num_clients,
        rate: options.rate,
        duration: options.duration,
        starting_time: options.starting_time,
        min_size: options.min_size,
        max_size: options.max_size,
        function: options.lambda,
        endpoint: options.server_endpoint.to_string(),
    };
    for call in generator.generate(&mut Stream::original_from_seed(options.seed)) {
        if stop.is_stopped() || !output.line(call)? {
            break;
        }
    }
    Ok(())
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok();
    rate.filter(|rate: &f64| *rate > 0.0 && *rate <= 1e9)
        .ok_or_else(|| "expected a number of calls per second, more than 0".to_owned())
}

fn time(text: &str) -> Result<f64, String> {
    crate::command::seconds(text)?;
    text.parse()
        .map_err(|_| "expected a number of seconds".to_owned())
}
