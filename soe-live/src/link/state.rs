//! The calls over a connection, and what the frames that come and go do to them.

mod received;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use super::Trouble;
use super::frames::{self, Outbox, Reason};
use super::headers::{Requests, Responses};
use crate::wire::Frame;

/// How much a peer may send ahead of being read: per call and in all.
const CALL_WINDOW: u32 = 1 << 20;
const WINDOW: u32 = 16 << 20;
/// What both are unless somebody says otherwise.
const USUAL_WINDOW: u32 = (1 << 16) - 1;
/// Headers of a response have no more bytes.
const LARGEST_BLOCK: usize = 1 << 16;
/// Calls at a time, unless the peer says otherwise.
const CALLS: usize = 1 << 16;
/// Streams have odd numbers up to this one.
const LAST_STREAM: u32 = i32::MAX as u32;
/// Answers that a peer may provoke before it takes any.
const PATIENCE: u32 = 10_000;

/// A connection, as far as it is not a socket.
#[derive(Debug)]
pub struct State {
    pub out: Outbox,
    /// Wakes the driver of the connection, if it waits for something to write.
    pub driver: Option<Waker>,
    /// To be woken when the lock is given up.
    pub wakers: Vec<Waker>,
    requests: Requests,
    responses: Responses,
    streams: HashMap<u32, Stream, BuildHasherDefault<Spread>>,
    next: u32,
    /// Streams whose response has not come.
    open: usize,
    /// As the peer wants it.
    most: usize,
    call_window: i64,
    largest: usize,
    /// What we may still send, and the peer.
    window: i64,
    credit: i64,
    /// Streams that wait for the peer to take more.
    blocked: Vec<u32>,
    /// Callers that wait until there may be one more stream.
    waiting: Vec<Waker>,
    continued: Option<Continued>,
    settled: bool,
    starter: Option<Waker>,
    pings: Pings,
    /// Answers that we owe the peer.
    owed: u32,
    /// Why there are no new calls.
    end: Option<String>,
    /// Whether those under way go on.
    draining: bool,
    /// Whether nobody needs the connection any more.
    left: bool,
}

/// A call.
#[derive(Debug, Default)]
struct Stream {
    waker: Option<Waker>,
    headed: bool,
    response: Frame,
    outcome: Option<Result<Frame, Trouble>>,
    unsent: VecDeque<Bytes>,
    window: i64,
    credit: i64,
}

/// Headers in several frames.
#[derive(Debug)]
struct Continued {
    stream: u32,
    ends: bool,
    block: Vec<u8>,
}

/// Questions whether the peer is there.
#[derive(Debug, Default)]
struct Pings {
    sent: u64,
    answered: u64,
    wakers: Vec<Waker>,
}

/// The peer does not keep to the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken(pub Reason, pub &'static str);

impl State {
    /// Of a new connection; what is to be said first waits to be written.
    pub fn new(requests: Requests) -> Self {
        let mut out = Outbox::default();
        out.bytes(frames::PREFACE);
        // Remember nothing, push nothing, send so much.
        out.settings(&[(1, 0), (2, 0), (4, CALL_WINDOW)]);
        out.window_update(0, WINDOW - USUAL_WINDOW);
        Self {
            out,
            driver: None,
            wakers: Vec::new(),
            requests,
            responses: Responses::default(),
            streams: HashMap::default(),
            next: 1,
            open: 0,
            most: CALLS,
            call_window: USUAL_WINDOW.into(),
            largest: frames::LARGEST,
            window: USUAL_WINDOW.into(),
            credit: WINDOW.into(),
            blocked: Vec::new(),
            waiting: Vec::new(),
            continued: None,
            settled: false,
            starter: None,
            pings: Pings::default(),
            owed: 0,
            end: None,
            draining: false,
            left: false,
        }
    }

