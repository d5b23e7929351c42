//! A peer played by hand.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use proptest::prelude::*;

use super::received;
use super::{Broken, CALL_WINDOW, PATIENCE, State, WINDOW};
use crate::link::Trouble;
use crate::link::frames::{self, Head, Outbox};
use crate::link::headers::Requests;
use crate::wire::Frame;

const HEADERS: u8 = frames::END_HEADERS;
const TRAILERS: u8 = frames::END_HEADERS | frames::END_STREAM;
/// `:status: 200`, and `grpc-status: 0`.
const OK: &[u8] = &[0x88];
const GOOD: &[u8] = b"\x00\x0bgrpc-status\x010";

fn context() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// A connection to a peer with these settings, of which everything that was
/// written so far has been taken.
fn connected(settings: &[(u16, u32)]) -> State {
    let mut state = State::new(Requests::new("http", "h:1", "/f"));
    let mut outbox = Outbox::default();
    outbox.settings(settings);
    let bytes = all(&mut outbox);
    feed(&mut state, &bytes).unwrap();
    assert!(all(&mut state.out).starts_with(frames::PREFACE));
    state
}

fn all(outbox: &mut Outbox) -> Vec<u8> {
    let mut pieces = VecDeque::new();
    outbox.take(&mut pieces);
    pieces.iter().flatten().copied().collect()
}

/// The frames that were written since the last time.
fn written(state: &mut State) -> Vec<(Head, Vec<u8>)> {
    let bytes = all(&mut state.out);
    let (mut rest, mut found) = (bytes.as_slice(), Vec::new());
    while let Some(head) = Head::read(rest) {
        let (frame, more) = rest.split_at(frames::HEAD + head.len);
        found.push((head, frame[frames::HEAD..].to_vec()));
        rest = more;
    }
    assert!(rest.is_empty());
    found
}

fn feed(state: &mut State, mut bytes: &[u8]) -> Result<(), Broken> {
    while let Some(head) = Head::read(bytes) {
        let (frame, more) = bytes.split_at(frames::HEAD + head.len);
        let payload = &frame[frames::HEAD..];
        match head.kind {
            frames::DATA => state.take_data(head, Bytes::copy_from_slice(payload))?,
            _ => state.take(head, payload)?,
        }
        bytes = more;
    }
    Ok(())
}

