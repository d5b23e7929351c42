//! Device applications of this project with the proxy.

use std::time::Duration;

use soe_live::Security;
use soe_live::command::Stop;
use soe_live::mec::{ApiChoice, DeviceApplication, DeviceError, Follower};
use soe_live::rpc::LambdaRequest;

use super::Bench;
use crate::support::{LONG, computer, eventually};

async fn device(bench: &Bench, choice: ApiChoice, stop: &Stop) -> DeviceApplication {
    let notifications = "http://127.0.0.1:0".parse().unwrap();
    let started = DeviceApplication::start(choice, bench.root.clone(), notifications, stop.clone());
    started.await.unwrap()
}

fn request() -> LambdaRequest {
    LambdaRequest {
        name: "clambda0".into(),
        input: "x".into(),
        ..LambdaRequest::default()
    }
}

#[tokio::test]
async fn calls_follow_the_reference_and_contexts_are_deleted_at_the_end() {
    for choice in [ApiChoice::V1, ApiChoice::V2] {
        let stop = Stop::new();
        let _stop = stop.clone().on_drop();
        let (one, other) = (computer(false, &stop).await, computer(false, &stop).await);
        let mut bench = Bench::start().await;
        bench.add("clambda0").await;
        bench.associate("", "clambda0", one.as_str()).await;
        let device = device(&bench, choice, &stop).await;
        let follower = Follower::new(device.clone(), Security::Plaintext, LONG);
        let response = follower.call(request()).await.unwrap();
        assert_eq!(response.responder, one.as_str());
        assert_eq!(bench.count().await, 1);

        bench.associate("", "clambda0", other.as_str()).await;
        eventually("the calls go to the other computer", async || {
            let response = follower.call(request()).await.unwrap();
            response.responder == other.as_str()
        })
        .await;
        assert_eq!(bench.count().await, 1);
        device.close().await;
        assert_eq!(bench.count().await, 0);
    }
}

#[tokio::test]
async fn a_device_application_says_why_it_has_no_context() {
    let stop = Stop::new();
    let _stop = stop.clone().on_drop();
    let mut bench = Bench::start().await;
    let device = device(&bench, ApiChoice::V1, &stop).await;
    let error = device.create("f").await.unwrap_err();
    assert!(
        matches!(error, DeviceError::NoApplication { .. }),
        "{error}"
    );
    bench.add("f").await;
    let error = device.create("f").await.unwrap_err().to_string();
    assert!(
        error.contains("status: 403, detail: Could not create"),
        "{error}"
    );
    bench.associate("", "f", "e:1").await;
    let context = device.create("f").await.unwrap();
    assert_eq!(device.reference(&context).as_deref(), Some("e:1"));
}

#[tokio::test]
async fn a_context_that_the_proxy_has_lost_is_created_again() {
    let stop = Stop::new();
    let _stop = stop.clone().on_drop();
    let gone = crate::ports::port();
    let there = computer(false, &stop).await;
    let mut bench = Bench::start().await;
    bench.add("clambda0").await;
    bench.associate("", "clambda0", &gone).await;
    let device = device(&bench, ApiChoice::V2, &stop).await;
    let follower = Follower::new(device.clone(), Security::Plaintext, Duration::from_secs(5));
    assert!(follower.call(request()).await.is_err());
    assert_eq!(bench.count().await, 1);
    // Another client of the proxy deletes it, which is as if the proxy had lost it.
    let path = format!("/dev_app/v1/app_contexts/{}", device.identifiers()[0]);
    let deleted = bench.ask(http::Method::DELETE, &path, "").await;
    assert_eq!(deleted.status(), 204);
    bench.associate("", "clambda0", there.as_str()).await;
    // The next call fails and finds out; the one after it has a new context.
    assert!(follower.call(request()).await.is_err());
    let response = follower.call(request()).await.unwrap();
    assert_eq!(response.responder, there.as_str());
    assert_eq!(bench.count().await, 1);
}
