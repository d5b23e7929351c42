//! The command lines of brokers.

use clap::Parser;
use sim_core::SimDuration;
use soe_model::broker::estimator::{ESTIMATORS, EstimatorSpec};
use soe_model::broker::optimizer::{OPTIMIZERS, OptimizerSpec};
use soe_model::broker::policy::{POLICIES, PolicySpec};
use soe_model::broker::safeguards::{AGGRESSION, EJECTIONS, EjectionSpec, SlowStart};
use soe_model::broker::{BrokerKind, Compatibility, Safeguards};
use soe_model::conf::ConfError;

use super::{BrokerOptions, run};
use crate::command::{Failure, Stop};
use crate::options::{self, configured, long_help, short_help};

/// Forwards invocations of functions to computers and other routers, by the
/// weights of forwarding tables. The controller fills the tables, and measured
/// latencies adjust the weights.
#[derive(Debug, Parser)]
#[command(name = "edgerouter", after_help = ROUTER_EXAMPLES)]
pub struct EdgeRouter {
    #[command(flatten)]
    broker: options::BrokerOptions,

    #[arg(
        long,
        value_name = "CONF",
        default_value = "type=random",
        value_parser = policy,
        help = short_help("How a destination is selected", &POLICIES),
        long_help = long_help("How a destination is selected", &POLICIES)
    )]
    table_conf: PolicySpec,

    #[arg(
        long,
        value_name = "CONF",
        default_value = "type=trivial,period=10,stat=mean",
        value_parser = optimizer,
        help = short_help("How weights follow measured latencies", &OPTIMIZERS),
        long_help = long_help("How weights follow measured latencies", &OPTIMIZERS)
    )]
    optimizer_conf: OptimizerSpec,

    #[arg(
        long,
        value_name = "CONF",
        default_value = "type=none",
        value_parser = ejection,
        help = short_help("When a destination gets no calls for a while", &EJECTIONS),
        long_help = long_help("When a destination gets no calls for a while", &EJECTIONS)
    )]
    ejection_conf: EjectionSpec,

    /// How long the calls to a new destination increase to its full share, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = crate::command::seconds)]
    slow_start: SimDuration,

    /// How fast they increase: 1 is linear, more is faster
    #[arg(long, value_name = "NUMBER", default_value = "1", value_parser = aggression)]
    slow_start_aggression: f64,

    /// What a failed call counts as at least, in seconds, where weights are measured; 0 for
    /// nothing
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = crate::command::seconds)]
    failure_penalty: SimDuration,
}

const ROUTER_EXAMPLES: &str = "\
Examples:
  edgerouter --server 127.0.0.1:6473 --conf 127.0.0.1:6474 --controller 127.0.0.1:6475
  edgerouter --table-conf type=least-impedance --optimizer-conf type=async,alpha=0.95";

/// Forwards invocations of functions to the computer with the shortest response
/// time, as predicted from measured network and processing times.
#[derive(Debug, Parser)]
#[command(name = "edgedispatcher", after_help = DISPATCHER_EXAMPLES)]
pub struct EdgeDispatcher {
    #[command(flatten)]
    broker: options::BrokerOptions,

    #[arg(
        long,
        value_name = "CONF",
        default_value = "type=rtt,window-size=50,stale-period=10",
        value_parser = estimator,
        help = short_help("How response times are predicted", &ESTIMATORS),
        long_help = long_help("How response times are predicted", &ESTIMATORS)
    )]
    ptimeest_conf: EstimatorSpec,
}

const DISPATCHER_EXAMPLES: &str = "\
Examples:
  edgedispatcher --server 127.0.0.1:6473 --conf 127.0.0.1:6474 --controller 127.0.0.1:6475
  edgedispatcher --ptimeest-conf type=probe,max-clients=10";

impl EdgeRouter {
    /// Threads of the process.
    pub fn threads(&self) -> usize {
        self.broker.server.runtime_threads
    }

    /// Runs the router.
    ///
    /// # Errors
    /// If it cannot start.
    pub async fn run(self, stop: Stop) -> Result<(), Failure> {
        let kind = BrokerKind::Router {
            policy: self.table_conf,
            optimizer: self.optimizer_conf,
        };
        let ejection = self.ejection_conf;
        let safeguards = Safeguards {
            ejection: (ejection.kind.build)(&ejection.arguments),
            slow_start: SlowStart {
                window: self.slow_start,
                aggression: self.slow_start_aggression,
            },
            failure_penalty: self.failure_penalty,
        };
        start(self.broker, kind, safeguards, stop).await
    }
}

impl EdgeDispatcher {
    /// Threads of the process.
    pub fn threads(&self) -> usize {
        self.broker.server.runtime_threads
    }

    /// Runs the dispatcher.
    ///
    /// # Errors
    /// If it cannot start.
    pub async fn run(self, stop: Stop) -> Result<(), Failure> {
        let kind = BrokerKind::Dispatcher {
            estimator: self.ptimeest_conf,
        };
        start(self.broker, kind, Safeguards::default(), stop).await
    }
}

async fn start(
    options: options::BrokerOptions,
    kind: BrokerKind,
    safeguards: Safeguards,
    stop: Stop,
) -> Result<(), Failure> {
    let options = BrokerOptions {
        kind,
        security: options.server.security()?,
        server_transport: options.server.server_conf.transport,
        client_transport: options.server.client_transport(),
        server_endpoint: options.server.server_endpoint,
        announce_endpoint: options.server.announce_endpoint.0,
        configuration_endpoint: options.configuration_endpoint,
        controller_endpoint: options.server.controller_endpoint.0,
        calls_in_progress: (options.num_threads > 0).then_some(options.num_threads),
        router_conf: options.router_conf,
        call_timeout: options.call_timeout,
        fake_entries: (options.fake_num_lambdas, options.fake_num_destinations),
        compatibility: Compatibility::Corrected,
        failover: options.failover,
        safeguards,
        limits: options.server.limits.limits(),
        seed: options.seed,
        metrics_endpoint: options.server.metrics.metrics_endpoint.0,
    };
    run(options, stop).await.map_err(Failure::run)
}

fn policy(text: &str) -> Result<PolicySpec, ConfError> {
    configured(text, &POLICIES, "random")
}

fn ejection(text: &str) -> Result<EjectionSpec, ConfError> {
    configured(text, &EJECTIONS, "none")
}

fn aggression(text: &str) -> Result<f64, String> {
    let wrong = || "expected a number from 0.1 to 100".to_owned();
    let number: f64 = text.parse().map_err(|_| wrong())?;
    match AGGRESSION.contains(&number) {
        true => Ok(number),
        false => Err(wrong()),
    }
}

fn optimizer(text: &str) -> Result<OptimizerSpec, ConfError> {
    configured(text, &OPTIMIZERS, "trivial")
}

fn estimator(text: &str) -> Result<EstimatorSpec, ConfError> {
    configured(text, &ESTIMATORS, "rtt")
}
