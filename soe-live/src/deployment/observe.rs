//! Observing a running deployment from outside.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

use soe_model::broker::table::{PrintedEntry, print_entries};
use soe_model::controller::InstallerSpec;
use soe_model::deployment::Deployment;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout_at};
use tonic::transport::Channel;
use tonic::{Response, Status};

use super::contexts;
use super::places::{Place, Places};
use crate::Security;
use crate::command::{Endpoint, Failure};
use crate::connection::connect_lazily;
use crate::rpc::edge_router_client::EdgeRouterClient;
use crate::rpc::edge_router_conf::Action;
use crate::rpc::{self, EdgeRouterConf, ForwardingTable, TableId, Void};

/// How long components may take to become ready.
const READY: Duration = Duration::from_secs(20);
/// How long to wait before the next look.
const LOOK: Duration = Duration::from_millis(20);
/// How long a component may take to answer.
const ANSWER: Duration = Duration::from_secs(10);

/// Waits until all running components accept calls and, if these are all,
/// the tables of all brokers have what their controllers put there.
pub async fn ready(
    deployment: &Deployment,
    places: &Places,
    there: &BTreeSet<String>,
    complete: bool,
) -> Result<(), Failure> {
    let deadline = Instant::now() + READY;
    for name in there {
        let Some(place) = places.get(name) else {
            continue;
        };
        reachable(name, &place.endpoint, deadline).await?;
    }
    if complete {
        contexts::ready(deployment, places, deadline).await?;
    }
    let brokers = deployment.brokers.iter().filter(|_| complete);
    for broker in brokers {
        let Some(place) = places.get(&broker.name) else {
            continue;
        };
        reachable(&broker.name, &place.second, deadline).await?;
        let mut tables = Tables::of(place)?;
        for entry in &broker.table {
            let destination = places.get(&entry.destination).map(|place| &place.endpoint);
            tables
                .configure(EdgeRouterConf {
                    action: Action::Change.into(),
                    lambda: entry.function.clone(),
                    destination: destination.map_or_else(String::new, Endpoint::to_string),
                    weight: entry.weight,
                    r#final: entry.is_final,
                })
                .await
                .map_err(|error| Failure::Run(format!("{}: {error}", broker.name)))?;
        }
        while let Some(missing) = missing(
            deployment,
            places,
            there,
            broker.controller.as_deref(),
            &mut tables,
        )
        .await?
        {
            if Instant::now() > deadline {
                let waited = READY.as_secs();
                return Err(Failure::Run(format!(
                    "{}: after {waited} s its table has no {missing}",
                    broker.name
                )));
            }
            sleep(LOOK).await;
        }
    }
    Ok(())
}

async fn reachable(name: &str, endpoint: &Endpoint, deadline: Instant) -> Result<(), Failure> {
    loop {
        let error = match timeout_at(deadline, TcpStream::connect(endpoint.as_str())).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer".to_owned(),
        };
        if Instant::now() >= deadline {
            let waited = READY.as_secs();
            return Err(Failure::Run(format!(
                "{name}: not ready after {waited} s: {error}"
            )));
        }
        sleep(LOOK).await;
    }
}

/// An entry that the controller of a broker has yet to put into its table.
async fn missing(
    deployment: &Deployment,
    places: &Places,
    there: &BTreeSet<String>,
    controller: Option<&str>,
    tables: &mut Tables,
) -> Result<Option<String>, Failure> {
    let Some(controller) = controller else {
        return Ok(None);
    };
    let mut specs = deployment.controllers.iter();
    let spec = specs.find(|spec| spec.name == controller);
    let flat = spec.is_some_and(|spec| spec.installer == InstallerSpec::Flat);
    let table = tables.table(0).await.map_err(Failure::Run)?;
    for computer in &deployment.computers {
        if computer.controller.as_deref() != Some(controller) || !there.contains(&computer.name) {
            continue;
        }
        let Some(place) = places.get(&computer.name) else {
            continue;
        };
        for container in &computer.containers {
            let function = &container.function.name;
            // A hierarchical controller may have put another broker there instead.
            let found = table.entries.iter().any(|entry| {
                entry.lambda == *function && (!flat || entry.destination == place.endpoint.as_str())
            });
            if !found {
                return Ok(Some(format!("{} at {}", function, computer.name)));
            }
        }
    }
    Ok(None)
}

/// The tables of all brokers, with names in place of endpoints.
pub async fn tables(
    deployment: &Deployment,
    places: &Places,
) -> Result<Vec<(String, String)>, Failure> {
    let mut all = Vec::new();
    for broker in &deployment.brokers {
        let Some(place) = places.get(&broker.name) else {
            continue;
        };
        let failed = |error| Failure::Run(format!("{}: {error}", broker.name));
        let mut tables = Tables::of(place)?;
        let mut text = String::new();
        for number in 0..tables.count().await.map_err(failed)? {
            let table = tables.table(number).await.map_err(failed)?;
            let name = |endpoint| places.name(endpoint).unwrap_or(endpoint);
            let mut entries: Vec<_> = table
                .entries
                .iter()
                .map(|entry| PrintedEntry {
                    function: &entry.lambda,
                    destination: name(entry.destination.as_str()),
                    weight: entry.weight,
                    is_final: entry.r#final,
                })
                .collect();
            entries.sort_by_key(|entry| (entry.function, entry.destination));
            // Writing to a string cannot fail.
            let _ = write!(text, "Table#{number}\n{}", print_entries(entries));
        }
        all.push((broker.name.clone(), text));
    }
    Ok(all)
}

/// The tables of one broker.
#[derive(Debug)]
pub struct Tables(EdgeRouterClient<Channel>);

impl Tables {
    pub fn of(place: &Place) -> Result<Self, Failure> {
        let channel = connect_lazily(place.second.as_str(), &Security::Plaintext);
        let client = EdgeRouterClient::new(channel.map_err(Failure::run)?);
        Ok(Self(client.max_decoding_message_size(usize::MAX)))
    }

    /// Changes a weight, or adds a destination.
    pub async fn configure(&mut self, change: EdgeRouterConf) -> Result<(), String> {
        let done = ask(self.0.configure(change)).await?;
        match done.msg.as_str() {
            rpc::OK => Ok(()),
            _ => Err(done.msg),
        }
    }

    /// One of the tables.
    pub async fn table(&mut self, value: u32) -> Result<ForwardingTable, String> {
        ask(self.0.get_table(TableId { value })).await
    }

    async fn count(&mut self) -> Result<u32, String> {
        Ok(ask(self.0.get_num_tables(Void {})).await?.value)
    }
}

pub async fn ask<T>(
    answer: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T, String> {
    match tokio::time::timeout(ANSWER, answer).await {
        Ok(Ok(response)) => Ok(response.into_inner()),
        Ok(Err(status)) => Err(format!("RPC failed: {}", status.message())),
        Err(_) => Err("RPC failed: no answer in time".to_owned()),
    }
}
