//! TLS with certificates on both sides.

use std::path::Path;
use std::sync::{Arc, Mutex};

use prost::Message;
use sim_core::Streams;
use soe_live::broker::{Broker, Forwarding, Tables};
use soe_live::command::Stop;
use soe_live::computer::{Computer, Executor, Simulated};
use soe_live::rpc::edge_router_client::EdgeRouterClient;
use soe_live::rpc::edge_router_server::EdgeRouterServer;
use soe_live::rpc::edge_server_client::EdgeServerClient;
use soe_live::rpc::{EdgeRouterConf, LambdaRequest, LambdaResponse};
use soe_live::server::{Caller, Invocations, Server, Services};
use soe_live::wire::Frame;
use soe_live::{Security, connect};
use soe_model::broker::{
    BrokerSpec, Compatibility, Failover, ForwardingTime, Limits, Safeguards, TableEntrySpec,
};
use tempfile::TempDir;

use crate::certificates::certificates;
use crate::support::{
    LONG, any, computer_options, eventually, least_impedance, raspberry, request,
};

fn credentials() -> (TempDir, Security) {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let security = Security::from_directory(folder.path()).unwrap();
    (folder, security)
}

#[tokio::test]
async fn calls_and_tables_are_protected_end_to_end() {
    let (_folder, security) = credentials();
    let stop = Stop::new();
    let server = Server::bind(&any(), &security).await.unwrap();
    let place = server.endpoint().clone();
    let spec = raspberry().computer(place.to_string(), String::new(), None);
    let executor = Executor::Simulated(Arc::new(Simulated::new(&spec).unwrap()));
    let options = computer_options(place.clone());
    let computer = Arc::new(Computer::new(executor, place.as_str(), &options).unwrap());
    let services = Services::new(&["uiiit.rpc.EdgeServer"], |_| {})
        .await
        .unwrap();
    tokio::spawn(server.run(Some(computer), services, stop.clone()));

    let spec = BrokerSpec {
        name: "router".into(),
        node: String::new(),
        controller: None,
        kind: least_impedance(),
        limits: Limits::default(),
        forwarding_time: ForwardingTime::default(),
        table: Vec::new(),
        compatibility: Compatibility::Corrected,
        failover: Failover::Always,
        safeguards: Safeguards::default(),
    };
    let forwarding = Forwarding {
        security: security.clone(),
        transport: soe_live::Transport::Grpc,
        connections: 1,
        call_timeout: LONG,
        fake: false,
        message: soe_live::limits::MESSAGE,
    };
    let (broker, _) = Broker::new(&spec, &Streams::new(0, 0), forwarding).unwrap();
    let server = Server::bind(&any(), &security).await.unwrap();
    let router = server.endpoint().clone();
    let services = Services::new(&["uiiit.rpc.EdgeServer"], |_| {})
        .await
        .unwrap();
    tokio::spawn(server.run(Some(broker.clone()), services, stop.clone()));
    let server = Server::bind(&any(), &security).await.unwrap();
    let tables = server.endpoint().clone();
    let services = Services::new(&["uiiit.rpc.EdgeRouter"], |routes| {
        routes.add_service(EdgeRouterServer::new(Tables::of(broker)));
    });
    tokio::spawn(server.run(None, services.await.unwrap(), stop.clone()));

    let channel = connect(tables.as_str(), &security).await.unwrap();
    let change = EdgeRouterConf {
        action: 1,
        lambda: "clambda0".into(),
        destination: place.to_string(),
        weight: 1.0,
        r#final: true,
    };
    let mut tables_client = EdgeRouterClient::new(channel);
    let answer = tables_client.configure(change).await.unwrap().into_inner();
    assert_eq!(answer.msg, "OK");
    let channel = connect(router.as_str(), &security).await.unwrap();
    let served = EdgeServerClient::new(channel)
        .run_lambda(request("clambda0", 100))
        .await;
    assert_eq!(served.unwrap().into_inner().retcode, "OK");

    // Without certificate, or with one of another authority: not a word.
    assert!(rejected(router.as_str(), &Security::Plaintext).await);
    let (_other, stranger) = credentials();
    assert!(rejected(router.as_str(), &stranger).await);
    assert!(rejected(tables.as_str(), &stranger).await);
    stop.stop();
}

