//! Whatever a destination sends in place of a response, the router answers its caller.

#![no_main]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use prost::Message;
use soe_live::command::Stop;
use soe_live::rpc::{LambdaRequest, LambdaResponse};
use soe_live::server::{Caller, Invocations};
use soe_live::wire::Frame;

#[path = "../../tests/services/raw_peer.rs"]
#[allow(dead_code)]
mod raw_peer;

fuzz_target!(|sent: &[u8]| {
    let sent = sent.to_vec();
    soe_live_fuzz::runtime().block_on(async {
        let stop = Stop::new();
        let once = Arc::new(Mutex::new(Some(sent)));
        let (place, _) = raw_peer::destination(&stop, move |_, mut peer| {
            let sent = once.lock().ok().and_then(|mut once| once.take());
            async move {
                peer.call().await?;
                peer.send(&sent.unwrap_or_default()).await
            }
        })
        .await;
        let router = soe_live_fuzz::forwarding_to(place.as_str());
        let request = LambdaRequest {
            name: "clambda0".into(),
            ..LambdaRequest::default()
        };
        let caller = Caller::until(Instant::now() + Duration::from_secs(1));
        let answer = router.invoke(Frame::encode(&request), caller).await;
        let answer = answer.expect("an answer, whatever it says");
        LambdaResponse::decode(answer.message()).expect("a response");
        stop.stop();
    });
});
