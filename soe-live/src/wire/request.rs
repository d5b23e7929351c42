//! The fields of a `LambdaRequest` that decisions need.

use std::ops::Range;

use bytes::Bytes;

use super::frame::{Frame, PREFIX};
use super::protobuf::{Field, Fields, Malformed, put_number};

const NAME: u32 = 1;
const INPUT: u32 = 2;
const DATAIN: u32 = 3;
const DRY: u32 = 4;
const FORWARD: u32 = 5;
const HOPS: u32 = 6;
/// The fields after [`HOPS`]: states, callback, chain, graph, dependencies, number
/// of the next function, identifier.
const GRAPH: u32 = 10;
const NEXT_FUNCTION: u32 = 12;
const UUID: u32 = 13;

/// A request as it came, and what was found in it.
///
/// As always in protobuf, the last of several values of a field counts.
#[derive(Clone, Debug)]
pub struct Request {
    frame: Frame,
    name: Bytes,
    input: Range<usize>,
    datain: Range<usize>,
    /// Whether only an estimate is wanted.
    pub dry: bool,
    /// Whether a broker sent it.
    pub forward: bool,
    /// The number of nodes it has passed.
    pub hops: u32,
    /// Whether it has more fields than plain invocations do: states, a callback,
    /// a chain, a graph.
    pub elaborate: bool,
    /// Whether it has a graph.
    pub has_graph: bool,
    /// Where `forward` and `hops` are.
    replaced: [Range<usize>; 2],
    /// Whether they are in more than one place each.
    scattered: bool,
}

impl Request {
    /// Finds out about a frame that was checked.
    ///
    /// # Errors
    /// If its message is not a request.
    pub fn read(frame: Frame) -> Result<Self, Malformed> {
        let mut request = Self {
            frame: Frame::default(),
            name: Bytes::new(),
            input: 0..0,
            datain: 0..0,
            dry: false,
            forward: false,
            hops: 0,
            elaborate: false,
            has_graph: false,
            replaced: [0..0, 0..0],
            scattered: false,
        };
        let mut fields = Fields::of(&frame);
        let mut name = 0..0;
        while let Some(field) = fields.next()? {
            match field.number {
                NAME => name = field.bytes()?,
                INPUT => request.input = field.bytes()?,
                DATAIN => request.datain = field.bytes()?,
                DRY => request.dry = field.number()? != 0,
                FORWARD => {
                    request.forward = field.number()? != 0;
                    request.replace(0, &field);
                }
                HOPS => {
                    request.hops = field.number()? as u32;
                    request.replace(1, &field);
                }
                NEXT_FUNCTION => {
                    field.number()?;
                    request.elaborate = true;
                }
                UUID => {
                    field.bytes()?;
                }
                7..=11 => {
                    field.bytes()?;
                    request.elaborate = true;
                    request.has_graph |= field.number == GRAPH;
                }
                _ => {}
            }
        }
        request.name = frame.slice(name);
        if std::str::from_utf8(&request.name).is_err() {
            return Err(Malformed::Text { field: NAME });
        }
        request.frame = frame;
        Ok(request)
    }

    /// The function.
    pub fn name(&self) -> &str {
        // Checked when it was read.
        std::str::from_utf8(&self.name).unwrap_or_default()
    }

    /// How many bytes of text it brings.
    pub fn input_len(&self) -> usize {
        self.input.len()
    }

    /// How many bytes it brings: of text, or binary ones if those are more.
    pub fn size(&self) -> usize {
        self.input.len().max(self.datain.len())
    }

    /// The frame as it came.
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// Where the text is in the frame.
    pub fn input(&self) -> Range<usize> {
        self.input.clone()
    }

    /// The text, in one piece.
    ///
    /// # Errors
    /// If it is not UTF-8.
    pub fn input_text(&self) -> Result<Bytes, Malformed> {
        let input = self.frame.slice(self.input.clone());
        match std::str::from_utf8(&input) {
            Ok(_) => Ok(input),
            Err(_) => Err(Malformed::Text { field: INPUT }),
        }
    }

    /// The binary input, in one piece.
    pub fn datain(&self) -> Bytes {
        self.frame.slice(self.datain.clone())
    }

