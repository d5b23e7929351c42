//! Controllers with balanced assignment, and clients that get contexts from them.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use soe_model::client::ClientSpec;
use soe_model::controller::ControllerSpec;
use soe_model::deployment::Deployment;
use tokio::time::{Instant, sleep, timeout_at};

use super::places::{Place, Places, address};
use crate::Security;
use crate::clock::duration;
use crate::command::{Endpoint, Failure, Stop};
use crate::connection::connect_lazily;
use crate::controller::{self, ControllerOptions};
use crate::mec::{ApiChoice, ApiRoot, Assigner, DeviceApplication, Proxy, ProxyOptions};
use crate::rpc::mec::Void;
use crate::rpc::mec::ue_app_lcm_proxy_client::UeAppLcmProxyClient;
use crate::rpc::mec::ue_app_lcm_proxy_server::UeAppLcmProxyServer;
use crate::server::{Server, Services};

/// How long to wait before the next look.
const LOOK: Duration = Duration::from_millis(20);

/// Runs a controller together with a proxy, whose device applications ask at the second
/// endpoint of its place, and whose tables are filled at the third.
pub async fn run(
    options: ControllerOptions,
    place: &Place,
    period: Duration,
    stop: Stop,
) -> Result<(), Failure> {
    // Whatever ends it ends all of it.
    let inner = Stop::new();
    let _inner = inner.clone().on_drop();
    let proxy = Proxy::new(&ProxyOptions::default()).map_err(Failure::run)?;
    let server = Server::bind(&place.states, &Security::Plaintext).await;
    let server = server.map_err(Failure::run)?;
    let services = Services::new(&["uiiit.etsimec.rpc.UeAppLcmProxy"], |routes| {
        routes.add_service(UeAppLcmProxyServer::new(proxy.clone()));
    });
    let services = services.await.map_err(Failure::run)?;
    tokio::spawn(server.run(None, services, inner.clone()));
    let tables = place.states.clone();
    let assigner = Assigner::balanced(tables, Security::Plaintext, period, inner.clone());
    tokio::select! {
        served = proxy.serve(root(&place.second)?, inner.clone(), |_| {}) => served,
        ran = controller::run_with(options, Some(assigner), stop) => ran.map_err(Failure::run),
    }
}

/// How often a controller assigns clients, if it does.
pub fn period(spec: &ControllerSpec) -> Option<Duration> {
    spec.balanced.map(duration)
}

/// Waits until a controller can give contexts of all functions that its clients call.
///
/// # Errors
/// If that is not so at the deadline.
pub async fn ready(
    deployment: &Deployment,
    places: &Places,
    deadline: Instant,
) -> Result<(), Failure> {
    for client in &deployment.clients {
        let Some(place) = client.context.as_deref().and_then(|name| places.get(name)) else {
            continue;
        };
        let is_served = async {
            while !serves(&place.states, &client.function).await {
                sleep(LOOK).await;
            }
        };
        if timeout_at(deadline, is_served).await.is_err() {
            return Err(Failure::Run(format!(
                "{}: no context of `{}` in time",
                client.name, client.function
            )));
        }
    }
    Ok(())
}

/// Whether any client of a function has an endpoint.
async fn serves(tables: &Endpoint, function: &str) -> bool {
    let Ok(channel) = connect_lazily(tables.as_str(), &Security::Plaintext) else {
        return false;
    };
    let table = UeAppLcmProxyClient::new(channel).table(Void {}).await;
    table.is_ok_and(|table| {
        let mut rows = table.into_inner().table.into_iter();
        rows.any(|row| row.client.is_empty() && row.app_name == function)
    })
}

/// The device applications of clients: one for all clients on a node with the same
/// controller, since they have the same address.
#[derive(Debug, Default)]
pub struct Devices(BTreeMap<(String, Ipv4Addr), DeviceApplication>);

impl Devices {
    /// That of a client, if it gets contexts. It takes notifications until `close` is
    /// thrown.
    ///
    /// # Errors
    /// If it cannot take notifications.
    pub async fn of_client(
        &mut self,
        deployment: &Deployment,
        places: &Places,
        spec: &ClientSpec,
        close: &Stop,
    ) -> Result<Option<DeviceApplication>, Failure> {
        let Some(controller) = &spec.context else {
            return Ok(None);
        };
        let from = address(deployment, &spec.node);
        let key = (controller.clone(), from);
        if let Some(known) = self.0.get(&key) {
            return Ok(Some(known.clone()));
        }
        let place = places.get(controller);
        let place = place.ok_or_else(|| Failure::Input(format!("`{controller}` has no place")))?;
        let any: Endpoint = format!("{from}:0").parse().map_err(Failure::input)?;
        let device = DeviceApplication::start_from(
            Some(from.into()),
            ApiChoice::default(),
            root(&place.second)?,
            root(&any)?,
            close.clone(),
        );
        let device = device.await.map_err(Failure::run)?;
        self.0.insert(key, device.clone());
        Ok(Some(device))
    }
}

fn root(endpoint: &Endpoint) -> Result<ApiRoot, Failure> {
    format!("http://{endpoint}").parse().map_err(Failure::input)
}
