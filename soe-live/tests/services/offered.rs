//! What every server offers beside its own service.

use soe_live::broker::BrokerOptions;
use soe_live::command::{Endpoint, Stop};
use soe_live::rpc::EdgeRouterConf;
use soe_live::rpc::edge_router_client::EdgeRouterClient;
use soe_live::rpc::edge_router_conf::Action;
use soe_live::{Security, broker, connect};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::controlling::broker_options;
use crate::support::{computer, endpoint, eventually, router};

#[tokio::test]
async fn health_and_reflection() {
    let stop = Stop::new();
    let router = router(&stop).await;
    let computer = computer(false, &stop).await;
    for (endpoint, service) in [
        (&router.endpoint, "uiiit.rpc.EdgeServer"),
        (&router.tables_endpoint, "uiiit.rpc.EdgeRouter"),
        (&computer, "uiiit.rpc.EdgeServer"),
        (&computer, "uiiit.rpc.EdgeComputer"),
    ] {
        let channel = connect(endpoint.as_str(), &Security::Plaintext)
            .await
            .unwrap();
        let mut health = HealthClient::new(channel.clone());
        for name in ["", service] {
            let request = HealthCheckRequest {
                service: name.into(),
            };
            let status = health.check(request).await.unwrap().into_inner().status();
            assert_eq!(status, ServingStatus::Serving);
        }
        let unknown = HealthCheckRequest {
            service: "unknown".into(),
        };
        assert!(health.check(unknown).await.is_err());

        let list = ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::ListServices(String::new())),
        };
        let mut reflection = ServerReflectionClient::new(channel);
        let answers = reflection
            .server_reflection_info(tokio_stream::iter([list]))
            .await;
        let answer = answers
            .unwrap()
            .into_inner()
            .message()
            .await
            .unwrap()
            .unwrap();
        let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
            panic!("no list of services");
        };
        let names: Vec<_> = list.service.iter().map(|service| &*service.name).collect();
        assert!(names.contains(&service), "{names:?}");
        let older = older_list(endpoint).await;
        assert!(older.iter().all(|name| names.contains(&name.as_str())));
        assert!(older.contains(&service.to_owned()), "{older:?}");
        assert!(older.contains(&"grpc.health.v1.Health".to_owned()));
        assert!(names.contains(&"grpc.health.v1.Health"), "{names:?}");
    }
    stop.stop();
}

/// The services that the older reflection lists.
async fn older_list(endpoint: &soe_live::command::Endpoint) -> Vec<String> {
    use tonic_reflection::pb::v1alpha::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1alpha::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1alpha::server_reflection_response::MessageResponse;
    use tonic_reflection::pb::v1alpha::{ServerReflectionRequest, ServiceResponse};

    let channel = connect(endpoint.as_str(), &Security::Plaintext)
        .await
        .unwrap();
    let list = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut reflection = ServerReflectionClient::new(channel);
    let answers = reflection.server_reflection_info(tokio_stream::iter([list]));
    let mut answers = answers.await.unwrap().into_inner();
    let answer = answers.message().await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("no list of services");
    };
    let name = |service: ServiceResponse| service.name;
    list.service.into_iter().map(name).collect()
}

/// The statuses of a service while they last.
async fn statuses(endpoint: &Endpoint, service: &str) -> tonic::Streaming<HealthCheckResponse> {
    let channel = connect(endpoint.as_str(), &Security::Plaintext).await;
    let request = HealthCheckRequest {
        service: service.into(),
    };
    let watching = HealthClient::new(channel.unwrap()).watch(request).await;
    watching.unwrap().into_inner()
}

async fn next(statuses: &mut tonic::Streaming<HealthCheckResponse>) -> Option<ServingStatus> {
    let status = statuses.message().await;
    status.unwrap().map(|status| status.status())
}

#[tokio::test]
async fn a_broker_serves_while_it_has_destinations_and_says_when_it_leaves() {
    let (stop, [server, tables, control]) = (Stop::new(), [(); 3].map(|()| endpoint()));
    let options = broker_options(&server, &tables, &control);
    let options = BrokerOptions {
        controller_endpoint: None,
        ..options
    };
    let running = tokio::spawn(broker::run(options, stop.clone()));
    let change = |action: Action| EdgeRouterConf {
        action: action.into(),
        lambda: "f".into(),
        destination: "127.0.0.1:1".into(),
        weight: 1.0,
        r#final: true,
    };
    let mut client = None;
    eventually("it listens", async || {
        let channel = connect(tables.as_str(), &Security::Plaintext).await;
        client = channel.ok().map(EdgeRouterClient::new);
        client.is_some()
    })
    .await;
    let mut client = client.unwrap();
    for service in ["", "uiiit.rpc.EdgeServer"] {
        let mut seen = statuses(&server, service).await;
        while next(&mut seen).await != Some(ServingStatus::NotServing) {}
        client.configure(change(Action::Change)).await.unwrap();
        assert_eq!(next(&mut seen).await, Some(ServingStatus::Serving));
        client.configure(change(Action::Remove)).await.unwrap();
        assert_eq!(next(&mut seen).await, Some(ServingStatus::NotServing));
    }
    client.configure(change(Action::Change)).await.unwrap();
    let mut seen = statuses(&server, "").await;
    while next(&mut seen).await != Some(ServingStatus::Serving) {}
    stop.stop();
    // It tells who watches, and ends although they watch.
    let mut last = Some(ServingStatus::Serving);
    while let Some(status) = next(&mut seen).await {
        last = Some(status);
    }
    assert_eq!(last, Some(ServingStatus::NotServing));
    running.await.unwrap().unwrap();
}
