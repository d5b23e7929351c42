//! The headers of invocations and their responses (HPACK, RFC 7541).
//!
//! All requests of a connection have the same headers: from the second one on
//! they are references to what the peer remembers. Peers are asked to remember
//! nothing for their responses, so that the same bytes always mean the same, and
//! what has been read once is known.

use http::{HeaderMap, HeaderValue};
use tonic::{Code, Status};

use super::Trouble;
use super::huffman;

/// How much a peer remembers unless it says otherwise, in bytes.
pub const REMEMBERED: u32 = 4096;

/// The headers of the requests over one connection.
#[derive(Clone, Debug)]
pub struct Requests {
    first: Vec<u8>,
    again: Vec<u8>,
    /// For peers that remember nothing, or not enough.
    plain: Vec<u8>,
    mode: Mode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    First,
    Again,
    Plain,
}

impl Requests {
    /// For calls of `path` at `authority`.
    pub fn new(scheme: &str, authority: &str, path: &str) -> Self {
        // Entries of the static table: `:method: POST`, `:scheme: http` or `https`,
        // and the names `:authority`, `:path` and `content-type`.
        let fixed = [0x83, if scheme == "https" { 0x87 } else { 0x86 }];
        let texts = [
            (Name::Known(4), path),
            (Name::Known(1), authority),
            (Name::Known(31), "application/grpc"),
            (Name::New("te"), "trailers"),
        ];
        let mut requests = Self {
            first: fixed.into(),
            again: fixed.into(),
            // First: forget everything.
            plain: vec![0x20],
            mode: Mode::First,
        };
        requests.plain.extend(fixed);
        for (number, (name, value)) in texts.into_iter().enumerate() {
            put_text(&mut requests.first, 0x40, 6, name, value);
            put_text(&mut requests.plain, 0x00, 4, name, value);
            // The dynamic table begins at 62 with what came last.
            requests.again.push(0x80 | (62 + 3 - number) as u8);
        }
        requests
    }

    /// The headers of the next request.
    #[inline]
    pub fn next(&mut self) -> &[u8] {
        match self.mode {
            Mode::First => {
                self.mode = Mode::Again;
                &self.first
            }
            Mode::Again => &self.again,
            Mode::Plain => &self.plain,
        }
    }

    /// Takes into account that the peer remembers just so many bytes.
    pub fn remembered(&mut self, bytes: u32) {
        if bytes < REMEMBERED {
            self.mode = Mode::Plain;
        }
    }
}

#[derive(Clone, Copy)]
enum Name<'a> {
    Known(usize),
    New(&'a str),
}

/// A header whose first byte has a mark above a number of so many bits.
fn put_text(block: &mut Vec<u8>, mark: u8, bits: u32, name: Name<'_>, value: &str) {
    match name {
        Name::Known(number) => put_number(block, mark, bits, number),
        Name::New(name) => {
            block.push(mark);
            put_number(block, 0, 7, name.len());
            block.extend(name.bytes());
        }
    }
    put_number(block, 0, 7, value.len());
    block.extend(value.bytes());
}

fn put_number(block: &mut Vec<u8>, mark: u8, bits: u32, number: usize) {
    let most = (1 << bits) - 1;
    if number < most {
        return block.push(mark | number as u8);
    }
    block.push(mark | most as u8);
    let mut rest = number - most;
    while rest >= 128 {
        block.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    block.push(rest as u8);
}

/// What headers or trailers say about a call.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Nothing yet: better headers follow.
    Later,
    /// A message follows.
    Message,
    /// The call has succeeded.
    Good,
    /// It has not.
    Bad(Trouble),
}

/// A block of headers is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// Reads headers and trailers of responses.
#[derive(Debug, Default)]
pub struct Responses {
    /// The usual ones.
    known: [(Vec<u8>, Option<Verdict>); 2],
    oldest: usize,
}