    /// Waits until the peer has introduced itself.
    pub fn poll_settled(&mut self, cx: &Context<'_>) -> Poll<Result<(), String>> {
        if let Some(end) = &self.end {
            return Poll::Ready(Err(end.clone()));
        }
        if self.settled {
            return Poll::Ready(Ok(()));
        }
        self.starter = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Starts a call, as soon as the peer takes one more; says its number.
    pub fn poll_start(&mut self, frame: &Frame, cx: &Context<'_>) -> Poll<Result<u32, Trouble>> {
        if let Some(end) = &self.end {
            return Poll::Ready(Err(Trouble::Lost(end.clone())));
        }
        if self.next > LAST_STREAM {
            return Poll::Ready(Err(Trouble::Lost("the connection is used up".into())));
        }
        if self.open >= self.most {
            self.waiting.push(cx.waker().clone());
            return Poll::Pending;
        }
        let number = self.next;
        self.next += 2;
        self.open += 1;
        let block = self.requests.next();
        let flags = frames::END_HEADERS;
        self.out.frame(frames::HEADERS, flags, number, block);
        let mut stream = Stream {
            waker: Some(cx.waker().clone()),
            window: self.call_window,
            credit: CALL_WINDOW.into(),
            ..Stream::default()
        };
        let len = frame.len() as i64;
        if len <= self.window.min(stream.window) && frame.len() <= self.largest {
            self.window -= len;
            self.out
                .head(frame.len(), frames::DATA, frames::END_STREAM, number);
            for piece in frame.pieces() {
                self.out.piece(piece.clone());
            }
        } else {
            stream.unsent = frame.pieces().cloned().collect();
            self.blocked.push(number);
        }
        self.streams.insert(number, stream);
        if !self.blocked.is_empty() {
            self.send_more();
        }
        self.wake_driver();
        Poll::Ready(Ok(number))
    }

    /// Waits for what comes of a call, which is then forgotten.
    pub fn poll_end(&mut self, number: u32, cx: &Context<'_>) -> Poll<Result<Frame, Trouble>> {
        let Some(stream) = self.streams.get_mut(&number) else {
            return Poll::Ready(Err(Trouble::Lost("the call is gone".into())));
        };
        match stream.outcome.take() {
            Some(outcome) => {
                self.streams.remove(&number);
                Poll::Ready(outcome)
            }
            None => {
                stream.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Forgets a call, and lets the peer know.
    pub fn give_up(&mut self, number: u32) {
        if let Some(stream) = self.streams.remove(&number)
            && stream.outcome.is_none()
        {
            self.out.reset(number, Reason::CANCEL);
            self.is_over();
            self.wake_driver();
        }
    }

    /// Asks whether the peer is there; says the number of the question.
    pub fn ping(&mut self) -> u64 {
        self.pings.sent += 1;
        let payload = self.pings.sent.to_be_bytes();
        self.out.frame(frames::PING, 0, 0, &payload);
        self.wake_driver();
        self.pings.sent
    }

    /// Waits for an answer to a question, or a later one; whether there is one.
    pub fn poll_ping(&mut self, question: u64, cx: &Context<'_>) -> Poll<bool> {
        if self.pings.answered >= question {
            return Poll::Ready(true);
        }
        if self.end.is_some() && !self.draining {
            return Poll::Ready(false);
        }
        self.pings.wakers.push(cx.waker().clone());
        Poll::Pending
    }

    /// How many calls there may be at a time.
    pub fn most(&self) -> usize {
        self.most
    }

    /// Whether there are no new calls.
    pub fn has_ended(&self) -> bool {
        self.end.is_some() || self.next > LAST_STREAM
    }

    /// Whether the connection can be closed.
    pub fn is_done(&self) -> bool {
        self.left || (self.draining && self.open == 0)
    }

    /// Ends the connection for all calls.
    pub fn lose(&mut self, why: String) {
        for stream in self.streams.values_mut() {
            if stream.outcome.is_none() {
                stream.outcome = Some(Err(Trouble::Lost(why.clone())));
                self.wakers.extend(stream.waker.take());
            }
        }
        self.open = 0;
        self.draining = false;
        self.end.get_or_insert(why);
        self.wakers.append(&mut self.waiting);
        self.wakers.append(&mut self.pings.wakers);
        self.wakers.extend(self.starter.take());
    }

    /// Takes no new calls.
    pub fn refuse(&mut self, why: &str) {
        self.end.get_or_insert_with(|| why.to_owned());
        self.draining = false;
        self.wakers.append(&mut self.waiting);
        self.wakers.append(&mut self.pings.wakers);
    }

    /// Closes the connection, which nobody needs any more.
    pub fn leave(&mut self) {
        self.left = true;
        self.out.go_away(Reason::NO_ERROR);
        self.wake_driver();
    }

    /// What was to be said has been taken from the outbox.
    pub fn paid(&mut self) {
        self.owed = 0;
    }

    /// Wakes the driver, which has something to write.
    pub fn wake_driver(&mut self) {
        if let Some(driver) = self.driver.take() {
            driver.wake();
        }
    }

    /// Sends what waited until the peer takes more.
    fn send_more(&mut self) {
        let mut blocked = std::mem::take(&mut self.blocked);
        blocked.retain(|&number| {
            let Some(stream) = self.streams.get_mut(&number) else {
                return false;
            };
            while let Some(piece) = stream.unsent.front_mut() {
                let room = self.window.min(stream.window).max(0) as usize;
                let len = piece.len().min(room).min(self.largest);
                if len == 0 && !piece.is_empty() {
                    return true;
                }
                let part = piece.split_to(len);
                if piece.is_empty() {
                    stream.unsent.pop_front();
                }
                self.window -= len as i64;
                stream.window -= len as i64;
                let flags = match stream.unsent.is_empty() {
                    true => frames::END_STREAM,
                    false => 0,
                };
                self.out.head(len, frames::DATA, flags, number);
                self.out.piece(part);
            }
            false
        });
        self.blocked.append(&mut blocked);
    }
}

/// Spreads the numbers of streams, which nobody can choose, over a table.
#[derive(Debug, Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0 ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}
