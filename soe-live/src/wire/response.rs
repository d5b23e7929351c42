//! The fields of a `LambdaResponse` that decisions need.

use std::collections::BTreeMap;
use std::ops::Range;

use bytes::Bytes;
use prost::Message;

use super::frame::{Frame, PREFIX, put_prefix};
use super::protobuf::{Fields, Malformed, put_any_number, put_length, put_number, put_text};
use crate::rpc::{self, State};

const RETCODE: u32 = 1;
const OUTPUT: u32 = 2;
const RESPONDER: u32 = 3;
const PTIME: u32 = 4;
const DATAOUT: u32 = 5;
const LOADS: [u32; 3] = [6, 7, 8];
const HOPS: u32 = 9;
const ASYNCHRONOUS: u32 = 11;
const IN_FLIGHT: u32 = 102;

/// A response as it came, and what was found in it.
#[derive(Clone, Debug)]
pub struct Response {
    frame: Frame,
    /// Whether the call succeeded.
    pub is_ok: bool,
    /// Whether it says who executed the call.
    pub names_responder: bool,
    /// The processing time, in milliseconds.
    pub ptime: u32,
    /// The load of the processor, in percent.
    pub load1: u32,
    /// Whether it only acknowledges.
    pub asynchronous: bool,
    /// Requests in flight where it was executed, if it says so.
    pub in_flight: Option<u32>,
}

impl Response {
    /// Finds out about a frame that was checked.
    ///
    /// # Errors
    /// If its message is not a response.
    pub fn read(frame: Frame) -> Result<Self, Malformed> {
        let mut response = Self {
            frame: Frame::default(),
            is_ok: false,
            names_responder: false,
            ptime: 0,
            load1: 0,
            asynchronous: false,
            in_flight: None,
        };
        let mut fields = Fields::of(&frame);
        while let Some(field) = fields.next()? {
            match field.number {
                RETCODE => {
                    let retcode = field.bytes()?;
                    response.is_ok =
                        retcode.len() == rpc::OK.len() && frame.slice(retcode) == rpc::OK;
                }
                RESPONDER => response.names_responder = !field.bytes()?.is_empty(),
                PTIME => response.ptime = field.number()? as u32,
                6 => response.load1 = field.number()? as u32,
                ASYNCHRONOUS => response.asynchronous = field.number()? != 0,
                IN_FLIGHT => response.in_flight = Some(field.number()? as u32),
                OUTPUT | DATAOUT | 10 => {
                    field.bytes()?;
                }
                7..=HOPS => {
                    field.number()?;
                }
                _ => {}
            }
        }
        response.frame = frame;
        Ok(response)
    }

    /// The response as it came.
    #[cfg(feature = "quic")]
    pub(crate) fn into_frame(self) -> Frame {
        self.frame
    }

    /// What a broker passes on: as it came, with who executed the call if it does
    /// not say.
    pub fn passed_on(self, destination: &str) -> Frame {
        if self.names_responder {
            return self.frame;
        }
        let mut tail = Vec::with_capacity(destination.len() + 2);
        put_text(&mut tail, RESPONDER, destination);
        let all = PREFIX..self.frame.len();
        self.frame.edited(std::slice::from_ref(&all), &tail)
    }
}

/// A response to be written.
#[derive(Clone, Debug, Default)]
pub struct Reply<'a> {
    /// `OK` or an error.
    pub retcode: &'a str,
    /// Who executed the call.
    pub responder: &'a str,
    /// The processing time, in milliseconds.
    pub ptime: u32,
    /// The load of the processor over 1, 10 and 30 seconds, in percent.
    pub loads: [u8; 3],
    /// How many nodes the request has passed.
    pub hops: u32,
    /// Whether the result follows by another way.
    pub asynchronous: bool,
    /// Requests in flight, if that is known.
    pub in_flight: Option<u32>,
    /// States of the application.
    pub states: BTreeMap<String, State>,
    /// Binary output.
    pub dataout: Bytes,
}

