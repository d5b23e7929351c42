//! A message of HTTP/3 in whatever pieces is the message that came, and is read as one of
//! gRPC is.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use soe_live::wire::{Body, Frame, Request, Response};

const MOST: usize = 1 << 14;

fuzz_target!(|input: (Vec<u8>, u8)| {
    let (message, size) = input;
    let mut body = Body::new(MOST);
    for piece in message.chunks(usize::from(size).max(1)) {
        if let Err(error) = body.push(Bytes::copy_from_slice(piece)) {
            assert!(message.len() > MOST, "{error}");
            return;
        }
    }
    assert_eq!(body.len(), message.len());
    let frame = body.finish();
    assert_eq!(frame.check(), Ok(()));
    let whole = Frame::of(&message);
    assert_eq!(frame.message(), whole.message());
    assert_eq!(Request::read(frame.clone()).is_ok(), Request::read(whole.clone()).is_ok());
    assert_eq!(Response::read(frame).is_ok(), Response::read(whole).is_ok());
});
