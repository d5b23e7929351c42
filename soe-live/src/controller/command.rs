//! The command line of the controller.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use sim_core::Streams;
use soe_model::controller::{Distances, InstallerSpec, Objective};

use super::{ControllerOptions, run};
use crate::command::{Endpoint, Failure, Stop};
use crate::options::threads;
use crate::security::Security;

/// Knows the computers and brokers of a deployment, and fills the forwarding
/// tables of the brokers.
#[derive(Debug, Parser)]
#[command(name = "edgecontroller", after_help = EXAMPLES)]
pub struct EdgeController {
    /// Where to take announcements, HOST:PORT (also --server)
    #[arg(long, value_name = "ENDPOINT", default_value = "0.0.0.0:6475")]
    server_endpoint: Endpoint,

    /// What else to be
    #[arg(long = "type", value_enum, default_value_t = Type::Plain)]
    sort: Type,

    /// How to fill the tables: every broker knows every computer (flat), or only
    /// those it is home to, and the brokers that are home to the others (hier)
    #[arg(long, value_enum, default_value_t = Installer::Flat)]
    installer_type: Installer,

    /// Distances between hosts for hier: a line per host, with its name and its
    /// distances to all hosts
    #[arg(long, value_name = "FILE", default_value = "dist.txt")]
    topology_file: PathBuf,

    /// Draw the distances at random, between 0 and 1
    #[arg(long)]
    topology_randomized: bool,

    /// What the home of a computer minimizes: the largest distance, or the mean
    #[arg(long, value_enum, default_value_t = HierObjective::MinMax)]
    hier_objective: HierObjective,

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
}

const EXAMPLES: &str = "\
Examples:
  edgecontroller --server 127.0.0.1:6475
  edgecontroller --installer-type hier --topology-file dist.txt --hier-objective min-avg";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Type {
    /// Nothing but a controller.
    Plain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Installer {
    Flat,
    Hier,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum HierObjective {
    MinMax,
    MinAvg,
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
        let installer = match self.installer_type {
            Installer::Flat => InstallerSpec::Flat,
            Installer::Hier => InstallerSpec::Hierarchical {
                distances: self.distances()?,
                objective: match self.hier_objective {
                    HierObjective::MinMax => Objective::MinMax,
                    HierObjective::MinAvg => Objective::MinAvg,
                },
            },
        };
        let options = ControllerOptions {
            server_endpoint: self.server_endpoint,
            installer,
            seed: self.seed,
            security: Security::from_environment(self.secure).map_err(Failure::input)?,
        };
        run(options, stop).await.map_err(Failure::run)
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
