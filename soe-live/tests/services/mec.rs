//! The device application interface of ETSI MEC, as device applications and controllers
//! see it.

mod balanced;
mod devices;
mod exchanges;
mod hostile_devices;
mod version_one;
mod version_two;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use serde_json::Value;
use soe_live::command::{Endpoint, Stop};
use soe_live::http::{Answer, Client, Handler, Server as HttpServer, Trust, empty};
use soe_live::mec::{ApiRoot, Proxy, ProxyOptions};
use soe_live::rpc::mec::ue_app_lcm_proxy_client::UeAppLcmProxyClient;
use soe_live::rpc::mec::ue_app_lcm_proxy_server::UeAppLcmProxyServer;
use soe_live::rpc::mec::{AddressTuple, Lambda, Void};
use soe_live::server::{Server, Services};
use soe_live::{Security, connect};
use tokio::sync::oneshot;
use tonic::transport::Channel;

use crate::support::{LONG, any};

/// Stops what was started when it is dropped.
struct Guard(Stop);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// A proxy with its two interfaces.
pub struct Bench {
    pub root: ApiRoot,
    pub north: Endpoint,
    pub tables: UeAppLcmProxyClient<Channel>,
    pub client: Client,
    _guard: Guard,
}

impl Bench {
    pub async fn start() -> Self {
        Self::with(&ProxyOptions::default()).await
    }

    pub async fn with(options: &ProxyOptions) -> Self {
        let stop = Stop::new();
        let proxy = Proxy::new(options).unwrap();
        let server = Server::bind(&any(), &Security::Plaintext).await.unwrap();
        let north = server.endpoint().clone();
        let services = Services::new(&["uiiit.etsimec.rpc.UeAppLcmProxy"], |routes| {
            routes.add_service(UeAppLcmProxyServer::new(proxy.clone()));
        });
        tokio::spawn(server.run(None, services.await.unwrap(), stop.clone()));
        let (ready, root) = oneshot::channel();
        let close = stop.clone();
        tokio::spawn(async move {
            let root = "http://127.0.0.1:0".parse().unwrap();
            let told = |root| ready.send(root).unwrap();
            proxy.serve(root, close, told).await.unwrap();
        });
        let channel = connect(north.as_str(), &Security::Plaintext).await.unwrap();
        Self {
            root: root.await.unwrap(),
            north,
            tables: UeAppLcmProxyClient::new(channel),
            client: Client::new(Trust::System),
            _guard: Guard(stop),
        }
    }

    pub async fn add(&mut self, function: &str) {
        let value = function.to_owned();
        self.tables.add_lambda(Lambda { value }).await.unwrap();
    }

    pub async fn associate(&mut self, client: &str, function: &str, server: &str) {
        let row = tuple(client, function, server);
        self.tables.associate_address(row).await.unwrap();
    }

    pub async fn remove(&mut self, client: &str, function: &str) {
        let row = tuple(client, function, "");
        self.tables.remove_address(row).await.unwrap();
    }

    /// Address, application and reference of all contexts.
    pub async fn contexts(&mut self) -> Vec<(String, String, String)> {
        let contexts = self.tables.contexts(Void {}).await.unwrap().into_inner();
        let contexts = contexts.contexts.into_iter();
        let rows = contexts.map(|it| (it.address, it.app_name, it.edge_router));
        rows.collect()
    }

    pub async fn count(&mut self) -> u32 {
        let number = self.tables.num_contexts(Void {}).await.unwrap();
        number.into_inner().value
    }

    /// A request with a JSON body.
    pub async fn ask(&self, method: Method, path: &str, body: &str) -> Response {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.root))
            .header("content-type", "application/json")
            .body(Bytes::copy_from_slice(body.as_bytes()))
            .unwrap();
        self.send(request).await
    }

    pub async fn send(&self, request: Request<Bytes>) -> Response {
        let answer = self.client.send(request, LONG).await.unwrap();
        Response(answer)
    }
}

pub fn tuple(client: &str, function: &str, server: &str) -> AddressTuple {
    AddressTuple {
        client: client.to_owned(),
        app_name: function.to_owned(),
        server: server.to_owned(),
    }
}

/// What came back.
#[derive(Debug)]
pub struct Response(pub http::Response<Bytes>);

impl Response {
    pub fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(self.0.body()).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(self.0.body()).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        let value = self.0.headers().get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }
}

/// Takes notifications and answers them with a status.
#[derive(Clone)]
pub struct Callback {
    pub endpoint: Endpoint,
    state: Arc<Mutex<Taken>>,
    _guard: Arc<Guard>,
}

/// The status of answers, and what has come: path and body.
type Taken = (u16, Vec<(String, Value)>);

struct Taker(Arc<Mutex<Taken>>);

impl Handler for Taker {
    async fn answer(self: Arc<Self>, request: soe_live::http::Request) -> Answer {
        let body = serde_json::from_slice(&request.body).unwrap();
        let mut state = self.0.lock().unwrap();
        state.1.push((request.path().to_owned(), body));
        empty(StatusCode::from_u16(state.0).unwrap())
    }
}

impl Callback {
    pub async fn start(status: u16) -> Self {
        let server = HttpServer::bind(&any()).await.unwrap();
        let endpoint = server.endpoint().clone();
        let state = Arc::new(Mutex::new((status, Vec::new())));
        let stop = Stop::new();
        tokio::spawn(server.run(Arc::new(Taker(state.clone())), stop.clone()));
        Self {
            endpoint,
            state,
            _guard: Arc::new(Guard(stop)),
        }
    }

    pub fn answer(&self, status: u16) {
        self.state.lock().unwrap().0 = status;
    }

    /// What has come: path and body.
    pub fn taken(&self) -> Vec<(String, Value)> {
        self.state.lock().unwrap().1.clone()
    }
}

/// A pause in which anything that is sent at once would arrive.
pub async fn moment() {
    tokio::time::sleep(Duration::from_millis(200)).await;
}
