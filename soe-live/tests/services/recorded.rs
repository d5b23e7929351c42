//! What the original's executables said to each other, said to ours.

use std::sync::{Arc, Mutex};

use prost::Message;
use soe_live::broker::{BrokerOptions, RouterConf};
use soe_live::command::{Endpoint, Stop};
use soe_live::controller::Controller;
use soe_live::limits::Limits;
use soe_live::rpc::edge_computer_client::EdgeComputerClient;
use soe_live::rpc::edge_controller_server::{EdgeController, EdgeControllerServer};
use soe_live::rpc::{
    ComputerInfo, EdgeRouterConf, ForwardingTable, LambdaRequest, LambdaResponse, Return,
    RouterInfo, Utilization, Void,
};
use soe_live::server::{Server, Services};
use soe_live::{Security, connect};
use soe_model::broker::{Compatibility, Failover, Safeguards};
use soe_model::controller::InstallerSpec;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tonic::Request;

use crate::support::{LONG, any, call, callback, computer, least_impedance, router, stand_in};

struct Exchange {
    step: String,
    at: String,
    method: String,
    request: Vec<u8>,
    response: Vec<u8>,
}

fn recorded() -> Vec<Exchange> {
    let list: serde_json::Value = serde_json::from_str(include_str!("exchanges.json")).unwrap();
    let mut step = String::new();
    let mut exchanges = Vec::new();
    for entry in list.as_array().unwrap() {
        let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        let bytes = |key: &str| -> Vec<u8> {
            let hex = text(key);
            let digits = (0..hex.len()).step_by(2);
            digits
                .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
                .collect()
        };
        if !text("step").is_empty() {
            step = text("step");
            continue;
        }
        exchanges.push(Exchange {
            step: step.clone(),
            at: text("at"),
            method: text("method"),
            request: bytes("request"),
            response: bytes("response"),
        });
    }
    exchanges
}

fn decode<M: Message + Default>(bytes: &[u8]) -> M {
    M::decode(bytes).unwrap()
}

#[test]
fn the_recording_is_complete() {
    let exchanges = recorded();
    assert_eq!(exchanges.len(), 34);
    for method in [
        "AnnounceRouter",
        "StreamUtil",
        "ReceiveResponse",
        "GetTable",
    ] {
        let mut exchanges = exchanges.iter();
        assert!(exchanges.any(|exchange| exchange.method.ends_with(method)));
    }
}

#[tokio::test]
async fn a_controller_fills_tables_as_recorded() {
    let stop = Stop::new();
    let mut router = router(&stop).await;
    let controller = Controller::new(&InstallerSpec::Flat, 0, Security::Plaintext);
    let info = RouterInfo {
        edge_server_endpoint: router.endpoint.to_string(),
        forwarding_table_endpoint: router.tables_endpoint.to_string(),
    };
    controller
        .announce_router(Request::new(info))
        .await
        .unwrap();
    let mut tables = Vec::new();
    for exchange in recorded() {
        match exchange.method.rsplit('/').next().unwrap() {
            "AnnounceComputer" if exchange.step.is_empty() => {
                let computer: ComputerInfo = decode(&exchange.request);
                controller
                    .announce_computer(Request::new(computer))
                    .await
                    .unwrap();
            }
            "Configure" => {
                let change: EdgeRouterConf = decode(&exchange.request);
                let answer = router.tables.configure(change).await.unwrap().into_inner();
                assert_eq!(answer, decode::<Return>(&exchange.response));
            }
            "GetNumTables" => {
                let number = router.tables.get_num_tables(Void {}).await.unwrap();
                assert_eq!(number.into_inner().encode_to_vec(), exchange.response);
            }
            "GetTable" => {
                let number = decode(&exchange.request);
                let table = router
                    .tables
                    .get_table(Request::<soe_live::rpc::TableId>::new(number));
                let table = table.await.unwrap().into_inner();
                assert_eq!(table, decode::<ForwardingTable>(&exchange.response));
                tables.push(table);
            }
            _ => {}
        }
    }
    assert_eq!(tables.len(), 4);
    stop.stop();
}

