//! `edgeclient`: calls one function repeatedly.

use std::path::Path;
use std::sync::Arc;

use clap::Parser;
use sim_core::{SimDuration, SimTime, Streams};
use soe_model::catalogue::Value;
use soe_model::client::ClientSpec;
use soe_model::client::size::SIZES;
use soe_model::units::Bytes;
use soe_model::workflow::Workflow as File;

use super::fleet::{self, Manner};
use super::options::{Destinations, Interval};
use super::workflow::{Asked, Workflow, WorkflowConf, write_template};
use crate::command::{Failure, Output, Stop, print, seconds, whole_bytes};
use crate::mec::EtsiOptions;

/// Calls a function repeatedly, one call at a time per client; or a chain or graph
/// of functions, with states.
///
/// Each executed call becomes a line: time of the response, latency (with --dry:
/// estimated processing time), both in seconds, load of the processor in percent,
/// computer, function, hops. At the end, mean and deviation of latency and
/// processing time go to the log.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "edgeclient",
    after_help = "\
Examples:
  edgeclient --server 127.0.0.1:6473 --inter-request-time 1 --max-requests 5
  edgeclient --server a:6473,b:6473 --client-conf persistence=0.1 --duration 60
  edgeclient --sizes 1000,1000,50000 --inter-request-type poisson \\
             --inter-request-time 0.2 --num-threads 10 --seed 42
  edgeclient --chain-conf type=file,filename=chain.json --max-requests 10
  edgeclient --dag-conf type=file,filename=dag.json --callback-endpoint 127.0.0.1:6480 \\
             --state-endpoint 127.0.0.1:6481
  edgeclient --etsi-api-root http://127.0.0.1:6500 --etsi-notification-uri http://127.0.0.1:6600"
)]
pub struct Options {
    #[command(flatten)]
    destinations: Destinations,

    #[command(flatten)]
    etsi: EtsiOptions,

    /// The function to call
    #[arg(long, default_value = "clambda0")]
    lambda: String,

    /// Size of the input in bytes; with several sizes, one is drawn for each call
    #[arg(long, value_name = "BYTES,...", value_delimiter = ',', default_value = "10000", value_parser = whole_bytes)]
    sizes: Vec<Bytes>,

    /// The input of every call, instead of one with the given size
    #[arg(long, default_value = "", hide_default_value = true)]
    content: String,

    /// Only estimate the processing time, without executing the function
    #[arg(long)]
    dry: bool,

    /// Number of independent clients
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    num_threads: u32,

    /// Delay before the first call, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    initial_delay: SimDuration,

    /// Mean time from one call to the next in seconds; 0 issues each call when the
    /// previous one was answered
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    inter_request_time: SimDuration,

    /// Distribution of the times between calls
    #[arg(long, value_name = "TYPE", value_enum, default_value_t = Interval::Constant)]
    inter_request_type: Interval,

    /// Stop after this time, in seconds; 0 is no limit
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    duration: SimDuration,

    /// Stop after this number of calls of each client [default: no limit]
    #[arg(long, value_name = "CALLS")]
    max_requests: Option<u64>,

    /// Output file
    #[arg(long, value_name = "FILE", default_value = "/dev/stdout")]
    output_file: String,

    /// Append to the output file instead of replacing it
    #[arg(long)]
    append: bool,

    #[command(flatten)]
    workflow: WorkflowConf,

    /// Seed of all random draws
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Runs the executable.
///
/// # Errors
/// If an option is impossible, the output cannot be written, or a call failed.
pub async fn run(options: Options, stop: Stop) -> Result<(), Failure> {
    let file = match options.workflow.asked(&options.lambda)? {
        Asked::Template(form) => {
            let name = write_template(form, Path::new("."))?;
            print(&format!("wrote {name}\n"))?;
            return Ok(());
        }
        Asked::Function => None,
        Asked::Workflow(file) => Some(file),
    };
    let specs = options.specs(file.as_ref())?;
    if file.is_some() && options.etsi.etsi_api_root.0.is_some() {
        let text = "--etsi-api-root: a context is of a single function, not of a chain or graph";
        return Err(Failure::input(text));
    }
    let mut output = Output::open(&options.output_file, options.append)?;
    // What serves the workflows and the notifications has to outlive the clients.
    let close = Stop::new();
    let device = options.etsi.start(&close).await?;
    let workflows = match &file {
        None => Vec::new(),
        Some(file) => options.workflows(file, &close).await?,
    };
    let manner = Manner {
        security: options.destinations.security()?,
        transport: options.destinations.client_conf.transport,
        timeout: options.destinations.patience.timeout(),
        content: Some(options.content).filter(|content| !content.is_empty()),
        dry: options.dry,
        workflows,
        device: device.clone(),
    };
    let streams = Streams::new(options.seed, 0);
    let statistics = fleet::run(&specs, &streams, &manner, &mut output, stop).await;
    if let Some(device) = device {
        device.close().await;
    }
    close.stop();
    let statistics = statistics?;
    fleet::report(&statistics);
    statistics.verdict()
}

impl Options {
    /// The workflow of each client.
    async fn workflows(&self, file: &File, close: &Stop) -> Result<Vec<Arc<Workflow>>, Failure> {
        if self.dry {
            let text = "--dry: only single functions can be estimated, not chains, graphs or \
                        asynchronous calls";
            return Err(Failure::input(text));
        }
        let destinations = self.destinations.distinct();
        let [destination] = destinations.as_slice() else {
            let text = "--server-endpoints: a chain, a graph or an asynchronous call goes to one \
                        endpoint, found several";
            return Err(Failure::input(text));
        };
        let patience = &self.destinations.patience;
        let transport = self.destinations.client_conf.transport;
        let to = (destination.as_str(), transport, patience);
        self.workflow.start(file, to, self.num_threads, close).await
    }

    /// The clients of the model.
    fn specs(&self, workflow: Option<&File>) -> Result<Vec<ClientSpec>, Failure> {
        self.etsi.check(&self.destinations)?;
        let name = workflow.map_or_else(|| self.lambda.clone(), |workflow| workflow.plan.name());
        let sizes = Value::ByteList(self.sizes.clone().into());
        let sizes = SIZES.configure("list", vec![("sizes".into(), sizes)]);
        let arrivals = self.inter_request_type.arrivals(self.inter_request_time)?;
        let sizes = sizes.map_err(Failure::input)?;
        let (duration, most) = (self.duration, self.max_requests);
        let draws = (&arrivals, &sizes);
        let spec = |index| ClientSpec {
            start: SimTime::ZERO + self.initial_delay,
            ..self
                .destinations
                .client(index, &name, draws, duration, most)
        };
        Ok((0..self.num_threads).map(spec).collect())
    }
}
