//! `edgeippclient`: calls in bursts, or in alternating active and silent phases.

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
use crate::mec::EtsiOptions;

/// Calls a function in bursts, or in alternating active and silent phases, one call
/// at a time per client.
///
/// Each executed call becomes a line, in the format of edgeclient. With --client-type
/// ipp and a --duration, the fraction of calls that were not made because responses
/// were slow is written to the loss file at the end.
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

    #[command(flatten)]
    etsi: EtsiOptions,

    /// The function to call
    #[arg(long, default_value = "clambda0")]
    lambda: String,

    /// When clients call
    #[arg(long, value_name = "TYPE", value_enum, default_value_t = ClientType::Poisson)]
    client_type: ClientType,

    /// Stop after this time, in seconds; 0 is no limit
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    duration: SimDuration,

    /// Stop after this number of calls of each client [default: no limit]
    #[arg(long, value_name = "CALLS")]
    max_requests: Option<u64>,

    /// Number of independent clients
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

    /// The input of every call, instead of one with the given size
    #[arg(long, default_value = "", hide_default_value = true)]
    content: String,

    /// Output file
    #[arg(long, value_name = "FILE", default_value = "/dev/stdout")]
    output_file: String,

    /// Loss file
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
    options.etsi.check(&options.destinations)?;
    // What takes the notifications has to outlive the clients.
    let close = Stop::new();
    let device = options.etsi.start(&close).await?;
    let manner = Manner {
        security: options.destinations.security()?,
        transport: options.destinations.client_conf.transport,
        timeout: options.destinations.patience.timeout(),
        content: Some(options.content).filter(|content| !content.is_empty()),
        dry: false,
        workflows: Vec::new(),
        device: device.clone(),
    };
    let mut output = Output::open(&options.output_file, false)?;
    let mut loss = match expected {
        Some(_) => Some(Output::open(&options.loss_file, false)?),
        None => None,
    };
    let statistics = fleet::run(&specs, &streams, &manner, &mut output, stop).await;
    if let Some(device) = device {
        device.close().await;
    }
    close.stop();
    let statistics = statistics?;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// When a client calls, in seconds, if it is answered at once.
    fn calls(args: &str, client: usize, count: usize) -> Vec<f64> {
        let args = std::iter::once("edgeippclient").chain(args.split(' '));
        let options = Options::try_parse_from(args).unwrap();
        let specs = options.specs().unwrap();
        let streams = Streams::new(options.seed, 0);
        let mut client = Client::new(&specs[client], &streams).unwrap();
        let mut times = Vec::new();
        while let Some(at) = client.next_wake()
            && times.len() < count
        {
            if let Some(call) = client.wake(at) {
                client.answered(at, call.number, 0, true);
                times.push(at.as_secs_f64());
            }
        }
        times
    }

    /// The calls that follow each other at a distance of `gap`, as many as there
    /// are, and the silence after each such group.
    fn groups(times: &[f64], gap: f64) -> Vec<(usize, f64)> {
        let mut groups = vec![(1, 0.0)];
        for pair in times.windows(2) {
            let distance = pair[1] - pair[0];
            let last = groups.last_mut().unwrap();
            if (distance - gap).abs() < 1e-8 {
                last.0 += 1;
            } else {
                last.1 = distance;
                groups.push((1, 0.0));
            }
        }
        groups
    }

    // The draws that follow are those of the original's generator with its seeds
    // (seed, client, purpose), measured there.

    #[test]
    fn the_first_burst_comes_after_half_a_period() {
        // Exp(1) of (0, 0, 1) begins with 0.71948408056962598.
        let first = calls("--seed 0", 0, 1)[0];
        assert!((first - 5.0 * 0.719_484_080_569_626 / 2.0).abs() < 1e-8);
    }

    #[test]
    fn bursts_have_the_sizes_of_the_original() {
        // Poisson(5) of (42, 3, 2): 4 7 2 7 4 7.
        let args = "--seed 42 --num-clients 4 --min-sleep 0.001 --max-sleep 0.001";
        let groups = groups(&calls(args, 3, 32), 0.001);
        let sizes: Vec<_> = groups.iter().map(|group| group.0).collect();
        assert_eq!(sizes, [4, 7, 2, 7, 4, 7, 1]);
    }

    #[test]
    fn active_phases_have_the_lengths_of_the_original() {
        // Exp(1) of (0, 0, 1) goes on with 3.9111415904845552: the length of the
        // first phase that is there from its beginning. A client that starts in
        // an active phase has one before.
        let args = "--client-type ipp --seed 0 --min-sleep 0.1 --max-sleep 0.1";
        let groups = groups(&calls(args, 0, 60), 0.1);
        assert!(groups[..2].iter().any(|group| group.0 == 40), "{groups:?}");
    }

    #[test]
    fn silent_phases_have_the_lengths_of_the_original() {
        // Exp(1) of (42, 3, 2): 0.13126205984847897 is that of the beginning, then
        // 0.17480774011324404.
        let args = "--client-type ipp --seed 42 --num-clients 4 --min-sleep 0.01 --max-sleep 0.01";
        let groups = groups(&calls(args, 3, 1000), 0.01);
        assert!(
            (groups[0].1 - 0.174_807_740_113_244_04).abs() < 1e-8,
            "{groups:?}"
        );
    }

    #[test]
    fn loss_counts_what_instant_answers_would_have_allowed() {
        let args = "edgeippclient --client-type ipp --duration 10 --num-clients 3";
        let options = Options::try_parse_from(args.split(' ')).unwrap();
        let (specs, streams) = (options.specs().unwrap(), Streams::new(0, 0));
        let all: usize = (0..3)
            .map(|client| {
                calls(
                    "--client-type ipp --duration 10 --num-clients 3",
                    client,
                    10_000,
                )
            })
            .map(|times| times.iter().filter(|time| **time < 10.0).count())
            .sum();
        assert_eq!(expected(&specs, &streams).unwrap(), all as u64);
    }
}
