//! The streams of `quinn` as `h3` uses them.
//!
//! `h3` keeps a frame of headers, or one that it does not know, in memory until it is
//! whole, whatever its length. Therefore each stream that the peer sends has an
//! [`Allowance`]: the bytes that `h3` may take from it. A request also knows when its
//! caller is gone.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use h3::error::Code;
use h3::quic::{self, ConnectionErrorIncoming, StreamErrorIncoming, StreamId, WriteBuf};
use quinn::{Connection, ConnectionError, ReadError, VarInt, WriteError};

use super::code;
use crate::limits::{CONTROL, HEADERS, STREAM_WINDOW};
use crate::wire::Outgoing;

/// The bytes that may still be taken from a stream.
#[derive(Clone, Debug)]
pub struct Allowance(Arc<AtomicUsize>);

impl Allowance {
    fn new(bytes: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(bytes)))
    }

    /// Allows a message of so many bytes, with the frames around its parts.
    pub fn raise(&self, message: usize) {
        let more = message + message / 8 + STREAM_WINDOW as usize;
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    fn left(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: usize) -> bool {
        let taken = |left: usize| left.checked_sub(bytes);
        let (set, get) = (Ordering::Relaxed, Ordering::Relaxed);
        self.0.fetch_update(set, get, taken).is_ok()
    }
}

/// What is known of a stream besides what `h3` does with it.
pub struct Opened {
    /// What `h3` may take from it.
    pub allowance: Allowance,
    /// Ends when the peer no longer wants what is sent to it.
    pub unwanted: Pin<Box<dyn Future<Output = ()> + std::marker::Send>>,
}

/// The streams of a connection that are open in both directions, by number.
#[derive(Clone, Default)]
pub struct Open(Arc<Mutex<BTreeMap<u64, Opened>>>);