    /// What a broker sends on: marked as forwarded, with so many hops.
    pub fn forwarded(&self, hops: u32, dry: bool) -> Frame {
        let mut tail = Vec::with_capacity(16);
        if dry && !self.dry {
            put_number(&mut tail, DRY, 1);
        }
        put_number(&mut tail, FORWARD, 1);
        put_number(&mut tail, HOPS, hops.into());
        let whole = PREFIX..self.frame.len();
        if self.scattered {
            // Only the last value counts.
            return self.frame.edited(&[whole], &tail);
        }
        let [mut a, mut b] = self.replaced.clone();
        if b.start < a.start {
            std::mem::swap(&mut a, &mut b);
        }
        if a.is_empty() {
            a = whole.start..whole.start;
        }
        if b.is_empty() {
            b = a.clone();
        }
        let kept = [
            whole.start..a.start,
            a.end..b.start.max(a.end),
            b.end..whole.end,
        ];
        self.frame.edited(&kept, &tail)
    }

    fn replace(&mut self, which: usize, field: &Field) {
        self.scattered |= !self.replaced[which].is_empty();
        self.replaced[which] = field.place.clone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::{LambdaRequest, State};
    use crate::wire::Assembly;
    use prost::Message;

    fn sample() -> LambdaRequest {
        LambdaRequest {
            name: "clambda0".into(),
            input: "text".into(),
            datain: Bytes::from_static(b"binary"),
            hops: 300,
            states: [("s0".to_owned(), State::default())].into(),
            callback: "host:1".into(),
            chain: vec!["clambda0".into(), "clambda1".into()],
            uuid: "u".into(),
            ..LambdaRequest::default()
        }
    }

    fn pieces(bytes: &[u8], size: usize) -> Frame {
        let whole = Frame::of(bytes).slice(0..bytes.len() + PREFIX);
        let mut pieces = Assembly::new(1 << 20);
        for piece in whole.chunks(size) {
            pieces.push(Bytes::copy_from_slice(piece)).unwrap();
        }
        pieces.finish().unwrap()
    }

    #[test]
    fn what_travels_on_differs_in_hops_and_forward_only() {
        for (forward, hops) in [(false, 0), (true, 1), (false, 300), (true, 0)] {
            let request = LambdaRequest {
                forward,
                hops,
                ..sample()
            };
            let bytes = request.encode_to_vec();
            for size in [1, 2, 3, 7, 1000] {
                let read = Request::read(pieces(&bytes, size)).unwrap();
                assert_eq!(read.name(), "clambda0");
                assert_eq!((read.forward, read.hops, read.dry), (forward, hops, false));
                assert_eq!((read.input_len(), read.size()), (4, 6));
                let sent = read.forwarded(hops + 1, false).message();
                let expected = LambdaRequest {
                    forward: true,
                    hops: hops + 1,
                    ..request.clone()
                };
                assert_eq!(LambdaRequest::decode(sent), Ok(expected));
            }
        }
    }

    #[test]
    fn the_last_of_several_values_counts() {
        let one = LambdaRequest {
            hops: 5,
            name: "one".into(),
            forward: true,
            ..LambdaRequest::default()
        };
        let mut bytes = one.encode_to_vec();
        bytes.extend(sample().encode_to_vec());
        bytes.extend(one.encode_to_vec());
        let read = Request::read(Frame::of(&bytes)).unwrap();
        let decoded = LambdaRequest::decode(&bytes[..]).unwrap();
        assert_eq!((read.name(), read.hops), (&*decoded.name, decoded.hops));
        let sent = LambdaRequest::decode(read.forwarded(9, true).message()).unwrap();
        let expected = LambdaRequest {
            forward: true,
            hops: 9,
            dry: true,
            ..decoded
        };
        assert_eq!(sent, expected);
    }

    #[test]
    fn unknown_fields_travel_along() {
        let mut bytes = sample().encode_to_vec();
        bytes.extend([0xa2, 0x06, 3, b'n', b'e', b'w']); // field 100
        let read = Request::read(Frame::of(&bytes)).unwrap();
        let sent = read.forwarded(1, false).message();
        assert!(sent.windows(3).any(|window| window == b"new"));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for bytes in [
            &[0x0a][..],         // no length
            &[0x0a, 5, b'a'],    // too short
            &[0x08, 1],          // name as a number
            &[0x32, 1, b'a'],    // hops as a text
            &[0x0b],             // a group
            &[0x07],             // no such encoding
            &[0x00, 0],          // no such field
            &[0x30, 0xff, 0xff], // a number that does not end
            &[0x0a, 1, 0xff],    // not UTF-8
            &[
                0x1a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01,
            ],
            &[
                0x30, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
            ],
        ] {
            assert!(Request::read(Frame::of(bytes)).is_err(), "{bytes:?}");
        }
        let empty = Request::read(Frame::of(&[])).unwrap();
        assert_eq!((empty.name(), empty.hops), ("", 0));
    }
}