impl Reply<'_> {
    /// A reply that says what is wrong.
    pub fn error(text: &str) -> Frame {
        let reply = Reply {
            retcode: text,
            ..Reply::default()
        };
        reply.with_text("")
    }

    /// The reply with a text output.
    pub fn with_text(&self, output: &str) -> Frame {
        let mut bytes = Vec::with_capacity(64 + output.len());
        put_text(&mut bytes, RETCODE, self.retcode);
        put_text(&mut bytes, OUTPUT, output);
        self.put_rest(&mut bytes);
        Frame::of(&bytes)
    }

    /// The reply with a text output that is in another frame, shared if it is
    /// long.
    pub fn with_shared_text(&self, frame: &Frame, output: Range<usize>) -> Frame {
        let mut bytes = Vec::with_capacity(64);
        put_text(&mut bytes, RETCODE, self.retcode);
        self.put_rest(&mut bytes);
        if !output.is_empty() {
            put_length(&mut bytes, OUTPUT, output.len());
        }
        let mut whole = bytes::BytesMut::with_capacity(PREFIX + bytes.len() + SHARED_FROM);
        put_prefix(&mut whole, bytes.len() + output.len());
        whole.extend_from_slice(&bytes);
        if output.len() < SHARED_FROM {
            whole.extend_from_slice(&frame.slice(output));
            return Frame::from(whole.freeze());
        }
        let mut reply = Frame::from(whole.freeze());
        reply.extend(frame, output);
        reply
    }

    fn put_rest(&self, bytes: &mut Vec<u8>) {
        put_text(bytes, RESPONDER, self.responder);
        put_number(bytes, PTIME, self.ptime.into());
        if !self.dataout.is_empty() {
            put_length(bytes, DATAOUT, self.dataout.len());
            bytes.extend_from_slice(&self.dataout);
        }
        for (field, load) in LOADS.into_iter().zip(self.loads) {
            put_number(bytes, field, load.into());
        }
        put_number(bytes, HOPS, self.hops.into());
        put_number(bytes, ASYNCHRONOUS, self.asynchronous.into());
        if let Some(in_flight) = self.in_flight {
            put_any_number(bytes, IN_FLIGHT, in_flight.into());
        }
        if !self.states.is_empty() {
            let states = rpc::LambdaResponse {
                states: self.states.clone(),
                ..rpc::LambdaResponse::default()
            };
            bytes.extend_from_slice(&states.encode_to_vec());
        }
    }
}

/// From this size on an output is shared, not copied.
const SHARED_FROM: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::LambdaResponse;

    fn sample(responder: &str) -> LambdaResponse {
        LambdaResponse {
            retcode: "OK".into(),
            output: "text".into(),
            responder: responder.into(),
            ptime: 1000,
            dataout: Bytes::from_static(b"binary"),
            load1: 99,
            load10: 100,
            load30: 1,
            hops: 3,
            states: [("s0".to_owned(), State::default())].into(),
            asynchronous: true,
            uuid: "one".into(),
            in_flight: Some(0),
        }
    }

    #[test]
    fn a_broker_adds_the_responder_only_if_there_is_none() {
        for (responder, expected) in [("", "host:1"), ("other:2", "other:2")] {
            let response = sample(responder);
            let frame = Frame::encode(&response);
            let read = Response::read(frame).unwrap();
            assert!(read.is_ok && read.asynchronous);
            assert_eq!((read.ptime, read.load1), (1000, 99));
            assert_eq!(read.in_flight, Some(0));
            let passed = LambdaResponse::decode(read.passed_on("host:1").message());
            assert_eq!(passed, Ok(sample(expected)));
        }
    }

    #[test]
    fn replies_are_what_prost_would_write() {
        for size in [0, 4, 5000] {
            let output = "x".repeat(size);
            let response = LambdaResponse {
                output: output.clone(),
                uuid: String::new(),
                ..sample("me:1")
            };
            let reply = Reply {
                retcode: "OK",
                responder: "me:1",
                ptime: 1000,
                loads: [99, 100, 1],
                hops: 3,
                asynchronous: true,
                states: response.states.clone(),
                dataout: response.dataout.clone(),
                in_flight: Some(0),
            };
            let frame = Frame::of(output.as_bytes());
            let shared = reply.with_shared_text(&frame, PREFIX..frame.len());
            for reply in [reply.with_text(&output), shared] {
                assert_eq!(reply.check(), Ok(()));
                assert_eq!(
                    LambdaResponse::decode(reply.message()),
                    Ok(response.clone())
                );
            }
        }
        let error = LambdaResponse::decode(Reply::error("no").message());
        assert_eq!(error.unwrap().retcode, "no");
    }

    #[test]
    fn what_is_no_response_is_refused() {
        for bytes in [&[0x08, 1][..], &[0x22, 0], &[0x12, 9]] {
            assert!(Response::read(Frame::of(bytes)).is_err(), "{bytes:?}");
        }
        let other = LambdaResponse {
            retcode: "ok".into(),
            ..LambdaResponse::default()
        };
        assert!(!Response::read(Frame::encode(&other)).unwrap().is_ok);
    }
}