#[tokio::test]
async fn a_destination_with_a_foreign_certificate_is_refused_with_the_reason() {
    let (folder, security) = credentials();
    let (other, foreign) = credentials();
    let stop = Stop::new();
    let server = Server::bind(&any(), &foreign).await.unwrap();
    let destination = server.endpoint().clone();
    let services = Services::new(&["uiiit.rpc.EdgeServer"], |_| {}).await;
    tokio::spawn(server.run(None, services.unwrap(), stop.clone()));
    // The client's certificate is foreign as well, and its authority: only the server
    // of the same authority is believed, so that the server has to refuse.
    for (security, says) in [
        (security.clone(), "invalid peer certificate"),
        (mixed(folder.path(), other.path()), "received fatal alert"),
    ] {
        let spec = BrokerSpec {
            name: "router".into(),
            node: String::new(),
            controller: None,
            kind: least_impedance(),
            limits: Limits::default(),
            forwarding_time: ForwardingTime::default(),
            table: vec![TableEntrySpec {
                function: "f".into(),
                destination: destination.to_string(),
                weight: 1.0,
                is_final: true,
            }],
            compatibility: Compatibility::Corrected,
            failover: Failover::Always,
            safeguards: Safeguards::default(),
        };
        let forwarding = Forwarding {
            security,
            transport: soe_live::Transport::Grpc,
            connections: 2,
            call_timeout: LONG,
            fake: false,
            message: soe_live::limits::MESSAGE,
        };
        let (broker, _) = Broker::new(&spec, &Streams::new(0, 0), forwarding).unwrap();
        let message = request("f", 10).encode_to_vec();
        let answer = broker.invoke(Frame::of(&message), Caller::default()).await;
        let answer = LambdaResponse::decode(answer.unwrap().message()).unwrap();
        assert!(answer.retcode.contains(says), "{answer:?}");
    }
    stop.stop();
}

/// Collects what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_of_a_server_says_why_callers_are_refused_but_not_for_each() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let (_folder, security) = credentials();
    let (_other, stranger) = credentials();
    let stop = Stop::new();
    let server = Server::bind(&any(), &security).await.unwrap();
    let place = server.endpoint().clone();
    let services = Services::new(&["uiiit.rpc.EdgeServer"], |_| {}).await;
    tokio::spawn(server.run(None, services.unwrap(), stop.clone()));
    for _ in 0..20 {
        assert!(rejected(place.as_str(), &stranger).await);
    }
    let said = || String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    eventually("it is logged", async || said().contains("is refused: ")).await;
    assert!(said().lines().count() < 20, "{}", said());
    stop.stop();
}

/// The authority of one folder, the client of another.
fn mixed(client: &Path, authority: &Path) -> Security {
    let folder = tempfile::tempdir().unwrap();
    for (from, name) in [
        (authority, "ca.crt"),
        (client, "client.crt"),
        (client, "client.key"),
    ] {
        std::fs::copy(from.join(name), folder.path().join(name)).unwrap();
    }
    Security::from_directory(folder.path()).unwrap()
}

async fn rejected(endpoint: &str, security: &Security) -> bool {
    match connect(endpoint, security).await {
        Err(_) => true,
        Ok(channel) => EdgeServerClient::new(channel)
            .run_lambda(LambdaRequest::default())
            .await
            .is_err(),
    }
}

#[test]
fn credentials_that_are_not_there_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let message = |folder: &Path| Security::from_directory(folder).unwrap_err().to_string();
    assert!(message(folder.path()).contains("server.crt"));
    certificates(folder.path());
    std::fs::remove_file(folder.path().join("client.key")).unwrap();
    assert!(message(folder.path()).contains("client.key"));
    std::fs::write(folder.path().join("client.key"), "no key").unwrap();
    assert!(message(folder.path()).contains("client.key"));
    std::fs::write(folder.path().join("ca.crt"), "nothing").unwrap();
    assert!(message(folder.path()).contains("ca.crt: no certificate"));
    certificates(folder.path());
    for name in ["client.crt", "client.key"] {
        std::fs::remove_file(folder.path().join(name)).unwrap();
    }
    let only_server = Security::from_directory(folder.path()).unwrap();
    assert!(only_server.server().is_ok());
    assert!(only_server.client().is_err());
}
