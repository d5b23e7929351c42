//! A destination that speaks HTTP/2 frame by frame, as a test wants.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use soe_live::command::{Endpoint, Stop};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

pub const END_STREAM: u8 = 1;
pub const ACK: u8 = 1;
pub const END_HEADERS: u8 = 4;

pub const REFUSED_STREAM: u32 = 7;

/// `:status: 200`, `content-type: application/grpc`, without the dynamic table.
pub const GOOD: &[u8] = b"\x88\x0f\x10\x10application/grpc";
/// `grpc-status: 0`.
pub const DONE: &[u8] = b"\x00\x0bgrpc-status\x010";

/// A connection of a caller.
pub struct RawPeer {
    socket: TcpStream,
}

/// A frame of the caller.
#[derive(Debug)]
pub struct RawFrame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

impl RawPeer {
    /// Reads the preface and exchanges settings.
    async fn accept(mut socket: TcpStream) -> io::Result<Self> {
        let mut preface = [0; 24];
        socket.read_exact(&mut preface).await?;
        // Windows of a megabyte each.
        let windows = [
            frame(SETTINGS, 0, 0, &[0, 4, 0, 16, 0, 0]),
            frame(WINDOW_UPDATE, 0, 0, &[0, 16, 0, 0]),
        ];
        socket.write_all(&windows.concat()).await?;
        Ok(Self { socket })
    }

    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.socket.write_all(bytes).await
    }

    /// The next frame, after settings and PINGs have been acknowledged.
    pub async fn next(&mut self) -> io::Result<RawFrame> {
        loop {
            let frame = self.next_raw().await?;
            match (frame.kind, frame.flags & ACK) {
                (SETTINGS, 0) => self.send(&self::frame(SETTINGS, ACK, 0, &[])).await?,
                (PING, 0) => {
                    self.send(&self::frame(PING, ACK, 0, &frame.payload))
                        .await?
                }
                (SETTINGS | PING, _) => {}
                _ => return Ok(frame),
            }
        }
    }

    /// The next frame, whatever it is.
    pub async fn next_raw(&mut self) -> io::Result<RawFrame> {
        let mut head = [0; 9];
        self.socket.read_exact(&mut head).await?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let len = u32::from_be_bytes([0, a, b, c]) as usize;
        let mut payload = vec![0; len];
        self.socket.read_exact(&mut payload).await?;
        let stream = u32::from_be_bytes(stream);
        Ok(RawFrame {
            kind,
            flags,
            stream,
            payload,
        })
    }

    /// The stream of the next call, once all of its request is there.
    pub async fn call(&mut self) -> io::Result<u32> {
        loop {
            let frame = self.next().await?;
            if frame.flags & END_STREAM != 0 && matches!(frame.kind, DATA | HEADERS) {
                return Ok(frame.stream);
            }
        }
    }

    /// Acknowledges what comes until the connection ends.
    pub async fn linger(&mut self) {
        while self.next().await.is_ok() {}
    }
}

/// A destination that treats each connection as `serve` does, which is given its
/// number, from 0. Says where it is, and how many connections there were.
pub async fn destination<F, R>(stop: &Stop, serve: F) -> (Endpoint, Arc<AtomicUsize>)
where
    F: Fn(usize, RawPeer) -> R + Send + Sync + 'static,
    R: Future<Output = io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = listener.local_addr().unwrap().to_string();
    let accepted = Arc::new(AtomicUsize::new(0));
    let (stop, count) = (stop.clone(), accepted.clone());
    tokio::spawn(async move {
        let serve = Arc::new(serve);
        loop {
            let (socket, _) = tokio::select! {
                accepted = listener.accept() => accepted.unwrap(),
                () = stop.wait() => return,
            };
            let number = count.fetch_add(1, Ordering::SeqCst);
            let serve = serve.clone();
            tokio::spawn(async move {
                if let Ok(peer) = RawPeer::accept(socket).await {
                    // The caller may leave at any time.
                    let _ = serve(number, peer).await;
                }
            });
        }
    });
    (endpoint.parse().unwrap(), accepted)
}
