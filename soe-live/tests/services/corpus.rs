//! What fuzzing began with and what it found, replayed without a fuzzer.

use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use prost::Message;
use soe_live::command::Stop;
use soe_live::limits::MESSAGE;
use soe_live::rpc::{LambdaRequest, LambdaResponse};
use soe_live::wire::{Assembly, Frame, Request, Response};

use crate::raw_peer::destination;
use crate::support::{call, framed, raw, request, router};

/// The files of a fuzz target, by name.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let files = std::fs::read_dir(folder.join(target)).unwrap();
    let mut files: Vec<_> = files
        .map(|file| {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect();
    files.sort();
    assert!(files.len() > 5, "{target}");
    files
}

#[tokio::test]
async fn whatever_a_destination_sends_the_caller_gets_an_answer() {
    let stop = Stop::new();
    for (name, sent) in corpus("response") {
        let once = Arc::new(Mutex::new(Some(sent)));
        let (place, _) = destination(&stop, move |_, mut peer| {
            let sent = once.lock().unwrap().take();
            async move {
                peer.call().await?;
                peer.send(&sent.unwrap_or_default()).await
            }
        })
        .await;
        let mut router = router(&stop).await;
        router.change("f", place.as_str(), 1.0).await;
        let answer = call(&router.endpoint, request("f", 10)).await;
        let good = [
            "answer",
            "empty-continuation",
            "goaway-then-answer",
            "informational",
            "padded",
            "tiny-frames",
        ];
        let is_good = good.contains(&name.as_str());
        assert_eq!(answer.retcode == "OK", is_good, "{name}: {answer:?}");
    }
    stop.stop();
}

#[tokio::test]
async fn whatever_a_broker_is_asked_it_answers() {
    let stop = Stop::new();
    let router = router(&stop).await;
    for (name, message) in corpus("run_lambda") {
        let path = "/uiiit.rpc.EdgeServer/RunLambda";
        let (status, _) = raw(&router.endpoint, path, &framed(&message)).await;
        assert!(status.is_some(), "{name}");
    }
    stop.stop();
}

#[test]
fn messages_are_read_as_prost_reads_them_in_whatever_pieces() {
    for (name, input) in corpus("frame") {
        let (size, message) = input.split_last().unwrap();
        let whole = Frame::of(message);
        let mut pieces = Assembly::new(MESSAGE);
        for piece in framed(message).chunks(usize::from(*size).max(1)) {
            pieces.push(Bytes::copy_from_slice(piece)).unwrap();
        }
        let pieces = pieces.finish().unwrap();
        let read = Request::read(whole);
        assert_eq!(
            read.is_ok(),
            Request::read(pieces.clone()).is_ok(),
            "{name}"
        );
        if let (Ok(read), Ok(decoded)) = (read, LambdaRequest::decode(message)) {
            assert_eq!((read.name(), read.hops), (&*decoded.name, decoded.hops));
            let sent = LambdaRequest::decode(read.forwarded(7, decoded.dry).message());
            let expected = LambdaRequest {
                hops: 7,
                forward: true,
                ..decoded
            };
            assert_eq!(sent, Ok(expected), "{name}");
        }
        if let (Ok(read), Ok(decoded)) = (Response::read(pieces), LambdaResponse::decode(message)) {
            assert_eq!(
                (read.is_ok, read.ptime),
                (decoded.retcode == "OK", decoded.ptime)
            );
        }
    }
}

#[test]
fn files_of_keys_are_read_or_refused_without_their_keys() {
    let mut read = 0;
    for (name, text) in corpus("keys") {
        let text = String::from_utf8(text).unwrap();
        match soe_live::front::Keys::parse(&text, "keys", "guest") {
            Ok(keys) => read += u32::from(keys.are_needed()),
            Err(error) => {
                let line = error.to_string();
                assert!(line.starts_with("keys:"), "{name}: {line}");
                assert!(!line.contains(char::is_control), "{name}: {line:?}");
            }
        }
    }
    assert_eq!(read, 6);
}

#[cfg(feature = "quic")]
#[test]
fn messages_of_quic_are_those_that_came_in_whatever_pieces() {
    use soe_live::wire::Body;

    for (name, input) in corpus("quic_body") {
        let (size, message) = input.split_last().map_or((&0, &[][..]), |it| it);
        let mut body = Body::new(MESSAGE);
        for piece in message.chunks(usize::from(*size).max(1)) {
            body.push(Bytes::copy_from_slice(piece)).unwrap();
        }
        assert_eq!(body.len(), message.len());
        let frame = body.finish();
        assert_eq!(frame.check(), Ok(()), "{name}");
        assert_eq!(frame.message(), Frame::of(message).message(), "{name}");
        let read = Request::read(Frame::of(message)).is_ok();
        assert_eq!(Request::read(frame).is_ok(), read, "{name}");
    }
}

#[cfg(feature = "facerec")]
#[test]
fn pictures_have_the_size_of_their_header_or_are_refused_in_one_line() {
    use soe_live::facerec::{dimensions, gray};

    let mut read = Vec::new();
    for (name, bytes) in corpus("picture") {
        match gray(&bytes, 1.0) {
            Ok(picture) => {
                let size = (picture.width(), picture.height());
                assert_eq!(dimensions(&bytes), Ok(size), "{name}");
                assert_eq!(picture.pixels().len() as u32, size.0 * size.1);
                read.push(name);
            }
            Err(error) => assert!(!error.contains(char::is_control), "{name}: {error:?}"),
        }
    }
    let whole = [
        "jpeg-gray-progressive",
        "jpeg-rgb",
        "png-16-bit",
        "png-alpha",
        "png-bits",
        "png-bomb",
        "png-one-pixel",
        "png-palette",
        "png-rgb",
    ];
    assert_eq!(read, whole);
}
