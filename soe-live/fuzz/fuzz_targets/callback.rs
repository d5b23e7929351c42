//! Whatever result is delivered comes out as it came in.

#![no_main]

use libfuzzer_sys::fuzz_target;
use prost::Message;
use soe_live::Callback;
use soe_live::rpc::LambdaResponse;
use soe_live::rpc::callback_server_server::CallbackServer;
use tonic::Request;

fuzz_target!(|message: &[u8]| {
    let Ok(result) = LambdaResponse::decode(message) else {
        return;
    };
    soe_live_fuzz::runtime().block_on(async {
        let (callback, mut results) = Callback::new();
        let delivered = callback.receive_response(Request::new(result.clone())).await;
        assert!(delivered.is_ok());
        assert_eq!(results.recv().await, Some(result));
    });
});
