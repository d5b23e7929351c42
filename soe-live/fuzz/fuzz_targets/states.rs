//! A state that was put is read back, until it is deleted.

#![no_main]

use libfuzzer_sys::fuzz_target;
use prost::Message;
use soe_live::States;
use soe_live::rpc::State;
use soe_live::rpc::state_server_server::StateServer;
use tonic::Request;

fuzz_target!(|message: &[u8]| {
    let Ok(state) = State::decode(message) else {
        return;
    };
    soe_live_fuzz::runtime().block_on(async {
        let states = States::default();
        let ask = || Request::new(state.clone());
        assert!(states.put(ask()).await.is_ok());
        let found = states.get(ask()).await.expect("an answer").into_inner();
        assert_eq!(found.state.map(|found| found.content), Some(state.content.clone()));
        let deleted = states.del(ask()).await.expect("an answer").into_inner();
        assert_eq!(deleted.retcode, "OK");
        let missing = states.get(ask()).await.expect("an answer").into_inner();
        assert!(missing.state.is_none());
    });
});