impl Open {
    /// What is known of a stream, once.
    pub fn take(&self, id: StreamId) -> Option<Opened> {
        self.lock().remove(&id.into_inner())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Opened>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Waiting<T> = Option<Pin<Box<dyn Begun<T>>>>;
type Both = (quinn::SendStream, quinn::RecvStream);

/// A connection, or a handle that opens streams on it.
pub struct Streams {
    connection: Connection,
    open: Open,
    /// The code with which a stream ends that this side drops.
    dropped: Code,
    accepting: Waiting<Both>,
    accepting_one: Waiting<quinn::RecvStream>,
    opening: Waiting<Both>,
    opening_one: Waiting<quinn::SendStream>,
}

impl Streams {
    /// Those of a connection. `dropped` tells the peer of a call that this side gives
    /// up.
    pub fn new(connection: Connection, dropped: Code) -> Self {
        Self {
            connection,
            open: Open::default(),
            dropped,
            accepting: None,
            accepting_one: None,
            opening: None,
            opening_one: None,
        }
    }

    /// The streams that are open.
    pub fn open(&self) -> Open {
        self.open.clone()
    }

    fn both(&self, (send, recv): Both) -> Bidi {
        let allowance = Allowance::new(2 * HEADERS as usize + STREAM_WINDOW as usize);
        let stopped = send.stopped();
        let unwanted = async move {
            // An end of the connection is one as well.
            let _ = stopped.await;
        };
        let opened = Opened {
            allowance: allowance.clone(),
            unwanted: Box::pin(unwanted),
        };
        self.open.lock().insert(send.id().into(), opened);
        Bidi {
            recv: Recv::new(recv, allowance, self.dropped),
            send: Send::new(send, Some(self.dropped)),
            open: self.open.clone(),
        }
    }

    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bidi, StreamErrorIncoming>> {
        let connection = self.connection.clone();
        let open = || async move { connection.open_bi().await };
        let opened = ready!(poll(&mut self.opening, open, cx));
        Poll::Ready(opened.map(|both| self.both(both)).map_err(of_connection))
    }

    fn poll_open_one(&mut self, cx: &mut Context<'_>) -> Poll<Result<Send, StreamErrorIncoming>> {
        let connection = self.connection.clone();
        let open = || async move { connection.open_uni().await };
        let opened = ready!(poll(&mut self.opening_one, open, cx));
        Poll::Ready(
            opened
                .map(|send| Send::new(send, None))
                .map_err(of_connection),
        )
    }
}

impl Clone for Streams {
    fn clone(&self) -> Self {
        Self {
            open: self.open.clone(),
            ..Self::new(self.connection.clone(), self.dropped)
        }
    }
}

/// Something that is in progress.
trait Begun<T>: Future<Output = Result<T, ConnectionError>> + std::marker::Send + Sync {}

impl<T, F> Begun<T> for F where
    F: Future<Output = Result<T, ConnectionError>> + std::marker::Send + Sync
{
}

/// Goes on with something that is in progress, or begins it.
fn poll<T, F>(
    waiting: &mut Waiting<T>,
    begin: impl FnOnce() -> F,
    cx: &mut Context<'_>,
) -> Poll<Result<T, ConnectionErrorIncoming>>
where
    F: Begun<T> + 'static,
{
    let future = waiting.get_or_insert_with(|| Box::pin(begin()));
    let done = ready!(future.as_mut().poll(cx));
    *waiting = None;
    Poll::Ready(done.map_err(lost))
}

fn lost(error: ConnectionError) -> ConnectionErrorIncoming {
    match error {
        ConnectionError::ApplicationClosed(close) => ConnectionErrorIncoming::ApplicationClose {
            error_code: close.error_code.into_inner(),
        },
        ConnectionError::TimedOut => ConnectionErrorIncoming::Timeout,
        error => ConnectionErrorIncoming::Undefined(Arc::new(error)),
    }
}

fn of_connection(connection_error: ConnectionErrorIncoming) -> StreamErrorIncoming {
    StreamErrorIncoming::ConnectionErrorIncoming { connection_error }
}

fn terminated(error_code: u64) -> StreamErrorIncoming {
    StreamErrorIncoming::StreamTerminated { error_code }
}

impl quic::OpenStreams<Outgoing> for Streams {
    type BidiStream = Bidi;
    type SendStream = Send;

    fn poll_open_bidi(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bidi, StreamErrorIncoming>> {
        self.poll_open(cx)
    }

    fn poll_open_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<Send, StreamErrorIncoming>> {
        self.poll_open_one(cx)
    }

    fn close(&mut self, error: Code, reason: &[u8]) {
        self.connection.close(code(error), reason);
    }
}

impl quic::Connection<Outgoing> for Streams {
    type RecvStream = Recv;
    type OpenStreams = Self;

    fn poll_accept_recv(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Recv, ConnectionErrorIncoming>> {
        let connection = self.connection.clone();
        let accept = || async move { connection.accept_uni().await };
        let accepted = ready!(poll(&mut self.accepting_one, accept, cx));
        let recv = |recv| {
            Recv::new(
                recv,
                Allowance::new(CONTROL),
                Code::H3_STREAM_CREATION_ERROR,
            )
        };
        Poll::Ready(accepted.map(recv))
    }

    fn poll_accept_bidi(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Bidi, ConnectionErrorIncoming>> {
        let connection = self.connection.clone();
        let accept = || async move { connection.accept_bi().await };
        let accepted = ready!(poll(&mut self.accepting, accept, cx));
        Poll::Ready(accepted.map(|both| self.both(both)))
    }

    fn opener(&self) -> Self {
        self.clone()
    }
}

/// What comes from the peer.
pub struct Recv {
    stream: quinn::RecvStream,
    allowance: Allowance,
    dropped: Code,
}

impl Recv {
    fn new(stream: quinn::RecvStream, allowance: Allowance, dropped: Code) -> Self {
        Self {
            stream,
            allowance,
            dropped,
        }
    }
}

impl quic::RecvStream for Recv {
    type Buf = Bytes;

    fn poll_data(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, StreamErrorIncoming>> {
        // One more than allowed, to tell the end from too much.
        let most = self.allowance.left().saturating_add(1);
        let read = pin!(self.stream.read_chunk(most, true));
        let chunk = match ready!(read.poll(cx)) {
            Ok(chunk) => chunk,
            Err(ReadError::Reset(code)) => return Poll::Ready(Err(terminated(code.into_inner()))),
            Err(ReadError::ConnectionLost(error)) => {
                return Poll::Ready(Err(of_connection(lost(error))));
            }
            Err(error) => return Poll::Ready(Err(StreamErrorIncoming::Unknown(Box::new(error)))),
        };
        let Some(chunk) = chunk else {
            return Poll::Ready(Ok(None));
        };
        match self.allowance.take(chunk.bytes.len()) {
            true => Poll::Ready(Ok(Some(chunk.bytes))),
            false => Poll::Ready(Err(terminated(Code::H3_EXCESSIVE_LOAD.value()))),
        }
    }

    fn stop_sending(&mut self, error_code: u64) {
        // It has ended already, if not.
        let _ = self
            .stream
            .stop(VarInt::from_u64(error_code).unwrap_or(VarInt::MAX));
    }

    fn recv_id(&self) -> StreamId {
        id(self.stream.id())
    }
}

impl Drop for Recv {
    fn drop(&mut self) {
        // It has ended already, if not.
        let _ = self.stream.stop(code(self.dropped));
    }
}

/// What goes to the peer.
pub struct Send {
    stream: quinn::SendStream,
    writing: Option<WriteBuf<Outgoing>>,
    /// The code if it is dropped before its end.
    dropped: Option<Code>,
}

impl Send {
    fn new(stream: quinn::SendStream, dropped: Option<Code>) -> Self {
        Self {
            stream,
            writing: None,
            dropped,
        }
    }
}

impl quic::SendStream<Outgoing> for Send {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamErrorIncoming>> {
        if let Some(data) = &mut self.writing {
            while data.has_remaining() {
                let written = Pin::new(&mut self.stream).poll_write(cx, data.chunk());
                match ready!(written) {
                    Ok(written) => data.advance(written),
                    Err(WriteError::Stopped(code)) => {
                        return Poll::Ready(Err(terminated(code.into_inner())));
                    }
                    Err(WriteError::ConnectionLost(error)) => {
                        return Poll::Ready(Err(of_connection(lost(error))));
                    }
                    Err(error) => {
                        return Poll::Ready(Err(StreamErrorIncoming::Unknown(Box::new(error))));
                    }
                }
            }
        }
        self.writing = None;
        Poll::Ready(Ok(()))
    }

    fn send_data<T: Into<WriteBuf<Outgoing>>>(
        &mut self,
        data: T,
    ) -> Result<(), StreamErrorIncoming> {
        if self.writing.is_some() {
            let text = "more data before the last were sent".to_owned();
            return Err(of_connection(ConnectionErrorIncoming::InternalError(text)));
        }
        self.writing = Some(data.into());
        Ok(())
    }

    fn poll_finish(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), StreamErrorIncoming>> {
        self.dropped = None;
        let finished = self.stream.finish();
        Poll::Ready(finished.map_err(|error| StreamErrorIncoming::Unknown(Box::new(error))))
    }

    fn reset(&mut self, reset_code: u64) {
        self.dropped = None;
        // It has ended already, if not.
        let _ = self
            .stream
            .reset(VarInt::from_u64(reset_code).unwrap_or(VarInt::MAX));
    }

    fn send_id(&self) -> StreamId {
        id(self.stream.id())
    }
}

impl Drop for Send {
    fn drop(&mut self) {
        // Without this, `quinn` would end it as if all had been sent.
        if let Some(dropped) = self.dropped {
            let _ = self.stream.reset(code(dropped));
        }
    }
}

/// Both directions.
pub struct Bidi {
    recv: Recv,
    send: Send,
    open: Open,
}

impl Drop for Bidi {
    fn drop(&mut self) {
        self.open.lock().remove(&self.send.stream.id().into());
    }
}

impl quic::RecvStream for Bidi {
    type Buf = Bytes;

    fn poll_data(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, StreamErrorIncoming>> {
        self.recv.poll_data(cx)
    }

    fn stop_sending(&mut self, error_code: u64) {
        self.recv.stop_sending(error_code);
    }

    fn recv_id(&self) -> StreamId {
        self.recv.recv_id()
    }
}

impl quic::SendStream<Outgoing> for Bidi {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamErrorIncoming>> {
        self.send.poll_ready(cx)
    }

    fn send_data<T: Into<WriteBuf<Outgoing>>>(
        &mut self,
        data: T,
    ) -> Result<(), StreamErrorIncoming> {
        self.send.send_data(data)
    }

    fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamErrorIncoming>> {
        self.send.poll_finish(cx)
    }

    fn reset(&mut self, reset_code: u64) {
        self.send.reset(reset_code);
    }

    fn send_id(&self) -> StreamId {
        self.send.send_id()
    }
}

/// All identifiers of QUIC are valid ones of HTTP/3.
fn id(id: quinn::StreamId) -> StreamId {
    match StreamId::try_from(u64::from(id)) {
        Ok(id) => id,
        Err(_) => unreachable!("both have 62 bits"),
    }
}
