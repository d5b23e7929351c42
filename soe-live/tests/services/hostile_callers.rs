//! Callers that take the server's memory and time, beside one that only calls.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{Reason, SendStream};
use prost::Message;
use soe_live::Security;
use soe_live::command::{Endpoint, Stop};
use soe_live::limits::{Limits, STREAM_WINDOW};
use soe_live::server::{Caller, Invocation, Invocations, Server, Services};
use soe_live::wire::{Frame, Reply, Request};
use tonic::Code;

use crate::support::{LONG, any, framed, honest_call, request, router};

const RUN_LAMBDA: &str = "/uiiit.rpc.EdgeServer/RunLambda";
/// Answers any request with a copy of its input.
struct Echo;

impl Invocations for Echo {
    fn invoke(self: Arc<Self>, request: Frame, _: Caller) -> Invocation {
        Box::pin(async move {
            let request = Request::read(request).unwrap();
            let reply = Reply {
                retcode: soe_live::rpc::OK,
                ..Reply::default()
            };
            Ok(reply.with_shared_text(request.frame(), request.input()))
        })
    }
}

/// A destination with other bounds than usual, which answers at once.
async fn computer(limits: Limits, stop: &Stop) -> Endpoint {
    let server = Server::bind(&any(), &Security::Plaintext).await.unwrap();
    let server = server.with_limits(limits);
    let endpoint = server.endpoint().clone();
    let services = Services::new(&["uiiit.rpc.EdgeServer"], |_| {}).await;
    tokio::spawn(server.run(Some(Arc::new(Echo)), services.unwrap(), stop.clone()));
    endpoint
}

/// A connection whose windows of flow control have so many bytes.
async fn connect(endpoint: &Endpoint, window: u32) -> SendRequest<Bytes> {
    let socket = tokio::net::TcpStream::connect(endpoint.as_str()).await;
    let mut builder = h2::client::Builder::new();
    builder
        .initial_window_size(window)
        .initial_max_send_streams(100_000);
    let (send, connection) = builder.handshake(socket.unwrap()).await.unwrap();
    tokio::spawn(connection);
    send
}

