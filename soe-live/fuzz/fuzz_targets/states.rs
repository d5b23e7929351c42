//! A state that was put is read back, until it is deleted.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use prost::Message;
use soe_live::States;
use soe_live::rpc::State;
use soe_live::rpc::state_server_server::StateServer;
use soe_live::workflow::StateService;
use tonic::Request;

fuzz_target!(|message: &[u8]| {
    let Ok(state) = State::decode(message) else {
        return;
    };
    soe_live_fuzz::runtime().block_on(async {
        let states = StateService::of(Arc::new(States::default()));
        let ask = || Request::new(state.clone());
        assert!(states.put(ask()).await.is_ok());
        let found = states.get(ask()).await.expect("an answer").into_inner();
        assert_eq!(found.state.map(|found| found.content), Some(state.content.clone()));
        let deleted = states.del(ask()).await.expect("an answer").into_inner();
        assert_eq!(deleted.retcode, "OK");
        let missing = states.get(ask()).await.expect("an answer").into_inner();
        // Nothing of it, but perhaps where it has gone.
        assert!(missing.state.is_none_or(|state| state.content.is_empty()));
    });
});
