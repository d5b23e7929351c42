//! What every server offers beside its own service.

use soe_live::command::Stop;
use soe_live::{Security, connect};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::support::{computer, router};

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