#[tokio::test]
async fn a_removed_computer_leaves_the_tables() {
    let stop = Stop::new();
    let mut router = router(&stop).await;
    let controller = Controller::new(&InstallerSpec::Flat, 0, Security::Plaintext);
    let info = RouterInfo {
        edge_server_endpoint: router.endpoint.to_string(),
        forwarding_table_endpoint: router.tables_endpoint.to_string(),
    };
    controller
        .announce_router(Request::new(info))
        .await
        .unwrap();
    for exchange in recorded() {
        let computer = || Request::new(decode::<ComputerInfo>(&exchange.request));
        match exchange.method.rsplit('/').next().unwrap() {
            "AnnounceComputer" => {
                controller.announce_computer(computer()).await.unwrap();
                assert_eq!(router.destinations().await, ["127.0.0.1:10000"; 2]);
            }
            "RemoveComputer" => {
                controller.remove_computer(computer()).await.unwrap();
                assert!(router.destinations().await.is_empty());
            }
            _ => {}
        }
    }
    stop.stop();
}

#[tokio::test]
async fn a_computer_answers_as_recorded() {
    let stop = Stop::new();
    let (synchronous, asynchronous) = (computer(false, &stop).await, computer(true, &stop).await);
    let mut answered = 0;
    for exchange in recorded() {
        if !exchange.method.ends_with("RunLambda") || !exchange.at.ends_with("-> computer") {
            continue;
        }
        let mut request: LambdaRequest = decode(&exchange.request);
        let computer = match request.callback.is_empty() {
            true => &synchronous,
            false => &asynchronous,
        };
        if !request.callback.is_empty() {
            // Nobody listens at the recorded one.
            request.callback = computer.to_string();
        }
        let response = call(computer, request).await;
        let mut expected: LambdaResponse = decode(&exchange.response);
        // Loads depend on what ran before.
        (expected.load1, expected.load10, expected.load30) =
            (response.load1, response.load10, response.load30);
        // The original does not say what is in flight.
        expected.in_flight = response.in_flight;
        assert_eq!(response, expected, "{}", exchange.step);
        answered += 1;
    }
    assert!(answered >= 8, "{answered}");
    stop.stop();
}

#[tokio::test]
async fn results_come_to_the_callback_as_recorded() {
    let stop = Stop::new();
    let computer = computer(true, &stop).await;
    let (place, mut results) = callback(&any(), &stop).await;
    let exchanges = recorded();
    for pair in exchanges.windows(2) {
        if !pair[1].method.ends_with("ReceiveResponse") {
            continue;
        }
        let mut request: LambdaRequest = decode(&pair[0].request);
        request.callback = place.to_string();
        let acknowledged = call(&computer, request).await;
        assert!(acknowledged.asynchronous);
        let result = results.recv().await.unwrap();
        let mut expected: LambdaResponse = decode(&pair[1].request);
        expected.responder = computer.to_string();
        // The original does not say to which invocation a result belongs.
        expected.uuid = decode::<LambdaRequest>(&pair[0].request).uuid;
        assert_eq!(result, expected, "{}", pair[0].step);
    }
    stop.stop();
}

