//! Whatever change of the tables is asked for, it is made or refused with a text,
//! and the tables stay readable.

#![no_main]

use libfuzzer_sys::fuzz_target;
use prost::Message;
use soe_live::broker::Tables;
use soe_live::rpc::edge_router_server::EdgeRouter;
use soe_live::rpc::{EdgeRouterConfs, TableId};
use tonic::Request;

fuzz_target!(|message: &[u8]| {
    let Ok(changes) = EdgeRouterConfs::decode(message) else {
        return;
    };
    soe_live_fuzz::runtime().block_on(async {
        let tables = Tables::of(soe_live_fuzz::router());
        for change in &changes.changes {
            let answer = tables.configure(Request::new(change.clone())).await;
            let text = answer.expect("an answer").into_inner().msg;
            assert!(text == "OK" || text.starts_with("Error: "));
        }
        let answer = tables.configure_all(Request::new(changes)).await;
        assert!(answer.is_ok());
        for value in 0..3 {
            let table = tables.get_table(Request::new(TableId { value })).await;
            let table = table.expect("a table").into_inner();
            assert!(table.entries.iter().all(|entry| entry.weight > 0.0));
        }
    });
});
