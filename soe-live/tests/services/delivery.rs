//! How often a call is delivered, and to whom, when its destination misbehaves.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use prost::Message;
use soe_live::command::Stop;
use soe_live::rpc::LambdaResponse;
use soe_model::broker::{Failover, Limits};
use tonic::Code;

use crate::raw_peer::{
    DATA, DONE, END_HEADERS, END_STREAM, GOAWAY, GOOD, HEADERS, REFUSED_STREAM, RST_STREAM,
    RawPeer, destination, frame,
};
use crate::support::{
    Router, any, broker_with, call, client, framed, least_impedance, ok, request, router, stand_in,
};

/// Answers a call well.
async fn answer(peer: &mut RawPeer, stream: u32) -> std::io::Result<()> {
    let message = framed(&ok().encode_to_vec());
    let bytes = [
        frame(HEADERS, END_HEADERS, stream, GOOD),
        frame(DATA, 0, stream, &message),
        frame(HEADERS, END_HEADERS | END_STREAM, stream, DONE),
    ];
    peer.send(&bytes.concat()).await
}

fn counter() -> (Arc<AtomicUsize>, impl Fn() -> usize) {
    let count = Arc::new(AtomicUsize::new(0));
    let read = count.clone();
    (count, move || read.load(Ordering::SeqCst))
}

/// A router with one function at each of the destinations, the first being the best.
async fn router_to(destinations: &[&str], stop: &Stop) -> Router {
    let mut router = router(stop).await;
    for destination in destinations {
        // The newest one gets the next call.
        router.change("f", destination, 1.0).await;
    }
    router
}

#[tokio::test]
async fn a_call_whose_connection_dies_is_not_repeated_at_its_destination() {
    let stop = Stop::new();
    let (calls, executed) = counter();
    let (place, _) = destination(&stop, move |_, mut peer| {
        let calls = calls.clone();
        async move {
            peer.call().await?;
            calls.fetch_add(1, Ordering::SeqCst);
            Ok(()) // closes the connection
        }
    })
    .await;
    let mut router = router_to(&[place.as_str()], &stop).await;
    let lost = call(&router.endpoint, request("f", 10)).await;
    assert!(lost.retcode.starts_with("RPC failed: "), "{lost:?}");
    assert_eq!(executed(), 1);
    // It can be reached again: it was restarted, not lost.
    assert_eq!(router.destinations().await, [place.to_string()]);
    let other = stand_in(any(), &stop, |_| async { Ok(ok()) }).await;
    router.change("f", other.as_str(), 100.0).await;
    for _ in 0..4 {
        let served = call(&router.endpoint, request("f", 10)).await;
        assert_eq!(served.responder, other.to_string());
    }
    stop.stop();
}

#[tokio::test]
async fn failover_never_leaves_a_lost_call_to_the_caller() {
    let stop = Stop::new();
    let (place, _) = destination(&stop, |_, mut peer| async move {
        peer.call().await?;
        Ok(())
    })
    .await;
    let (calls, executed) = counter();
    let other = stand_in(any(), &stop, move |_| {
        calls.fetch_add(1, Ordering::SeqCst);
        async { Ok(ok()) }
    });
    let other = other.await;
    let limits = Limits::default();
    let mut router = broker_with(least_impedance(), limits, Failover::Never, &stop).await;
    router.change("f", other.as_str(), 100.0).await;
    call(&router.endpoint, request("f", 10)).await;
    router.change("f", place.as_str(), 1.0).await;
    let lost = call(&router.endpoint, request("f", 10)).await;
    assert!(lost.retcode.starts_with("RPC failed: "), "{lost:?}");
    assert_eq!(executed(), 1);
    stop.stop();
}

#[tokio::test]
async fn refused_streams_are_repeated_and_condemn_nobody() {
    let stop = Stop::new();
    let (calls, seen) = counter();
    let (place, connections) = destination(&stop, move |_, mut peer| {
        let calls = calls.clone();
        async move {
            loop {
                let stream = peer.call().await?;
                match calls.fetch_add(1, Ordering::SeqCst) {
                    0 => {
                        let reason = REFUSED_STREAM.to_be_bytes();
                        peer.send(&frame(RST_STREAM, 0, stream, &reason)).await?;
                    }
                    1 => answer(&mut peer, stream).await?,
                    _ => {
                        let reason = REFUSED_STREAM.to_be_bytes();
                        peer.send(&frame(RST_STREAM, 0, stream, &reason)).await?;
                    }
                }
            }
        }
    })
    .await;
    let mut router = router_to(&[place.as_str()], &stop).await;
    let served = call(&router.endpoint, request("f", 10)).await;
    assert_eq!((&*served.retcode, seen()), ("OK", 2));
    // From now on it refuses everything: it is overloaded, not dead.
    let refused = call(&router.endpoint, request("f", 10)).await;
    assert!(refused.retcode.contains("refused"), "{refused:?}");
    assert_eq!(router.destinations().await, [place.to_string()]);
    assert_eq!(connections.load(Ordering::SeqCst), 1);
    stop.stop();
}

