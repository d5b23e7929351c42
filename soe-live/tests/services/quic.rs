//! Invocations over QUIC, alone and mixed with gRPC.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sim_core::Streams;
use soe_live::broker::{Broker, Forwarding};
use soe_live::client::{CallError, Caller};
use soe_live::command::{Endpoint, Stop};
use soe_live::computer::{Computer, Executor, Simulated};
use soe_live::server::{Caller as From, Invocation, Invocations, Server, Services};
use soe_live::wire::{Frame, Reply, Request};
use soe_live::{QuicOptions, Security, Transport};
use soe_model::broker::{
    BrokerSpec, Compatibility, Failover, ForwardingTime, Limits, Safeguards, TableEntrySpec,
};
use tempfile::TempDir;

use crate::certificates::certificates;
use crate::support::{LONG, any, computer_options, least_impedance, raspberry, request};

pub const INSECURE: Transport = Transport::Quic(QuicOptions {
    early_data: false,
    insecure: true,
});
pub const SECURE: Transport = Transport::Quic(QuicOptions {
    early_data: false,
    insecure: false,
});

/// Certificates of an authority of their own.
pub fn credentials() -> (TempDir, Security) {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let security = Security::from_directory(folder.path()).unwrap();
    (folder, security)
}

/// Serves invocations over a transport.
pub async fn serve(
    transport: Transport,
    security: &Security,
    place: &Endpoint,
    limits: soe_live::limits::Limits,
    invocations: Arc<dyn Invocations>,
    stop: &Stop,
) -> Endpoint {
    let server = Server::bind_over(transport, place, security).await.unwrap();
    let server = server.with_limits(limits);
    let endpoint = server.endpoint().clone();
    let services = Services::new(&["uiiit.rpc.EdgeServer"], |_| {}).await;
    tokio::spawn(server.run(Some(invocations), services.unwrap(), stop.clone()));
    endpoint
}

/// The same over QUIC with a certificate that nobody verifies, at any place.
async fn insecure(invocations: Arc<dyn Invocations>, stop: &Stop) -> Endpoint {
    let limits = soe_live::limits::Limits::default();
    serve(
        INSECURE,
        &Security::Plaintext,
        &any(),
        limits,
        invocations,
        stop,
    )
    .await
}

async fn computer(transport: Transport, security: &Security, stop: &Stop) -> Endpoint {
    let spec = raspberry().computer("computer".to_owned(), String::new(), None);
    let executor = Executor::Simulated(Arc::new(Simulated::new(&spec).unwrap()));
    let options = computer_options(any());
    let computer = Arc::new(Computer::new(executor, "computer", &options).unwrap());
    serve(
        transport,
        security,
        &any(),
        Default::default(),
        computer,
        stop,
    )
    .await
}

pub async fn router(
    (server, client): (Transport, Transport),
    security: &Security,
    destinations: &[&Endpoint],
    failover: Failover,
    stop: &Stop,
) -> Endpoint {
    let entries = destinations.iter().zip(1u8..).flat_map(|(place, weight)| {
        ["clambda0", "f"].map(|function| TableEntrySpec {
            function: function.into(),
            destination: place.to_string(),
            weight: weight.into(),
            is_final: true,
        })
    });
    let spec = BrokerSpec {
        name: "router".into(),
        node: String::new(),
        controller: None,
        kind: least_impedance(),
        limits: Limits::default(),
        forwarding_time: ForwardingTime::default(),
        table: entries.collect(),
        compatibility: Compatibility::Corrected,
        failover,
        safeguards: Safeguards::default(),
    };
    let forwarding = Forwarding {
        security: security.clone(),
        transport: client,
        connections: 2,
        call_timeout: LONG,
        fake: false,
        message: soe_live::limits::MESSAGE,
    };
    let (broker, _) = Broker::new(&spec, &Streams::new(1, 0), forwarding).unwrap();
    serve(server, security, &any(), Default::default(), broker, stop).await
}

pub fn caller(transport: Transport, security: &Security, endpoint: &Endpoint) -> Caller {
    Caller::over(transport, endpoint.as_str(), security, LONG).unwrap()
}

/// Answers with a copy of the input after a while, and counts.
#[derive(Default)]
pub struct Echo {
    pub taken: AtomicUsize,
    pub done: AtomicUsize,
    pub after: Duration,
}

impl Invocations for Echo {
    fn invoke(self: Arc<Self>, request: Frame, _: From) -> Invocation {
        self.taken.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            tokio::time::sleep(self.after).await;
            let request = Request::read(request).unwrap();
            let reply = Reply {
                retcode: soe_live::rpc::OK,
                ..Reply::default()
            };
            self.done.fetch_add(1, Ordering::Relaxed);
            Ok(reply.with_shared_text(request.frame(), request.input()))
        })
    }
}

