//! A gRPC message in the pieces in which it came.

use std::ops::Range;

use bytes::{BufMut, Bytes, BytesMut};

/// The most bytes that a message may have, the usual limit of gRPC: 4 MiB.
pub const LARGEST_MESSAGE: usize = 4 << 20;

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
}

/// Why bytes are not one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The message is too large.
    #[error("message of {0} bytes, at most {LARGEST_MESSAGE} are allowed")]
    TooLarge(usize),
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

    /// Adds what came next.
    ///
    /// # Errors
    /// If that makes it larger than any message may be.
    #[inline]
    pub fn push(&mut self, piece: Bytes) -> Result<(), FrameError> {
        if piece.is_empty() {
            return Ok(());
        }
        self.len += piece.len();
        if self.first.is_empty() {
            self.first = piece;
        } else {
            self.more.push(piece);
        }
        match self.announced() {
            Some(len) if len > LARGEST_MESSAGE => Err(FrameError::TooLarge(len)),
            Some(len) if self.len - PREFIX > len => Err(FrameError::NotOne),
            _ => Ok(()),
        }
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

    /// The pieces, given away.
    pub fn into_pieces(self) -> impl Iterator<Item = Bytes> {
        std::iter::once(self.first).chain(self.more)
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
            return Self::from(whole.freeze());
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
        }
    }
}

pub(super) fn put_prefix(bytes: &mut BytesMut, len: usize) {
    bytes.put_u8(0);
    bytes.put_u32(len as u32);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(frame: &Frame, size: usize) -> Frame {
        let whole = frame.slice(0..frame.len());
        let mut pieces = Frame::default();
        for piece in whole.chunks(size) {
            pieces.push(Bytes::copy_from_slice(piece)).unwrap();
        }
        pieces
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
        let mut frame = Frame::default();
        let large = (LARGEST_MESSAGE as u32 + 1).to_be_bytes();
        frame.push(Bytes::from_static(&[0])).unwrap();
        let pushed = frame.push(Bytes::copy_from_slice(&large));
        assert_eq!(pushed, Err(FrameError::TooLarge(LARGEST_MESSAGE + 1)));
        let frame = Frame::from(Bytes::from_static(&[1, 0, 0, 0, 1, 9]));
        assert_eq!(frame.check(), Err(FrameError::Compressed));
        let mut frame = Frame::of(b"one");
        assert_eq!(
            frame.push(Bytes::from_static(&[0])),
            Err(FrameError::NotOne)
        );
    }
}
