//! Running one component of a deployment.

use std::time::Duration;

use soe_model::broker::BrokerSpec;
use soe_model::computer::ComputerSpec;
use soe_model::computer::platform::Platform;
use soe_model::controller::{ControllerSpec, InstallerSpec};
use soe_model::deployment::Deployment;
use tokio::sync::mpsc;

use super::places::{Place, Places, address};
use super::{contexts, front_ends, workflows};
use crate::broker::{self, BrokerOptions, RouterConf};
use crate::command::{Endpoint, Failure, Stop};
use crate::computer::{self, ComputerOptions, Step};
use crate::controller::{self, ControllerOptions};
use crate::limits::Limits;
use crate::security::Security;
use crate::transport::Transport;

/// How often a computer repeats its announcement.
const ANNOUNCE_PERIOD: Duration = Duration::from_secs(10);
/// How long a destination may take to answer a broker or a front end.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(300);
/// Connections of a broker to each destination.
const CONNECTIONS: u32 = 4;

/// Where to tell of steps of workflows that are executed.
pub type Watch = mpsc::UnboundedSender<Step>;

/// Runs the component called `name` until it is told to stop. `seed` is that of
/// its random draws; `watch` is told of each step of a workflow that is executed.
///
/// # Errors
/// If the component is unknown, or it cannot start.
pub async fn serve(
    deployment: &Deployment,
    places: &Places,
    name: &str,
    seed: u64,
    watch: Option<&Watch>,
    stop: Stop,
) -> Result<(), Failure> {
    let unplaced = || Failure::Input(format!("`{name}` has no endpoint"));
    let place = places.get(name).ok_or_else(unplaced)?;
    let failed = |error: &dyn std::fmt::Display| Failure::Run(format!("{name}: {error}"));
    if let Some(spec) = deployment.computers.iter().find(|spec| spec.name == name) {
        let mut options = computer_options(spec, place, places);
        options.workflows = workflows::options(deployment, places, name);
        options.workflows.watch = watch.cloned();
        let done = computer::run(options, stop).await;
        return done.map_err(|error| failed(&error));
    }
    if let Some(spec) = deployment.brokers.iter().find(|spec| spec.name == name) {
        let options = broker_options(spec, place, places, seed);
        let done = broker::run(options, stop).await;
        return done.map_err(|error| failed(&error));
    }
    if let Some(spec) = deployment.controllers.iter().find(|spec| spec.name == name) {
        let options = ControllerOptions {
            server_endpoint: place.endpoint.clone(),
            installer: installer(deployment, spec),
            seed,
            security: Security::Plaintext,
            limits: Limits::default(),
            metrics_endpoint: None,
        };
        let done = match contexts::period(spec) {
            Some(period) => contexts::run(options, place, period, stop).await,
            None => controller::run(options, stop).await.map_err(Failure::run),
        };
        return done.map_err(|error| failed(&error));
    }
    if let Some(done) = front_ends::run(deployment, places, name, stop).await {
        return done;
    }
    let known = names(deployment);
    Err(Failure::Input(format!(
        "unknown component `{name}`, known: {}",
        known.join(", ")
    )))
}

/// The names of all components: controllers, computers, brokers, front ends.
pub fn names(deployment: &Deployment) -> Vec<String> {
    let controllers = deployment.controllers.iter().map(|spec| spec.name.clone());
    let computers = deployment.computers.iter().map(|spec| spec.name.clone());
    let brokers = deployment.brokers.iter().map(|spec| spec.name.clone());
    let front_ends = front_ends::names(deployment).map(|(name, _)| name);
    let all = controllers.chain(computers).chain(brokers);
    all.chain(front_ends).collect()
}

fn controller_endpoint(name: &Option<String>, places: &Places) -> Option<Endpoint> {
    let place = places.get(name.as_deref()?)?;
    Some(place.endpoint.clone())
}

fn computer_options(spec: &ComputerSpec, place: &Place, places: &Places) -> ComputerOptions {
    let platform = Platform {
        processors: spec.processors.clone(),
        containers: spec.containers.clone(),
    };
    ComputerOptions {
        controller_endpoint: controller_endpoint(&spec.controller, places),
        announce_period: ANNOUNCE_PERIOD,
        utilization_endpoint: Some(place.second.clone()),
        ..ComputerOptions::of(platform, place.endpoint.clone())
    }
}

fn broker_options(spec: &BrokerSpec, place: &Place, places: &Places, seed: u64) -> BrokerOptions {
    BrokerOptions {
        kind: spec.kind.clone(),
        server_endpoint: place.endpoint.clone(),
        announce_endpoint: None,
        configuration_endpoint: place.second.clone(),
        controller_endpoint: controller_endpoint(&spec.controller, places),
        calls_in_progress: spec.limits.calls_in_progress,
        router_conf: RouterConf {
            pending: spec.limits.pending_per_destination,
            forwarding_time: spec.forwarding_time,
            fake: false,
            connections: CONNECTIONS,
        },
        call_timeout: CALL_TIMEOUT,
        fake_entries: (0, 0),
        compatibility: spec.compatibility,
        failover: spec.failover,
        safeguards: spec.safeguards,
        limits: Limits::default(),
        seed,
        security: Security::Plaintext,
        server_transport: Transport::Grpc,
        client_transport: Transport::Grpc,
        metrics_endpoint: None,
    }
}

/// The installer of a controller, with addresses in place of nodes.
fn installer(deployment: &Deployment, spec: &ControllerSpec) -> InstallerSpec {
    let mut installer = spec.installer.clone();
    if let InstallerSpec::Hierarchical { distances, .. } = &mut installer {
        for node in &mut distances.nodes {
            *node = address(deployment, node).to_string();
        }
    }
    installer
}
