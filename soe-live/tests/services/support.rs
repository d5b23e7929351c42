//! Servers to talk to, and ways to talk to them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use sim_core::Streams;
use soe_live::broker::{Broker, Forwarding, Tables};
use soe_live::command::{Endpoint, Stop};
use soe_live::computer::{
    Computer, ComputerOptions, Executor, Kind, Simulated, Utilization, WorkflowOptions,
};
use soe_live::rpc::edge_computer_server::EdgeComputerServer;
use soe_live::rpc::edge_router_client::EdgeRouterClient;
use soe_live::rpc::edge_router_server::EdgeRouterServer;
use soe_live::rpc::edge_server_client::EdgeServerClient;
use soe_live::rpc::edge_server_server::{EdgeServer, EdgeServerServer};
use soe_live::rpc::{EdgeRouterConf, ForwardingTable, LambdaRequest, LambdaResponse, TableId};
use soe_live::server::{Server, Services};
use soe_live::{Callback, Security, connect};
use soe_model::broker::optimizer::OPTIMIZERS;
use soe_model::broker::policy::POLICIES;
use soe_model::broker::{
    BrokerKind, BrokerSpec, Compatibility, Failover, ForwardingTime, Limits, Safeguards,
};
use soe_model::computer::platform::{PLATFORMS, Platform};
use tokio::sync::mpsc;
use tonic::transport::Channel;
use tonic::{Response, Status};

use crate::ports::port;

/// Long enough for anything that happens at all.
pub const LONG: Duration = Duration::from_secs(30);

/// A free port of this machine, outside of what the system hands out by itself.
pub fn endpoint() -> Endpoint {
    port().parse().unwrap()
}

pub fn any() -> Endpoint {
    "127.0.0.1:0".parse().unwrap()
}

/// Waits until something is so.
pub async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waited = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(LONG, waited).await;
    assert!(waited.is_ok(), "never: {what}");
}

pub fn raspberry() -> Platform {
    let spec = PLATFORMS.configure("raspberry", vec![]).unwrap();
    (spec.kind.build)(&spec.arguments)
}

pub fn computer_options(server: Endpoint) -> ComputerOptions {
    ComputerOptions {
        kind: Kind::Simulated(raspberry()),
        server_endpoint: server,
        announce_endpoint: None,
        controller_endpoint: None,
        announce_period: Duration::from_millis(100),
        utilization_endpoint: None,
        workflows: WorkflowOptions::default(),
        security: Security::Plaintext,
        server_transport: soe_live::Transport::Grpc,
        client_transport: soe_live::Transport::Grpc,
        limits: soe_live::limits::Limits::default(),
        metrics_endpoint: None,
    }
}

/// A computer at a port of its own; its utilization is offered there as well.
pub async fn computer(asynchronous: bool, stop: &Stop) -> Endpoint {
    let server = Server::bind(&any(), &Security::Plaintext).await.unwrap();
    let endpoint = server.endpoint().clone();
    let mut options = computer_options(endpoint.clone());
    options.workflows.asynchronous = asynchronous;
    if asynchronous {
        options.workflows.state_endpoint = Some(endpoint.clone());
    }
    let spec = raspberry().computer(endpoint.to_string(), String::new(), None);
    let simulated = Arc::new(Simulated::new(&spec).unwrap());
    let executor = Executor::Simulated(simulated.clone());
    let computer = Arc::new(Computer::new(executor, endpoint.as_str(), &options).unwrap());
    let names = ["uiiit.rpc.EdgeServer", "uiiit.rpc.EdgeComputer"];
    let services = Services::new(&names, |routes| {
        routes.add_service(EdgeComputerServer::new(Utilization::of(simulated)));
    });
    let services = services.await.unwrap();
    tokio::spawn(server.run(Some(computer), services, stop.clone()));
    endpoint
}

pub fn least_impedance() -> BrokerKind {
    BrokerKind::Router {
        policy: POLICIES.configure("least-impedance", vec![]).unwrap(),
        optimizer: OPTIMIZERS.configure("asyncPF", vec![]).unwrap(),
    }
}

/// A router with its tables.
pub struct Router {
    pub endpoint: Endpoint,
    pub tables: EdgeRouterClient<Channel>,
    pub tables_endpoint: Endpoint,
}