#[tokio::test]
async fn a_router_passes_calls_on_as_recorded() {
    let stop = Stop::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let mut router = router(&stop).await;
    let exchanges = recorded();
    let mut forwarded: Vec<(LambdaRequest, LambdaResponse)> = exchanges
        .iter()
        .filter(|exchange| exchange.at == "router -> computer")
        .map(|exchange| (decode(&exchange.request), decode(&exchange.response)))
        .collect();
    assert_eq!(forwarded.len(), 3);
    let (request, response) = half_recorded(&exchanges, &forwarded);
    let on_the_way = LambdaRequest {
        forward: true,
        hops: 1,
        ..request
    };
    let from_computer = LambdaResponse {
        responder: String::new(),
        ..response
    };
    forwarded.push((on_the_way, from_computer));
    let (answers, seen_there) = (forwarded.clone(), seen.clone());
    let answer = move |request: LambdaRequest| {
        let mut answers = answers.iter();
        let answer = answers.find(|(known, _)| known.uuid == request.uuid);
        let answer = answer.map(|(_, response)| response.clone());
        seen_there.lock().unwrap().push(request);
        async move { answer.ok_or_else(|| tonic::Status::not_found("not recorded")) }
    };
    let destination = stand_in(any(), &stop, answer).await;
    for function in ["clambda0", "glambda0"] {
        router.change(function, destination.as_str(), 1.0).await;
    }
    for exchange in exchanges
        .iter()
        .filter(|exchange| exchange.at == "client -> router")
    {
        let request: LambdaRequest = decode(&exchange.request);
        let mut expected: LambdaResponse = decode(&exchange.response);
        let mut sent = forwarded
            .iter()
            .filter(|(sent, _)| sent.uuid == request.uuid);
        let sent = sent.next();
        assert_eq!(sent.is_some(), expected.retcode == "OK");
        if !expected.responder.is_empty() {
            expected.responder = destination.to_string();
        }
        assert_eq!(call(&router.endpoint, request).await, expected);
        if let Some((sent, _)) = sent {
            assert_eq!(seen.lock().unwrap().pop().as_ref(), Some(sent));
        }
    }
    stop.stop();
}

/// The only call of which just the half between client and router was recorded.
fn half_recorded(
    exchanges: &[Exchange],
    forwarded: &[(LambdaRequest, LambdaResponse)],
) -> (LambdaRequest, LambdaResponse) {
    let calls = exchanges
        .iter()
        .filter(|exchange| exchange.at == "client -> router");
    let mut calls = calls
        .map(|exchange| (decode(&exchange.request), decode(&exchange.response)))
        .filter(|(request, response): &(LambdaRequest, LambdaResponse)| {
            response.retcode == "OK" && forwarded.iter().all(|(sent, _)| sent.uuid != request.uuid)
        });
    let only = calls.next().unwrap();
    assert!(calls.next().is_none());
    only
}

#[tokio::test]
async fn utilization_streams_as_recorded() {
    let stop = Stop::new();
    let computer = computer(false, &stop).await;
    let channel = connect(computer.as_str(), &Security::Plaintext)
        .await
        .unwrap();
    let stream = EdgeComputerClient::new(channel).stream_util(Void {}).await;
    let mut stream = stream.unwrap().into_inner();
    for exchange in recorded() {
        if exchange.method.ends_with("StreamUtil") {
            let mut said = stream.message().await.unwrap().unwrap();
            // What the original does not say.
            assert_eq!(std::mem::take(&mut said.busy).len(), said.values.len());
            assert_eq!(said, decode::<Utilization>(&exchange.response));
        }
    }
    stop.stop();
}

/// Starts a controller that only listens; returns what it hears.
async fn listener(stop: &Stop) -> (Endpoint, Heard) {
    let (computers, heard_of_computers) = unbounded_channel();
    let (routers, heard_of_routers) = unbounded_channel();
    let server = Server::bind(&any(), &Security::Plaintext).await.unwrap();
    let controller = server.endpoint().clone();
    let services = Services::new(&["uiiit.rpc.EdgeController"], |routes| {
        routes.add_service(EdgeControllerServer::new(Listener { computers, routers }));
    });
    let services = services.await.unwrap();
    tokio::spawn(server.run(None, services, stop.clone()));
    let heard = Heard {
        computers: heard_of_computers,
        routers: heard_of_routers,
    };
    (controller, heard)
}