fn say(state: &mut State, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Result<(), Broken> {
    let head = Head {
        len: payload.len(),
        kind,
        flags,
        stream,
    };
    match kind {
        frames::DATA => state.take_data(head, Bytes::copy_from_slice(payload)),
        _ => state.take(head, payload),
    }
}

fn start(state: &mut State, frame: &Frame) -> u32 {
    match state.poll_start(frame, &context()) {
        Poll::Ready(Ok(number)) => number,
        other => panic!("{other:?}"),
    }
}

fn end(state: &mut State, number: u32) -> Option<Result<Vec<u8>, Trouble>> {
    match state.poll_end(number, &context()) {
        Poll::Ready(end) => Some(end.map(|frame| frame.message().to_vec())),
        Poll::Pending => None,
    }
}

fn prefixed(message: &[u8]) -> Vec<u8> {
    let frame = Frame::of(message);
    frame.slice(0..frame.len()).to_vec()
}

#[test]
fn a_call_is_one_exchange_and_the_next_one_is_short() {
    let mut state = connected(&[]);
    let frame = Frame::of(b"question");
    for (number, headers) in [(1, 42), (3, 6), (5, 6)] {
        assert_eq!(start(&mut state, &frame), number);
        let sent = written(&mut state);
        assert_eq!(sent.len(), 2);
        assert_eq!(
            (sent[0].0.kind, sent[0].0.flags),
            (frames::HEADERS, HEADERS)
        );
        assert_eq!((sent[0].0.len, sent[0].0.stream), (headers, number));
        assert_eq!(
            (sent[1].0.kind, sent[1].0.flags),
            (frames::DATA, frames::END_STREAM)
        );
        assert_eq!(sent[1].1, prefixed(b"question"));
        assert!(end(&mut state, number).is_none());
        say(&mut state, frames::HEADERS, HEADERS, number, OK).unwrap();
        // In two pieces, one with filling.
        let answer = prefixed(b"answer");
        say(&mut state, frames::DATA, 0, number, &answer[..3]).unwrap();
        let filled = [&[2], &answer[3..], &[0, 0]].concat();
        say(&mut state, frames::DATA, frames::PADDED, number, &filled).unwrap();
        assert!(end(&mut state, number).is_none());
        say(&mut state, frames::HEADERS, TRAILERS, number, GOOD).unwrap();
        assert_eq!(end(&mut state, number), Some(Ok(b"answer".to_vec())));
        assert!(written(&mut state).is_empty());
    }
}

#[test]
fn headers_may_come_in_pieces_with_nothing_between() {
    let mut state = connected(&[]);
    let number = start(&mut state, &Frame::of(b""));
    say(
        &mut state,
        frames::HEADERS,
        frames::PRIORITY,
        number,
        &[0; 5],
    )
    .unwrap();
    say(
        &mut state,
        frames::CONTINUATION,
        frames::END_HEADERS,
        number,
        OK,
    )
    .unwrap();
    say(&mut state, frames::DATA, 0, number, &prefixed(b"")).unwrap();
    say(
        &mut state,
        frames::HEADERS,
        frames::END_STREAM,
        number,
        &GOOD[..4],
    )
    .unwrap();
    let mut other = connected(&[]);
    start(&mut other, &Frame::of(b""));
    say(&mut other, frames::HEADERS, 0, number, OK).unwrap();
    assert!(say(&mut other, frames::PING, 0, 0, &[0; 8]).is_err());
    say(
        &mut state,
        frames::CONTINUATION,
        frames::END_HEADERS,
        number,
        &GOOD[4..],
    )
    .unwrap();
    assert_eq!(end(&mut state, number), Some(Ok(Vec::new())));
}

#[test]
fn no_more_is_sent_than_the_peer_takes_and_all_of_it_in_the_end() {
    // Windows of 10 000 per call and 65 535 in all.
    let mut state = connected(&[(4, 10_000)]);
    let message: Vec<u8> = (0..100_000u32).map(|number| number as u8).collect();
    let frame = Frame::of(&message);
    let number = start(&mut state, &frame);
    let (mut sent, mut ended) = (Vec::new(), false);
    let mut take = |state: &mut State| {
        let mut len = 0;
        for (head, payload) in written(state) {
            if head.kind == frames::DATA {
                assert!(!ended && payload.len() <= frames::LARGEST);
                len += payload.len();
                ended = head.has(frames::END_STREAM);
                sent.extend(payload);
            }
        }
        len
    };
    assert_eq!(take(&mut state), 10_000);
    let more = 80_000u32.to_be_bytes();
    say(&mut state, frames::WINDOW_UPDATE, 0, number, &more).unwrap();
    assert_eq!(take(&mut state), 55_535);
    // A smaller window makes that of the call negative or nearly so.
    say(&mut state, frames::WINDOW_UPDATE, 0, 0, &more).unwrap();
    assert_eq!(take(&mut state), 24_465);
    say(&mut state, frames::SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]).unwrap();
    say(
        &mut state,
        frames::WINDOW_UPDATE,
        0,
        number,
        &10_000u32.to_be_bytes(),
    )
    .unwrap();
    assert_eq!(take(&mut state), 0);
    say(
        &mut state,
        frames::WINDOW_UPDATE,
        0,
        number,
        &10_005u32.to_be_bytes(),
    )
    .unwrap();
    assert_eq!(take(&mut state), 10_005);
    assert!(ended);
    assert_eq!(sent, prefixed(&message));
}

