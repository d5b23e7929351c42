//! The command line of the controller.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Parser, ValueEnum};
use sim_core::{SimDuration, Streams};
use soe_model::controller::{Distances, InstallerSpec, Objective};

use super::{ControllerOptions, run, run_with};
use crate::clock::duration;
use crate::command::{Endpoint, Failure, Stop, positive};
use crate::mec::ueapplcmproxy::Keeping;
use crate::mec::{ApiRoot, Assigner, Proxy, read_associations};
use crate::options::{LimitOptions, MetricsOptions, threads};
use crate::security::Security;

/// Keeps track of the computers and brokers of a deployment, and fills the
/// forwarding tables of the brokers.
#[derive(Debug, Parser)]
#[command(name = "edgecontroller", after_help = EXAMPLES)]
pub struct EdgeController {
    /// Address at which to accept announcements, HOST:PORT (also --server)
    #[arg(long, value_name = "ENDPOINT", default_value = "0.0.0.0:6475")]
    server_endpoint: Endpoint,

    /// What else to be
    #[arg(long = "type", value_enum, default_value_t = Type::Plain)]
    sort: Type,

    /// etsi-file: associations of clients with endpoints, one per line: client address (or
    /// *), application, endpoint
    #[arg(long, value_name = "FILE", required_if_eq("sort", "etsi-file"))]
    file: Option<PathBuf>,

    /// etsi-file: address of the interface of device applications
    #[arg(long, value_name = "URI", default_value = "http://127.0.0.1:6500")]
    etsi_api_root: ApiRoot,

    #[command(flatten)]
    keeping: Keeping,

    /// etsi-balanced: the service that fills the tables of the proxy (ueapplcmproxy)
    #[arg(long, value_name = "ENDPOINT", required_if_eq("sort", "etsi-balanced"))]
    balanced_endpoint: Option<Endpoint>,

    /// etsi-balanced: time from one assignment of clients to the next, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = positive)]
    balanced_period: SimDuration,

    #[arg(
        long,
        value_parser = installers(),
        default_value = InstallerSpec::WORDS[0],
        help = InstallerSpec::HELP
    )]
    installer_type: String,

    /// Distances between hosts for hier: a line per host, with its name and its
    /// distances to all hosts
    #[arg(long, value_name = "FILE", default_value = "dist.txt")]
    topology_file: PathBuf,

    /// Draw the distances at random, between 0 and 1
    #[arg(long)]
    topology_randomized: bool,

    #[arg(
        long,
        value_parser = PossibleValuesParser::new(Objective::WORDS),
        default_value = Objective::WORDS[0],
        help = Objective::HELP
    )]
    hier_objective: String,

    /// Seed of the random draws
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,

    /// Threads of the process
    #[arg(long, value_name = "THREADS", default_value_t = 1, value_parser = threads())]
    runtime_threads: usize,

    /// Use TLS with certificates on both sides for all connections: ca.crt,
    /// server.key, server.crt, client.key and client.crt in the working directory
    /// or in the one that the variable CERT_DIR names
    #[arg(long)]
    secure: bool,

    /// Where Prometheus reads metrics
    #[command(flatten)]
    metrics: MetricsOptions,

    /// Bounds
    #[command(flatten)]
    limits: LimitOptions,
}

const EXAMPLES: &str = "\
Examples:
  edgecontroller --server 127.0.0.1:6475
  edgecontroller --installer-type hier --topology-file dist.txt --hier-objective min-avg
  edgecontroller --type etsi-file --file associations.txt
  edgecontroller --type etsi-balanced --balanced-endpoint 127.0.0.1:6477";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Type {
    /// Nothing but a controller.
    Plain,
    /// A proxy of ETSI MEC, whose associations come from a file.
    EtsiFile,
    /// The source of balanced assignments for a proxy of ETSI MEC.
    EtsiBalanced,
}

/// Names hierarchical installation as the original does.
const HIERARCHICAL: &str = "hier";

/// The words of scenarios, with the name of the original for the one that differs.
fn installers() -> PossibleValuesParser {
    let value = |&word: &&'static str| match word {
        "hierarchical" => PossibleValue::new(HIERARCHICAL).alias(word),
        word => PossibleValue::new(word),
    };
    PossibleValuesParser::new(InstallerSpec::WORDS.iter().map(value))
}

impl EdgeController {
    /// Threads of the process.
    pub fn threads(&self) -> usize {
        self.runtime_threads
    }

    /// Runs the controller.
    ///
    /// # Errors
    /// If it cannot start.
    pub async fn run(self, stop: Stop) -> Result<(), Failure> {
        let installer = match self.installer_type.as_str() {
            HIERARCHICAL | "hierarchical" => InstallerSpec::Hierarchical {
                distances: self.distances()?,
                objective: Objective::of_word(&self.hier_objective),
            },
            _ => InstallerSpec::Flat,
        };
        let options = ControllerOptions {
            server_endpoint: self.server_endpoint,
            installer,
            seed: self.seed,
            security: Security::from_environment(self.secure).map_err(Failure::input)?,
            limits: self.limits.limits(),
            metrics_endpoint: self.metrics.metrics_endpoint.0,
        };
        let close = stop.clone();
        match self.sort {
            Type::Plain => run(options, stop).await.map_err(Failure::run),
            Type::EtsiFile => {
                let file = self.file.unwrap_or_default();
                let associations = read_associations(&file)?;
                let proxy = Proxy::new(&self.keeping.options()).map_err(Failure::input)?;
                let assigner = Assigner::file(proxy.clone(), &associations).await?;
                let serving = async {
                    let served = proxy.serve(self.etsi_api_root, close.clone(), |_| {}).await;
                    close.stop();
                    served
                };
                let running = async {
                    let ran = run_with(options, Some(assigner), stop.clone()).await;
                    stop.stop();
                    ran.map_err(Failure::run)
                };
                let (served, ran) = tokio::join!(serving, running);
                served.and(ran)
            }
            Type::EtsiBalanced => {
                let none = || Failure::input("--balanced-endpoint: missing");
                let proxy = self.balanced_endpoint.ok_or_else(none)?;
                let period = duration(self.balanced_period);
                let assigner = Assigner::balanced(proxy, options.security.clone(), period, close);
                let ran = run_with(options, Some(assigner), stop).await;
                ran.map_err(Failure::run)
            }
        }
    }

    fn distances(&self) -> Result<Distances, Failure> {
        let path = self.topology_file.display();
        let content = soe_model::text::read(&self.topology_file)
            .map_err(|error| Failure::Input(format!("{path}: cannot read: {error}")))?;
        let mut distances = Distances::parse(&content)
            .map_err(|error| Failure::Input(format!("{path}: {error}")))?;
        if self.topology_randomized {
            let mut chance = Streams::new(self.seed, 0).stream("controller", "distances");
            distances.randomize(&mut chance);
        }
        Ok(distances)
    }
}
