//! The frames of HTTP/2 (RFC 9113, sections 4 and 6).

use std::collections::VecDeque;

use bytes::{BufMut, Bytes, BytesMut};

/// What a client says first.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The bytes before the payload of a frame.
pub const HEAD: usize = 9;
/// The largest payload that we take, and that everybody takes.
pub const LARGEST: usize = 1 << 14;

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PUSH_PROMISE: u8 = 5;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

pub const END_STREAM: u8 = 0x1;
pub const ACK: u8 = 0x1;
pub const END_HEADERS: u8 = 0x4;
pub const PADDED: u8 = 0x8;
pub const PRIORITY: u8 = 0x20;

/// Pieces from this size on are sent from where they are.
const SHARED_FROM: usize = 1024;

/// The beginning of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub len: usize,
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
}

impl Head {
    /// The head of the frame with which some bytes begin, if it is there already.
    #[inline]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let &[a, b, c, kind, flags, w, x, y, z] = bytes.first_chunk::<HEAD>()?;
        Some(Self {
            len: u32::from_be_bytes([0, a, b, c]) as usize,
            kind,
            flags,
            stream: u32::from_be_bytes([w & 0x7f, x, y, z]),
        })
    }

    pub fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// The payload without what fills it up; `None` if there is less of it than its
/// beginning says.
pub fn unpadded(head: Head, payload: &[u8]) -> Option<std::ops::Range<usize>> {
    if !head.has(PADDED) {
        return Some(0..payload.len());
    }
    let filling = usize::from(*payload.first()?);
    let end = payload.len().checked_sub(filling)?;
    (end >= 1).then_some(1..end)
}

/// Frames that wait to be written.
#[derive(Debug, Default)]
pub struct Outbox {
    pieces: VecDeque<Bytes>,
    tail: BytesMut,
}

impl Outbox {
    /// The frames so far, in the pieces in which they are to be written.
    pub fn take(&mut self, pieces: &mut VecDeque<Bytes>) {
        pieces.append(&mut self.pieces);
        if !self.tail.is_empty() {
            pieces.push_back(self.tail.split().freeze());
        }
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty() && self.tail.is_empty()
    }

    #[inline]
    pub fn head(&mut self, len: usize, kind: u8, flags: u8, stream: u32) {
        self.tail.reserve(HEAD + len.min(SHARED_FROM));
        self.tail.put_uint(len as u64, 3);
        self.tail.put_slice(&[kind, flags]);
        self.tail.put_u32(stream);
    }

    pub fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        self.head(payload.len(), kind, flags, stream);
        self.bytes(payload);
    }

    /// Part of a payload.
    #[inline]
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
    }

    /// Part of a payload, shared if it is long.
    #[inline]
    pub fn piece(&mut self, piece: Bytes) {
        if piece.len() < SHARED_FROM {
            return self.bytes(&piece);
        }
        if !self.tail.is_empty() {
            self.pieces.push_back(self.tail.split().freeze());
        }
        self.pieces.push_back(piece);
    }

    pub fn window_update(&mut self, stream: u32, by: u32) {
        self.frame(WINDOW_UPDATE, 0, stream, &by.to_be_bytes());
    }

    pub fn reset(&mut self, stream: u32, why: Reason) {
        self.frame(RST_STREAM, 0, stream, &why.0.to_be_bytes());
    }

    /// Ends the connection. Streams that the peer opened, of which there are none,
    /// are not continued.
    pub fn go_away(&mut self, why: Reason) {
        let mut payload = [0; 8];
        payload[4..].copy_from_slice(&why.0.to_be_bytes());
        self.frame(GOAWAY, 0, 0, &payload);
    }

    /// A setting each: its number and its value.
    pub fn settings(&mut self, settings: &[(u16, u32)]) {
        self.head(settings.len() * 6, SETTINGS, 0, 0);
        for (number, value) in settings {
            self.tail.put_u16(*number);
            self.tail.put_u32(*value);
        }
    }
}

/// Why a stream or a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason(pub u32);

impl Reason {
    pub const NO_ERROR: Self = Self(0);
    pub const PROTOCOL_ERROR: Self = Self(1);
    pub const FLOW_CONTROL_ERROR: Self = Self(3);
    pub const FRAME_SIZE_ERROR: Self = Self(6);
    pub const REFUSED_STREAM: Self = Self(7);
    pub const CANCEL: Self = Self(8);
    pub const COMPRESSION_ERROR: Self = Self(9);
    pub const ENHANCE_YOUR_CALM: Self = Self(11);
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(h2::Reason::from(self.0).description())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(outbox: &mut Outbox) -> Vec<u8> {
        let mut pieces = VecDeque::new();
        outbox.take(&mut pieces);
        pieces.iter().flatten().copied().collect()
    }

    #[test]
    fn a_frame_is_read_as_it_was_written() {
        let mut outbox = Outbox::default();
        outbox.frame(PING, ACK, 7, &[1; 8]);
        let bytes = written(&mut outbox);
        let expected = Head {
            len: 8,
            kind: PING,
            flags: ACK,
            stream: 7,
        };
        assert_eq!(Head::read(&bytes), Some(expected));
        assert_eq!(bytes.len(), HEAD + 8);
        assert_eq!(Head::read(&bytes[..8]), None);
    }

    #[test]
    fn long_pieces_are_shared_and_keep_their_place() {
        let mut outbox = Outbox::default();
        let long = Bytes::from(vec![2; SHARED_FROM]);
        outbox.bytes(&[1]);
        outbox.piece(long.clone());
        outbox.piece(Bytes::from_static(&[3]));
        let mut pieces = VecDeque::new();
        outbox.take(&mut pieces);
        assert_eq!(pieces.len(), 3);
        assert_eq!(pieces[1].as_ptr(), long.as_ptr());
        assert_eq!((pieces[0][0], pieces[2][0]), (1, 3));
        assert!(written(&mut outbox).is_empty());
    }

    #[test]
    fn filling_is_taken_off() {
        let head = |flags| Head {
            len: 0,
            kind: DATA,
            flags,
            stream: 1,
        };
        assert_eq!(unpadded(head(0), &[9, 9]), Some(0..2));
        assert_eq!(unpadded(head(PADDED), &[2, 7, 0, 0]), Some(1..2));
        assert_eq!(unpadded(head(PADDED), &[3, 0, 0, 0]), Some(1..1));
        assert_eq!(unpadded(head(PADDED), &[4, 0, 0, 0]), None);
        assert_eq!(unpadded(head(PADDED), &[]), None);
    }
}