#[tokio::test]
async fn calls_above_the_last_stream_of_a_goaway_are_repeated() {
    let stop = Stop::new();
    let (place, _) = destination(&stop, |number, mut peer| async move {
        let stream = peer.call().await?;
        if number > 0 {
            answer(&mut peer, stream).await?;
            peer.linger().await;
            return Ok(());
        }
        peer.send(&frame(GOAWAY, 0, 0, &[0; 8])).await
    })
    .await;
    let mut router = router_to(&[place.as_str()], &stop).await;
    let served = call(&router.endpoint, request("f", 10)).await;
    assert_eq!(served.retcode, "OK");
    assert_eq!(router.destinations().await, [place.to_string()]);
    stop.stop();
}

#[tokio::test]
async fn statuses_of_overload_condemn_nobody_and_are_not_repeated() {
    let stop = Stop::new();
    for (status, text) in [
        (&b"\x08\x03429"[..], "HTTP status 429"),
        (b"\x08\x03503", "HTTP status 503"),
        (b"\x08\x03504", "HTTP status 504"),
        (b"\x88\x00\x0bgrpc-status\x0214", ""),
    ] {
        let (calls, seen) = counter();
        let (place, _) = destination(&stop, move |_, mut peer| {
            let calls = calls.clone();
            async move {
                loop {
                    let stream = peer.call().await?;
                    calls.fetch_add(1, Ordering::SeqCst);
                    let flags = END_HEADERS | END_STREAM;
                    peer.send(&frame(HEADERS, flags, stream, status)).await?;
                }
            }
        })
        .await;
        let other = stand_in(any(), &stop, |_| async { Ok(ok()) }).await;
        let mut router = router_to(&[other.as_str()], &stop).await;
        call(&router.endpoint, request("f", 10)).await;
        router.change("f", place.as_str(), 1.0).await;
        let busy = call(&router.endpoint, request("f", 10)).await;
        assert!(busy.retcode.starts_with("RPC failed: "), "{busy:?}");
        assert!(busy.retcode.contains(text), "{busy:?}");
        assert_eq!(seen(), 1);
        assert_eq!(router.destinations().await.len(), 2);
    }
    stop.stop();
}

#[tokio::test]
async fn a_late_answer_on_a_connection_with_goaway_condemns_nobody() {
    let stop = Stop::new();
    let (place, _) = destination(&stop, |_, mut peer| async move {
        peer.call().await?;
        // No more calls, but this one goes on.
        let last_stream = [0, 0, 0, 1, 0, 0, 0, 0];
        peer.send(&frame(GOAWAY, 0, 0, &last_stream)).await?;
        peer.linger().await;
        Ok(())
    })
    .await;
    let mut router = router_to(&[place.as_str()], &stop).await;
    let mut client = client(&router.endpoint).await;
    let mut late = tonic::Request::new(request("f", 10));
    // Longer than the time after which a silent peer counts as dead.
    late.set_timeout(Duration::from_millis(2600));
    let answered = client.run_lambda(late).await;
    let is_late = |text: &str| text.contains("Deadline") || text.contains("imeout");
    match answered {
        Ok(answer) => assert!(is_late(&answer.into_inner().retcode)),
        // Either side may notice first.
        Err(status) => assert!(is_late(status.message()) || status.code() == Code::Cancelled),
    }
    assert_eq!(router.destinations().await, [place.to_string()]);
    stop.stop();
}

#[tokio::test]
async fn a_silent_destination_is_one_attempt_for_all_who_wait_and_holds_nobody_up() {
    let stop = Stop::new();
    // It accepts connections and never says anything.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let accepted = Arc::new(AtomicUsize::new(0));
    let count = accepted.clone();
    let silent = tokio::spawn(async move {
        let mut kept = Vec::new();
        loop {
            kept.push(listener.accept().await.unwrap());
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    let mut router = router_to(&[&place], &stop).await;
    let begun = Instant::now();
    let calls = (0..12).map(|_| async {
        let mut client = client(&router.endpoint).await;
        let mut impatient = tonic::Request::new(request("f", 10));
        impatient.set_timeout(Duration::from_millis(500));
        client.run_lambda(impatient).await
    });
    for ended in futures_util::future::join_all(calls).await {
        assert!(ended.is_err() || ended.unwrap().into_inner().retcode != "OK");
    }
    // One after the other they would take 6 s at least.
    assert!(begun.elapsed() < Duration::from_secs(4));
    assert_eq!(accepted.load(Ordering::SeqCst), 1);
    // Those who have the time learn what the attempt came to, all the same.
    let calls = (0..12).map(|_| call(&router.endpoint, request("f", 10)));
    let ended: Vec<LambdaResponse> = futures_util::future::join_all(calls).await;
    assert!(ended.iter().all(|end| end.retcode == ended[0].retcode));
    assert_eq!(ended[0].retcode, "RPC failed: cannot connect in time");
    assert_eq!(accepted.load(Ordering::SeqCst), 1);
    assert!(router.destinations().await.is_empty());
    silent.abort();
    stop.stop();
}