impl Responses {
    /// What a block says.
    ///
    /// # Errors
    /// If it is none.
    #[inline]
    pub fn read(&mut self, block: &[u8]) -> Result<Verdict, Malformed> {
        for (bytes, verdict) in &self.known {
            if bytes == block
                && let Some(verdict) = verdict
            {
                return Ok(verdict.clone());
            }
        }
        let verdict = verdict(&Found::in_block(block)?);
        if matches!(verdict, Verdict::Message | Verdict::Good) {
            self.known[self.oldest] = (block.to_vec(), Some(verdict.clone()));
            self.oldest = (self.oldest + 1) % self.known.len();
        }
        Ok(verdict)
    }
}

/// What counts in a block.
#[derive(Debug, Default)]
struct Found {
    http: Option<u16>,
    grpc: HeaderMap,
}

fn verdict(found: &Found) -> Verdict {
    match found.http {
        Some(100..200) => return Verdict::Later,
        None | Some(200) => {}
        // A proxy whose server is gone, or no gRPC server at all.
        Some(other) => {
            return Verdict::Bad(Trouble::Lost(format!("HTTP status {other}")));
        }
    }
    match Status::from_header_map(&found.grpc) {
        Some(status) if status.code() == Code::Ok => Verdict::Good,
        Some(status) => Verdict::Bad(refused(&status)),
        None if found.http.is_some() => Verdict::Message,
        None => Verdict::Bad(Trouble::no_status()),
    }
}

/// A status that the peer answered.
fn refused(status: &Status) -> Trouble {
    let text = match status.message() {
        "" => status.code().description(),
        message => message,
    };
    match status.code() {
        Code::Unavailable => Trouble::Lost(text.to_owned()),
        _ => Trouble::Refused(text.to_owned()),
    }
}

impl Found {
    fn in_block(mut block: &[u8]) -> Result<Self, Malformed> {
        let mut found = Self::default();
        while let Some(&first) = block.first() {
            match first {
                0x80.. => {
                    let number = number(&mut block, 7)?;
                    match number {
                        8..=14 => found.http = Some(STATUSES[number - 8]),
                        1..=61 => {}
                        // Nothing is remembered.
                        _ => return Err(Malformed),
                    }
                }
                0x40..0x80 => found.literal(&mut block, 6)?,
                0x20..0x40 => {
                    // What the peer remembers from now on: nothing, as before.
                    if number(&mut block, 5)? != 0 {
                        return Err(Malformed);
                    }
                }
                _ => found.literal(&mut block, 4)?,
            }
        }
        Ok(found)
    }

    fn literal(&mut self, block: &mut &[u8], bits: u32) -> Result<(), Malformed> {
        let name = match number(block, bits)? {
            0 => text(block)?,
            8..=14 => b":status".to_vec(),
            1..=61 => Vec::new(),
            _ => return Err(Malformed),
        };
        let value = text(block)?;
        let value = || HeaderValue::from_bytes(&value).map_err(|_| Malformed);
        match name.as_slice() {
            b":status" => {
                let value = value()?;
                let digits = value.to_str().ok().filter(|digits| digits.len() == 3);
                self.http = Some(
                    digits
                        .and_then(|digits| digits.parse().ok())
                        .ok_or(Malformed)?,
                );
            }
            b"grpc-status" => {
                self.grpc.insert(Status::GRPC_STATUS, value()?);
            }
            b"grpc-message" => {
                self.grpc.insert(Status::GRPC_MESSAGE, value()?);
            }
            _ => {}
        }
        Ok(())
    }
}

/// Entries 8 to 14 of the static table.
const STATUSES: [u16; 7] = [200, 204, 206, 304, 400, 404, 500];

