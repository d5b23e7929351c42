//! A gRPC message in the pieces that the network delivered.

use std::io::IoSlice;
use std::ops::Range;
use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::budget::Charge;
use crate::limits::{COLLECTED, SMALL_PIECE};

/// Bytes before the message: whether it is compressed, and its length.
pub const PREFIX: usize = 5;

/// Up to this size a message that changes is copied into one piece: many small
/// pieces cost more than a copy.
const COPY_UP_TO: usize = 4096;

/// A message with its prefix.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    first: Bytes,
    more: Vec<Bytes>,
    len: usize,
    /// The memory that was reserved for it.
    charge: Option<Arc<Charge>>,
}

/// Why bytes are not one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The message is too large.
    #[error("message of {len} bytes, at most {most} are allowed")]
    TooLarge {
        /// The bytes of the message.
        len: usize,
        /// The bytes that are allowed.
        most: usize,
    },
    /// The message is compressed.
    #[error("compressed messages are not supported")]
    Compressed,
    /// There is less or more than one message.
    #[error("expected exactly one message")]
    NotOne,
}

impl Frame {
    /// The frame of a message that is at hand.
    pub fn of(message: &[u8]) -> Self {
        let mut bytes = BytesMut::with_capacity(PREFIX + message.len());
        put_prefix(&mut bytes, message.len());
        bytes.put_slice(message);
        Self::from(bytes.freeze())
    }

    /// The frame of a message of `prost`.
    pub fn encode(message: &impl prost::Message) -> Self {
        let mut bytes = BytesMut::with_capacity(PREFIX + message.encoded_len());
        put_prefix(&mut bytes, message.encoded_len());
        message.encode_raw(&mut bytes);
        Self::from(bytes.freeze())
    }

    /// A frame in pieces, prefix included.
    #[cfg(feature = "quic")]
    pub(super) fn of_pieces(pieces: Vec<Bytes>) -> Self {
        let len = pieces.iter().map(Bytes::len).sum();
        let mut pieces = pieces.into_iter();
        Self {
            first: pieces.next().unwrap_or_default(),
            more: pieces.collect(),
            len,
            charge: None,
        }
    }

    /// Has it hold the memory that was reserved for it, with everything that is made
    /// of its bytes.
    pub(crate) fn charge(&mut self, charge: Charge) {
        self.charge = Some(Arc::new(charge));
    }

    /// The memory that was reserved for it.
    pub(crate) fn charged(&self) -> Option<Arc<Charge>> {
        self.charge.clone()
    }

    /// Checks that this is one whole message, not compressed.
    ///
    /// # Errors
    /// What it is instead.
    #[inline]
    pub fn check(&self) -> Result<(), FrameError> {
        match self.announced() {
            Some(len) if self.len == PREFIX + len => match self.byte(0) {
                Some(0) => Ok(()),
                _ => Err(FrameError::Compressed),
            },
            _ => Err(FrameError::NotOne),
        }
    }

    /// The number of bytes, with the prefix.
    #[allow(clippy::len_without_is_empty, reason = "there is always a prefix")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// The pieces.
    pub fn pieces(&self) -> impl Iterator<Item = &Bytes> {
        std::iter::once(&self.first).chain(&self.more)
    }

    /// The first piece and the others.
    pub(super) fn parts(&self) -> (&[u8], std::slice::Iter<'_, Bytes>) {
        (&self.first, self.more.iter())
    }

    /// Some of the bytes in one piece, copied only if they are in several.
    pub fn slice(&self, range: Range<usize>) -> Bytes {
        if range.end <= self.first.len() {
            return self.first.slice(range);
        }
        let mut whole = BytesMut::with_capacity(range.len());
        self.each(range, |piece| whole.extend_from_slice(&piece));
        whole.freeze()
    }

    /// The message without its prefix, in one piece.
    pub fn message(&self) -> Bytes {
        self.slice(PREFIX.min(self.len)..self.len)
    }

    /// A frame of parts of this one's message and a few bytes more at the end.
    pub(super) fn edited(&self, kept: &[Range<usize>], tail: &[u8]) -> Self {
        let len = kept.iter().map(Range::len).sum::<usize>() + tail.len();
        if len <= COPY_UP_TO {
            let mut whole = BytesMut::with_capacity(PREFIX + len);
            put_prefix(&mut whole, len);
            for range in kept {
                self.each(range.clone(), |piece| whole.extend_from_slice(&piece));
            }
            whole.put_slice(tail);
            return Self {
                charge: self.charge.clone(),
                ..Self::from(whole.freeze())
            };
        }
        let mut ends = BytesMut::with_capacity(PREFIX + tail.len());
        put_prefix(&mut ends, len);
        ends.put_slice(tail);
        let mut ends = ends.freeze();
        let first = ends.split_to(PREFIX);
        let mut more = Vec::with_capacity(self.more.len() + kept.len() + 1);
        for range in kept {
            self.each(range.clone(), |piece| more.push(piece));
        }
        if !ends.is_empty() {
            more.push(ends);
        }
        Self {
            first,
            more,
            len: PREFIX + len,
            charge: self.charge.clone(),
        }
    }

