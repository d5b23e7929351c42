//! Policies with what real services tell them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use soe_live::command::Stop;
use soe_live::rpc::{LambdaRequest, LambdaResponse};
use soe_model::broker::optimizer::OPTIMIZERS;
use soe_model::broker::policy::POLICIES;
use soe_model::broker::safeguards::EJECTIONS;
use soe_model::broker::{BrokerKind, Limits, Safeguards};
use soe_model::conf::Conf;

use crate::support::{any, broker, call, computer, eventually, guarded, ok, request, stand_in};

fn kind(policy: &str) -> BrokerKind {
    BrokerKind::Router {
        policy: Conf::parse(policy).unwrap().configure(&POLICIES).unwrap(),
        optimizer: OPTIMIZERS.configure("none", vec![]).unwrap(),
    }
}

#[tokio::test]
async fn a_computer_says_what_is_in_flight_with_answers_and_estimates() {
    let stop = Stop::new();
    let computer = computer(false, &stop).await;
    for dry in [false, true] {
        let request = LambdaRequest {
            dry,
            ..request("clambda0", 10)
        };
        let answer = call(&computer, request).await;
        assert_eq!((&*answer.retcode, answer.in_flight), ("OK", Some(0)));
    }
    stop.stop();
}

#[tokio::test]
async fn prequal_probes_and_prefers_few_requests_in_flight() {
    let stop = Stop::new();
    let policy = kind("type=prequal,age=3600,latency=none");
    let mut router = broker(policy, Limits::default(), &stop).await;
    let probes = Arc::new(AtomicU32::new(0));
    let mut places = Vec::new();
    for in_flight in [9, 0] {
        let probes = probes.clone();
        let answer = move |request: LambdaRequest| {
            probes.fetch_add(u32::from(request.dry), Ordering::Relaxed);
            async move {
                Ok(LambdaResponse {
                    in_flight: Some(in_flight),
                    ..ok()
                })
            }
        };
        let place = stand_in(any(), &stop, answer).await;
        router.change("f", place.as_str(), 1.0).await;
        places.push(place.to_string());
    }
    let mut in_a_row = 0;
    eventually("ten calls in a row to the idle one", async || {
        let served = call(&router.endpoint, request("f", 10)).await;
        assert_eq!(served.retcode, "OK");
        in_a_row = if served.responder == places[1] {
            in_a_row + 1
        } else {
            0
        };
        in_a_row == 10
    })
    .await;
    assert!(probes.load(Ordering::Relaxed) >= 10);
    stop.stop();
}

#[tokio::test]
async fn policies_work_with_computers_that_say_nothing() {
    for policy in POLICIES.examples().unwrap() {
        let stop = Stop::new();
        let kind = BrokerKind::Router {
            policy,
            optimizer: OPTIMIZERS.configure("none", vec![]).unwrap(),
        };
        let mut router = broker(kind, Limits::default(), &stop).await;
        for _ in 0..3 {
            let place = stand_in(any(), &stop, |_| async { Ok(ok()) }).await;
            router.change("f", place.as_str(), 1.0).await;
        }
        for _ in 0..10 {
            let served = call(&router.endpoint, request("f", 10)).await;
            assert_eq!(served.retcode, "OK");
        }
        stop.stop();
    }
}

#[tokio::test]
async fn a_computer_that_answers_with_errors_is_ejected() {
    let stop = Stop::new();
    let ejection = Conf::parse("type=outliers,consecutive=3,base=3600,most=3600").unwrap();
    let ejection = ejection.configure(&EJECTIONS).unwrap();
    let safeguards = Safeguards {
        ejection: (ejection.kind.build)(&ejection.arguments),
        ..Safeguards::default()
    };
    let mut router = guarded(kind("type=round-robin"), safeguards, &stop).await;
    let bad = |_| async {
        Ok(LambdaResponse {
            retcode: "no".into(),
            ..ok()
        })
    };
    let places = [
        stand_in(any(), &stop, bad).await,
        stand_in(any(), &stop, |_| async { Ok(ok()) }).await,
    ];
    for place in &places {
        router.change("f", place.as_str(), 1.0).await;
    }
    let mut failed = 0;
    for number in 0..40 {
        let served = call(&router.endpoint, request("f", 10)).await;
        failed += u32::from(served.retcode != "OK");
        assert!(number < 10 || served.retcode == "OK");
    }
    assert_eq!(failed, 3);
    // It remains in the table.
    assert_eq!(router.destinations().await.len(), 2);
    stop.stop();
}
