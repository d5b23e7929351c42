//! The command line of the computer that recognizes faces.

use std::time::Duration;

use clap::Parser;

use super::models::Models;
use super::recognizer::RecognizerOptions;
use crate::command::{Failure, Stop};
use crate::computer::{ComputerError, ComputerOptions, Kind, WorkflowOptions, run};
use crate::options::{MaybeEndpoint, ServerOptions, timeout};

/// Finds faces, or other objects, in the pictures that calls carry as binary input (PNG
/// or JPEG), and returns where they are:
/// {"objects":[{"x":177,"y":67,"w":93,"h":93}]}
#[derive(Debug, Parser)]
#[command(name = "edgecomputerfacerec", after_help = EXAMPLES)]
pub struct EdgeComputerFacerec {
    #[command(flatten)]
    server: ServerOptions,

    /// Pictures that are searched at a time; further ones wait
    #[arg(long, value_name = "WORKERS", default_value_t = 4, value_parser = workers())]
    num_threads: usize,

    /// Period of the announcement, in seconds; it is repeated in case a broker has
    /// reported a failure
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = timeout)]
    announce_period: Duration,

    /// Address of the service that reports the utilization of the processors; none if
    /// empty
    #[arg(long, value_name = "ENDPOINT", default_value = "0.0.0.0:6476")]
    utilization_endpoint: MaybeEndpoint,

    /// Functions and what they find: `rustface` (faces, without OpenCV) or the file of a
    /// cascade of OpenCV, in the working directory or where OpenCV has its own
    #[arg(long, value_name = "FUNCTION=MODEL,...", default_value = Models::DEFAULT)]
    models: Models,

    /// By how much pictures are made smaller before they are searched: faster, but small
    /// objects are missed
    #[arg(long, value_name = "FACTOR", default_value = "1", value_parser = scale)]
    scale: f64,

    /// A function that does nothing; none if empty
    #[arg(long, value_name = "FUNCTION", default_value = "clambda0")]
    dummy_lambda: String,
}

const EXAMPLES: &str = "\
Examples:
  edgecomputerfacerec --server 127.0.0.1:10000 --controller 127.0.0.1:6475
  edgecomputerfacerec --models facerec0=rustface --num-threads 2 --scale 2
  facerecclient --server 127.0.0.1:10000 --image portrait.png --save found.png";

impl EdgeComputerFacerec {
    /// Threads of the process, without the workers.
    pub fn threads(&self) -> usize {
        self.server.runtime_threads
    }

    /// Runs the computer.
    ///
    /// # Errors
    /// If it cannot start.
    pub async fn run(self, stop: Stop) -> Result<(), Failure> {
        let dummy = Some(self.dummy_lambda).filter(|name| !name.is_empty());
        if let Some(name) = &dummy
            && self.models.functions().any(|function| function == name)
        {
            return Err(Failure::Input(format!(
                "--dummy-lambda: the function `{name}` has a model"
            )));
        }
        let options = ComputerOptions {
            kind: Kind::Faces(RecognizerOptions {
                models: self.models,
                dummy,
                workers: self.num_threads,
                scale: self.scale,
            }),
            security: self.server.security()?,
            server_transport: self.server.server_conf.transport,
            client_transport: self.server.client_transport(),
            limits: self.server.limits.limits(),
            metrics_endpoint: self.server.metrics.metrics_endpoint.0,
            server_endpoint: self.server.server_endpoint,
            announce_endpoint: self.server.announce_endpoint.0,
            controller_endpoint: self.server.controller_endpoint.0,
            announce_period: self.announce_period,
            utilization_endpoint: self.utilization_endpoint.0,
            workflows: WorkflowOptions::default(),
        };
        run(options, stop).await.map_err(ComputerError::failure)
    }
}

fn workers() -> clap::builder::RangedU64ValueParser<usize> {
    clap::builder::RangedU64ValueParser::new().range(1..=256)
}

fn scale(text: &str) -> Result<f64, String> {
    let scale: f64 = text.parse().map_err(|_| "expected a number".to_owned())?;
    match (1.0..=100.0).contains(&scale) {
        true => Ok(scale),
        false => Err("expected a number from 1 to 100".to_owned()),
    }
}
