//! The OpenWhisk front ends of clients that call through one: one before each of their
//! destinations.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use soe_model::broker::Compatibility;
use soe_model::client::{ClientSpec, Protocol};
use soe_model::deployment::Deployment;

use super::components::CALL_TIMEOUT;
use super::places::Places;
use crate::Security;
use crate::client::Caller;
use crate::command::{Endpoint, Failure, Stop};
use crate::connection::connect_lazily;
use crate::front::{Activations, Calls, FrontEnd, Functions, Keep, Keys};
use crate::http::{Client, Root, Server, Trust};

/// How often a front end reads the tables of its broker, as `wskproxy` does.
const REFRESH: Duration = Duration::from_millis(500);
/// Calls in progress at a time: brokers have the limits of the scenario.
const CALLS: usize = 1_000_000;
/// The namespace of all functions, as `wskproxy` has it.
const NAMESPACE: &str = "guest";

/// The name of the front end before a broker or a computer.
fn name_of(destination: &str) -> String {
    format!("wskproxy of {destination}")
}

/// The brokers and computers that have a front end, in order.
fn destinations(deployment: &Deployment) -> BTreeSet<&str> {
    let clients = deployment.clients.iter();
    let clients = clients.filter(|client| is_through(client));
    let all = clients.flat_map(|client| &client.destinations);
    all.map(String::as_str).collect()
}

/// Whether a client calls through front ends.
pub fn is_through(client: &ClientSpec) -> bool {
    matches!(client.protocol, Protocol::OpenWhisk { .. })
}

/// The names and the nodes of all front ends.
pub fn names(deployment: &Deployment) -> impl Iterator<Item = (String, &str)> {
    destinations(deployment).into_iter().map(|destination| {
        let computers = deployment.computers.iter();
        let computers = computers.map(|spec| (&spec.name, &spec.node));
        let brokers = deployment.brokers.iter();
        let mut all = computers.chain(brokers.map(|spec| (&spec.name, &spec.node)));
        let found = all.find(|(name, _)| *name == destination);
        (name_of(destination), found.map_or("", |(_, node)| node))
    })
}

/// Where calls to a destination go that pass its front end.
///
/// # Errors
/// If the front end has no endpoint.
pub fn caller(places: &Places, destination: &str) -> Result<Caller, Failure> {
    let name = name_of(destination);
    let place = places.get(&name);
    let place = place.ok_or_else(|| Failure::Input(format!("`{name}` has no endpoint")))?;
    Ok(Caller::open_whisk(root(&place.endpoint)?, CALL_TIMEOUT))
}

fn root(endpoint: &Endpoint) -> Result<Root, Failure> {
    format!("http://{endpoint}").parse().map_err(Failure::input)
}

/// Runs a front end; `None` if none is called `name`.
pub async fn run(
    deployment: &Deployment,
    places: &Places,
    name: &str,
    stop: Stop,
) -> Option<Result<(), Failure>> {
    let all = destinations(deployment);
    let destination = all.into_iter().find(|it| name_of(it) == name)?;
    let is_broker = deployment.brokers.iter().any(|it| it.name == destination);
    Some(serve(places, name, destination, is_broker, stop).await)
}

async fn serve(
    places: &Places,
    name: &str,
    destination: &str,
    is_broker: bool,
    stop: Stop,
) -> Result<(), Failure> {
    let place = |name: &str| {
        let place = places.get(name);
        place.ok_or_else(|| Failure::Input(format!("`{name}` has no endpoint")))
    };
    let channel = |endpoint: &Endpoint| {
        connect_lazily(endpoint.as_str(), &Security::Plaintext).map_err(Failure::input)
    };
    let behind = place(destination)?;
    // A computer has no tables, and knows itself which functions it has.
    let tables = is_broker.then(|| channel(&behind.second)).transpose()?;
    let functions = Arc::new(Functions::of(tables, REFRESH));
    let front = FrontEnd {
        functions: functions.clone(),
        calls: Calls::new(channel(&behind.endpoint)?, CALL_TIMEOUT, CALLS),
        activations: Activations::new(Keep::default()),
        keys: Keys::everybody(NAMESPACE),
        blocking: CALL_TIMEOUT,
        compatibility: Compatibility::Corrected,
        callbacks: Client::new(Trust::System),
    };
    let server = Server::bind(&place(name)?.endpoint).await;
    let server = server.map_err(|error| Failure::Run(format!("{name}: {error}")))?;
    let keeping = tokio::spawn(functions.keep(REFRESH, stop.clone()));
    server.run(Arc::new(front), stop).await;
    keeping.abort();
    Ok(())
}