/// Begins a call, whose request does not end.
async fn open(
    send: &SendRequest<Bytes>,
    endpoint: &Endpoint,
    path: &str,
) -> (ResponseFuture, SendStream<Bytes>) {
    let request = http::Request::builder()
        .method(http::Method::POST)
        .uri(format!("http://{endpoint}{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())
        .unwrap();
    let mut send = send.clone().ready().await.unwrap();
    send.send_request(request, false).unwrap()
}

/// The status with which a call ends at once.
async fn status(response: ResponseFuture) -> Option<u32> {
    let response = tokio::time::timeout(LONG, response).await.ok()?.ok()?;
    let status = response.headers().get("grpc-status")?;
    status.to_str().ok()?.parse().ok()
}

async fn honest_calls(endpoint: &Endpoint) {
    for _ in 0..10 {
        honest_call(endpoint, "clambda0").await;
    }
}

/// The memory of this process, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages = status.split(' ').nth(1).unwrap();
    pages.parse::<usize>().unwrap() * 4096
}

#[tokio::test]
async fn incomplete_requests_get_a_window_each_and_no_more() {
    let stop = Stop::new();
    let limits = Limits {
        held: 24 << 20,
        ..Limits::default()
    };
    let computer = computer(limits, &stop).await;
    let send = connect(&computer, 1 << 20).await;
    let (before, large) = (resident(), Bytes::from(vec![0; 1 << 20]));
    let mut begun = Vec::new();
    for _ in 0..400 {
        let (response, mut body) = open(&send, &computer, RUN_LAMBDA).await;
        let len = (4u32 << 20).to_be_bytes();
        let prefix = Bytes::from([&[0][..], &len].concat());
        body.send_data(prefix, false).unwrap();
        body.send_data(large.clone(), false).unwrap();
        begun.push((response, body));
    }
    honest_calls(&computer).await;
    // 400 MB were offered; 24 MiB may be held before calls are refused, and the tests
    // that run at the same time hold some memory of their own.
    let grown = resident().saturating_sub(before);
    assert!(grown < 300 << 20, "{grown} bytes");
    stop.stop();
}

#[tokio::test]
async fn a_greedy_connection_is_refused_and_a_modest_one_is_not() {
    let stop = Stop::new();
    let limits = Limits {
        held: 8 << 20,
        ..Limits::default()
    };
    let computer = computer(limits, &stop).await;
    let send = connect(&computer, 1 << 20).await;
    let mut begun = Vec::new();
    for _ in 0..64 {
        let (response, mut body) = open(&send, &computer, RUN_LAMBDA).await;
        let len = (1u32 << 20).to_be_bytes();
        let prefix = Bytes::from([&[0][..], &len].concat());
        body.send_data(prefix, false).unwrap();
        begun.push((response, body));
    }
    honest_calls(&computer).await;
    let mut refused = 0;
    for (response, _body) in begun {
        let waited = tokio::time::timeout(Duration::from_millis(10), status(response));
        let exhausted = Some(Code::ResourceExhausted as u32);
        refused += usize::from(waited.await.is_ok_and(|status| status == exhausted));
    }
    // At least those for which 8 MiB are not enough.
    assert!(refused >= 64 - 9, "{refused}");
    stop.stop();
}

#[tokio::test]
async fn requests_that_do_not_arrive_in_time_end() {
    let stop = Stop::new();
    let limits = Limits {
        request_time: Duration::from_millis(200),
        ..Limits::default()
    };
    let computer = computer(limits, &stop).await;
    let send = connect(&computer, 1 << 20).await;
    for path in [RUN_LAMBDA, "/grpc.health.v1.Health/Check"] {
        let (response, mut body) = open(&send, &computer, path).await;
        body.send_data(Bytes::from_static(&[0, 0, 0]), false)
            .unwrap();
        let late = Some(Code::DeadlineExceeded as u32);
        assert_eq!(status(response).await, late, "{path}");
    }
    stop.stop();
}

#[tokio::test]
async fn a_request_in_tiny_frames_is_put_together() {
    let stop = Stop::new();
    let mut router = router(&stop).await;
    let computer = computer(Limits::default(), &stop).await;
    router.change("clambda0", computer.as_str(), 1.0).await;
    let message = framed(&request("clambda0", 200_000).encode_to_vec());
    for server in [&computer, &router.endpoint] {
        let send = connect(server, 1 << 20).await;
        let (response, mut body) = open(&send, server, RUN_LAMBDA).await;
        for byte in message.iter().take(message.len() - 1) {
            body.send_data(Bytes::copy_from_slice(&[*byte]), false)
                .unwrap();
        }
        let last = Bytes::copy_from_slice(&message[message.len() - 1..]);
        body.send_data(last, true).unwrap();
        let (answer, ()) = tokio::join!(tokio::time::timeout(LONG, response), honest_calls(server));
        let mut body = answer.unwrap().unwrap().into_body();
        let mut len = 0;
        while let Some(piece) = body.data().await {
            let piece = piece.unwrap();
            len += piece.len();
            body.flow_control().release_capacity(piece.len()).unwrap();
        }
        // The input comes back.
        assert!(len > 200_000);
    }
    stop.stop();
}

#[tokio::test]
async fn callers_that_never_read_hold_themselves_up_only() {
    let stop = Stop::new();
    let mut router = router(&stop).await;
    let computer = computer(Limits::default(), &stop).await;
    router.change("clambda0", computer.as_str(), 1.0).await;
    let message = Bytes::from(framed(&request("clambda0", 200_000).encode_to_vec()));
    for server in [&computer, &router.endpoint] {
        let send = connect(server, 0).await;
        let mut begun = Vec::new();
        for _ in 0..500 {
            let (response, mut body) = open(&send, server, RUN_LAMBDA).await;
            body.send_data(message.clone(), true).unwrap();
            begun.push(response);
        }
        honest_calls(server).await;
    }
    stop.stop();
}

#[tokio::test]
async fn large_answers_are_not_put_together_for_those_who_do_not_read() {
    let stop = Stop::new();
    let mut router = router(&stop).await;
    for number in 0..2000 {
        let name = format!("{number:0>200}");
        router.change(&name, "127.0.0.1:1", 1.0).await;
    }
    // 400 kB each.
    let send = connect(&router.tables_endpoint, 0).await;
    let before = resident();
    let mut begun = Vec::new();
    for _ in 0..1000 {
        let path = "/uiiit.rpc.EdgeRouter/GetTable";
        let (response, mut body) = open(&send, &router.tables_endpoint, path).await;
        let whole = Bytes::from_static(&[0, 0, 0, 0, 0]);
        body.send_data(whole, true).unwrap();
        begun.push(response);
    }
    assert_eq!(router.table(0).await.entries.len(), 2000);
    let grown = resident().saturating_sub(before);
    assert!(grown < 300 << 20, "{grown} bytes");
    stop.stop();
}

#[tokio::test]
async fn streams_that_are_reset_at_once_hold_nobody_up() {
    let stop = Stop::new();
    let mut router = router(&stop).await;
    let computer = computer(Limits::default(), &stop).await;
    router.change("clambda0", computer.as_str(), 1.0).await;
    let message = Bytes::from(framed(&request("clambda0", 10).encode_to_vec()));
    for server in [&computer, &router.endpoint] {
        let attack = async {
            for _ in 0..20 {
                let send = connect(server, 1 << 20).await;
                for _ in 0..1000 {
                    let Ok(mut send) = send.clone().ready().await else {
                        break;
                    };
                    let uri = format!("http://{server}{RUN_LAMBDA}");
                    let request = http::Request::post(uri)
                        .header("content-type", "application/grpc")
                        .body(())
                        .unwrap();
                    let Ok((_, mut body)) = send.send_request(request, false) else {
                        break;
                    };
                    // The server may have closed the connection.
                    let _ = body.send_data(message.clone(), true);
                    body.send_reset(Reason::CANCEL);
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::join!(attack, honest_calls(server));
        honest_calls(server).await;
    }
    stop.stop();
}

#[tokio::test]
async fn idle_connections_make_room_for_others() {
    let stop = Stop::new();
    let limits = Limits {
        connections: 20,
        ..Limits::default()
    };
    let computer = computer(limits, &stop).await;
    let mut kept = Vec::new();
    for _ in 0..100 {
        kept.push(connect(&computer, 1 << 20).await);
    }
    honest_calls(&computer).await;
    stop.stop();
}

/// What the tests above send fits into a window.
const _: () = assert!(STREAM_WINDOW > 200_100);