/// Takes a number of which so many bits are in the first byte.
fn number(block: &mut &[u8], bits: u32) -> Result<usize, Malformed> {
    let mut take = || {
        let (first, rest) = block.split_first().ok_or(Malformed)?;
        *block = rest;
        Ok::<_, Malformed>(usize::from(*first))
    };
    let most = (1 << bits) - 1;
    let mut number = take()? & most;
    if number < most {
        return Ok(number);
    }
    // No number in a block of headers needs more than 4 bytes.
    for shift in [0, 7, 14, 21] {
        let byte = take()?;
        number += (byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err(Malformed)
}

/// Takes a text.
fn text(block: &mut &[u8]) -> Result<Vec<u8>, Malformed> {
    let is_encoded = *block.first().ok_or(Malformed)? & 0x80 != 0;
    let len = number(block, 7)?;
    let (bytes, rest) = block.split_at_checked(len).ok_or(Malformed)?;
    *block = rest;
    match is_encoded {
        false => Ok(bytes.to_vec()),
        true => huffman::decode(bytes).ok_or(Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(block: &[u8]) -> Result<Verdict, Malformed> {
        Responses::default().read(block)
    }

    fn literal(name: &str, value: &str) -> Vec<u8> {
        let mut block = Vec::new();
        put_text(&mut block, 0, 4, Name::New(name), value);
        block
    }

    #[test]
    fn headers_and_trailers_are_judged() {
        assert!(matches!(read(&[0x88]), Ok(Verdict::Message)));
        let trailers = literal("grpc-status", "0");
        assert!(matches!(read(&trailers), Ok(Verdict::Good)));
        // `:status` as a literal with a known name; informational.
        assert!(matches!(
            read(&[0x08, 3, b'1', b'0', b'3']),
            Ok(Verdict::Later)
        ));
        let bad = |block: &[u8]| match read(block) {
            Ok(Verdict::Bad(trouble)) => format!("{trouble:?}"),
            other => panic!("{other:?}"),
        };
        assert_eq!(bad(&[0x8d]), r#"Lost("HTTP status 404")"#);
        assert_eq!(bad(&[]), r#"Refused("the response has no status")"#);
        let refused = [
            literal("grpc-status", "3"),
            literal("grpc-message", "a%20b"),
        ]
        .concat();
        assert_eq!(bad(&refused), r#"Refused("a b")"#);
        let gone = [&[0x88][..], &literal("grpc-status", "14")].concat();
        assert!(bad(&gone).starts_with("Lost("), "{}", bad(&gone));
    }

    #[test]
    fn what_is_known_is_known_for_its_own_bytes_only() {
        let mut responses = Responses::default();
        let (good, other) = (literal("grpc-status", "0"), literal("grpc-status", "5"));
        for _ in 0..3 {
            assert!(matches!(responses.read(&[0x88]), Ok(Verdict::Message)));
            assert!(matches!(responses.read(&good), Ok(Verdict::Good)));
            assert!(matches!(responses.read(&other), Ok(Verdict::Bad(_))));
        }
    }

    #[test]
    fn what_is_no_block_is_refused() {
        for block in [
            &[0xbe][..],            // an entry that nobody remembers
            &[0x80],                // entry 0
            &[0x3f, 0x21],          // remember 64 bytes
            &[0x00, 0x01],          // a text that is not there
            &[0x00, 0x81, 0xff, 0], // no word of the code
            &[0x7f, 0xff, 0xff, 0xff, 0xff, 0x01],
            &[0x08, 2, b'2', b'0'],
            &[0x08, 3, b'a', b'b', b'c'],
        ] {
            assert_eq!(read(block).err(), Some(Malformed), "{block:?}");
        }
        assert!(matches!(read(&[0x20, 0x88]), Ok(Verdict::Message)));
    }

    #[test]
    fn requests_shrink_to_references_unless_the_peer_remembers_too_little() {
        let mut requests = Requests::new("http", "127.0.0.1:6473", "/a/b");
        let first = requests.next().to_vec();
        assert!(first.starts_with(&[0x83, 0x86, 0x44, 4, b'/']));
        for _ in 0..2 {
            assert_eq!(requests.next(), [0x83, 0x86, 0xc1, 0xc0, 0xbf, 0xbe]);
        }
        requests.remembered(REMEMBERED);
        assert_eq!(requests.next().len(), 6);
        requests.remembered(0);
        let plain = requests.next();
        assert!(plain.starts_with(&[0x20, 0x83, 0x86, 0x04, 4, b'/']));
        let long = "h".repeat(200);
        let block = Requests::new("https", &long, "/").next().to_vec();
        assert_eq!(block[..2], [0x83, 0x87]);
        let at = block.iter().position(|&byte| byte == 0x41).unwrap();
        // 200 is 127 and 73.
        assert_eq!(block[at + 1..at + 4], [0x7f, 73, b'h']);
    }
}