#[tokio::test]
async fn a_broker_speaks_either_transport_on_either_side() {
    let stop = Stop::new();
    let plain = Security::Plaintext;
    for from in [Transport::Grpc, INSECURE] {
        for to in [Transport::Grpc, INSECURE] {
            let place = computer(to, &plain, &stop).await;
            let router = router((from, to), &plain, &[&place], Failover::Always, &stop).await;
            let caller = caller(from, &plain, &router);
            let answer = caller.call(request("clambda0", 100)).await.unwrap();
            assert_eq!((answer.ptime, answer.hops), (1, 2));
            assert_eq!(answer.responder, place.as_str());
            // An error of the computer is an answer, in the same words.
            let error = caller.call(request("f", 1)).await.unwrap_err();
            let text = match error {
                CallError::Refused(text) => text,
                other => panic!("{other:?}"),
            };
            assert!(text.contains('f'), "{text}");
            let nobody = caller.call(request("g", 1)).await.unwrap_err();
            let text = "No destinations found for the entry".to_owned();
            assert_eq!(nobody, CallError::Refused(text));
        }
    }
    stop.stop();
}

#[tokio::test]
async fn certificates_protect_quic_end_to_end() {
    let (_folder, security) = credentials();
    let (_other, stranger) = credentials();
    let stop = Stop::new();
    let place = computer(SECURE, &security, &stop).await;
    let ways = (Transport::Grpc, SECURE);
    let router = router(ways, &security, &[&place], Failover::Always, &stop).await;
    let answer = caller(Transport::Grpc, &security, &router);
    let answer = answer.call(request("clambda0", 100)).await.unwrap();
    assert_eq!(answer.responder, place.as_str());

    // A client of another authority, one that shows no certificate, and a server that
    // nobody knows.
    let refused = async |transport, security: &Security, place: &Endpoint| {
        let caller = caller(transport, security, place);
        match caller.call(request("clambda0", 1)).await {
            Err(CallError::Transport(text)) => text,
            other => panic!("{other:?}"),
        }
    };
    let text = refused(SECURE, &stranger, &place).await;
    assert!(text.contains("invalid peer certificate"), "{text}");
    let text = refused(INSECURE, &Security::Plaintext, &place).await;
    assert!(text.contains("ertificate"), "{text}");
    let unknown = computer(INSECURE, &Security::Plaintext, &stop).await;
    let text = refused(SECURE, &security, &unknown).await;
    assert!(text.contains("invalid peer certificate"), "{text}");
    stop.stop();
}

#[tokio::test]
async fn quic_without_certificates_has_to_be_asked_for() {
    let (_folder, security) = credentials();
    for (transport, security, says) in [
        (SECURE, Security::Plaintext, "insecure=true"),
        (INSECURE, security, "contradicts"),
    ] {
        let bound = Server::bind_over(transport, &any(), &security).await;
        assert!(bound.unwrap_err().to_string().contains(says));
        let caller = Caller::over(transport, "127.0.0.1:1", &security, LONG);
        assert!(caller.unwrap_err().to_string().contains(says));
    }
}

#[tokio::test]
async fn large_messages_and_many_streams_share_connections() {
    let stop = Stop::new();
    let plain = Security::Plaintext;
    let echo = Arc::new(Echo::default());
    let place = insecure(echo.clone(), &stop).await;
    let ways = (INSECURE, INSECURE);
    let router = router(ways, &plain, &[&place], Failover::Always, &stop).await;
    let caller = caller(INSECURE, &plain, &router);
    let answer = caller.call(request("f", 3_000_000)).await.unwrap();
    assert_eq!(answer.output.len(), 3_000_000);
    let sizes = (0..20).map(|number| number * 7919);
    let calls = sizes.map(|size| {
        let caller = caller.clone();
        async move {
            let answer = caller.call(request("f", size)).await.unwrap();
            assert_eq!(answer.output.len(), size);
        }
    });
    futures_util::future::join_all(calls).await;
    assert_eq!(echo.done.load(Ordering::Relaxed), 21);
    // More than a message may have is refused with the reason, and the next one is served.
    let error = caller.call(request("f", 5 << 20)).await.unwrap_err();
    assert!(error.to_string().contains("at most 4194304"), "{error}");
    assert!(caller.call(request("f", 10)).await.is_ok());
    stop.stop();
}

#[tokio::test]
async fn a_caller_that_leaves_ends_its_call() {
    let stop = Stop::new();
    let plain = Security::Plaintext;
    let slow = Arc::new(Echo {
        after: Duration::from_secs(3600),
        ..Echo::default()
    });
    let weak = Arc::downgrade(&slow);
    let place = insecure(slow.clone(), &stop).await;
    let caller = caller(INSECURE, &plain, &place);
    let call = caller.call(request("f", 10));
    let begun = async {
        while slow.taken.load(Ordering::Relaxed) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        _ = call => panic!("answered"),
        () = begun => {}
    }
    // The invocation holds the service, beside this test and the server.
    crate::support::eventually("the call is dropped", async || weak.strong_count() == 2).await;
    stop.stop();
}

