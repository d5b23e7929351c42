//! A message that comes without prefix: the end of the stream is its end.

use bytes::{Bytes, BytesMut};

use super::frame::{Frame, FrameError, PREFIX, put_prefix};
use crate::limits::{COLLECTED, SMALL_PIECE};

/// A message of which some pieces have arrived.
///
/// Small pieces are copied together, so that the memory for a message does not depend on
/// the number of its pieces.
#[derive(Debug)]
pub struct Body {
    most: usize,
    pieces: Vec<Bytes>,
    /// At the beginning it has room for the prefix, so that a small message is in one
    /// piece with it.
    tail: BytesMut,
    len: usize,
}

impl Body {
    /// Nothing yet of a message of at most `most` bytes.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            pieces: Vec::new(),
            tail: BytesMut::zeroed(PREFIX),
            len: 0,
        }
    }

    /// Adds what came next.
    ///
    /// # Errors
    /// If that makes it larger than it may be.
    pub fn push(&mut self, piece: Bytes) -> Result<(), FrameError> {
        self.len = self.len.saturating_add(piece.len());
        if self.len > self.most {
            return Err(FrameError::TooLarge {
                len: self.len,
                most: self.most,
            });
        }
        if piece.len() >= SMALL_PIECE {
            self.flush();
            self.pieces.push(piece);
            return Ok(());
        }
        if self.tail.len() + piece.len() > COLLECTED {
            self.flush();
        }
        self.tail.extend_from_slice(&piece);
        Ok(())
    }

    /// The bytes that have come.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing has come.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The message, with the prefix that it has elsewhere.
    pub fn finish(mut self) -> Frame {
        let mut prefix = BytesMut::with_capacity(PREFIX);
        put_prefix(&mut prefix, self.len);
        if self.pieces.is_empty() {
            self.tail[..PREFIX].copy_from_slice(&prefix);
            return Frame::from(self.tail.freeze());
        }
        self.flush();
        // Only the prefix is replaced.
        let first = &mut self.pieces[0];
        let rest = first.split_off(PREFIX);
        *first = prefix.freeze();
        if !rest.is_empty() {
            self.pieces.insert(1, rest);
        }
        Frame::of_pieces(self.pieces)
    }

    fn flush(&mut self) {
        if !self.tail.is_empty() {
            self.pieces.push(std::mem::take(&mut self.tail).freeze());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MESSAGE;

    #[test]
    fn a_message_is_the_same_in_whatever_pieces_it_comes() {
        for len in [0, 1, 3, 4096, 5000, 20_000, 100_000] {
            let message: Vec<u8> = (0..len).map(|byte| byte as u8).collect();
            for size in [1, 7, 1000, SMALL_PIECE - 1, SMALL_PIECE, COLLECTED, 1 << 20] {
                let mut body = Body::new(MESSAGE);
                for piece in message.chunks(size) {
                    body.push(Bytes::copy_from_slice(piece)).unwrap();
                }
                assert_eq!(body.len(), len);
                let frame = body.finish();
                assert_eq!(frame.check(), Ok(()), "{len} in pieces of {size}");
                assert_eq!(frame.message(), message);
                assert!(frame.pieces().count() <= 3 + len / SMALL_PIECE);
            }
        }
    }

    #[test]
    fn a_small_message_is_in_one_piece() {
        let mut body = Body::new(MESSAGE);
        for byte in 0..100u8 {
            body.push(Bytes::copy_from_slice(&[byte])).unwrap();
        }
        assert_eq!(body.finish().pieces().count(), 1);
    }

    #[test]
    fn too_much_is_refused_at_once() {
        let mut body = Body::new(10);
        body.push(Bytes::from_static(&[0; 10])).unwrap();
        let error = body.push(Bytes::from_static(&[0])).unwrap_err();
        assert_eq!(error, FrameError::TooLarge { len: 11, most: 10 });
    }
}
