//! A connection over which another server is called: HTTP/2, as far as
//! invocations need it.
//!
//! A broker sends the same request headers over and over and gets the same
//! response headers back. A library for everybody encodes and decodes them each
//! time, and looks after many things that are not needed here; that was more than
//! a third of the time that a broker spent on a call. Here the headers are
//! encoded once, responses are compared with those that came before, and a
//! message is copied once, if it is short, or not at all.

mod frames;
mod headers;
mod huffman;
mod state;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::AsyncWrite;
use tokio_util::io::poll_read_buf;
use tracing::debug;

use self::frames::{HEAD, Head, Reason};
use self::headers::Requests;
use self::state::{Broken, State};
use crate::socket::Socket;
use crate::wire::Frame;

/// A peer that does not even answer this fast whether it is there is not there.
const SIGN_OF_LIFE: Duration = Duration::from_secs(2);
/// How much is read at a time, at least.
const READ: usize = 1 << 15;
/// Data from this size on stay where they were read. Less would keep too much that
/// was read beside them.
const SHARED_FROM: usize = 1 << 13;
/// How many pieces are written at a time.
const PIECES: usize = 32;

/// Why a call over a connection has no response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The connection is lost, or the call never got through.
    Lost(String),
    /// The peer is there, but has no response.
    Refused(String),
}

impl Trouble {
    fn no_status() -> Self {
        Self::Refused("the response has no status".to_owned())
    }
}

/// A connection. When it is dropped it is closed.
pub struct Link {
    shared: Arc<Shared>,
    calls: AtomicUsize,
}

struct Shared {
    state: Mutex<State>,
}

impl Link {
    /// Starts a connection, over which calls go to `path` at `authority`.
    ///
    /// # Errors
    /// If the peer does not speak HTTP/2.
    pub async fn start(
        socket: Socket,
        scheme: &str,
        authority: &str,
        path: &str,
    ) -> Result<Self, String> {
        let requests = Requests::new(scheme, authority, path);
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new(requests)),
        });
        let link = Self {
            shared: shared.clone(),
            calls: AtomicUsize::new(0),
        };
        tokio::spawn(drive(socket, shared));
        poll_fn(|cx| link.shared.lock().poll_settled(cx)).await?;
        Ok(link)
    }

    /// Sends a message and waits for the response.
    pub async fn call(&self, frame: &Frame) -> Result<Frame, Trouble> {
        let mut call = InProgress {
            link: self,
            number: None,
        };
        self.calls.fetch_add(1, Ordering::Relaxed);
        poll_fn(|cx| {
            let mut state = self.shared.lock();
            let Some(number) = call.number else {
                let number = ready!(state.poll_start(frame, cx))?;
                call.number = Some(number);
                return Poll::Pending;
            };
            let end = ready!(state.poll_end(number, cx));
            call.number = None;
            Poll::Ready(end)
        })
        .await
    }

    /// The calls in progress.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// How many calls the peer takes at a time.
    pub fn most(&self) -> usize {
        self.shared.lock().most()
    }

    /// Whether it takes no more calls.
    pub fn is_lost(&self) -> bool {
        self.shared.lock().has_ended()
    }

    /// Whether anybody is there at the other end. If not, there are no new calls.
    pub async fn answers(&self) -> bool {
        let question = self.shared.lock().ping();
        let answer = poll_fn(|cx| self.shared.lock().poll_ping(question, cx));
        let alive = tokio::time::timeout(SIGN_OF_LIFE, answer).await;
        let alive = alive.unwrap_or(false);
        if !alive {
            // Calls under way wait for their own deadlines.
            let mut state = self.shared.lock();
            state.refuse("no sign of life");
            self.shared.wake(state);
        }
        alive
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shared.lock().leave();
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link")
            .field("calls", &self.calls())
            .finish_non_exhaustive()
    }
}

/// A call in progress: given up if it is dropped before its end.
struct InProgress<'a> {
    link: &'a Link,
    number: Option<u32>,
}

