//! The command line of computers.

use std::time::Duration;

use clap::{Parser, ValueEnum};
use sim_core::SimDuration;
use soe_model::computer::configuration::EXAMPLE;
use soe_model::computer::platform::{PLATFORMS, Platform};
use soe_model::conf::Conf;

use super::{ComputerError, ComputerOptions, GatewayConf, Kind, WorkflowOptions, run};
use crate::command::{Failure, Stop, positive};
use crate::options::{MaybeEndpoint, ServerOptions, configured, long_help, short_help, timeout};

/// Executes functions: on simulated processors, which take as long as the functions
/// need, or on a serverless platform behind an HTTP gateway.
#[derive(Debug, Parser)]
#[command(name = "edgecomputer", after_help = EXAMPLES)]
pub struct EdgeComputer {
    #[command(flatten)]
    server: ServerOptions,

    /// Accepted for old command lines: calls wait for workers, not for threads
    #[arg(long, value_name = "THREADS", default_value_t = 5)]
    num_threads: u32,

    /// Period of the announcement, in seconds; it is repeated in case a broker has
    /// reported a failure
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = timeout)]
    announce_period: Duration,

    /// What executes the functions
    #[arg(long, value_enum, default_value_t = Type::Sim)]
    computer_type: Type,

    #[arg(
        long,
        value_name = "CONF",
        default_value = "type=raspberry,num-cpu-containers=1,num-cpu-workers=4,\
                         num-gpu-containers=1,num-gpu-workers=2",
        help = format!("{}; or type=file with path", short_help(PROCESSORS, &PLATFORMS)),
        long_help = format!(
            "{}\ntype=file: The computer that a configuration file describes.\n  path, mandatory: \
             The file.",
            long_help(PROCESSORS, &PLATFORMS)
        )
    )]
    conf: String,

    /// The gateway of type http: gateway-url, num-clients, type, and lambdas (names
    /// joined by colons) if the gateway does not list its functions
    #[arg(
        long,
        value_name = "CONF",
        default_value = "gateway-url=http://localhost:8080/,num-clients=5,type=OpenFaaS(0.8)"
    )]
    http_conf: GatewayConf,

    /// Address of the service that reports the utilization of the processors of
    /// type sim; none if empty
    #[arg(long, value_name = "ENDPOINT", default_value = "0.0.0.0:6476")]
    utilization_endpoint: MaybeEndpoint,

    /// Accept invocations whose result goes to a callback
    #[arg(long)]
    asynchronous: bool,

    /// The broker that receives calls of the next functions of chains and graphs;
    /// implies --asynchronous
    #[arg(long, value_name = "ENDPOINT", default_value = "")]
    companion_endpoint: MaybeEndpoint,

    /// Address of the state server of this computer, which runs in this process.
    /// Remote states move to it when a function needs them
    #[arg(long, value_name = "ENDPOINT", default_value = "")]
    state_endpoint: MaybeEndpoint,

    /// The state server at --state-endpoint is another process, and the states stay
    /// there: they are read before and written after each execution
    #[arg(long)]
    no_state_server: bool,

    /// How long a function waits for the results of all its predecessors, and for
    /// the next function to accept its request; then the callback gets an error
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = positive)]
    workflow_deadline: SimDuration,

    /// How long a function waits for a state; then the caller gets an error
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = positive)]
    patience: SimDuration,

    /// Print an example of a configuration file
    #[arg(long)]
    json_example: bool,
}

const PROCESSORS: &str = "The processors and functions of type sim";

const EXAMPLES: &str = "\
Examples:
  edgecomputer --server 127.0.0.1:10000 --controller 127.0.0.1:6475
  edgecomputer --conf type=intel-server,num-containers=2
  edgecomputer --json-example > computer.json; edgecomputer --conf type=file,path=computer.json
  edgecomputer --companion 127.0.0.1:6473 --state-endpoint 127.0.0.1:10101
  edgecomputer --computer-type http --http-conf gateway-url=http://faas:8080/";

/// What executes functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Type {
    /// Simulated processors.
    Sim,
    /// A serverless platform behind an HTTP gateway.
    Http,
}

impl EdgeComputer {
    /// Threads of the process.
    pub fn threads(&self) -> usize {
        self.server.runtime_threads
    }

    /// Runs the computer.
    ///
    /// # Errors
    /// If it cannot start.
    pub async fn run(self, stop: Stop) -> Result<(), Failure> {
        if self.json_example {
            crate::command::print(EXAMPLE)?;
            return Ok(());
        }
        let kind = match self.computer_type {
            Type::Sim => Kind::Simulated(platform(&self.conf)?),
            Type::Http => Kind::Gateway(self.http_conf),
        };
        let options = ComputerOptions {
            kind,
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
            workflows: WorkflowOptions {
                asynchronous: self.asynchronous,
                companion_endpoint: self.companion_endpoint.0,
                state_endpoint: self.state_endpoint.0,
                no_state_server: self.no_state_server,
                deadline: self.workflow_deadline,
                patience: self.patience,
                ..WorkflowOptions::default()
            },
        };
        run(options, stop).await.map_err(ComputerError::failure)
    }
}

/// The platform that a configuration string describes.
fn platform(text: &str) -> Result<Platform, Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::Input(format!("--conf: {error}"));
    let mut conf = Conf::parse(text).map_err(|error| wrong(&error))?;
    match conf.take("type").as_deref() {
        Some("file") => {
            let path = conf.take("path");
            conf.finish(&["type", "path"])
                .map_err(|error| wrong(&error))?;
            let path = path.ok_or_else(|| wrong(&"No value found for key: path"))?;
            let content = soe_model::text::read(&path).map_err(|error| {
                wrong(&format!(
                    "Could not open configuration file: {path}: {error}"
                ))
            })?;
            Platform::from_json(&content).map_err(|error| wrong(&format!("{path}: {error}")))
        }
        Some(found) if !["raspberry", "intel-server"].contains(&found) => Err(wrong(&format!(
            "Invalid type: {found}, possible values: file, intel-server, raspberry"
        ))),
        _ => {
            let spec = configured(text, &PLATFORMS, "raspberry");
            let spec = spec.map_err(|error| wrong(&error))?;
            Ok((spec.kind.build)(&spec.arguments))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_take_defaults_for_what_is_left_out() {
        let whole = "type=raspberry,num-cpu-containers=1,num-cpu-workers=4,num-gpu-containers=1,num-gpu-workers=2";
        for text in [whole, "type=raspberry", "num-cpu-workers=4", ""] {
            let platform = platform(text).unwrap();
            assert_eq!(platform.containers.len(), 2, "{text}");
            assert_eq!(platform.containers[0].workers, 4);
        }
        for (wrong, part) in [
            (
                "type=cray",
                "possible values: file, intel-server, raspberry",
            ),
            ("type=file", "No value found for key: path"),
            (
                "type=file,path=/nonexistent",
                "Could not open configuration file: /nonexistent",
            ),
            ("type=raspberry,num-cpus=1", "num-cpu-containers"),
        ] {
            let error = platform(wrong).unwrap_err().to_string();
            assert!(error.contains(part), "{wrong}: {error}");
        }
    }
}
