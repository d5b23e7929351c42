//! Whatever is in a file of contexts, intact records are read, and a proxy restored from
//! them gives the same records.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sim_core::SimTime;
use soe_live::mec::records_of;
use soe_model::mec::{Limits, Patience, Proxy};

fuzz_target!(|content: &[u8]| {
    let Ok((records, good)) = records_of(content) else {
        return;
    };
    assert!(good <= content.len());
    let restore = |records: Vec<_>| {
        let (limits, patience) = (Limits::default(), Patience::default());
        Proxy::restore(limits, patience, SimTime::ZERO, records)
    };
    let (proxy, _) = restore(records);
    let (again, refused) = restore(proxy.snapshot().collect());
    assert_eq!(refused, 0);
    assert!(again.snapshot().eq(proxy.snapshot()));
});