impl Drop for InProgress<'_> {
    fn drop(&mut self) {
        self.link.calls.fetch_sub(1, Ordering::Relaxed);
        if let Some(number) = self.number {
            let mut state = self.link.shared.lock();
            state.give_up(number);
            self.link.shared.wake(state);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives up the lock and wakes whoever has something to do.
    fn wake(&self, mut state: MutexGuard<'_, State>) {
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().for_each(std::task::Waker::wake);
    }

    fn lose(&self, why: String) {
        let mut state = self.lock();
        state.lose(why);
        state.wake_driver();
        self.wake(state);
    }
}

/// Reads and writes until the connection ends.
async fn drive(socket: Socket, shared: Arc<Shared>) {
    let mut driver = Driver {
        socket,
        shared: shared.clone(),
        input: BytesMut::with_capacity(READ),
        output: VecDeque::new(),
    };
    let end = poll_fn(|cx| driver.poll(cx)).await;
    let why = match end {
        Ok(()) => "connection closed".to_owned(),
        Err(error) => error.to_string(),
    };
    debug!("{why}");
    shared.lose(why);
}

struct Driver {
    socket: Socket,
    shared: Arc<Shared>,
    input: BytesMut,
    output: VecDeque<Bytes>,
}

impl Driver {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let read = self.poll_read(cx)?;
            let written = self.poll_write(cx)?;
            let mut state = self.shared.lock();
            if written.is_ready() {
                if !state.out.is_empty() {
                    continue;
                }
                if state.is_done() {
                    return Poll::Ready(Ok(()));
                }
            }
            match read {
                Poll::Ready(false) => return Poll::Ready(Ok(())),
                Poll::Ready(true) => {}
                Poll::Pending => {
                    state.driver = Some(cx.waker().clone());
                    return Poll::Pending;
                }
            }
        }
    }

    /// Takes the frames that have come; whether there may be more.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if self.input.capacity() - self.input.len() < READ / 2 {
            self.input.reserve(READ);
        }
        let socket = Pin::new(&mut self.socket);
        if ready!(poll_read_buf(socket, cx, &mut self.input))? == 0 {
            return Poll::Ready(Ok(false));
        }
        let mut state = self.shared.lock();
        let taken = take_frames(&mut self.input, &mut state);
        if let Err(Broken(reason, what)) = taken {
            state.out.go_away(reason);
            self.shared.wake(state);
            // It is told if that is possible at once.
            let _ = self.poll_write(cx)?;
            return Poll::Ready(Err(io::Error::other(format!("HTTP/2: {what}"))));
        }
        self.shared.wake(state);
        Poll::Ready(Ok(true))
    }

    /// Writes what waits to be written.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if self.output.is_empty() {
                let mut state = self.shared.lock();
                state.out.take(&mut self.output);
                state.paid();
            }
            if self.output.is_empty() {
                return Pin::new(&mut self.socket).poll_flush(cx);
            }
            let mut slices = [IoSlice::new(&[]); PIECES];
            let pieces = self.output.iter().zip(&mut slices);
            let count = pieces
                .map(|(piece, slice)| *slice = IoSlice::new(piece))
                .count();
            let socket = Pin::new(&mut self.socket);
            let mut written = ready!(socket.poll_write_vectored(cx, &slices[..count]))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            while let Some(piece) = self.output.front_mut() {
                if written < piece.len() {
                    piece.advance(written);
                    break;
                }
                written -= piece.len();
                self.output.pop_front();
            }
        }
    }
}

/// Takes the whole frames in what was read.
fn take_frames(input: &mut BytesMut, state: &mut State) -> Result<(), Broken> {
    while let Some(head) = Head::read(input) {
        if head.len > frames::LARGEST {
            return Err(Broken(Reason::FRAME_SIZE_ERROR, "too large a frame"));
        }
        let end = HEAD + head.len;
        if input.len() < end {
            break;
        }
        if head.kind != frames::DATA {
            state.take(head, &input[HEAD..end])?;
            input.advance(end);
        } else if head.len < SHARED_FROM {
            state.take_data(head, Bytes::copy_from_slice(&input[HEAD..end]))?;
            input.advance(end);
        } else {
            let mut frame = input.split_to(end);
            frame.advance(HEAD);
            state.take_data(head, frame.freeze())?;
        }
    }
    Ok(())
}