#[tokio::test]
async fn a_stopped_server_answers_what_it_has_begun() {
    let stop = Stop::new();
    let plain = Security::Plaintext;
    let echo = Arc::new(Echo {
        after: Duration::from_millis(300),
        ..Echo::default()
    });
    let place = insecure(echo.clone(), &stop).await;
    let caller = caller(INSECURE, &plain, &place);
    let call = caller.call(request("f", 10));
    let stopping = async {
        while echo.taken.load(Ordering::Relaxed) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stop.stop();
    };
    let (answer, ()) = tokio::join!(call, stopping);
    assert_eq!(answer.unwrap().output.len(), 10);
}

/// A server on a runtime of its own, which ends without a word, like a process that is
/// killed.
struct Mortal(Option<tokio::runtime::Runtime>);

impl Mortal {
    fn new(place: &Endpoint, echo: Arc<Echo>) -> (Self, Endpoint) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        let place = place.clone();
        runtime.spawn(async move {
            let (plain, stop) = (Security::Plaintext, Stop::new());
            let limits = Default::default();
            tell.send(serve(INSECURE, &plain, &place, limits, echo, &stop).await)
        });
        let endpoint = told.recv().unwrap();
        (Self(Some(runtime)), endpoint)
    }

    fn kill(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Mortal {
    fn drop(&mut self) {
        self.kill();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_computer_that_dies_is_noticed_during_the_call() {
    let stop = Stop::new();
    let plain = Security::Plaintext;
    let dying = Arc::new(Echo {
        after: Duration::from_secs(3600),
        ..Echo::default()
    });
    let other = Arc::new(Echo::default());
    let (mut mortal, first) = Mortal::new(&any(), dying.clone());
    let second = insecure(other.clone(), &stop).await;
    let ways = (Transport::Grpc, INSECURE);
    let router = router(ways, &plain, &[&first, &second], Failover::Always, &stop).await;
    let caller = caller(Transport::Grpc, &plain, &router);
    let call = tokio::spawn(async move { caller.call(request("f", 10)).await });
    crate::support::eventually("the call is there", async || {
        dying.taken.load(Ordering::Relaxed) > 0
    })
    .await;
    mortal.kill();
    // Long before the deadline of the call it goes to the other computer.
    let answer = tokio::time::timeout(LONG / 2, call).await.unwrap().unwrap();
    assert_eq!(answer.unwrap().responder, second.as_str());
    assert_eq!(other.done.load(Ordering::Relaxed), 1);
    stop.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_computer_that_was_restarted_says_that_the_connection_is_lost() {
    let plain = Security::Plaintext;
    let echo = Arc::new(Echo::default());
    let place = crate::support::endpoint();
    let (mut mortal, _) = Mortal::new(&place, echo.clone());
    let caller = caller(INSECURE, &plain, &place);
    assert!(caller.call(request("f", 10)).await.is_ok());
    mortal.kill();
    drop(mortal);
    // The socket is closed when the runtime is gone.
    crate::support::eventually("the port is free", async || {
        std::net::UdpSocket::bind(place.as_str()).is_ok()
    })
    .await;
    let (_again, _) = Mortal::new(&place, echo.clone());
    // The first call may be lost, since it was sent on the old connection.
    let first = caller.call(request("f", 10)).await;
    assert!(!matches!(first, Err(CallError::Timeout(_))), "{first:?}");
    assert!(caller.call(request("f", 10)).await.is_ok());
}

#[tokio::test]
async fn a_destination_that_never_answers_is_unreachable() {
    let stop = Stop::new();
    let plain = Security::Plaintext;
    // Takes packets and says nothing.
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let place: Endpoint = silent.local_addr().unwrap().to_string().parse().unwrap();
    let echo = Arc::new(Echo::default());
    let other = insecure(echo.clone(), &stop).await;
    let ways = (Transport::Grpc, INSECURE);
    // Even a call that may be executed only once goes on: it was never delivered.
    let router = router(ways, &plain, &[&place, &other], Failover::Idempotent, &stop).await;
    let caller = caller(Transport::Grpc, &plain, &router);
    let answer = caller.call(request("f", 10)).await.unwrap();
    assert_eq!(answer.responder, other.as_str());
    stop.stop();
}

#[tokio::test]
async fn a_peer_that_lives_but_does_not_answer_is_refused_at_the_deadline() {
    let stop = Stop::new();
    let plain = Security::Plaintext;
    let slow = Arc::new(Echo {
        after: Duration::from_secs(3600),
        ..Echo::default()
    });
    let place = insecure(slow.clone(), &stop).await;
    let timeout = Duration::from_secs(4);
    let caller = Caller::over(INSECURE, place.as_str(), &plain, timeout).unwrap();
    let error = caller.call(request("f", 10)).await.unwrap_err();
    assert_eq!(error, CallError::Timeout(timeout));
    assert_eq!(slow.taken.load(Ordering::Relaxed), 1);
    stop.stop();
}