pub async fn broker(kind: BrokerKind, limits: Limits, stop: &Stop) -> Router {
    broker_with(kind, limits, Failover::Always, stop).await
}

pub async fn broker_with(
    kind: BrokerKind,
    limits: Limits,
    failover: Failover,
    stop: &Stop,
) -> Router {
    start(kind, limits, failover, Safeguards::default(), stop).await
}

/// A broker that protects calls.
pub async fn guarded(kind: BrokerKind, safeguards: Safeguards, stop: &Stop) -> Router {
    start(kind, Limits::default(), Failover::Always, safeguards, stop).await
}

async fn start(
    kind: BrokerKind,
    limits: Limits,
    failover: Failover,
    safeguards: Safeguards,
    stop: &Stop,
) -> Router {
    let server = Server::bind(&any(), &Security::Plaintext).await.unwrap();
    let tables = Server::bind(&any(), &Security::Plaintext).await.unwrap();
    let (endpoint, tables_endpoint) = (server.endpoint().clone(), tables.endpoint().clone());
    let spec = BrokerSpec {
        name: endpoint.to_string(),
        node: String::new(),
        controller: None,
        kind,
        limits,
        forwarding_time: ForwardingTime::default(),
        table: Vec::new(),
        compatibility: Compatibility::Corrected,
        failover,
        safeguards,
    };
    let forwarding = Forwarding {
        security: Security::Plaintext,
        transport: soe_live::Transport::Grpc,
        connections: 2,
        call_timeout: LONG,
        fake: false,
        message: soe_live::limits::MESSAGE,
    };
    let (broker, _) = Broker::new(&spec, &Streams::new(1, 0), forwarding).unwrap();
    tokio::spawn(broker.clone().attend());
    let services = Services::new(&["uiiit.rpc.EdgeServer"], |_| {})
        .await
        .unwrap();
    tokio::spawn(server.run(Some(broker.clone()), services, stop.clone()));
    let services = Services::new(&["uiiit.rpc.EdgeRouter"], |routes| {
        routes.add_service(EdgeRouterServer::new(Tables::of(broker)));
    });
    let services = services.await.unwrap();
    tokio::spawn(tables.run(None, services, stop.clone()));
    let channel = connect(tables_endpoint.as_str(), &Security::Plaintext);
    Router {
        tables: EdgeRouterClient::new(channel.await.unwrap()),
        endpoint,
        tables_endpoint,
    }
}

pub async fn router(stop: &Stop) -> Router {
    broker(least_impedance(), Limits::default(), stop).await
}

impl Router {
    pub async fn change(&mut self, lambda: &str, destination: &str, weight: f32) -> String {
        let change = EdgeRouterConf {
            action: 1,
            lambda: lambda.into(),
            destination: destination.into(),
            weight,
            r#final: true,
        };
        self.tables
            .configure(change)
            .await
            .unwrap()
            .into_inner()
            .msg
    }

    pub async fn table(&mut self, number: u32) -> ForwardingTable {
        let number = TableId { value: number };
        self.tables.get_table(number).await.unwrap().into_inner()
    }

    pub async fn destinations(&mut self) -> Vec<String> {
        let entries = self.table(0).await.entries.into_iter();
        entries.map(|entry| entry.destination).collect()
    }
}

pub async fn client(endpoint: &Endpoint) -> EdgeServerClient<Channel> {
    let channel = connect(endpoint.as_str(), &Security::Plaintext);
    EdgeServerClient::new(channel.await.unwrap())
}

pub fn request(lambda: &str, size: usize) -> LambdaRequest {
    LambdaRequest {
        name: lambda.into(),
        input: "A".repeat(size),
        ..LambdaRequest::default()
    }
}

pub async fn call(endpoint: &Endpoint, request: LambdaRequest) -> LambdaResponse {
    let mut client = client(endpoint).await;
    client.run_lambda(request).await.unwrap().into_inner()
}

/// A computer that does what a test wants.
pub async fn stand_in<F>(endpoint: Endpoint, stop: &Stop, answer: F) -> Endpoint
where
    F: AsyncAnswer,
{
    let server = Server::bind(&endpoint, &Security::Plaintext).await.unwrap();
    let endpoint = server.endpoint().clone();
    let services = Services::new(&["uiiit.rpc.EdgeServer"], |routes| {
        routes.add_service(EdgeServerServer::new(StandIn(answer)));
    });
    let services = services.await.unwrap();
    tokio::spawn(server.run(None, services, stop.clone()));
    endpoint
}