    /// Adds the bytes of a range of another frame, shared.
    pub(super) fn extend(&mut self, from: &Self, range: Range<usize>) {
        from.each(range, |piece| {
            self.len += piece.len();
            self.more.push(piece);
        });
    }

    fn each(&self, range: Range<usize>, mut with: impl FnMut(Bytes)) {
        let mut start = 0;
        for piece in self.pieces() {
            let end = start + piece.len();
            let (from, to) = (range.start.max(start), range.end.min(end));
            if from < to {
                with(piece.slice(from - start..to - start));
            }
            if end >= range.end {
                break;
            }
            start = end;
        }
    }

    /// The length of the message, once its prefix is there.
    fn announced(&self) -> Option<usize> {
        if let Some(&[_, a, b, c, d]) = self.first.first_chunk::<PREFIX>() {
            return Some(u32::from_be_bytes([a, b, c, d]) as usize);
        }
        let mut bytes = self.pieces().flatten().skip(1).take(PREFIX - 1);
        let mut length = 0;
        for _ in 1..PREFIX {
            length = length << 8 | usize::from(*bytes.next()?);
        }
        Some(length)
    }

    fn byte(&self, at: usize) -> Option<u8> {
        match self.first.get(at) {
            Some(&byte) => Some(byte),
            None => self.pieces().flatten().nth(at).copied(),
        }
    }
}

impl From<Bytes> for Frame {
    fn from(whole: Bytes) -> Self {
        Self {
            len: whole.len(),
            first: whole,
            more: Vec::new(),
            charge: None,
        }
    }
}

/// A message of which some pieces have arrived.
///
/// Small pieces are copied together, so that the memory for a message does not
/// depend on the number of its pieces.
#[derive(Debug)]
pub struct Assembly {
    most: usize,
    prefix: [u8; PREFIX],
    pieces: Vec<Bytes>,
    tail: BytesMut,
    len: usize,
}

impl Assembly {
    /// Nothing yet of a message of at most `most` bytes.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            prefix: [0; PREFIX],
            pieces: Vec::new(),
            tail: BytesMut::new(),
            len: 0,
        }
    }

    /// Adds what came next.
    ///
    /// # Errors
    /// If that makes it larger than it may be, or more than one message.
    #[inline]
    pub fn push(&mut self, piece: Bytes) -> Result<(), FrameError> {
        if piece.is_empty() {
            return Ok(());
        }
        if self.len < PREFIX {
            let known = piece.iter().zip(&mut self.prefix[self.len..]);
            known.for_each(|(byte, place)| *place = *byte);
        }
        let before = self.len;
        self.len = self.len.saturating_add(piece.len());
        match self.announced() {
            Some(len) if len > self.most => {
                return Err(FrameError::TooLarge {
                    len,
                    most: self.most,
                });
            }
            Some(len) if self.len - PREFIX > len => return Err(FrameError::NotOne),
            Some(len) if before == 0 && self.len - PREFIX == len => {}
            _ if piece.len() < SMALL_PIECE => {
                self.collect(&piece);
                return Ok(());
            }
            _ => self.flush(),
        }
        self.pieces.push(piece);
        Ok(())
    }

    /// The length of the whole with its prefix, once that is known.
    #[inline]
    pub fn whole(&self) -> Option<usize> {
        self.announced().map(|len| PREFIX + len)
    }

    /// The message, which must be whole and not compressed.
    ///
    /// # Errors
    /// What it is instead.
    #[inline]
    pub fn finish(mut self) -> Result<Frame, FrameError> {
        self.flush();
        let mut pieces = self.pieces.into_iter();
        let frame = Frame {
            first: pieces.next().unwrap_or_default(),
            more: pieces.collect(),
            len: self.len,
            charge: None,
        };
        frame.check().map(|()| frame)
    }

    fn announced(&self) -> Option<usize> {
        let [_, a, b, c, d] = self.prefix;
        (self.len >= PREFIX).then(|| u32::from_be_bytes([a, b, c, d]) as usize)
    }

    fn collect(&mut self, piece: &[u8]) {
        if self.tail.len() + piece.len() > COLLECTED {
            self.flush();
        }
        if self.tail.is_empty() {
            let rest = self.whole().map(|whole| whole + piece.len() - self.len);
            self.tail.reserve(rest.unwrap_or_default().min(COLLECTED));
        }
        self.tail.extend_from_slice(piece);
    }

    fn flush(&mut self) {
        if !self.tail.is_empty() {
            self.pieces.push(std::mem::take(&mut self.tail).freeze());
        }
    }
}

/// Bytes on their way to the network: a message with the memory that was reserved for
/// it, which is free again when they are sent.
#[derive(Debug, Default)]
pub struct Outgoing {
    first: Bytes,
    more: std::vec::IntoIter<Bytes>,
    left: usize,
    _charge: Option<Arc<Charge>>,
}

impl From<Frame> for Outgoing {
    fn from(frame: Frame) -> Self {
        Self {
            left: frame.len,
            first: frame.first,
            more: frame.more.into_iter(),
            _charge: frame.charge,
        }
    }
}

