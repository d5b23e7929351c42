//! What goes wrong, and what must not follow from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use soe_live::command::Stop;
use soe_live::rpc::{LambdaRequest, LambdaResponse};
use soe_model::broker::estimator::ESTIMATORS;
use soe_model::broker::{BrokerKind, Limits};
use tonic::{Code, Status};

use crate::support::{
    any, broker, call, client, computer, endpoint, eventually, least_impedance, ok, raw, request,
    router, stand_in,
};

#[tokio::test]
async fn an_application_error_goes_back_and_condemns_nobody() {
    let stop = Stop::new();
    let mut router = router(&stop).await;
    let computer = computer(false, &stop).await;
    router.change("clambda0", computer.as_str(), 1.0).await;
    router.change("poison", computer.as_str(), 1.0).await;
    let chain = LambdaRequest {
        chain: vec!["clambda0".into(), "clambda0".into()],
        ..request("clambda0", 10)
    };
    let refused = call(&router.endpoint, chain).await;
    assert!(
        refused
            .retcode
            .starts_with("Cannot handle multiple functions")
    );
    assert_eq!(refused.hops, 2);
    assert_eq!(refused.responder, computer.to_string());
    let unknown = call(&router.endpoint, request("poison", 10)).await;
    assert!(
        unknown
            .retcode
            .starts_with("No container for lambda poison")
    );
    assert_eq!(router.destinations().await.len(), 2);
    let served = call(&router.endpoint, request("clambda0", 10)).await;
    assert_eq!(served.retcode, "OK");
    stop.stop();
}

#[tokio::test]
async fn a_grpc_error_of_a_live_destination_condemns_nobody() {
    let stop = Stop::new();
    let mut router = router(&stop).await;
    let destination = stand_in(any(), &stop, |request: LambdaRequest| async move {
        match &*request.name {
            "large" => Err(Status::resource_exhausted("too large for me")),
            _ => Ok(ok()),
        }
    });
    let destination = destination.await;
    router.change("large", destination.as_str(), 1.0).await;
    let refused = call(&router.endpoint, request("large", 10)).await;
    assert_eq!(refused.retcode, "RPC failed: too large for me");
    assert_eq!(router.destinations().await.len(), 1);
    stop.stop();
}

#[tokio::test]
async fn a_destination_that_cannot_be_reached_leaves_and_the_error_is_told() {
    let stop = Stop::new();
    let mut router = router(&stop).await;
    let nobody = endpoint();
    router.change("f", nobody.as_str(), 1.0).await;
    let failed = call(&router.endpoint, request("f", 10)).await;
    assert!(failed.retcode.starts_with("RPC failed: "), "{failed:?}");
    assert!(failed.retcode.contains("refused"), "{failed:?}");
    assert!(router.destinations().await.is_empty());
    let failed = call(&router.endpoint, request("f", 10)).await;
    assert_eq!(failed.retcode, "No destinations found for the entry");
    stop.stop();
}

#[tokio::test]
async fn another_destination_takes_over_and_the_first_is_used_again_when_it_is_back() {
    let stop = Stop::new();
    let mut router = router(&stop).await;
    let second = stand_in(any(), &stop, |_| async { Ok(ok()) }).await;
    let first = endpoint();
    router.change("f", first.as_str(), 0.1).await;
    let served = call(&router.endpoint, request("f", 10)).await;
    assert!(served.retcode.starts_with("RPC failed"));
    router.change("f", second.as_str(), 1.0).await;
    router.change("f", first.as_str(), 0.1).await;
    for _ in 0..3 {
        let served = call(&router.endpoint, request("f", 10)).await;
        assert_eq!(
            (&*served.retcode, served.responder),
            ("OK", second.to_string())
        );
    }
    assert_eq!(router.destinations().await, [second.to_string()]);
    stand_in(first.clone(), &stop, |_| async { Ok(ok()) }).await;
    eventually("the first is back", async || {
        router.destinations().await.contains(&first.to_string())
    })
    .await;
    eventually("the first serves", async || {
        call(&router.endpoint, request("f", 10)).await.responder == first.to_string()
    })
    .await;
    stop.stop();
}

