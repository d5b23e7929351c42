use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::driver::Early;
use super::*;
use crate::command::{Endpoint, Stop};
use crate::limits::MESSAGE;
use crate::peer::Peer;
use crate::security::Security;
use crate::server::{Caller, Invocation, Invocations, Server, Services};
use crate::transport::{QuicOptions, Transport};
use crate::wire::Reply;

const MEANS: Means<'_> = Means {
    message: MESSAGE,
    account: None,
};

#[derive(Default)]
struct Counter(AtomicUsize);

impl Invocations for Counter {
    fn invoke(self: Arc<Self>, _: Frame, _: Caller) -> Invocation {
        self.0.fetch_add(1, Ordering::Relaxed);
        let reply = Reply {
            retcode: crate::rpc::OK,
            ..Reply::default()
        };
        let reply = reply.with_text("");
        Box::pin(async move { Ok(reply) })
    }
}

fn options(early_data: bool) -> QuicOptions {
    QuicOptions {
        early_data,
        insecure: true,
    }
}

async fn server(place: &str, early: bool, counter: &Arc<Counter>, stop: &Stop) -> Endpoint {
    let transport = Transport::Quic(options(early));
    let place = place.parse().unwrap();
    let server = Server::bind_over(transport, &place, &Security::Plaintext);
    let server = server.await.unwrap();
    let endpoint = server.endpoint().clone();
    let services = Services::new(&[], |_| {}).await.unwrap();
    tokio::spawn(server.run(Some(counter.clone()), services, stop.clone()));
    endpoint
}

fn dialer(early: bool) -> Dialer {
    Dialer::new(&Security::Plaintext, options(early)).unwrap()
}

async fn called(link: &Quic) -> Result<Frame, Trouble> {
    let request = crate::rpc::LambdaRequest {
        name: "f".into(),
        ..Default::default()
    };
    link.call(Frame::encode(&request), MEANS).await
}

/// A second connection, and what it knew of its peer when it began.
async fn again(dialer: &Dialer, place: &Endpoint) -> (Quic, bool) {
    let link = dialer.connect(place).await.unwrap();
    let is_early = link.driver.is_early();
    (link, is_early)
}

#[tokio::test]
async fn calls_of_a_resumed_connection_are_early_only_if_both_sides_want_it() {
    for (server_wants, client_wants) in [(true, true), (true, false), (false, true)] {
        let (stop, counter) = (Stop::new(), Arc::default());
        let place = server("127.0.0.1:0", server_wants, &counter, &stop).await;
        let dialer = dialer(client_wants);
        let (first, is_early) = again(&dialer, &place).await;
        assert!(!is_early, "there was nothing to resume");
        called(&first).await.unwrap();
        drop(first);
        let (second, is_early) = again(&dialer, &place).await;
        assert_eq!(is_early, server_wants && client_wants);
        called(&second).await.unwrap();
        assert_eq!(second.driver.early().await, Early::Accepted);
        assert_eq!(counter.0.load(Ordering::Relaxed), 2);
        stop.stop();
    }
}

#[tokio::test]
async fn early_calls_that_a_restarted_server_does_not_take_were_not_delivered() {
    let (stop, counter) = (Stop::new(), Arc::default());
    let place = server("127.0.0.1:0", true, &counter, &stop).await;
    let dialer = dialer(true);
    let (first, _) = again(&dialer, &place).await;
    called(&first).await.unwrap();
    // Closed in order, so that the peer is believed to be there.
    drop(first);
    stop.stop();
    let stop = Stop::new();
    let place = loop {
        if UdpSocket::bind(place.as_str()).is_ok() {
            break server(place.as_str(), true, &counter, &stop).await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    };
    let (second, is_early) = again(&dialer, &place).await;
    assert!(is_early);
    let trouble = called(&second).await.unwrap_err();
    assert!(matches!(trouble, Trouble::Undelivered(_)), "{trouble:?}");
    assert_eq!(second.driver.early().await, Early::Rejected);
    assert!(second.is_closed());
    assert_eq!(counter.0.load(Ordering::Relaxed), 1);
    stop.stop();
}

#[tokio::test]
async fn a_peer_repeats_what_was_not_delivered_and_nothing_else() {
    let (stop, counter) = (Stop::new(), Arc::<Counter>::default());
    let place = server("127.0.0.1:0", true, &counter, &stop).await;
    let attempts = Arc::new(tokio::sync::Semaphore::new(1));
    let transport = Transport::Quic(options(true));
    let peer = Peer::new(&place, &Security::Plaintext, transport, 1, attempts).unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    let request = Frame::encode(&crate::rpc::LambdaRequest::default());
    for number in 1..=3 {
        peer.call(request.clone(), MEANS, deadline).await.unwrap();
        assert_eq!(counter.0.load(Ordering::Relaxed), number);
    }
    stop.stop();
}

#[tokio::test]
async fn a_question_is_answered_by_any_server() {
    let (stop, counter) = (Stop::new(), Arc::default());
    let place = server("127.0.0.1:0", false, &counter, &stop).await;
    let dialer = dialer(false);
    let (link, _) = again(&dialer, &place).await;
    for _ in 0..100 {
        link.ask();
        while !link.silence().is_zero() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }
    called(&link).await.unwrap();
    assert!(!link.is_closed());
    stop.stop();
}

#[tokio::test]
async fn a_link_survives_a_change_of_address() {
    let (stop, counter) = (Stop::new(), Arc::<Counter>::default());
    let place = server("127.0.0.1:0", false, &counter, &stop).await;
    let dialer = dialer(false);
    let (link, _) = again(&dialer, &place).await;
    for _ in 0..3 {
        called(&link).await.unwrap();
        dialer.rebind();
    }
    called(&link).await.unwrap();
    assert_eq!(counter.0.load(Ordering::Relaxed), 4);
    stop.stop();
}
