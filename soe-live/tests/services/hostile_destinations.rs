//! Destinations that send hundreds of kilobytes of anything but answers.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use soe_live::command::{Endpoint, Stop};
use soe_live::rpc::LambdaResponse;

use crate::raw_peer::{
    CONTINUATION, DATA, DONE, END_HEADERS, END_STREAM, GOOD, HEADERS, PING, RawPeer, SETTINGS,
    WINDOW_UPDATE, destination, frame,
};
use crate::support::{LONG, client, computer, framed, honest_call, ok, request, router};

/// How many bytes an attack has.
const MUCH: usize = 200_000;

/// The beginning of a response.
async fn begin(peer: &mut RawPeer) -> io::Result<u32> {
    let stream = peer.call().await?;
    peer.send(&frame(HEADERS, END_HEADERS, stream, GOOD))
        .await?;
    Ok(stream)
}

/// Long enough for an attack that does not end by itself.
const BRIEF: Duration = Duration::from_secs(1);

/// Calls `f` for so long at most, while another caller calls `g`, which is elsewhere.
/// Returns what the first caller got, if anything.
async fn attacked<F, R>(patience: Duration, serve: F) -> Option<LambdaResponse>
where
    F: Fn(usize, RawPeer) -> R + Send + Sync + 'static,
    R: Future<Output = io::Result<()>> + Send + 'static,
{
    let stop = Stop::new();
    let mut router = router(&stop).await;
    let honest = computer(false, &stop).await;
    let (place, _) = destination(&stop, serve).await;
    router.change("glambda0", honest.as_str(), 1.0).await;
    router.change("f", place.as_str(), 1.0).await;
    let attack = async {
        let mut client = client(&router.endpoint).await;
        let mut call = tonic::Request::new(request("f", MUCH));
        call.set_timeout(patience);
        let ended = tokio::time::timeout(2 * LONG, client.run_lambda(call)).await;
        let first = ended
            .expect("it ends")
            .ok()
            .map(tonic::Response::into_inner);
        // The connection of the caller has not suffered.
        let other = client.run_lambda(request("glambda0", 10)).await;
        assert_eq!(other.unwrap().into_inner().retcode, "OK");
        first
    };
    let (got, ()) = tokio::join!(attack, bystander(&router.endpoint));
    stop.stop();
    got
}

