//! What the frames of the peer do to the calls.

use bytes::{Buf, Bytes};

use super::{Broken, CALL_WINDOW, Continued, LARGEST_BLOCK, PATIENCE, State, Stream, WINDOW};
use crate::link::Trouble;
use crate::link::frames::{self, Head, Reason};
use crate::link::headers::Verdict;
use crate::wire::Frame;

impl State {
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
        if number >= self.next || number.is_multiple_of(2) {
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
    pub(super) fn is_over(&mut self) {
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
}

const fn wrong(what: &'static str) -> Broken {
    Broken(Reason::PROTOCOL_ERROR, what)
}

/// A payload that is one number.
pub(super) fn number(payload: &[u8]) -> Result<u32, Broken> {
    let bytes = payload.try_into();
    let bytes = bytes.map_err(|_| Broken(Reason::FRAME_SIZE_ERROR, "a frame of a wrong size"))?;
    Ok(u32::from_be_bytes(bytes))
}
