//! The process of a broker.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sim_core::{SimDuration, Streams};
use soe_model::broker::{
    BrokerKind, BrokerSpec, Compatibility, ConfigureError, Failover, ForwardingTime, Limits,
    Safeguards, TableEntrySpec,
};
use soe_model::catalogue::{Quantity, Value};
use soe_model::conf::{Conf, ConfError};
use soe_model::controller::INITIAL_WEIGHT;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tonic::transport::Channel;
use tracing::{debug, info};

use super::{Broker, Forwarding, Tables};
use crate::announce::{self, Subject};
use crate::command::{Endpoint, Stop};
use crate::connection::connect_lazily;
use crate::limits::{Limits as ServerLimits, REPORT};
use crate::metrics::{Calls, Connections, Exporter};
use crate::rpc::ComputerInfo;
use crate::rpc::edge_controller_client::EdgeControllerClient;
use crate::rpc::edge_router_server::EdgeRouterServer;
use crate::security::Security;
use crate::server::{Health, ServeError, Server, Services};
use crate::transport::Transport;

/// How often a broker looks whether it has destinations, for health checking.
const LOOK: Duration = Duration::from_millis(100);

/// What a broker process needs to know.
#[derive(Clone, Debug)]
pub struct BrokerOptions {
    /// How it chooses destinations.
    pub kind: BrokerKind,
    /// Where it takes invocations.
    pub server_endpoint: Endpoint,
    /// Where others reach it, if not there.
    pub announce_endpoint: Option<Endpoint>,
    /// Where its tables are changed.
    pub configuration_endpoint: Endpoint,
    /// The controller to which it announces itself.
    pub controller_endpoint: Option<Endpoint>,
    /// Calls in progress at a time.
    pub calls_in_progress: Option<u32>,
    /// The configuration string of brokers.
    pub router_conf: RouterConf,
    /// How long a destination may take to answer.
    pub call_timeout: Duration,
    /// Functions and destinations to begin with, made up.
    pub fake_entries: (u32, u32),
    /// Which rules of the original it follows.
    pub compatibility: Compatibility,
    /// Whether a lost call is sent to another destination.
    pub failover: Failover,
    /// What protects the calls of a router.
    pub safeguards: Safeguards,
    /// What it holds and takes at most.
    pub limits: ServerLimits,
    /// The seed of its random draws.
    pub seed: u64,
    /// How connections are protected.
    pub security: Security,
    /// How invocations come.
    pub server_transport: Transport,
    /// How invocations travel to destinations.
    pub client_transport: Transport,
    /// Where metrics are served.
    pub metrics_endpoint: Option<Endpoint>,
}

/// The configuration string of brokers: `max-pending-clients=2`,
/// `min-forward-time=0`, `max-forward-time=0`, `fake=false`, `connections=4`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouterConf {
    /// Calls pending at one destination; unlimited if not set, or 0.
    pub pending: Option<u32>,
    /// How long it takes to forward a call.
    pub forwarding_time: ForwardingTime,
    /// Whether calls are answered at once instead of being forwarded.
    pub fake: bool,
    /// Connections to one destination, at most.
    pub connections: u32,
}

/// What is wrong with the configuration string of a broker.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouterConfError {
    /// The string is wrong.
    #[error(transparent)]
    Conf(#[from] ConfError),
    /// The bounds of the forwarding time are the wrong way round.
    #[error("min-forward-time is more than max-forward-time")]
    Bounds,
}

const PENDING: &str = "max-pending-clients";
const MIN_TIME: &str = "min-forward-time";
const MAX_TIME: &str = "max-forward-time";
const FAKE: &str = "fake";
const CONNECTIONS: &str = "connections";

impl Default for RouterConf {
    fn default() -> Self {
        Self {
            pending: None,
            forwarding_time: ForwardingTime::default(),
            fake: false,
            connections: 4,
        }
    }
}

impl FromStr for RouterConf {
    type Err = RouterConfError;