#[tokio::test]
async fn what_an_operator_removes_does_not_come_back() {
    let stop = Stop::new();
    let mut router = router(&stop).await;
    let gone = endpoint();
    router.change("f", gone.as_str(), 1.0).await;
    router.change("g", gone.as_str(), 1.0).await;
    call(&router.endpoint, request("f", 10)).await;
    call(&router.endpoint, request("g", 10)).await;
    let remove = soe_live::rpc::EdgeRouterConf {
        action: 2,
        lambda: "f".into(),
        destination: gone.to_string(),
        ..Default::default()
    };
    router.tables.configure(remove).await.unwrap();
    stand_in(gone.clone(), &stop, |_| async { Ok(ok()) }).await;
    eventually("the other function is back", async || {
        !router.destinations().await.is_empty()
    })
    .await;
    let entries = router.table(0).await.entries;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].lambda, "g");
    stop.stop();
}

#[tokio::test]
async fn a_destination_that_was_restarted_is_not_condemned() {
    let stop = Stop::new();
    let mut router = router(&stop).await;
    let (life, place) = (Stop::new(), endpoint());
    stand_in(place.clone(), &life, |_| async { Ok(ok()) }).await;
    router.change("f", place.as_str(), 1.0).await;
    assert_eq!(call(&router.endpoint, request("f", 1)).await.retcode, "OK");
    life.stop();
    eventually("it is gone", async || {
        tokio::net::TcpStream::connect(place.as_str())
            .await
            .is_err()
    })
    .await;
    stand_in(place.clone(), &stop, |_| async { Ok(ok()) }).await;
    assert_eq!(call(&router.endpoint, request("f", 1)).await.retcode, "OK");
    stop.stop();
}

#[tokio::test]
async fn failures_leak_no_slots() {
    let stop = Stop::new();
    let limits = Limits {
        pending_per_destination: Some(1),
        calls_in_progress: Some(1),
    };
    let mut router = broker(least_impedance(), limits, &stop).await;
    let place = endpoint();
    for _ in 0..4 {
        router.change("f", place.as_str(), 1.0).await;
        let failed = call(&router.endpoint, request("f", 10)).await;
        assert!(failed.retcode.starts_with("RPC failed"));
    }
    stand_in(place.clone(), &stop, |_| async { Ok(ok()) }).await;
    router.change("f", place.as_str(), 1.0).await;
    let calls = (0..10).map(|_| call(&router.endpoint, request("f", 10)));
    for served in futures_util::future::join_all(calls).await {
        assert_eq!(served.retcode, "OK");
    }
    stop.stop();
}

#[tokio::test]
async fn a_caller_that_leaves_gives_its_slot_back() {
    let stop = Stop::new();
    let limits = Limits {
        pending_per_destination: Some(1),
        calls_in_progress: Some(1),
    };
    let mut router = broker(least_impedance(), limits, &stop).await;
    let destination = stand_in(any(), &stop, |request: LambdaRequest| async move {
        match &*request.name {
            "stuck" => std::future::pending().await,
            _ => Ok(ok()),
        }
    });
    let destination = destination.await;
    for function in ["stuck", "f"] {
        router.change(function, destination.as_str(), 1.0).await;
    }
    for _ in 0..3 {
        let mut client = client(&router.endpoint).await;
        let mut stuck = tonic::Request::new(request("stuck", 10));
        stuck.set_timeout(Duration::from_millis(50));
        let given_up = client.run_lambda(stuck).await;
        // Either side may notice first.
        assert!(given_up.is_err() || given_up.unwrap().into_inner().retcode != "OK");
    }
    assert_eq!(call(&router.endpoint, request("f", 10)).await.retcode, "OK");
    assert_eq!(router.destinations().await.len(), 2);
    stop.stop();
}

#[tokio::test]
async fn a_success_is_not_repeated_when_its_destination_was_removed_meanwhile() {
    let stop = Stop::new();
    let mut router = router(&stop).await;
    let executed = Arc::new(AtomicU32::new(0));
    let (started, mut starts) = tokio::sync::mpsc::unbounded_channel();
    let finish = Stop::new();
    let (count, finishing) = (executed.clone(), finish.clone());
    let answer = move |_: LambdaRequest| {
        count.fetch_add(1, Ordering::SeqCst);
        started.send(()).unwrap();
        let finish = finishing.clone();
        async move {
            finish.wait().await;
            Ok(ok())
        }
    };
    let destination = stand_in(any(), &stop, answer).await;
    let other = stand_in(any(), &stop, |_| async { Ok(ok()) }).await;
    router.change("f", destination.as_str(), 1.0).await;
    let place = router.endpoint.clone();
    let calling = tokio::spawn(async move { call(&place, request("f", 10)).await });
    starts.recv().await.unwrap();
    let flush = soe_live::rpc::EdgeRouterConf::default();
    router.tables.configure(flush).await.unwrap();
    router.change("f", other.as_str(), 1.0).await;
    finish.stop();
    let served = calling.await.unwrap();
    assert_eq!(
        (&*served.retcode, served.responder),
        ("OK", destination.to_string())
    );
    assert_eq!(executed.load(Ordering::SeqCst), 1);
    stop.stop();
}

