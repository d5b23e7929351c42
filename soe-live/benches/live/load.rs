//! A load generator: every stream sends the next call when the last is answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::client::SendRequest;
use http::{Method, Request, Version};
use prost::Message;
use soe_live::rpc::{LambdaRequest, LambdaResponse};

#[derive(Clone, Copy)]
pub struct Load {
    pub connections: usize,
    pub streams: usize,
    pub bytes: usize,
}

impl Load {
    pub const SMALL: Self = Self {
        connections: 4,
        streams: 8,
        bytes: 64,
    };
    pub const LARGE: Self = Self {
        connections: 4,
        streams: 2,
        bytes: 1_000_000,
    };
}

pub fn frame(bytes: usize) -> Bytes {
    let request = LambdaRequest {
        name: "f0".into(),
        input: "A".repeat(bytes),
        uuid: "d5f2f4a5-8bbd-4a3c-a3f0-6d9d58f8a2c4".into(),
        ..LambdaRequest::default()
    };
    let mut frame = vec![0];
    frame.extend((request.encoded_len() as u32).to_be_bytes());
    request.encode(&mut frame).unwrap();
    frame.into()
}

pub async fn connect(address: SocketAddr) -> SendRequest<Bytes> {
    let socket = tokio::net::TcpStream::connect(address).await.unwrap();
    socket.set_nodelay(true).unwrap();
    let (send, connection) = h2::client::Builder::new()
        .initial_window_size(4 << 20)
        .initial_connection_window_size(64 << 20)
        .initial_max_send_streams(1 << 16)
        .handshake(socket)
        .await
        .unwrap();
    tokio::spawn(connection);
    send
}

pub async fn call(send: &mut SendRequest<Bytes>, address: SocketAddr, frame: Bytes) -> Bytes {
    let request = Request::builder()
        .method(Method::POST)
        .version(Version::HTTP_2)
        .uri(format!("http://{address}/uiiit.rpc.EdgeServer/RunLambda"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())
        .unwrap();
    std::future::poll_fn(|cx| send.poll_ready(cx))
        .await
        .unwrap();
    let (response, mut body) = send.send_request(request, false).unwrap();
    body.send_data(frame, true).unwrap();
    let mut body = response.await.unwrap().into_body();
    let mut first = Bytes::new();
    while let Some(piece) = body.data().await {
        let piece = piece.unwrap();
        body.flow_control().release_capacity(piece.len()).unwrap();
        if first.is_empty() {
            first = piece;
        }
    }
    first
}

/// What a load came to.
#[derive(Clone, Copy)]
pub struct Measured {
    /// Calls per second.
    pub rate: f64,
    /// What a call took of the processors, in microseconds: generator, router and
    /// computer together. It depends less than the rate on what else the machine
    /// does.
    pub cost: f64,
}

impl Measured {
    pub const NONE: Self = Self {
        rate: 0.0,
        cost: f64::INFINITY,
    };

    /// The better of both, each for itself.
    pub fn best(self, other: Self) -> Self {
        Self {
            rate: self.rate.max(other.rate),
            cost: self.cost.min(other.cost),
        }
    }
}

/// The time that processes have had of the processors, in seconds; this one and
/// those given.
fn busy(others: &[u32]) -> f64 {
    let ids = others.iter().map(u32::to_string);
    let ids = ids.chain(["self".to_owned()]);
    let ticks = ids.filter_map(|id| {
        let text = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // After the name, which may have blanks: user and system time are the 12th
        // and 13th.
        let mut fields = text.rsplit(')').next()?.split_whitespace().skip(11);
        let user: f64 = fields.next()?.parse().ok()?;
        Some(user + fields.next()?.parse::<f64>().ok()?)
    });
    ticks.sum::<f64>() / 100.0
}

/// Measures for `time`, after a short warm-up. `others` are the processes that take
/// part besides this one.
pub fn measure(address: SocketAddr, load: Load, time: Duration, others: &[u32]) -> Measured {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (done, end) = (
            Arc::new(AtomicU64::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let frame = frame(load.bytes);
        let mut streams = Vec::new();
        for connection in 0..load.connections {
            let mut send = connect(address).await;
            if connection == 0 && load.bytes < 1000 {
                let answer = call(&mut send, address, frame.clone()).await;
                let answer = LambdaResponse::decode(answer.slice(5..)).unwrap();
                assert_eq!(answer.retcode, "OK");
            }
            for _ in 0..load.streams {
                let (mut send, frame) = (send.clone(), frame.clone());
                let (done, end) = (done.clone(), end.clone());
                streams.push(tokio::spawn(async move {
                    while !end.load(Ordering::Relaxed) {
                        call(&mut send, address, frame.clone()).await;
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                }));
            }
        }
        tokio::time::sleep(time / 5).await;
        let (before, begun) = (done.load(Ordering::Relaxed), Instant::now());
        let busy_before = busy(others);
        tokio::time::sleep(time).await;
        let calls = (done.load(Ordering::Relaxed) - before) as f64;
        let measured = Measured {
            rate: calls / begun.elapsed().as_secs_f64(),
            cost: (busy(others) - busy_before) / calls * 1e6,
        };
        end.store(true, Ordering::Relaxed);
        for stream in streams {
            stream.await.unwrap();
        }
        measured
    })
}

/// Starts something on a thread with a runtime of its own.
pub fn on_thread<T: Send + 'static, F: Future<Output = ()>>(
    start: impl FnOnce(std::sync::mpsc::Sender<T>) -> F + Send + 'static,
) -> T {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(start(sender));
    });
    receiver.recv().unwrap()
}