#[tokio::test]
async fn a_router_announces_itself_as_recorded() {
    let stop = Stop::new();
    let (controller, mut heard) = listener(&stop).await;
    let options = BrokerOptions {
        kind: least_impedance(),
        server_endpoint: any(),
        announce_endpoint: Some("127.0.0.1:6473".parse().unwrap()),
        configuration_endpoint: any(),
        controller_endpoint: Some(controller),
        calls_in_progress: None,
        router_conf: RouterConf::default(),
        call_timeout: LONG,
        fake_entries: (0, 0),
        compatibility: Compatibility::Corrected,
        failover: Failover::default(),
        safeguards: Safeguards::default(),
        limits: Limits::default(),
        seed: 0,
        security: Security::Plaintext,
        server_transport: soe_live::Transport::Grpc,
        client_transport: soe_live::Transport::Grpc,
        metrics_endpoint: None,
    };
    let leave = Stop::new();
    let running = tokio::spawn(soe_live::broker::run(options, leave.clone()));
    let mut said = heard.routers.recv().await.unwrap();
    let exchanges = recorded();
    let mut exchanges = exchanges.iter();
    let exchange = exchanges.find(|exchange| exchange.method.ends_with("AnnounceRouter"));
    let expected: RouterInfo = decode(&exchange.unwrap().request);
    // Its tables are where the system had a free port.
    assert!(said.forwarding_table_endpoint.starts_with("127.0.0.1:"));
    said.forwarding_table_endpoint = expected.forwarding_table_endpoint.clone();
    assert_eq!(said, expected);
    leave.stop();
    running.await.unwrap().unwrap();
    stop.stop();
}

#[tokio::test]
async fn announcements_are_those_recorded_but_for_the_workers() {
    let stop = Stop::new();
    let (controller, mut heard) = listener(&stop).await;
    let mut options = crate::support::computer_options(any());
    options.announce_endpoint = Some("127.0.0.1:10000".parse().unwrap());
    options.controller_endpoint = Some(controller);
    let leave = Stop::new();
    let running = tokio::spawn(soe_live::computer::run(options, leave.clone()));
    let mut said = heard.computers.recv().await.unwrap();
    let workers: Vec<_> = said
        .containers
        .iter()
        .map(|each| each.num_workers)
        .collect();
    assert_eq!(workers, [4, 2]);
    for container in &mut said.containers {
        container.num_workers = 0;
    }
    let exchanges = recorded();
    let find = |method: &str| -> ComputerInfo {
        let mut exchanges = exchanges.iter();
        let found = exchanges.find(|exchange| exchange.method.ends_with(method));
        decode(&found.unwrap().request)
    };
    assert_eq!(said, find("AnnounceComputer"));
    leave.stop();
    running.await.unwrap().unwrap();
    let mut last = None;
    while let Ok(said) = heard.computers.try_recv() {
        last = Some(said);
    }
    assert_eq!(last, Some(find("RemoveComputer")));
    stop.stop();
}

/// A controller that only listens.
struct Listener {
    computers: UnboundedSender<ComputerInfo>,
    routers: UnboundedSender<RouterInfo>,
}

/// What it hears.
struct Heard {
    computers: UnboundedReceiver<ComputerInfo>,
    routers: UnboundedReceiver<RouterInfo>,
}

#[tonic::async_trait]
impl EdgeController for Listener {
    async fn announce_computer(
        &self,
        request: Request<ComputerInfo>,
    ) -> Result<tonic::Response<Void>, tonic::Status> {
        self.computers.send(request.into_inner()).unwrap();
        Ok(tonic::Response::new(Void {}))
    }

    async fn remove_computer(
        &self,
        request: Request<ComputerInfo>,
    ) -> Result<tonic::Response<Void>, tonic::Status> {
        self.computers.send(request.into_inner()).unwrap();
        Ok(tonic::Response::new(Void {}))
    }

    async fn announce_router(
        &self,
        request: Request<RouterInfo>,
    ) -> Result<tonic::Response<Void>, tonic::Status> {
        // Nobody may listen any more.
        let _ = self.routers.send(request.into_inner());
        Ok(tonic::Response::new(Void {}))
    }

    async fn remove_router(
        &self,
        _: Request<RouterInfo>,
    ) -> Result<tonic::Response<Void>, tonic::Status> {
        Ok(tonic::Response::new(Void {}))
    }
}