#[tokio::test]
async fn a_dry_run_passes_brokers_and_executes_nothing() {
    let stop = Stop::new();
    let (mut near, mut far) = (router(&stop).await, router(&stop).await);
    let computer = computer(false, &stop).await;
    near.change("clambda0", far.endpoint.as_str(), 1.0).await;
    far.change("clambda0", computer.as_str(), 1.0).await;
    let dry = LambdaRequest {
        dry: true,
        ..request("clambda0", 100_000_000 / 1000)
    };
    let estimate = call(&near.endpoint, dry).await;
    let expected = LambdaResponse {
        ptime: 1000,
        hops: 3,
        responder: computer.to_string(),
        in_flight: Some(0),
        ..ok()
    };
    assert_eq!(estimate, expected);
    stop.stop();
}

#[tokio::test]
async fn a_dispatcher_with_probes_ends_where_it_is_fastest() {
    let stop = Stop::new();
    let estimator = ESTIMATORS.configure("probe", vec![]).unwrap();
    let kind = BrokerKind::Dispatcher { estimator };
    let mut dispatcher = broker(kind, Limits::default(), &stop).await;
    let answers = |ptime: u32| {
        move |request: LambdaRequest| async move {
            let ptime = if request.dry { ptime } else { 7 };
            Ok(LambdaResponse { ptime, ..ok() })
        }
    };
    let slow = stand_in(any(), &stop, answers(100)).await;
    let fast = stand_in(any(), &stop, answers(10)).await;
    let dead = endpoint();
    for destination in [&slow, &fast, &dead] {
        dispatcher.change("f", destination.as_str(), 1.0).await;
    }
    let served = call(&dispatcher.endpoint, request("f", 10)).await;
    assert_eq!((&*served.retcode, served.ptime), ("OK", 7));
    assert_eq!(served.responder, fast.to_string());
    assert!(!dispatcher.destinations().await.contains(&dead.to_string()));
    stop.stop();
}

#[tokio::test]
async fn loops_end() {
    let stop = Stop::new();
    let mut router = router(&stop).await;
    let me = router.endpoint.clone();
    router.change("f", me.as_str(), 1.0).await;
    assert_eq!(call(&me, request("f", 1)).await.retcode, "loop detected");
    let far = LambdaRequest {
        hops: 255,
        ..request("f", 1)
    };
    assert_eq!(call(&me, far).await.retcode, "loop detected");
    stop.stop();
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused_as_grpc_does() {
    let stop = Stop::new();
    let router = router(&stop).await;
    let mut client = client(&router.endpoint).await;
    let status = client.run_lambda(request("f", 5 << 20)).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    let (status, _) = raw(&router.endpoint, "/uiiit.rpc.EdgeServer/Unknown", &[]).await;
    assert_eq!(status, Some(Code::Unimplemented as u32));
    stop.stop();
}

#[tokio::test]
async fn a_megabyte_passes_unchanged() {
    let stop = Stop::new();
    let mut router = router(&stop).await;
    let destination = stand_in(any(), &stop, |request: LambdaRequest| async move {
        Ok(LambdaResponse {
            output: request.input,
            dataout: request.datain,
            ..ok()
        })
    });
    router.change("f", destination.await.as_str(), 1.0).await;
    let data: Vec<u8> = (0..1u32 << 20).map(|at| (at % 251) as u8).collect();
    let large = LambdaRequest {
        datain: data.clone().into(),
        ..request("f", 1 << 20)
    };
    let mut client = client(&router.endpoint)
        .await
        .max_decoding_message_size(8 << 20);
    let served = client.run_lambda(large).await.unwrap().into_inner();
    assert_eq!(served.output.len(), 1 << 20);
    assert!(served.dataout == data);
    stop.stop();
}
