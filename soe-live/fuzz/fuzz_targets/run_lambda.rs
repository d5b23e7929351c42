//! Whatever a broker is asked, it answers.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use soe_live::server::{Caller, Invocations};
use soe_live::wire::Frame;

fuzz_target!(|message: &[u8]| {
    soe_live_fuzz::runtime().block_on(async {
        let router: Arc<_> = soe_live_fuzz::router();
        if let Ok(answer) = router.invoke(Frame::of(message), Caller::default()).await {
            assert_eq!(answer.check(), Ok(()));
        }
    });
});