#[test]
fn windows_are_opened_again_before_the_peer_has_to_wait() {
    let mut state = connected(&[]);
    let number = start(&mut state, &Frame::of(b""));
    written(&mut state);
    say(&mut state, frames::HEADERS, HEADERS, number, OK).unwrap();
    let message = prefixed(&vec![7; 4_000_000]);
    let mut room = [i64::from(CALL_WINDOW), i64::from(WINDOW)];
    for part in message.chunks(frames::LARGEST) {
        room.iter_mut().for_each(|room| *room -= part.len() as i64);
        assert!(room[0] >= 0 && room[1] >= 0);
        say(&mut state, frames::DATA, 0, number, part).unwrap();
        for (head, payload) in written(&mut state) {
            assert_eq!(head.kind, frames::WINDOW_UPDATE);
            let by = received::number(&payload).unwrap();
            room[usize::from(head.stream == 0)] += i64::from(by);
        }
    }
    say(&mut state, frames::HEADERS, TRAILERS, number, GOOD).unwrap();
    assert_eq!(end(&mut state, number).unwrap().unwrap().len(), 4_000_000);
}

#[test]
fn calls_wait_for_their_turn_if_the_peer_takes_few() {
    let mut state = connected(&[(3, 1)]);
    let frame = Frame::of(b"");
    let first = start(&mut state, &frame);
    assert!(state.poll_start(&frame, &context()).is_pending());
    state.give_up(first);
    let reset = written(&mut state).pop().unwrap();
    assert_eq!((reset.0.kind, reset.0.stream), (frames::RST_STREAM, first));
    let second = start(&mut state, &frame);
    // What comes too late is ignored.
    say(&mut state, frames::HEADERS, HEADERS, first, OK).unwrap();
    say(&mut state, frames::DATA, 0, first, b"late").unwrap();
    say(&mut state, frames::RST_STREAM, 0, first, &[0; 4]).unwrap();
    assert!(end(&mut state, second).is_none());
}

#[test]
fn a_peer_that_leaves_finishes_what_it_has_begun() {
    let mut state = connected(&[]);
    let frame = Frame::of(b"");
    let (first, second) = (start(&mut state, &frame), start(&mut state, &frame));
    say(
        &mut state,
        frames::GOAWAY,
        0,
        0,
        &[0, 0, 0, first as u8, 0, 0, 0, 0],
    )
    .unwrap();
    let lost = end(&mut state, second).unwrap().unwrap_err();
    assert!(matches!(lost, Trouble::Lost(_)), "{lost:?}");
    assert!(state.has_ended() && !state.is_done());
    let refused = state.poll_start(&frame, &context());
    assert!(matches!(refused, Poll::Ready(Err(Trouble::Lost(_)))));
    say(&mut state, frames::HEADERS, HEADERS, first, OK).unwrap();
    say(&mut state, frames::DATA, 0, first, &prefixed(b"x")).unwrap();
    say(&mut state, frames::HEADERS, TRAILERS, first, GOOD).unwrap();
    assert_eq!(end(&mut state, first), Some(Ok(b"x".to_vec())));
    assert!(state.is_done());
}

#[test]
fn what_becomes_of_a_call_is_told() {
    let text = |kind, flags, payload: &[u8]| {
        let mut state = connected(&[]);
        let number = start(&mut state, &Frame::of(b""));
        say(&mut state, frames::HEADERS, HEADERS, number, OK).unwrap();
        say(&mut state, kind, flags, number, payload).unwrap();
        format!("{:?}", end(&mut state, number).unwrap().unwrap_err())
    };
    let cancel = text(frames::RST_STREAM, 0, &[0, 0, 0, 8]);
    assert!(
        cancel.starts_with("Refused(\"the call was reset"),
        "{cancel}"
    );
    let not_taken = text(frames::RST_STREAM, 0, &[0, 0, 0, 7]);
    assert!(not_taken.starts_with("Lost("), "{not_taken}");
    let no_status = text(frames::DATA, frames::END_STREAM, b"");
    assert!(no_status.contains("has no status"), "{no_status}");
    let nothing = text(frames::HEADERS, TRAILERS, GOOD);
    assert!(nothing.contains("exactly one message"), "{nothing}");
    let large = text(frames::DATA, 0, &[0, 0xff, 0xff, 0xff, 0xff]);
    assert!(large.contains("at most"), "{large}");
}

