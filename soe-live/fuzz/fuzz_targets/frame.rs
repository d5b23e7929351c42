//! A request in whatever pieces is read alike, and read as `prost` reads it; what
//! is passed on is still what it was.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use prost::Message;
use soe_live::limits::MESSAGE;
use soe_live::rpc::{LambdaRequest, LambdaResponse};
use soe_live::wire::{Assembly, Frame, Request, Response};

fuzz_target!(|input: (Vec<u8>, u8)| {
    let (message, size) = input;
    let whole = Frame::of(&message);
    let mut pieces = Assembly::new(MESSAGE);
    for piece in whole.slice(0..whole.len()).chunks(usize::from(size).max(1)) {
        if pieces.push(Bytes::copy_from_slice(piece)).is_err() {
            return;
        }
    }
    let Ok(pieces) = pieces.finish() else {
        return;
    };
    let read = Request::read(whole.clone());
    assert_eq!(read.is_ok(), Request::read(pieces.clone()).is_ok());
    if let (Ok(read), Ok(decoded)) = (read, LambdaRequest::decode(&message[..])) {
        assert_eq!(read.name(), decoded.name);
        assert_eq!((read.hops, read.forward, read.dry), (decoded.hops, decoded.forward, decoded.dry));
        let sent = LambdaRequest::decode(read.forwarded(7, decoded.dry).message());
        let expected = LambdaRequest { hops: 7, forward: true, ..decoded };
        assert_eq!(sent, Ok(expected));
    }
    if let (Ok(read), Ok(decoded)) = (Response::read(pieces), LambdaResponse::decode(&message[..])) {
        assert_eq!(read.is_ok, decoded.retcode == "OK");
        assert_eq!((read.ptime, read.load1), (decoded.ptime, decoded.load1));
    }
});