    fn from_str(text: &str) -> Result<Self, RouterConfError> {
        let mut conf = Conf::parse(text)?;
        let mut read = Self::default();
        if let Some(Value::Count(pending)) = conf.take_value(PENDING, Quantity::Count { min: 0 })? {
            let pending = u32::try_from(pending).unwrap_or(u32::MAX);
            read.pending = (pending > 0).then_some(pending);
        }
        let mut time = |key| match conf.take_value(key, Quantity::Duration)? {
            Some(Value::Duration(time)) => Ok::<_, ConfError>(Some(time)),
            _ => Ok(None),
        };
        let (min, max) = (time(MIN_TIME)?, time(MAX_TIME)?);
        let min = min.unwrap_or(SimDuration::ZERO);
        let max = max.unwrap_or(min);
        if min > max {
            return Err(RouterConfError::Bounds);
        }
        read.forwarding_time = ForwardingTime { min, max };
        read.fake = conf.take_flag(FAKE)?.unwrap_or_default();
        if let Some(Value::Count(connections)) =
            conf.take_value(CONNECTIONS, Quantity::Count { min: 1 })?
        {
            read.connections = u32::try_from(connections).unwrap_or(u32::MAX);
        }
        conf.finish(&[PENDING, MIN_TIME, MAX_TIME, FAKE, CONNECTIONS])?;
        Ok(read)
    }
}

