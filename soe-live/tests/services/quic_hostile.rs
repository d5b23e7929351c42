//! Callers of QUIC that take the server's memory and time, in HTTP/3 by hand.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use prost::Message;
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Connection, Endpoint as Socket};
use soe_live::command::{Endpoint, Stop};
use soe_live::limits::{Limits, UNI_STREAMS};
use soe_live::rpc::LambdaResponse;
use soe_live::{QuicOptions, Security, Transport};

use crate::quic::{Echo, SECURE, caller, credentials, serve};
use crate::support::{LONG, any, request};

/// A caller with a socket of its own.
struct Raw {
    socket: Socket,
    connection: Connection,
}

fn config(security: &Security) -> ClientConfig {
    let mut tls = rustls::ClientConfig::clone(&security.client().unwrap().unwrap());
    tls.alpn_protocols = vec![b"h3".to_vec()];
    ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()))
}

async fn connect(security: &Security, place: &Endpoint) -> Raw {
    let config = config(security);
    let socket = Socket::client("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = place.as_str().parse().unwrap();
    let connecting = socket.connect_with(config, address, "127.0.0.1").unwrap();
    let connection = tokio::time::timeout(LONG, connecting)
        .await
        .unwrap()
        .unwrap();
    Raw { socket, connection }
}

/// A variable-length integer.
fn varint(value: usize) -> Vec<u8> {
    match value {
        0..64 => vec![value as u8],
        64..16_384 => (value as u16 | 0x4000).to_be_bytes().to_vec(),
        _ => (value as u32 | 0x8000_0000).to_be_bytes().to_vec(),
    }
}

fn framed(kind: u8, payload: &[u8]) -> Vec<u8> {
    [&[kind], varint(payload.len()).as_slice(), payload].concat()
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const METHOD_GET: u8 = 0xd1;
const METHOD_POST: u8 = 0xd4;

/// The headers of a request, by the static table of QPACK.
fn headers(method: u8, path: &str, length: Option<usize>) -> Vec<u8> {
    let literal =
        |name: &[u8], value: &str| [name, &[value.len() as u8], value.as_bytes()].concat();
    let mut block = vec![0, 0, method, 0xd7];
    block.extend(literal(&[0x50], "127.0.0.1"));
    block.extend(literal(&[0x51], path));
    if let Some(length) = length {
        block.extend(literal(&[0x54], &length.to_string()));
    }
    framed(HEADERS, &block)
}

/// Sends bytes on a stream, ends it, and returns what comes back.
async fn exchange(connection: &Connection, bytes: &[u8]) -> Result<Vec<u8>, String> {
    let exchanged = async {
        let (mut send, mut recv) = connection.open_bi().await.map_err(|e| e.to_string())?;
        // The server may stop reading before the end.
        let _ = send.write_all(bytes).await;
        let _ = send.finish();
        recv.read_to_end(1 << 24).await.map_err(|e| e.to_string())
    };
    tokio::time::timeout(LONG, exchanged).await.unwrap()
}

/// The message of a response.
fn response(bytes: &[u8]) -> LambdaResponse {
    let (mut at, mut body) = (0, Vec::new());
    let number = |at: &mut usize| {
        let len = 1 << (bytes[*at] >> 6);
        let first = usize::from(bytes[*at] & 0x3f);
        let rest = &bytes[*at + 1..*at + len];
        *at += len;
        rest.iter()
            .fold(first, |value, byte| value << 8 | usize::from(*byte))
    };
    while at < bytes.len() {
        let kind = number(&mut at);
        let len = number(&mut at);
        if kind == usize::from(DATA) {
            body.extend_from_slice(&bytes[at..at + len]);
        }
        at += len;
    }
    LambdaResponse::decode(body.as_slice()).unwrap()
}

fn message(size: usize) -> Vec<u8> {
    request("f", size).encode_to_vec()
}

fn whole(size: usize) -> Vec<u8> {
    let message = message(size);
    let headers = headers(METHOD_POST, "/lambda", Some(message.len()));
    [headers, framed(DATA, &message)].concat()
}

async fn server(limits: Limits, stop: &Stop) -> (Endpoint, Security, Arc<Echo>) {
    let (_folder, security) = credentials();
    let echo = Arc::new(Echo::default());
    let place = serve(SECURE, &security, &any(), limits, echo.clone(), stop).await;
    (place, security, echo)
}

#[tokio::test]
async fn wrong_requests_get_a_clear_answer_and_the_connection_goes_on() {
    let stop = Stop::new();
    let limits = Limits {
        message: 1 << 20,
        ..Limits::default()
    };
    let (place, security, echo) = server(limits, &stop).await;
    let raw = connect(&security, &place).await;
    let post = |length| headers(METHOD_POST, "/lambda", length);
    let cut = message(100)[..50].to_vec();
    for (bytes, says) in [
        (headers(METHOD_POST, "/other", None), "only /lambda"),
        (headers(METHOD_GET, "/lambda", None), "only POST"),
        (
            [post(Some(10)), framed(DATA, &cut)].concat(),
            "content-length is 10",
        ),
        (
            [post(Some(100)), framed(DATA, &cut)].concat(),
            "content-length is 100",
        ),
        (post(Some(2 << 20)), "at most 1048576"),
        (
            [post(None), framed(DATA, &vec![0; 2 << 20])].concat(),
            "at most 1048576",
        ),
    ] {
        let answer = exchange(&raw.connection, &bytes).await.unwrap();
        let retcode = response(&answer).retcode;
        assert!(retcode.contains(says), "{says}: {retcode}");
    }
    assert_eq!(echo.taken.load(Ordering::Relaxed), 0);
    // Neither the declared length nor one piece is necessary.
    let message = message(1000);
    let pieces = message.chunks(3).flat_map(|piece| framed(DATA, piece));
    let bytes: Vec<u8> = post(None).into_iter().chain(pieces).collect();
    let answer = exchange(&raw.connection, &bytes).await.unwrap();
    let answer = response(&answer);
    assert_eq!((answer.retcode.as_str(), answer.output.len()), ("OK", 1000));
    // As in the original, it says who executed the call.
    assert_eq!(answer.responder, place.as_str());
    stop.stop();
}

#[tokio::test]
async fn frames_without_end_are_not_kept() {
    let stop = Stop::new();
    let (place, security, _) = server(Limits::default(), &stop).await;
    let raw = connect(&security, &place).await;
    let endless = [&[HEADERS], varint(1 << 29).as_slice()].concat();
    let unknown = [&[0x21], varint(1 << 29).as_slice()].concat();
    let post = headers(METHOD_POST, "/lambda", Some(1000));
    for beginning in [endless, unknown.clone(), [post, unknown].concat()] {
        let flood = async {
            let (mut send, mut recv) = raw.connection.open_bi().await.unwrap();
            send.write_all(&beginning).await.unwrap();
            let piece = vec![0; 1 << 16];
            let mut sent = 0usize;
            while send.write_all(&piece).await.is_ok() {
                sent += piece.len();
            }
            let _ = recv.read_to_end(1 << 20).await;
            sent
        };
        let sent = tokio::time::timeout(LONG, flood).await.unwrap();
        assert!(sent < 8 << 20, "{sent}");
        // Another stream of the same connection is not concerned.
        let answer = exchange(&raw.connection, &whole(10)).await.unwrap();
        assert_eq!(response(&answer).retcode, "OK");
    }
    stop.stop();
}

#[tokio::test]
async fn a_control_stream_without_end_costs_the_connection() {
    let stop = Stop::new();
    let (place, security, _) = server(Limits::default(), &stop).await;
    let raw = connect(&security, &place).await;
    let flood = async {
        let mut control = raw.connection.open_uni().await.unwrap();
        // Its type, empty settings, and frames without meaning.
        control.write_all(&[0, 4, 0]).await.unwrap();
        let piece = framed(0x21, &[0; 1000]);
        while control.write_all(&piece).await.is_ok() {}
        raw.connection.closed().await
    };
    tokio::time::timeout(LONG, flood).await.unwrap();
    honest(&security, &place).await;
    stop.stop();
}

#[tokio::test]
async fn requests_that_do_not_arrive_in_time_end() {
    let stop = Stop::new();
    let limits = Limits {
        request_time: Duration::from_millis(200),
        ..Limits::default()
    };
    let (place, security, echo) = server(limits, &stop).await;
    let raw = connect(&security, &place).await;
    let (mut send, mut recv) = raw.connection.open_bi().await.unwrap();
    let post = headers(METHOD_POST, "/lambda", Some(1000));
    send.write_all(&[post, framed(DATA, &[0; 10])].concat())
        .await
        .unwrap();
    let answer = tokio::time::timeout(LONG, recv.read_to_end(1 << 20)).await;
    let retcode = response(&answer.unwrap().unwrap()).retcode;
    assert!(retcode.contains("in time"), "{retcode}");
    // Without headers there is nobody to answer.
    let (mut send, mut recv) = raw.connection.open_bi().await.unwrap();
    send.write_all(&[HEADERS, 40, 0]).await.unwrap();
    let ended = tokio::time::timeout(LONG, recv.read_to_end(1 << 20)).await;
    assert!(ended.unwrap().is_err());
    assert_eq!(echo.taken.load(Ordering::Relaxed), 0);
    stop.stop();
}

#[tokio::test]
async fn connections_make_room_for_others_and_streams_are_counted() {
    let stop = Stop::new();
    let limits = Limits {
        connections: 3,
        calls: 5,
        ..Limits::default()
    };
    let (place, security, _) = server(limits, &stop).await;
    let mut all = Vec::new();
    for _ in 0..10 {
        let raw = connect(&security, &place).await;
        let answer = exchange(&raw.connection, &whole(10)).await.unwrap();
        assert_eq!(response(&answer).retcode, "OK");
        all.push(raw);
    }
    let open = || {
        all.iter()
            .filter(|raw| raw.connection.close_reason().is_none())
    };
    crate::support::eventually("three are left", async || open().count() == 3).await;
    // Five calls at a time, and no more streams in one direction than HTTP/3 needs.
    let last = &all[9].connection;
    let mut streams = Vec::new();
    for _ in 0..5 {
        let (mut send, recv) = last.open_bi().await.unwrap();
        send.write_all(&[HEADERS]).await.unwrap();
        streams.push((send, recv));
    }
    let sixth = tokio::time::timeout(Duration::from_millis(300), last.open_bi()).await;
    assert!(sixth.is_err());
    let mut one_way = Vec::new();
    for _ in 0..UNI_STREAMS {
        one_way.push(last.open_uni().await.unwrap());
    }
    let more = tokio::time::timeout(Duration::from_millis(300), last.open_uni()).await;
    assert!(more.is_err());
    stop.stop();
}

async fn honest(security: &Security, place: &Endpoint) {
    let caller = caller(SECURE, security, place);
    let answer = tokio::time::timeout(LONG, caller.call(request("f", 1000)))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(answer.output.len(), 1000);
}

#[tokio::test]
async fn floods_of_packets_hold_nobody_up() {
    let stop = Stop::new();
    let (place, security, _) = server(Limits::default(), &stop).await;
    let flooding = Stop::new();
    let target = place.as_str().to_owned();
    let until = flooding.clone();
    let flood = std::thread::spawn(move || {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut number = 0u64;
        while !until.is_stopped() {
            // Something like a first packet, and something else.
            let mut packet = vec![0xc3, 0, 0, 0, 1, 8];
            packet.extend(number.to_be_bytes());
            packet.extend([8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0x44, 0xb0]);
            packet.resize(1200, number as u8);
            let _ = socket.send_to(&packet, &target);
            let _ = socket.send_to(&number.to_be_bytes(), &target);
            number += 1;
            if number.is_multiple_of(100) {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        number
    });
    for _ in 0..5 {
        honest(&security, &place).await;
    }
    flooding.stop();
    assert!(flood.join().unwrap() > 0);
    stop.stop();
}

#[tokio::test]
async fn many_handshakes_at_once_have_to_prove_their_address() {
    let stop = Stop::new();
    let (place, security, _) = server(Limits::default(), &stop).await;
    let all = (0..200).map(|_| async {
        let raw = connect(&security, &place).await;
        exchange(&raw.connection, &whole(10)).await.unwrap()
    });
    for answer in futures_util::future::join_all(all).await {
        assert_eq!(response(&answer).retcode, "OK");
    }
    stop.stop();
}

#[tokio::test]
async fn handshakes_that_do_not_end_take_no_place() {
    let stop = Stop::new();
    let limits = Limits {
        connections: 3,
        ..Limits::default()
    };
    let (_folder, security) = credentials();
    let early = Transport::Quic(QuicOptions {
        early_data: true,
        insecure: false,
    });
    let echo = Arc::new(Echo::default());
    let place = serve(early, &security, &any(), limits, echo, &stop).await;
    let mut idle = Vec::new();
    for _ in 0..3 {
        let raw = connect(&security, &place).await;
        let answer = exchange(&raw.connection, &whole(10)).await.unwrap();
        assert_eq!(response(&answer).retcode, "OK");
        idle.push(raw);
    }
    // Good first packets, whose senders do not hear the answer.
    let between = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let nowhere = between.local_addr().unwrap();
    let mut senders = Vec::new();
    for _ in 0..20 {
        let socket = Socket::client("127.0.0.1:0".parse().unwrap()).unwrap();
        let connecting = socket.connect_with(config(&security), nowhere, "127.0.0.1");
        let mut packet = vec![0; 2000];
        let (len, _) = between.recv_from(&mut packet).await.unwrap();
        between
            .send_to(&packet[..len], place.as_str())
            .await
            .unwrap();
        senders.push((socket, connecting));
    }
    honest_exchange(&idle[0].connection).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    for raw in &idle {
        assert!(raw.connection.close_reason().is_none());
        honest_exchange(&raw.connection).await;
    }
    stop.stop();
}

async fn honest_exchange(connection: &Connection) {
    let answer = exchange(connection, &whole(10)).await.unwrap();
    assert_eq!(response(&answer).retcode, "OK");
}

#[tokio::test]
async fn a_caller_may_move_to_another_address_during_a_call() {
    let stop = Stop::new();
    let (_folder, security) = credentials();
    let echo = Arc::new(Echo {
        after: Duration::from_millis(500),
        ..Echo::default()
    });
    let place = serve(
        SECURE,
        &security,
        &any(),
        Limits::default(),
        echo.clone(),
        &stop,
    )
    .await;
    let raw = connect(&security, &place).await;
    let before = raw.socket.local_addr().unwrap();
    let bytes = whole(100_000);
    let call = exchange(&raw.connection, &bytes);
    let moved = async {
        while echo.taken.load(Ordering::Relaxed) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let other = UdpSocket::bind("127.0.0.1:0").unwrap();
        raw.socket.rebind(other).unwrap();
    };
    let (answer, ()) = tokio::join!(call, moved);
    assert_eq!(response(&answer.unwrap()).output.len(), 100_000);
    assert_ne!(raw.socket.local_addr().unwrap(), before);
    // And goes on from there.
    let answer = exchange(&raw.connection, &whole(10)).await.unwrap();
    assert_eq!(response(&answer).retcode, "OK");
    stop.stop();
}