impl From<Bytes> for Outgoing {
    fn from(bytes: Bytes) -> Self {
        Self::from(Frame::from(bytes))
    }
}

impl Buf for Outgoing {
    fn remaining(&self) -> usize {
        self.left
    }

    fn chunk(&self) -> &[u8] {
        &self.first
    }

    fn advance(&mut self, mut count: usize) {
        self.left = self.left.saturating_sub(count);
        loop {
            let here = count.min(self.first.len());
            self.first.advance(here);
            count -= here;
            if !self.first.is_empty() {
                return;
            }
            match self.more.next() {
                Some(next) => self.first = next,
                None => return,
            }
        }
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let pieces = std::iter::once(&self.first).chain(self.more.as_slice());
        let filled = pieces.filter(|piece| !piece.is_empty()).zip(slices);
        filled
            .map(|(piece, slice)| *slice = IoSlice::new(piece))
            .count()
    }
}

pub(super) fn put_prefix(bytes: &mut BytesMut, len: usize) {
    bytes.put_u8(0);
    bytes.put_u32(len as u32);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MESSAGE;

    fn split(frame: &Frame, size: usize) -> Frame {
        let whole = frame.slice(0..frame.len());
        let mut pieces = Assembly::new(MESSAGE);
        for piece in whole.chunks(size) {
            pieces.push(Bytes::copy_from_slice(piece)).unwrap();
        }
        pieces.finish().unwrap()
    }

    #[test]
    fn a_message_is_the_same_in_whatever_pieces_it_comes() {
        let message: Vec<u8> = (0..100).collect();
        let whole = Frame::of(&message);
        for size in 1..=whole.len() {
            let frame = split(&whole, size);
            assert_eq!(frame.check(), Ok(()));
            assert_eq!(frame.message(), message);
            assert_eq!(frame.slice(15..25), message[10..20]);
            let edited = frame.edited(&[5..10, 20..30], b"end");
            assert_eq!(edited.check(), Ok(()));
            let expected = [&message[0..5], &message[15..25], b"end"].concat();
            assert_eq!(edited.message(), expected);
        }
    }

    #[test]
    fn large_messages_are_edited_without_copies() {
        let message = vec![7; 100_000];
        let frame = split(&Frame::of(&message), 16_384);
        let edited = frame.edited(std::slice::from_ref(&(5..100_005)), b"end");
        assert_eq!(edited.check(), Ok(()));
        let pieces = |frame: &Frame| {
            frame
                .pieces()
                .map(|piece| piece.as_ptr())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            pieces(&frame)[1..],
            pieces(&edited)[2..][..pieces(&frame).len() - 1]
        );
    }

    #[test]
    fn what_is_not_one_message_is_refused() {
        assert_eq!(Frame::default().check(), Err(FrameError::NotOne));
        let mut pieces = Assembly::new(MESSAGE);
        let len = MESSAGE + 1;
        pieces.push(Bytes::from_static(&[0])).unwrap();
        let pushed = pieces.push(Bytes::copy_from_slice(&(len as u32).to_be_bytes()));
        assert_eq!(pushed, Err(FrameError::TooLarge { len, most: MESSAGE }));
        let frame = Frame::from(Bytes::from_static(&[1, 0, 0, 0, 1, 9]));
        assert_eq!(frame.check(), Err(FrameError::Compressed));
        let mut pieces = Assembly::new(MESSAGE);
        let one = Frame::of(b"one");
        pieces.push(one.slice(0..one.len())).unwrap();
        assert_eq!(
            pieces.push(Bytes::from_static(&[0])),
            Err(FrameError::NotOne)
        );
        let mut pieces = Assembly::new(MESSAGE);
        pieces.push(one.slice(0..one.len() - 1)).unwrap();
        assert_eq!(pieces.finish().err(), Some(FrameError::NotOne));
    }

    #[test]
    fn tiny_pieces_are_copied_together() {
        let message = vec![7; 200_000];
        let frame = split(&Frame::of(&message), 1);
        assert!(frame.pieces().count() <= 200_000 / COLLECTED + 2);
        assert!(frame.message() == message);
        let mixed = split(&Frame::of(&message), SMALL_PIECE - 1);
        assert!(mixed.pieces().count() <= 200_000 / (COLLECTED - SMALL_PIECE) + 2);
        assert!(mixed.message() == message);
    }

    #[test]
    fn what_is_sent_is_the_frame_in_whatever_steps() {
        let message: Vec<u8> = (0..30_000u32).map(|at| at as u8).collect();
        let frame = split(&Frame::of(&message), 7001);
        let whole = frame.slice(0..frame.len());
        for step in [1, 6, 7001, 16_384, 40_000] {
            let mut sent = Outgoing::from(frame.clone());
            let mut bytes = Vec::new();
            while sent.has_remaining() {
                let mut slices = [IoSlice::new(&[]); 3];
                let count = sent.chunks_vectored(&mut slices);
                assert!(count > 0 && *slices[0] == *sent.chunk());
                let part = step.min(sent.remaining());
                bytes.extend_from_slice(&sent.copy_to_bytes(part));
            }
            assert!(bytes == whole);
        }
    }
}