/// Why a broker does not run.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// An entry of its initial table is impossible.
    #[error(transparent)]
    Table(#[from] ConfigureError),
    /// It does not listen.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

/// Runs a broker until it is told to stop.
///
/// # Errors
/// If it cannot start.
pub async fn run(options: BrokerOptions, stop: Stop) -> Result<(), BrokerError> {
    let security = &options.security;
    let limits = options.limits;
    let server = Server::bind_over(options.server_transport, &options.server_endpoint, security);
    let server = server.await?.with_limits(limits);
    let tables = Server::bind(&options.configuration_endpoint, security).await?;
    let tables = tables.with_limits(limits);
    let exporter = Exporter::bind(options.metrics_endpoint.as_ref()).await?;
    let metrics = exporter.as_ref().map(|exporter| exporter.metrics().clone());
    let connections = metrics.as_ref().and_then(|it| Connections::new(it));
    let server = server.with_connections(connections.clone());
    let tables = tables.with_connections(connections);
    let announced = options.announce_endpoint.as_ref();
    let endpoint = announced.unwrap_or(server.endpoint()).clone();
    let forwarding = Forwarding {
        security: security.clone(),
        transport: options.client_transport,
        connections: options.router_conf.connections as usize,
        call_timeout: options.call_timeout,
        fake: options.router_conf.fake,
        message: options.limits.message,
    };
    let streams = Streams::new(options.seed, 0);
    let (broker, failures) = Broker::new(&spec(&options, &endpoint), &streams, forwarding)?;
    if let Some(metrics) = &metrics {
        broker.count(metrics);
    }

    info!("functions at {}", server.endpoint());
    info!("tables at {}", tables.endpoint());
    let close = Stop::new();
    let mut servers = JoinSet::new();
    let services = Services::new(&["uiiit.rpc.EdgeServer"], |_| {}).await?;
    let health = services.health();
    let tables_endpoint = match announced {
        // The tables are on the same host.
        Some(announced) if tables.endpoint().is_wildcard() => {
            format!("{}:{}", announced.host(), tables.endpoint().port())
                .parse()
                .unwrap_or_else(|_| tables.endpoint().clone())
        }
        _ => tables.endpoint().clone(),
    };
    let invocations = Calls::measure(metrics.as_ref(), broker.clone());
    servers.spawn(server.run(Some(invocations), services, close.clone()));
    let service = EdgeRouterServer::new(Tables::of(broker.clone()));
    let service = service.max_decoding_message_size(limits.message);
    let services = Services::new(&["uiiit.rpc.EdgeRouter"], |routes| {
        routes.add_service(service);
    });
    servers.spawn(tables.run(None, services.await?, close.clone()));

    if let Some(exporter) = exporter {
        servers.spawn(exporter.run(close.clone()));
    }
    let mut helpers = JoinSet::new();
    helpers.spawn(broker.clone().attend());
    helpers.spawn(broker.report_health(health, stop.clone()));
    match options.controller_endpoint.clone() {
        None => stop.wait().await,
        Some(controller) => {
            helpers.spawn(report(controller.clone(), security.clone(), failures));
            let subject = Subject::Broker {
                endpoint,
                tables: tables_endpoint,
            };
            announce::keep(controller, security.clone(), subject, stop.clone()).await;
        }
    }
    close.stop();
    while servers.join_next().await.is_some() {}
    Ok(())
}

/// Tells the controller of destinations that have failed.
async fn report(controller: Endpoint, security: Security, mut failures: mpsc::Receiver<Endpoint>) {
    let Ok(channel) = connect_lazily(controller.as_str(), &security) else {
        return;
    };
    let mut client: EdgeControllerClient<Channel> = EdgeControllerClient::new(channel);
    while let Some(endpoint) = failures.recv().await {
        let info = ComputerInfo {
            edge_server_endpoint: endpoint.to_string(),
            containers: Vec::new(),
        };
        let told = tokio::time::timeout(REPORT, client.remove_computer(info)).await;
        match told {
            Ok(Ok(_)) => {}
            Ok(Err(status)) => debug!("failure of {endpoint} not reported: {}", status.message()),
            Err(_) => debug!("failure of {endpoint} not reported in time"),
        }
    }
}

fn spec(options: &BrokerOptions, endpoint: &Endpoint) -> BrokerSpec {
    let (functions, destinations) = options.fake_entries;
    let entries = (0..functions).flat_map(|function| {
        (0..destinations).map(move |destination| TableEntrySpec {
            function: format!("lambda{function}"),
            destination: format!("127.0.0.1:{destination}"),
            weight: INITIAL_WEIGHT,
            is_final: true,
        })
    });
    BrokerSpec {
        name: endpoint.to_string(),
        node: endpoint.host().to_owned(),
        controller: options
            .controller_endpoint
            .as_ref()
            .map(Endpoint::to_string),
        kind: options.kind.clone(),
        limits: Limits {
            calls_in_progress: options.calls_in_progress,
            pending_per_destination: options.router_conf.pending,
        },
        forwarding_time: options.router_conf.forwarding_time,
        table: entries.collect(),
        compatibility: options.compatibility,
        failover: options.failover,
        safeguards: options.safeguards,
    }
}

impl Broker {
    /// Runs what a broker does beside answering calls: its timer, and looking for
    /// destinations that come back. Never ends.
    pub async fn attend(self: Arc<Self>) {
        tokio::join!(self.clone().recover(), self.keep_time());
    }

    /// Says to health checking that it serves while there is a destination of any function,
    /// and until it is told to stop.
    async fn report_health(self: Arc<Self>, health: Health, stop: Stop) {
        // As services begin.
        let mut known = true;
        loop {
            let ready = self.has_destinations() && !stop.is_stopped();
            if ready != known {
                health.set(ready).await;
                known = ready;
            }
            if stop.is_stopped() {
                return;
            }
            tokio::select! {
                () = stop.wait() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_takes_its_default() {
        let conf: RouterConf = "max-pending-clients=2,min-forward-time=0,max-forward-time=0"
            .parse()
            .unwrap();
        assert_eq!(conf.pending, Some(2));
        assert_eq!("".parse(), Ok(RouterConf::default()));
        let conf: RouterConf = "max-pending-clients=0,fake=yes".parse().unwrap();
        assert_eq!((conf.pending, conf.fake), (None, true));
        let conf: RouterConf = "min-forward-time=0.5".parse().unwrap();
        assert_eq!(conf.forwarding_time.max, SimDuration::from_millis(500));
    }

    #[test]
    fn mistakes_say_what_is_known() {
        for (wrong, part) in [
            ("max-pending=2", "known: max-pending-clients"),
            ("max-pending-clients=-2", "max-pending-clients"),
            ("min-forward-time=2,max-forward-time=1", "more than"),
            ("fake=maybe", "true, yes, 1"),
            ("connections=0", "connections"),
        ] {
            let error = wrong.parse::<RouterConf>().unwrap_err().to_string();
            assert!(error.contains(part), "{wrong}: {error}");
        }
    }
}
