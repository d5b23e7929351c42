//! `edgeippclient`: calls in bursts, or in active phases between silent ones.

use clap::{Parser, ValueEnum};
use sim_core::libstdcxx::general;
use sim_core::{SimDuration, Streams};
use soe_model::catalogue::{ArgumentError, Value};
use soe_model::client::arrival::{ARRIVALS, ArrivalSpec};
use soe_model::client::size::{SIZES, SizeSpec};
use soe_model::client::{Client, ClientSpec};
use soe_model::units::Bytes;

use super::fleet::{self, Manner};
use super::options::Destinations;
use crate::command::{Failure, Output, Stop, positive, seconds, whole_bytes};

/// Calls a function in bursts, or in active phases between silent ones, one call
/// at a time per client.
///
/// Each executed call becomes a line as edgeclient writes it. With --client-type
/// ipp and a --duration, the fraction of the calls that were not made, because
/// answers were slow, goes to the loss file at the end.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "edgeippclient",
    after_help = "\
Examples:
  edgeippclient --client-type poisson --period-mean 5 --burst-size-mean 3
  edgeippclient --client-type ipp --on-mean 2 --off-mean 8 --max-sleep 0.05 \\
                --num-clients 20 --duration 600 --loss-file loss.dat"
)]
pub struct Options {
    #[command(flatten)]
    destinations: Destinations,

    /// The function to call
    #[arg(long, default_value = "clambda0")]
    lambda: String,

    /// When clients call
    #[arg(long, value_name = "TYPE", value_enum, default_value_t = ClientType::Poisson)]
    client_type: ClientType,

    /// Stop after so many seconds; 0 goes on
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    duration: SimDuration,

    /// Stop after so many calls of each client [default: no limit]
    #[arg(long, value_name = "CALLS")]
    max_requests: Option<u64>,

    /// Number of clients that call independently of each other
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    num_clients: u32,

    /// Least size of the input in bytes
    #[arg(long, value_name = "BYTES", default_value = "100", value_parser = whole_bytes)]
    min_size: Bytes,

    /// Greatest size of the input in bytes
    #[arg(long, value_name = "BYTES", default_value = "100", value_parser = whole_bytes)]
    max_size: Bytes,

    /// Draw the size from this list instead
    #[arg(long, value_name = "BYTES,...", value_delimiter = ',', value_parser = whole_bytes)]
    sizes: Vec<Bytes>,

    /// ipp: mean length of an active phase in seconds
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = positive)]
    on_mean: SimDuration,

    /// ipp: mean length of a silent phase in seconds
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    off_mean: SimDuration,

    /// poisson: mean time from one burst to the next in seconds
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = positive)]
    period_mean: SimDuration,

    /// poisson: mean number of calls in a burst
    #[arg(long, value_name = "CALLS", default_value_t = 5.0)]
    burst_size_mean: f64,

    /// Least time between two calls of a burst or phase in seconds
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    min_sleep: SimDuration,

    /// Greatest time between two calls of a burst or phase in seconds
    #[arg(long, value_name = "SECONDS", default_value = "0.1", value_parser = seconds)]
    max_sleep: SimDuration,

    /// The input of every call, instead of one made from the size
    #[arg(long, default_value = "", hide_default_value = true)]
    content: String,

    /// Where the lines go
    #[arg(long, value_name = "FILE", default_value = "/dev/stdout")]
    output_file: String,

    /// Where the loss goes
    #[arg(long, value_name = "FILE", default_value = "/dev/stdout")]
    loss_file: String,

    /// Seed of all random draws
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// When clients call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ClientType {
    /// Bursts at exponentially distributed distances.
    Poisson,
    /// Active and silent phases of exponentially distributed lengths.
    Ipp,
}

/// Runs the executable.
///
/// # Errors
/// If an option is impossible, a file cannot be written, or a call failed.
pub async fn run(options: Options, stop: Stop) -> Result<(), Failure> {
    let specs = options.specs().map_err(Failure::input)?;
    let streams = Streams::new(options.seed, 0);
    let bounded = options.client_type == ClientType::Ipp && !options.duration.is_zero();
    let expected = match bounded {
        true => Some(expected(&specs, &streams).map_err(Failure::input)?),
        false => None,
    };
    let manner = Manner {
        security: options.destinations.patience.security()?,
        timeout: options.destinations.patience.timeout(),
        content: Some(options.content).filter(|content| !content.is_empty()),
        dry: false,
        workflows: Vec::new(),
    };
    let mut output = Output::open(&options.output_file, false)?;
    let mut loss = match expected {
        Some(_) => Some(Output::open(&options.loss_file, false)?),
        None => None,
    };
    let statistics = fleet::run(&specs, &streams, &manner, &mut output, stop).await?;
    fleet::report(&statistics);
    if let (Some(expected), Some(loss)) = (expected, &mut loss) {
        let done = statistics.completed() as f64;
        let lost = (1.0 - done / (expected as f64).max(1.0)).max(0.0);
        loss.line(general(if expected == 0 { 0.0 } else { lost }))?;
    }
    statistics.verdict()
}

/// How many calls the clients would make if each were answered at once.
fn expected(specs: &[ClientSpec], streams: &Streams) -> Result<u64, ArgumentError> {
    let mut calls = 0;
    for spec in specs {
        let mut client = Client::new(spec, streams)?;
        while let Some(at) = client.next_wake() {
            if let Some(call) = client.wake(at) {
                client.answered(at, call.number, 0, true);
            }
        }
        calls += client.issued();
    }
    Ok(calls)
}

impl Options {
    /// The clients of the model.
    fn specs(&self) -> Result<Vec<ClientSpec>, ArgumentError> {
        let (arrivals, sizes) = (self.arrivals()?, self.size_distribution()?);
        let (duration, most) = (self.duration, self.max_requests);
        let draws = (&arrivals, &sizes);
        let spec = |index| {
            self.destinations
                .client(index, &self.lambda, draws, duration, most)
        };
        Ok((0..self.num_clients).map(spec).collect())
    }

    fn arrivals(&self) -> Result<ArrivalSpec, ArgumentError> {
        let (kind, mut given) = match self.client_type {
            ClientType::Ipp => (
                "ipp",
                vec![
                    ("on-mean".into(), Value::Duration(self.on_mean)),
                    ("off-mean".into(), Value::Duration(self.off_mean)),
                ],
            ),
            ClientType::Poisson => (
                "burst",
                vec![
                    ("period-mean".into(), Value::Duration(self.period_mean)),
                    ("size-mean".into(), Value::Number(self.burst_size_mean)),
                ],
            ),
        };
        given.push(("min-gap".into(), Value::Duration(self.min_sleep)));
        given.push(("max-gap".into(), Value::Duration(self.max_sleep)));
        ARRIVALS.configure(kind, given)
    }

    fn size_distribution(&self) -> Result<SizeSpec, ArgumentError> {
        if self.sizes.is_empty() {
            let bounds = [("min", self.min_size), ("max", self.max_size)];
            let given = bounds.map(|(name, size)| (name.to_owned(), Value::Bytes(size)));
            return SIZES.configure("uniform", given.into());
        }
        let sizes = Value::ByteList(self.sizes.clone().into());
        SIZES.configure("list", vec![("sizes".into(), sizes)])
    }
}