#[tonic::async_trait]
pub trait AsyncAnswer: Send + Sync + 'static {
    async fn answer(&self, request: LambdaRequest) -> Result<LambdaResponse, Status>;
}

#[tonic::async_trait]
impl<F, R> AsyncAnswer for F
where
    F: Fn(LambdaRequest) -> R + Send + Sync + 'static,
    R: Future<Output = Result<LambdaResponse, Status>> + Send,
{
    async fn answer(&self, request: LambdaRequest) -> Result<LambdaResponse, Status> {
        self(request).await
    }
}

struct StandIn<F>(F);

#[tonic::async_trait]
impl<F: AsyncAnswer> EdgeServer for StandIn<F> {
    async fn run_lambda(
        &self,
        request: tonic::Request<LambdaRequest>,
    ) -> Result<Response<LambdaResponse>, Status> {
        self.0.answer(request.into_inner()).await.map(Response::new)
    }
}

/// A callback and what comes to it.
pub async fn callback(place: &Endpoint, stop: &Stop) -> (Endpoint, mpsc::Receiver<LambdaResponse>) {
    let listening = Callback::listen(place, &Security::Plaintext, stop.clone());
    listening.await.unwrap()
}

pub fn ok() -> LambdaResponse {
    LambdaResponse {
        retcode: "OK".into(),
        ..LambdaResponse::default()
    }
}

/// What a server answers to bytes: the status, and the message without prefix.
pub async fn raw(endpoint: &Endpoint, path: &str, body: &[u8]) -> (Option<u32>, Bytes) {
    let talk = async {
        let socket = tokio::net::TcpStream::connect(endpoint.as_str())
            .await
            .unwrap();
        let (send, connection) = h2::client::handshake(socket).await.unwrap();
        tokio::spawn(connection);
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("http://{endpoint}{path}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())
            .unwrap();
        let mut send = send.ready().await.unwrap();
        let (response, mut stream) = send.send_request(request, false).unwrap();
        // The server may refuse before it has read everything.
        let _ = stream.send_data(Bytes::copy_from_slice(body), true);
        let (head, mut body) = response.await.unwrap().into_parts();
        let mut message = Vec::new();
        while let Some(Ok(piece)) = body.data().await {
            message.extend_from_slice(&piece);
            let _ = body.flow_control().release_capacity(piece.len());
        }
        let trailers = body.trailers().await.ok().flatten().unwrap_or_default();
        let code = |headers: &HeaderMap| -> Option<u32> {
            headers.get("grpc-status")?.to_str().ok()?.parse().ok()
        };
        let message = Bytes::from(message);
        let message = message.slice(5.min(message.len())..);
        (code(&trailers).or_else(|| code(&head.headers)), message)
    };
    tokio::time::timeout(LONG, talk).await.unwrap()
}

/// A message with its prefix.
pub fn framed(message: &[u8]) -> Vec<u8> {
    let mut frame = vec![0];
    frame.extend((message.len() as u32).to_be_bytes());
    frame.extend(message);
    frame
}

/// The longest time that an honest call may wait while others attack.
const HELD_UP: Duration = Duration::from_secs(1);

/// Calls a function that has nothing to do with an attack. The call succeeds within
/// [`HELD_UP`], without the time during which this thread was ready and the machine was
/// busy with something else.
pub async fn honest_call(endpoint: &Endpoint, function: &str) {
    let (begin, delay) = (Instant::now(), run_delay());
    let served = tokio::time::timeout(LONG, call(endpoint, request(function, 10))).await;
    let waited = begin.elapsed().saturating_sub(run_delay() - delay);
    assert_eq!(served.expect("an answer").retcode, "OK");
    assert!(
        waited <= HELD_UP,
        "an honest call was held up for {waited:?}"
    );
}

/// For how long this thread was ready to run, and did not (0 where the system does not
/// tell).
fn run_delay() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = told
        .split_whitespace()
        .nth(1)
        .and_then(|delay| delay.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}