/// Calls that have nothing to do with the attack.
async fn bystander(router: &Endpoint) {
    for _ in 0..20 {
        honest_call(router, "glambda0").await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_response_in_tiny_frames_is_put_together() {
    let response = LambdaResponse {
        output: "A".repeat(MUCH),
        ..ok()
    };
    let message = Bytes::from(framed(&response.encode_to_vec()));
    let served = attacked(LONG, move |_, mut peer| {
        let message = message.clone();
        async move {
            let stream = begin(&mut peer).await?;
            let tiny = message.iter().map(|&byte| frame(DATA, 0, stream, &[byte]));
            peer.send(&tiny.flatten().collect::<Vec<_>>()).await?;
            let flags = END_HEADERS | END_STREAM;
            peer.send(&frame(HEADERS, flags, stream, DONE)).await?;
            peer.linger().await;
            Ok(())
        }
    });
    let served = served.await.expect("an answer");
    assert_eq!((&*served.retcode, served.output.len()), ("OK", MUCH));
}

#[tokio::test]
async fn floods_of_frames_hold_nobody_up() {
    for (kind, payload) in [
        (PING, &[7; 8][..]),
        (SETTINGS, &[]),
        (WINDOW_UPDATE, &[0, 0, 0, 1]),
        (DATA, &[]),
        (99, &[1; 5]),
        (CONTINUATION, &[]),
    ] {
        let got = attacked(BRIEF, move |_, mut peer| async move {
            let stream = begin(&mut peer).await?;
            let stream = if matches!(kind, DATA | CONTINUATION) {
                stream
            } else {
                0
            };
            let one = frame(kind, 0, stream, payload);
            let count = 4 * MUCH / one.len();
            let many = one.iter().copied().cycle().take(count * one.len());
            peer.send(&many.collect::<Vec<_>>()).await?;
            peer.linger().await;
            Ok(())
        });
        let got = got.await;
        assert!(got.is_none_or(|got| got.retcode != "OK"), "{kind}");
    }
}

#[tokio::test]
async fn headers_without_end_are_cut_short() {
    for (kind, flags) in [(HEADERS, END_HEADERS), (CONTINUATION, 0)] {
        attacked(BRIEF, move |_, mut peer| async move {
            let stream = peer.call().await?;
            // Informational responses, one after the other; or one that never ends.
            let mut bytes = Vec::new();
            if kind == CONTINUATION {
                bytes.extend(frame(HEADERS, 0, stream, b"\x88"));
            }
            let header = match kind {
                CONTINUATION => [&b"\x00\x01x\x7f\xe9\x06"[..], &[b'y'; 1000]].concat(),
                _ => b"\x08\x03103".to_vec(),
            };
            let one = frame(kind, flags, stream, &header);
            while bytes.len() < 2 * MUCH {
                bytes.extend(&one);
            }
            peer.send(&bytes).await?;
            peer.linger().await;
            Ok(())
        })
        .await;
    }
}

#[tokio::test]
async fn messages_that_trickle_never_end_or_end_early_reach_nobody() {
    let trickle = attacked(BRIEF, |_, mut peer| async move {
        let stream = begin(&mut peer).await?;
        peer.send(&frame(DATA, 0, stream, &framed(&[0; 100])[..5]))
            .await?;
        loop {
            peer.send(&frame(DATA, 0, stream, &[0])).await?;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    assert!(trickle.await.is_none_or(|got| got.retcode != "OK"));
    let endless = attacked(LONG, |_, mut peer| async move {
        let stream = begin(&mut peer).await?;
        peer.send(&frame(DATA, 0, stream, &framed(&ok().encode_to_vec())))
            .await?;
        for _ in 0..MUCH / 1000 {
            peer.send(&frame(DATA, 0, stream, &[0; 1000])).await?;
        }
        peer.linger().await;
        Ok(())
    });
    let endless = endless.await.expect("an answer");
    assert!(
        endless.retcode.contains("exactly one message"),
        "{endless:?}"
    );
    let short = attacked(LONG, |_, mut peer| async move {
        let stream = begin(&mut peer).await?;
        let whole = framed(&vec![0; 2 * MUCH]);
        for part in whole[..MUCH].chunks(16_000) {
            peer.send(&frame(DATA, 0, stream, part)).await?;
        }
        Ok(())
    });
    assert!(short.await.is_none_or(|got| got.retcode != "OK"));
    let huge = attacked(LONG, |_, mut peer| async move {
        let stream = begin(&mut peer).await?;
        peer.send(&frame(DATA, 0, stream, &[0, 0xff, 0xff, 0xff, 0xff]))
            .await?;
        peer.linger().await;
        Ok(())
    });
    let huge = huge.await.expect("an answer");
    assert!(
        huge.retcode.contains("at most 4194304 are allowed"),
        "{huge:?}"
    );
}

#[tokio::test]
async fn more_data_than_the_window_allows_is_refused() {
    let got = attacked(BRIEF, |_, mut peer| async move {
        let stream = begin(&mut peer).await?;
        let whole = framed(&vec![0; 8 * MUCH]);
        let parts = whole.chunks(16_000);
        let all = parts.flat_map(|part| frame(DATA, 0, stream, part));
        peer.send(&all.collect::<Vec<_>>()).await?;
        peer.linger().await;
        Ok(())
    });
    assert!(got.await.is_none_or(|got| got.retcode != "OK"));
}

#[tokio::test]
async fn a_destination_that_never_reads_holds_nobody_up() {
    let got = attacked(BRIEF, |_, peer| async move {
        // Not even the request, which is larger than a window.
        tokio::time::sleep(LONG).await;
        drop(peer);
        Ok(())
    });
    assert!(got.await.is_none_or(|got| got.retcode != "OK"));
}

#[tokio::test]
async fn hundreds_of_kilobytes_of_nonsense_hold_nobody_up() {
    for seed in 1..9u64 {
        let got = attacked(BRIEF, move |number, mut peer| async move {
            let mut state = seed + 1000 * number as u64;
            let mut byte = || {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) as u8
            };
            let stream = begin(&mut peer).await?;
            let mut bytes = Vec::new();
            while bytes.len() < 2 * MUCH {
                let len = usize::from(byte());
                let payload: Vec<u8> = (0..len).map(|_| byte()).collect();
                let kind = if seed % 2 == 0 { byte() } else { byte() % 10 };
                let stream = if byte() % 2 == 0 { stream } else { 0 };
                bytes.extend(frame(kind, byte(), stream, &payload));
            }
            peer.send(&bytes).await?;
            peer.linger().await;
            Ok(())
        });
        assert!(got.await.is_none_or(|got| got.retcode != "OK"));
    }
}
