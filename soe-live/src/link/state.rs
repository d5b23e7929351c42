//! The calls over a connection, and what the frames that come and go do to them.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::task::{Context, Poll, Waker};

use bytes::{Buf, Bytes};

use super::Trouble;
use super::frames::{self, Head, Outbox, Reason};
use super::headers::{Requests, Responses, Verdict};
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

const fn wrong(what: &'static str) -> Broken {
    Broken(Reason::PROTOCOL_ERROR, what)
}

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

    /// Takes a frame other than DATA.
    pub fn take(&mut self, head: Head, payload: &[u8]) -> Result<(), Broken> {
        if self.continued.is_some() != (head.kind == frames::CONTINUATION) {
            return Err(wrong("headers that do not continue"));
        }
        if !self.settled && head.kind != frames::SETTINGS {
            return Err(wrong("no settings at the beginning"));
        }
        match head.kind {
            frames::HEADERS => self.headers(head, payload),
            frames::CONTINUATION => self.continuation(head, payload),
            frames::RST_STREAM => self.reset(head, payload),
            frames::SETTINGS => self.settings(head, payload),
            frames::PING => self.pinged(head, payload),
            frames::GOAWAY => self.go_away(payload),
            frames::WINDOW_UPDATE => self.window_update(head, payload),
            frames::PUSH_PROMISE => Err(wrong("a push that nobody wants")),
            // Priorities, and what is not known.
            _ => Ok(()),
        }
    }

    /// Takes a DATA frame.
    pub fn take_data(&mut self, head: Head, payload: Bytes) -> Result<(), Broken> {
        if self.continued.is_some() || !self.settled {
            return Err(wrong("data between headers"));
        }
        self.credit -= payload.len() as i64;
        if self.credit < 0 {
            return Err(Broken(Reason::FLOW_CONTROL_ERROR, "more data than allowed"));
        }
        if self.credit < i64::from(WINDOW / 2) {
            let more = i64::from(WINDOW) - self.credit;
            self.out.window_update(0, more as u32);
            self.credit = WINDOW.into();
        }
        let range = frames::unpadded(head, &payload).ok_or(wrong("more filling than data"))?;
        let Some(stream) = self.find(head.stream)? else {
            return Ok(());
        };
        if !stream.headed {
            return Err(wrong("data before headers"));
        }
        stream.credit -= payload.len() as i64;
        if stream.credit < 0 {
            return Err(Broken(Reason::FLOW_CONTROL_ERROR, "more data than allowed"));
        }
        let ends = head.has(frames::END_STREAM);
        if let Err(error) = stream.response.push(payload.slice(range)) {
            self.finish(head.stream, Err(Trouble::Refused(error.to_string())), ends);
        } else if ends {
            self.finish(head.stream, Err(Trouble::no_status()), true);
        } else if stream.credit < i64::from(CALL_WINDOW / 2) {
            let more = i64::from(CALL_WINDOW) - stream.credit;
            stream.credit = CALL_WINDOW.into();
            self.out.window_update(head.stream, more as u32);
        }
        Ok(())
    }

    fn headers(&mut self, head: Head, payload: &[u8]) -> Result<(), Broken> {
        let range = frames::unpadded(head, payload).ok_or(wrong("more filling than headers"))?;
        let mut block = &payload[range];
        if head.has(frames::PRIORITY) {
            block = block.get(5..).ok_or(wrong("headers cut short"))?;
        }
        let ends = head.has(frames::END_STREAM);
        if head.has(frames::END_HEADERS) {
            return self.block(head.stream, block, ends);
        }
        self.continued = Some(Continued {
            stream: head.stream,
            ends,
            block: block.to_vec(),
        });
        Ok(())
    }

    fn continuation(&mut self, head: Head, payload: &[u8]) -> Result<(), Broken> {
        let Some(mut continued) = self.continued.take() else {
            return Err(wrong("headers that continue nothing"));
        };
        if continued.stream != head.stream {
            return Err(wrong("headers that continue others"));
        }
        if continued.block.len() + payload.len() > LARGEST_BLOCK || payload.is_empty() {
            return Err(Broken(Reason::ENHANCE_YOUR_CALM, "headers without end"));
        }
        continued.block.extend_from_slice(payload);
        if head.has(frames::END_HEADERS) {
            return self.block(continued.stream, &continued.block, continued.ends);
        }
        self.continued = Some(continued);
        Ok(())
    }

    /// Takes headers or trailers.
    fn block(&mut self, number: u32, block: &[u8], ends: bool) -> Result<(), Broken> {
        // A block means the same whatever came before, so that those which are too
        // late need not be read.
        if self.find(number)?.is_none() {
            return Ok(());
        }
        let read = self.responses.read(block);
        let verdict = read.map_err(|_| Broken(Reason::COMPRESSION_ERROR, "malformed headers"))?;
        let Some(stream) = self.find(number)? else {
            return Ok(());
        };
        let outcome = match verdict {
            Verdict::Later if !ends && !stream.headed => return Ok(()),
            Verdict::Message | Verdict::Good if !ends && !stream.headed => {
                stream.headed = true;
                return Ok(());
            }
            Verdict::Later | Verdict::Message => Err(Trouble::no_status()),
            Verdict::Good => {
                let response = std::mem::take(&mut stream.response);
                let checked = response.check();
                let checked = checked.map_err(|error| Trouble::Refused(error.to_string()));
                checked.map(|()| response)
            }
            Verdict::Bad(trouble) => Err(trouble),
        };
        self.finish(number, outcome, ends);
        Ok(())
    }

    /// The call of a stream that still waits; `None` if it is too late.
    #[inline]
    fn find(&mut self, number: u32) -> Result<Option<&mut Stream>, Broken> {
        if number >= self.next || number % 2 == 0 {
            return Err(wrong("a stream that nobody has opened"));
        }
        let stream = self.streams.get_mut(&number);
        Ok(stream.filter(|stream| stream.outcome.is_none()))
    }

    /// Tells a call what came of it; whether the peer `ends` the stream as well.
    fn finish(&mut self, number: u32, outcome: Result<Frame, Trouble>, ends: bool) {
        let Some(stream) = self.streams.get_mut(&number) else {
            return;
        };
        stream.outcome = Some(outcome);
        self.wakers.extend(stream.waker.take());
        if !ends || !stream.unsent.is_empty() {
            stream.unsent.clear();
            self.out.reset(number, Reason::CANCEL);
        }
        self.is_over();
    }

    /// Counts a call that is over.
    fn is_over(&mut self) {
        self.open = self.open.saturating_sub(1);
        self.wakers.append(&mut self.waiting);
    }

    fn reset(&mut self, head: Head, payload: &[u8]) -> Result<(), Broken> {
        let reason = Reason(number(payload)?);
        if let Some(stream) = self.find(head.stream)? {
            stream.unsent.clear();
            let text = format!("the call was reset: {reason}");
            let trouble = match reason {
                Reason::REFUSED_STREAM => Trouble::Lost(text),
                _ => Trouble::Refused(text),
            };
            self.finish(head.stream, Err(trouble), true);
        } else if let Some(stream) = self.streams.get_mut(&head.stream) {
            stream.unsent.clear();
        }
        Ok(())
    }

    fn settings(&mut self, head: Head, payload: &[u8]) -> Result<(), Broken> {
        if head.has(frames::ACK) {
            return Ok(());
        }
        let settings = payload.chunks_exact(6);
        if !settings.remainder().is_empty() {
            return Err(Broken(Reason::FRAME_SIZE_ERROR, "settings cut short"));
        }
        for setting in settings {
            let (mut name, mut value) = setting.split_at(2);
            let (name, value) = (name.get_u16(), value.get_u32());
            match name {
                1 => self.requests.remembered(value),
                3 => self.most = value as usize,
                4 => {
                    if value > i32::MAX as u32 {
                        return Err(Broken(Reason::FLOW_CONTROL_ERROR, "too large a window"));
                    }
                    let change = i64::from(value) - self.call_window;
                    self.call_window = value.into();
                    for stream in self.streams.values_mut() {
                        stream.window += change;
                    }
                }
                5 => {
                    if !(frames::LARGEST..1 << 24).contains(&(value as usize)) {
                        return Err(wrong("frames of an impossible size"));
                    }
                    self.largest = value as usize;
                }
                _ => {}
            }
        }
        self.settled = true;
        self.wakers.extend(self.starter.take());
        self.wakers.append(&mut self.waiting);
        self.out.frame(frames::SETTINGS, frames::ACK, 0, &[]);
        self.send_more();
        self.owe()
    }

    fn pinged(&mut self, head: Head, payload: &[u8]) -> Result<(), Broken> {
        let bytes = payload.try_into();
        let bytes: [u8; 8] = bytes.map_err(|_| Broken(Reason::FRAME_SIZE_ERROR, "no ping"))?;
        if head.has(frames::ACK) {
            let question = u64::from_be_bytes(bytes).min(self.pings.sent);
            self.pings.answered = self.pings.answered.max(question);
            self.wakers.append(&mut self.pings.wakers);
            return Ok(());
        }
        self.out.frame(frames::PING, frames::ACK, 0, &bytes);
        self.owe()
    }

    fn owe(&mut self) -> Result<(), Broken> {
        self.owed += 1;
        match self.owed {
            ..PATIENCE => Ok(()),
            _ => Err(Broken(Reason::ENHANCE_YOUR_CALM, "too many questions")),
        }
    }

    fn go_away(&mut self, payload: &[u8]) -> Result<(), Broken> {
        let (last, rest) = payload.split_at_checked(4).ok_or(wrong("no last stream"))?;
        let last = number(last)? & i32::MAX as u32;
        let reason = Reason(number(rest.get(..4).unwrap_or(rest))?);
        let text = format!("the peer closes the connection: {reason}");
        let mut lost: Vec<_> = self.streams.keys().copied().collect();
        lost.retain(|number| *number > last);
        for number in lost {
            if self.find(number)?.is_some() {
                self.finish(number, Err(Trouble::Lost(text.clone())), true);
            }
        }
        self.end.get_or_insert(text);
        self.draining = true;
        self.wakers.append(&mut self.waiting);
        self.wakers.extend(self.starter.take());
        Ok(())
    }

    fn window_update(&mut self, head: Head, payload: &[u8]) -> Result<(), Broken> {
        let by = i64::from(number(payload)? & i32::MAX as u32);
        let window = match head.stream {
            0 => Some(&mut self.window),
            number => {
                // It may be known although its response is there.
                self.find(number)?;
                self.streams
                    .get_mut(&number)
                    .map(|stream| &mut stream.window)
            }
        };
        if let Some(window) = window {
            *window += by;
            if by == 0 || *window > i64::from(i32::MAX) {
                return Err(Broken(Reason::FLOW_CONTROL_ERROR, "an impossible window"));
            }
            self.send_more();
        }
        Ok(())
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

/// A payload that is one number.
fn number(payload: &[u8]) -> Result<u32, Broken> {
    let bytes = payload.try_into();
    let bytes = bytes.map_err(|_| Broken(Reason::FRAME_SIZE_ERROR, "a frame of a wrong size"))?;
    Ok(u32::from_be_bytes(bytes))
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

#[cfg(test)]
mod tests {
    use super::*;

    const HEADERS: u8 = frames::END_HEADERS;
    const TRAILERS: u8 = frames::END_HEADERS | frames::END_STREAM;
    /// `:status: 200`, and `grpc-status: 0`.
    const OK: &[u8] = &[0x88];
    const GOOD: &[u8] = b"\x00\x0bgrpc-status\x010";

    fn context() -> Context<'static> {
        Context::from_waker(Waker::noop())
    }

    /// A connection to a peer with these settings, of which everything that was
    /// written so far has been taken.
    fn connected(settings: &[(u16, u32)]) -> State {
        let mut state = State::new(Requests::new("http", "h:1", "/f"));
        let mut outbox = Outbox::default();
        outbox.settings(settings);
        let bytes = all(&mut outbox);
        feed(&mut state, &bytes).unwrap();
        assert!(all(&mut state.out).starts_with(frames::PREFACE));
        state
    }

    fn all(outbox: &mut Outbox) -> Vec<u8> {
        let mut pieces = VecDeque::new();
        outbox.take(&mut pieces);
        pieces.iter().flatten().copied().collect()
    }

    /// The frames that were written since the last time.
    fn written(state: &mut State) -> Vec<(Head, Vec<u8>)> {
        let bytes = all(&mut state.out);
        let (mut rest, mut found) = (bytes.as_slice(), Vec::new());
        while let Some(head) = Head::read(rest) {
            let (frame, more) = rest.split_at(frames::HEAD + head.len);
            found.push((head, frame[frames::HEAD..].to_vec()));
            rest = more;
        }
        assert!(rest.is_empty());
        found
    }

    fn feed(state: &mut State, mut bytes: &[u8]) -> Result<(), Broken> {
        while let Some(head) = Head::read(bytes) {
            let (frame, more) = bytes.split_at(frames::HEAD + head.len);
            let payload = &frame[frames::HEAD..];
            match head.kind {
                frames::DATA => state.take_data(head, Bytes::copy_from_slice(payload))?,
                _ => state.take(head, payload)?,
            }
            bytes = more;
        }
        Ok(())
    }

    fn say(
        state: &mut State,
        kind: u8,
        flags: u8,
        stream: u32,
        payload: &[u8],
    ) -> Result<(), Broken> {
        let head = Head {
            len: payload.len(),
            kind,
            flags,
            stream,
        };
        match kind {
            frames::DATA => state.take_data(head, Bytes::copy_from_slice(payload)),
            _ => state.take(head, payload),
        }
    }

    fn start(state: &mut State, frame: &Frame) -> u32 {
        match state.poll_start(frame, &context()) {
            Poll::Ready(Ok(number)) => number,
            other => panic!("{other:?}"),
        }
    }

    fn end(state: &mut State, number: u32) -> Option<Result<Vec<u8>, Trouble>> {
        match state.poll_end(number, &context()) {
            Poll::Ready(end) => Some(end.map(|frame| frame.message().to_vec())),
            Poll::Pending => None,
        }
    }

    fn prefixed(message: &[u8]) -> Vec<u8> {
        let frame = Frame::of(message);
        frame.slice(0..frame.len()).to_vec()
    }

    #[test]
    fn a_call_is_one_exchange_and_the_next_one_is_short() {
        let mut state = connected(&[]);
        let frame = Frame::of(b"question");
        for (number, headers) in [(1, 42), (3, 6), (5, 6)] {
            assert_eq!(start(&mut state, &frame), number);
            let sent = written(&mut state);
            assert_eq!(sent.len(), 2);
            assert_eq!(
                (sent[0].0.kind, sent[0].0.flags),
                (frames::HEADERS, HEADERS)
            );
            assert_eq!((sent[0].0.len, sent[0].0.stream), (headers, number));
            assert_eq!(
                (sent[1].0.kind, sent[1].0.flags),
                (frames::DATA, frames::END_STREAM)
            );
            assert_eq!(sent[1].1, prefixed(b"question"));
            assert!(end(&mut state, number).is_none());
            say(&mut state, frames::HEADERS, HEADERS, number, OK).unwrap();
            // In two pieces, one with filling.
            let answer = prefixed(b"answer");
            say(&mut state, frames::DATA, 0, number, &answer[..3]).unwrap();
            let filled = [&[2], &answer[3..], &[0, 0]].concat();
            say(&mut state, frames::DATA, frames::PADDED, number, &filled).unwrap();
            assert!(end(&mut state, number).is_none());
            say(&mut state, frames::HEADERS, TRAILERS, number, GOOD).unwrap();
            assert_eq!(end(&mut state, number), Some(Ok(b"answer".to_vec())));
            assert!(written(&mut state).is_empty());
        }
    }

    #[test]
    fn headers_may_come_in_pieces_with_nothing_between() {
        let mut state = connected(&[]);
        let number = start(&mut state, &Frame::of(b""));
        say(
            &mut state,
            frames::HEADERS,
            frames::PRIORITY,
            number,
            &[0; 5],
        )
        .unwrap();
        say(
            &mut state,
            frames::CONTINUATION,
            frames::END_HEADERS,
            number,
            OK,
        )
        .unwrap();
        say(&mut state, frames::DATA, 0, number, &prefixed(b"")).unwrap();
        say(
            &mut state,
            frames::HEADERS,
            frames::END_STREAM,
            number,
            &GOOD[..4],
        )
        .unwrap();
        let mut other = connected(&[]);
        start(&mut other, &Frame::of(b""));
        say(&mut other, frames::HEADERS, 0, number, OK).unwrap();
        assert!(say(&mut other, frames::PING, 0, 0, &[0; 8]).is_err());
        say(
            &mut state,
            frames::CONTINUATION,
            frames::END_HEADERS,
            number,
            &GOOD[4..],
        )
        .unwrap();
        assert_eq!(end(&mut state, number), Some(Ok(Vec::new())));
    }

    #[test]
    fn no_more_is_sent_than_the_peer_takes_and_all_of_it_in_the_end() {
        // Windows of 10 000 per call and 65 535 in all.
        let mut state = connected(&[(4, 10_000)]);
        let message: Vec<u8> = (0..100_000u32).map(|number| number as u8).collect();
        let frame = Frame::of(&message);
        let number = start(&mut state, &frame);
        let (mut sent, mut ended) = (Vec::new(), false);
        let mut take = |state: &mut State| {
            let mut len = 0;
            for (head, payload) in written(state) {
                if head.kind == frames::DATA {
                    assert!(!ended && payload.len() <= frames::LARGEST);
                    len += payload.len();
                    ended = head.has(frames::END_STREAM);
                    sent.extend(payload);
                }
            }
            len
        };
        assert_eq!(take(&mut state), 10_000);
        let more = 80_000u32.to_be_bytes();
        say(&mut state, frames::WINDOW_UPDATE, 0, number, &more).unwrap();
        assert_eq!(take(&mut state), 55_535);
        // A smaller window makes that of the call negative or nearly so.
        say(&mut state, frames::WINDOW_UPDATE, 0, 0, &more).unwrap();
        assert_eq!(take(&mut state), 24_465);
        say(&mut state, frames::SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]).unwrap();
        say(
            &mut state,
            frames::WINDOW_UPDATE,
            0,
            number,
            &10_000u32.to_be_bytes(),
        )
        .unwrap();
        assert_eq!(take(&mut state), 0);
        say(
            &mut state,
            frames::WINDOW_UPDATE,
            0,
            number,
            &10_005u32.to_be_bytes(),
        )
        .unwrap();
        assert_eq!(take(&mut state), 10_005);
        assert!(ended);
        assert_eq!(sent, prefixed(&message));
    }

    #[test]
    fn windows_are_opened_again_before_the_peer_has_to_wait() {
        let mut state = connected(&[]);
        let number = start(&mut state, &Frame::of(b""));
        written(&mut state);
        say(&mut state, frames::HEADERS, HEADERS, number, OK).unwrap();
        let message = prefixed(&vec![7; 4_000_000]);
        let mut room = [i64::from(CALL_WINDOW), i64::from(WINDOW)];
        for part in message.chunks(frames::LARGEST) {
            room.iter_mut().for_each(|room| *room -= part.len() as i64);
            assert!(room[0] >= 0 && room[1] >= 0);
            say(&mut state, frames::DATA, 0, number, part).unwrap();
            for (head, payload) in written(&mut state) {
                assert_eq!(head.kind, frames::WINDOW_UPDATE);
                let by = super::number(&payload).unwrap();
                room[usize::from(head.stream == 0)] += i64::from(by);
            }
        }
        say(&mut state, frames::HEADERS, TRAILERS, number, GOOD).unwrap();
        assert_eq!(end(&mut state, number).unwrap().unwrap().len(), 4_000_000);
    }

    #[test]
    fn calls_wait_for_their_turn_if_the_peer_takes_few() {
        let mut state = connected(&[(3, 1)]);
        let frame = Frame::of(b"");
        let first = start(&mut state, &frame);
        assert!(state.poll_start(&frame, &context()).is_pending());
        state.give_up(first);
        let reset = written(&mut state).pop().unwrap();
        assert_eq!((reset.0.kind, reset.0.stream), (frames::RST_STREAM, first));
        let second = start(&mut state, &frame);
        // What comes too late is ignored.
        say(&mut state, frames::HEADERS, HEADERS, first, OK).unwrap();
        say(&mut state, frames::DATA, 0, first, b"late").unwrap();
        say(&mut state, frames::RST_STREAM, 0, first, &[0; 4]).unwrap();
        assert!(end(&mut state, second).is_none());
    }

    #[test]
    fn a_peer_that_leaves_finishes_what_it_has_begun() {
        let mut state = connected(&[]);
        let frame = Frame::of(b"");
        let (first, second) = (start(&mut state, &frame), start(&mut state, &frame));
        say(
            &mut state,
            frames::GOAWAY,
            0,
            0,
            &[0, 0, 0, first as u8, 0, 0, 0, 0],
        )
        .unwrap();
        let lost = end(&mut state, second).unwrap().unwrap_err();
        assert!(matches!(lost, Trouble::Lost(_)), "{lost:?}");
        assert!(state.has_ended() && !state.is_done());
        let refused = state.poll_start(&frame, &context());
        assert!(matches!(refused, Poll::Ready(Err(Trouble::Lost(_)))));
        say(&mut state, frames::HEADERS, HEADERS, first, OK).unwrap();
        say(&mut state, frames::DATA, 0, first, &prefixed(b"x")).unwrap();
        say(&mut state, frames::HEADERS, TRAILERS, first, GOOD).unwrap();
        assert_eq!(end(&mut state, first), Some(Ok(b"x".to_vec())));
        assert!(state.is_done());
    }

    #[test]
    fn what_becomes_of_a_call_is_told() {
        let text = |kind, flags, payload: &[u8]| {
            let mut state = connected(&[]);
            let number = start(&mut state, &Frame::of(b""));
            say(&mut state, frames::HEADERS, HEADERS, number, OK).unwrap();
            say(&mut state, kind, flags, number, payload).unwrap();
            format!("{:?}", end(&mut state, number).unwrap().unwrap_err())
        };
        let cancel = text(frames::RST_STREAM, 0, &[0, 0, 0, 8]);
        assert!(
            cancel.starts_with("Refused(\"the call was reset"),
            "{cancel}"
        );
        let not_taken = text(frames::RST_STREAM, 0, &[0, 0, 0, 7]);
        assert!(not_taken.starts_with("Lost("), "{not_taken}");
        let no_status = text(frames::DATA, frames::END_STREAM, b"");
        assert!(no_status.contains("has no status"), "{no_status}");
        let nothing = text(frames::HEADERS, TRAILERS, GOOD);
        assert!(nothing.contains("exactly one message"), "{nothing}");
        let large = text(frames::DATA, 0, &[0, 0xff, 0xff, 0xff, 0xff]);
        assert!(large.contains("at most"), "{large}");
    }

    #[test]
    fn a_peer_that_breaks_the_rules_is_told_which() {
        for (kind, flags, stream, payload) in [
            (frames::DATA, 0, 1, &b"before headers"[..]),
            (frames::DATA, 0, 2, b""),
            (frames::DATA, 0, 9, b""),
            (frames::DATA, frames::PADDED, 1, &[5, 0]),
            (frames::HEADERS, HEADERS, 0, OK),
            (frames::HEADERS, HEADERS, 1, &[0xff]),
            (frames::HEADERS, HEADERS | frames::PRIORITY, 1, &[0, 0]),
            (frames::CONTINUATION, HEADERS, 1, OK),
            (frames::RST_STREAM, 0, 1, &[0, 0]),
            (frames::SETTINGS, 0, 0, &[0, 4, 0xff, 0, 0, 0]),
            (frames::SETTINGS, 0, 0, &[0, 5, 0, 0, 0, 1]),
            (frames::SETTINGS, 0, 0, &[0]),
            (frames::PUSH_PROMISE, HEADERS, 1, &[0, 0, 0, 2]),
            (frames::PING, 0, 0, &[0; 7]),
            (frames::GOAWAY, 0, 0, &[0; 3]),
            (frames::WINDOW_UPDATE, 0, 0, &[0x7f, 0xff, 0xff, 0xff]),
            (frames::WINDOW_UPDATE, 0, 1, &[0; 4]),
        ] {
            let mut state = connected(&[]);
            start(&mut state, &Frame::of(b""));
            let said = say(&mut state, kind, flags, stream, payload);
            assert!(said.is_err(), "{kind} {flags} {stream} {payload:?}");
        }
        let mut state = connected(&[]);
        let mut pings = (0..PATIENCE).map(|_| say(&mut state, frames::PING, 0, 0, &[0; 8]));
        assert!(pings.any(|ping| ping.is_err()));
    }

    #[test]
    fn a_peer_that_answers_pings_is_there() {
        let mut state = connected(&[]);
        let question = state.ping();
        let (head, payload) = written(&mut state).pop().unwrap();
        assert_eq!(head.kind, frames::PING);
        assert!(state.poll_ping(question, &context()).is_pending());
        say(&mut state, frames::PING, frames::ACK, 0, &payload).unwrap();
        assert_eq!(state.poll_ping(question, &context()), Poll::Ready(true));
        let question = state.ping();
        state.lose("gone".into());
        assert_eq!(state.poll_ping(question, &context()), Poll::Ready(false));
    }
}