#[test]
fn a_peer_that_breaks_the_rules_is_told_which() {
    for (kind, flags, stream, payload) in [
        (frames::DATA, 0, 1, &b"before headers"[..]),
        (frames::DATA, 0, 2, b""),
        (frames::DATA, 0, 9, b""),
        (frames::DATA, frames::PADDED, 1, &[5, 0]),
        (frames::HEADERS, HEADERS, 0, OK),
        (frames::HEADERS, HEADERS, 1, &[0xff]),
        (frames::HEADERS, HEADERS | frames::PRIORITY, 1, &[0, 0]),
        (frames::CONTINUATION, HEADERS, 1, OK),
        (frames::RST_STREAM, 0, 1, &[0, 0]),
        (frames::SETTINGS, 0, 0, &[0, 4, 0xff, 0, 0, 0]),
        (frames::SETTINGS, 0, 0, &[0, 5, 0, 0, 0, 1]),
        (frames::SETTINGS, 0, 0, &[0]),
        (frames::PUSH_PROMISE, HEADERS, 1, &[0, 0, 0, 2]),
        (frames::PING, 0, 0, &[0; 7]),
        (frames::GOAWAY, 0, 0, &[0; 3]),
        (frames::WINDOW_UPDATE, 0, 0, &[0x7f, 0xff, 0xff, 0xff]),
        (frames::WINDOW_UPDATE, 0, 1, &[0; 4]),
    ] {
        let mut state = connected(&[]);
        start(&mut state, &Frame::of(b""));
        let said = say(&mut state, kind, flags, stream, payload);
        assert!(said.is_err(), "{kind} {flags} {stream} {payload:?}");
    }
    let mut state = connected(&[]);
    let mut pings = (0..PATIENCE).map(|_| say(&mut state, frames::PING, 0, 0, &[0; 8]));
    assert!(pings.any(|ping| ping.is_err()));
}

#[test]
fn a_peer_that_answers_pings_is_there() {
    let mut state = connected(&[]);
    let question = state.ping();
    let (head, payload) = written(&mut state).pop().unwrap();
    assert_eq!(head.kind, frames::PING);
    assert!(state.poll_ping(question, &context()).is_pending());
    say(&mut state, frames::PING, frames::ACK, 0, &payload).unwrap();
    assert_eq!(state.poll_ping(question, &context()), Poll::Ready(true));
    let question = state.ping();
    state.lose("gone".into());
    assert_eq!(state.poll_ping(question, &context()), Poll::Ready(false));
}

/// Frames that are more or less such.
fn frame() -> impl Strategy<Value = (u8, u8, u32, Vec<u8>)> {
    let payload = prop_oneof![
        Just(OK.to_vec()),
        Just(GOOD.to_vec()),
        Just(prefixed(b"x")),
        Just(vec![0, 0, 0, 1]),
        proptest::collection::vec(any::<u8>(), 0..40),
    ];
    let flags = prop_oneof![Just(0), Just(HEADERS), Just(TRAILERS), any::<u8>()];
    (0..11u8, flags, 0..8u32, payload)
}

proptest! {
    #[test]
    fn whatever_a_peer_says_every_call_ends(frames in proptest::collection::vec(frame(), 0..60)) {
        let mut state = connected(&[(3, 2)]);
        let mut open = Vec::new();
        let question = Frame::of(&[9; 100]);
        for (kind, flags, stream, payload) in frames {
            if let Poll::Ready(Ok(number)) = state.poll_start(&question, &context()) {
                open.push(number);
            }
            let broken = say(&mut state, kind, flags, stream, &payload).is_err();
            open.retain(|number| end(&mut state, *number).is_none());
            if broken {
                break;
            }
            // What is written is made of whole frames.
            written(&mut state);
        }
        state.lose("the end".into());
        for number in open {
            prop_assert!(end(&mut state, number).is_some());
        }
        let refused = matches!(state.poll_start(&question, &context()), Poll::Ready(Err(_)));
        prop_assert!(refused);
    }
}
