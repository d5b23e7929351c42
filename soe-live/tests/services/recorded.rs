//! What the original's executables said to each other, said to ours.

use std::sync::{Arc, Mutex};

use prost::Message;
use soe_live::command::Stop;
use soe_live::controller::Controller;
use soe_live::rpc::callback_server_server::CallbackServerServer;
use soe_live::rpc::edge_computer_client::EdgeComputerClient;
use soe_live::rpc::edge_controller_server::{EdgeController, EdgeControllerServer};
use soe_live::rpc::{
    ComputerInfo, EdgeRouterConf, ForwardingTable, LambdaRequest, LambdaResponse, Return,
    RouterInfo, Utilization, Void,
};
use soe_live::server::{Server, Services};
use soe_live::{Callback, Security, connect};
use soe_model::controller::InstallerSpec;
use tonic::Request;

use crate::support::{any, call, computer, router, stand_in};

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
    let server = Server::bind(&any(), &Security::Plaintext).await.unwrap();
    let callback_endpoint = server.endpoint().to_string();
    let (callback, mut results) = Callback::new();
    let services = Services::new(&["uiiit.rpc.CallbackServer"], |routes| {
        routes.add_service(CallbackServerServer::new(callback));
    });
    let services = services.await.unwrap();
    tokio::spawn(server.run(None, services, stop.clone()));
    let exchanges = recorded();
    for pair in exchanges.windows(2) {
        if !pair[1].method.ends_with("ReceiveResponse") {
            continue;
        }
        let mut request: LambdaRequest = decode(&pair[0].request);
        request.callback = callback_endpoint.clone();
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
    let forwarded: Vec<_> = exchanges
        .iter()
        .filter(|exchange| exchange.at == "router -> computer")
        .map(|exchange| {
            let request: LambdaRequest = decode(&exchange.request);
            let response: LambdaResponse = decode(&exchange.response);
            (request, response)
        })
        .collect();
    assert!(forwarded.len() >= 3);
    let (answers, seen_there) = (forwarded.clone(), seen.clone());
    let answer = move |request: LambdaRequest| {
        let mut answers = answers.iter();
        let answer = answers.find(|(known, _)| known.uuid == request.uuid);
        let answer = answer.map(|(_, response)| response.clone());
        seen_there.lock().unwrap().push(request);
        async move { answer.ok_or_else(|| tonic::Status::not_found("not recorded")) }
    };
    let destination = stand_in(any(), &stop, answer).await;
    router.change("clambda0", destination.as_str(), 1.0).await;
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
        if sent.is_none() && expected.retcode == "OK" {
            // Its forwarded half was not recorded.
            continue;
        }
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
            let expected: Utilization = decode(&exchange.response);
            assert_eq!(stream.message().await.unwrap(), Some(expected));
        }
    }
    stop.stop();
}

#[tokio::test]
async fn announcements_are_those_recorded_but_for_the_workers() {
    let stop = Stop::new();
    let (announced, mut announcements) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::bind(&any(), &Security::Plaintext).await.unwrap();
    let controller = server.endpoint().clone();
    let services = Services::new(&["uiiit.rpc.EdgeController"], |routes| {
        routes.add_service(EdgeControllerServer::new(Listener(announced)));
    });
    let services = services.await.unwrap();
    tokio::spawn(server.run(None, services, stop.clone()));
    let mut options = crate::support::computer_options(any());
    options.announce_endpoint = Some("127.0.0.1:10000".parse().unwrap());
    options.controller_endpoint = Some(controller);
    let leave = Stop::new();
    let running = tokio::spawn(soe_live::computer::run(options, leave.clone()));
    let mut said = announcements.recv().await.unwrap();
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
    while let Ok(said) = announcements.try_recv() {
        last = Some(said);
    }
    assert_eq!(last, Some(find("RemoveComputer")));
    stop.stop();
}

/// A controller that only listens.
struct Listener(tokio::sync::mpsc::UnboundedSender<ComputerInfo>);

#[tonic::async_trait]
impl EdgeController for Listener {
    async fn announce_computer(
        &self,
        request: Request<ComputerInfo>,
    ) -> Result<tonic::Response<Void>, tonic::Status> {
        self.0.send(request.into_inner()).unwrap();
        Ok(tonic::Response::new(Void {}))
    }

    async fn remove_computer(
        &self,
        request: Request<ComputerInfo>,
    ) -> Result<tonic::Response<Void>, tonic::Status> {
        self.0.send(request.into_inner()).unwrap();
        Ok(tonic::Response::new(Void {}))
    }

    async fn announce_router(
        &self,
        _: Request<RouterInfo>,
    ) -> Result<tonic::Response<Void>, tonic::Status> {
        Ok(tonic::Response::new(Void {}))
    }

    async fn remove_router(
        &self,
        _: Request<RouterInfo>,
    ) -> Result<tonic::Response<Void>, tonic::Status> {
        Ok(tonic::Response::new(Void {}))
    }
}
